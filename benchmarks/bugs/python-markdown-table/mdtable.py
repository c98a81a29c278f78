"""Reads and writes the tables of Markdown."""

from dataclasses import dataclass, field

LEFT, RIGHT, CENTRE = "left", "right", "centre"


class TableError(ValueError):
    """The text is no table."""


@dataclass
class Table:
    header: list
    alignments: list
    rows: list = field(default_factory=list)

    def column(self, name):
        """All values of one column."""
        if name not in self.header:
            raise KeyError(name)
        index = self.header.index(name)
        return [row[index] for row in self.rows]


def split_row(line):
    """The cells of one line; ``\\|`` is a bar within a cell."""
    cells = [""]
    escaped = False
    for character in line.strip().removeprefix("|"):
        if escaped:
            cells[-1] += character if character == "|" else "\\" + character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == "|":
            cells.append("")
        else:
            cells[-1] += character
    if line.rstrip().endswith("|") and not cells[-1].strip():
        cells.pop()
    return [cell.strip() for cell in cells]


def alignment_of(delimiter):
    """What ``:--``, ``:-:`` or ``--:`` means."""
    marker = delimiter.strip()
    if not marker.strip(":") or marker.strip(":").strip("-"):
        raise TableError(f"not a delimiter: {delimiter!r}")
    if marker.endswith(":"):
        return CENTRE if marker.startswith(":") else RIGHT
    return LEFT


def parse(text):
    """Read one table; short rows are filled up, long ones cut."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise TableError("a table has a header and a line of delimiters")
    header = split_row(lines[0])
    alignments = [alignment_of(cell) for cell in split_row(lines[1])]
    if len(alignments) != len(header):
        raise TableError("header and delimiters differ in length")
    rows = []
    for line in lines[2:]:
        cells = split_row(line)[: len(header)]
        rows.append(cells + [""] * (len(header) - len(cells)))
    return Table(header, alignments, rows)


def pad(cell, width, alignment):
    if alignment == RIGHT:
        return cell.rjust(width)
    return cell.center(width) if alignment == CENTRE else cell.ljust(width)


def render(table):
    """The table as plain text with aligned columns."""
    widths = [
        max(len(row[index]) for row in [table.header, *table.rows]) for index in range(len(table.header))
    ]
    lines = []
    for row in [table.header, *table.rows]:
        cells = map(pad, row, widths, table.alignments)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
