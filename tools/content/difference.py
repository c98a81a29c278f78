"""Makes a unified diff of one file from the places that are known to have changed. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.text import clamp, count, escape, shown_path

_CONTEXT_LINES = 2
_MOST_COMPARED_LINES = 3_000
_MOST_PLACES = 1_000
"""A diff shows at most so many changed places of each part: a million lines may have changed."""
_SHOWN_CHARACTERS = 400
_SHOWN_LINES = 60


@dataclass(frozen=True, slots=True)
class Replacement:
    """``text[start:end]`` became ``new``."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Part:
    """Whole lines of a file, ``lines_before`` lines below its beginning, and what becomes of them."""

    before: str
    replacements: Sequence[Replacement]
    lines_before: int = 0


@dataclass(slots=True)
class _Window:
    """Whole lines of a text around changes that lie close together."""

    start: int
    end: int
    changes: list[Replacement]

    def new(self, text: str) -> str:
        """The new content of ``text[start:end]``."""
        pieces, position = [], self.start
        for change in self.changes:
            pieces += [text[position : change.start], change.new]
            position = change.end
        return "".join([*pieces, text[position : self.end]])


def whole_replacement(before: str, after: str) -> Replacement:
    """Return the one replacement that turns ``before`` into ``after``, as small as whole ends allow."""
    start = _shared_prefix(before, after)
    end = _shared_prefix(before[start:][::-1], after[start:][::-1])
    return Replacement(start, len(before) - end, after[start : len(after) - end])


def unified_diff(
    path: str, before: str, replacements: Sequence[Replacement], *, created: bool = False
) -> str:
    r"""Return a unified diff; empty if nothing changed.

    For reading, not for applying: invisible characters are escaped, long lines clamped, and a carriage
    return before the line end is shown only where it is what changed.
    """
    return unified_diff_of_parts(path, [Part(before, replacements)], created=created)


def unified_diff_of_parts(path: str, parts: Sequence[Part], *, created: bool = False) -> str:
    """Return the same of a file known by ``parts``, in order, with more lines around than a diff shows."""
    hunks: list[str] = []
    shift = left_out = 0
    for part in parts:
        before, lines_before, position = part.before, part.lines_before, 0
        left_out += len(part.replacements[_MOST_PLACES:])
        for window in _windows(before, part.replacements[:_MOST_PLACES]):
            lines_before += before.count("\n", position, window.start)
            position = window.start
            old, new = before[window.start : window.end], window.new(before)
            hunks += _hunks(split_lines(old), split_lines(new), lines_before, lines_before + shift)
            shift += len(split_lines(new)) - len(split_lines(old))
    if not hunks:
        return ""
    head = ["--- /dev/null" if created else f"--- a/{shown_path(path)}", f"+++ b/{shown_path(path)}"]
    rest = [f"[{count(left_out, 'more changed place')} not shown]"] if left_out else []
    return "\n".join([*head, *hunks, *rest]) + "\n"


def short_diff(diff: str) -> str:
    """Return the hunks of ``diff``, without the file names, as far as they are worth showing."""
    lines = diff.rstrip("\n").split("\n")[2:]
    if len(lines) <= _SHOWN_LINES:
        return "\n".join(lines)
    rest = count(len(lines) - _SHOWN_LINES, "more diff line")
    return "\n".join([*lines[:_SHOWN_LINES], f"[{rest} not shown]"])


def _windows(text: str, replacements: Sequence[Replacement]) -> list[_Window]:
    windows: list[_Window] = []
    for replacement in replacements:
        start = _lines_back(text, replacement.start, _CONTEXT_LINES)
        end = _lines_on(text, replacement.end, _CONTEXT_LINES)
        if windows and start <= windows[-1].end:
            windows[-1].end = max(windows[-1].end, end)
            windows[-1].changes.append(replacement)
        else:
            windows.append(_Window(start, end, [replacement]))
    return windows


def _lines_back(text: str, position: int, lines: int) -> int:
    for _ in range(lines + 1):
        position = text.rfind("\n", 0, position)
        if position < 0:
            return 0
    return position + 1


def _lines_on(text: str, position: int, lines: int) -> int:
    for _ in range(lines + 1):
        position = text.find("\n", position) + 1
        if position == 0:
            return len(text)
    return position


def _hunks(old: list[str], new: list[str], old_first: int, new_first: int) -> list[str]:
    """Return the hunks between two windows whose lines begin after ``old_first`` and ``new_first`` others."""
    if len(old) + len(new) > _MOST_COMPARED_LINES:
        groups = [[("replace", 0, len(old), 0, len(new))]]
    else:
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        groups = [list(group) for group in matcher.get_grouped_opcodes(_CONTEXT_LINES)]
    lines = []
    for group in groups:
        a, b, c, d = group[0][1], group[-1][2], group[0][3], group[-1][4]
        lines.append(f"@@ -{_range(old_first + a, b - a)} +{_range(new_first + c, d - c)} @@")
        for tag, begin, end, new_begin, new_end in group:
            if tag == "equal":
                lines += [_shown(" ", line) for line in old[begin:end]]
                continue
            removed, added = old[begin:end], new[new_begin:new_end]
            bare = [line.rstrip("\r\n") for line in removed] == [line.rstrip("\r\n") for line in added]
            lines += [_shown("-", line, line_end=bare) for line in removed]
            lines += [_shown("+", line, line_end=bare) for line in added]
    return lines


def _range(before: int, length: int) -> str:
    start = before + 1 if length else before
    return str(start) if length == 1 else f"{start},{length}"


def _shown(mark: str, line: str, *, line_end: bool = False) -> str:
    body = line.removesuffix("\n")
    if not line_end:
        body = body.removesuffix("\r")
    missing = "" if line.endswith("\n") else "\n\\ No newline at end of file"
    return mark + clamp(escape(body), _SHOWN_CHARACTERS) + missing


def split_lines(text: str) -> list[str]:
    """Split at ``\\n`` only, keeping it; an empty text has no lines."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop().removesuffix("\n")
    return [*lines, last] if last else lines


def _shared_prefix(first: str, second: str) -> int:
    """Return how many characters both begin with, comparing by halves."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
