"""Parses ripgrep's output into lines of files."""

from __future__ import annotations

import os
import re

from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the result; ``column`` is 1-based and in bytes, 0 for a line of context."""

    path: str
    number: int
    column: int
    text: bytes


_BINARY_NOTE = re.compile(
    rb"(.+?): (?:binary file matches|WARNING: stopped searching binary file)[^\n]*\n", re.DOTALL
)
_RECORD = re.compile(rb"(\d+)(?::(\d+):|-)([^\n]*)(?:\n|\Z)")


def parse_lines(data: bytes) -> tuple[list[Line], list[str]]:
    """Return the lines ripgrep printed (``path NUL number:column:text``), and the binary files it named."""
    lines: list[Line] = []
    binaries: list[str] = []
    position = 0
    while position < len(data):
        nul = data.find(b"\0", position)
        before = data[position : nul if nul >= 0 else len(data)]
        while note := _BINARY_NOTE.match(before):
            binaries.append(os.fsdecode(note.group(1)).removeprefix("./"))
            before = before[note.end() :]
        record = _RECORD.match(data, nul + 1) if nul >= 0 else None
        if record is None:
            break
        number, column, text = record.groups()
        name = os.fsdecode(before).removeprefix("./")
        lines.append(Line(name, int(number), int(column or 0), text.removesuffix(b"\r")))
        position = record.end()
    return lines, binaries
