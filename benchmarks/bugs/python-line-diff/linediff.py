"""Compares two lists of lines by their longest common subsequence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One line of a comparison; ``sign`` is ``+``, ``-`` or a blank."""

    sign: str
    text: str

    def __str__(self):
        return self.sign + self.text


def common_lengths(old, new):
    """A table: how long the common subsequence of ``old[row:]`` and ``new[column:]`` is."""
    table = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for row in range(len(old) - 1, -1, -1):
        for column in range(len(new) - 1, -1, -1):
            if old[row] == new[column]:
                table[row][column] = table[row + 1][column + 1] + 1
            else:
                table[row][column] = max(table[row + 1][column], table[row][column + 1])
    return table


def compare(old, new):
    """The changes that make ``new`` of ``old``; removals come before additions."""
    table = common_lengths(old, new)
    changes = []
    row = column = 0
    while row < len(old) and column < len(new):
        if old[row] == new[column]:
            changes.append(Change(" ", old[row]))
            row += 1
            column += 1
        elif table[row + 1][column] >= table[row][column + 1]:
            changes.append(Change("-", old[row]))
            row += 1
        else:
            changes.append(Change("+", new[column]))
            column += 1
    changes.extend(Change("-", text) for text in old[row:])
    changes.extend(Change("+", text) for text in new[column:])
    return changes


def apply(old, changes):
    """Follow ``changes``; raises :class:`ValueError` where they do not fit ``old``."""
    lines = []
    rest = list(old)
    for change in changes:
        if change.sign == "+":
            lines.append(change.text)
            continue
        if not rest or rest.pop(0) != change.text:
            raise ValueError(f"does not fit: {change}")
        if change.sign == " ":
            lines.append(change.text)
    return lines + rest


def similarity(old, new):
    """Between 0 (nothing in common) and 1 (equal)."""
    total = len(old) + len(new)
    return 2 * common_lengths(old, new)[0][0] / total if total else 1.0


def summary(changes):
    """E.g. ``2 added, 1 removed``."""
    added = sum(change.sign == "+" for change in changes)
    removed = sum(change.sign == "-" for change in changes)
    return f"{added} added, {removed} removed"
