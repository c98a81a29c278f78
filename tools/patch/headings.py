"""Narrows a hunk's place down by headings such as ``@@ class Loan`` and ``@@ def renew``."""

from __future__ import annotations

from collections.abc import Sequence

from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """Lines of a file by index: ``first`` is in, ``end`` is not."""

    first: int
    end: int


def narrowed(lines: Sequence[str], within: Range, headings: Sequence[str], *, in_block: bool) -> list[Range]:
    """Return the ranges below ``headings``, outermost first; empty where one of them is missing.

    A heading is a line or its first words, indentation left aside: a locator, not content. With
    ``in_block`` a range ends where the lines indented deeper than its heading end, else where ``within``
    does.
    """
    ranges = [within]
    for heading in headings:
        found = [
            Range(index + 1, _block_end(lines, index, each.end) if in_block else each.end)
            for each in ranges
            for index in range(each.first, each.end)
            if _is_heading(lines[index].strip(), heading)
        ]
        # Without blocks the first range holds all others.
        ranges = found if in_block else found[:1]
    return ranges


def _is_heading(line: str, heading: str) -> bool:
    following = line[len(heading) : len(heading) + 1]
    return line.startswith(heading) and not (following.isalnum() or following == "_")


def _block_end(lines: Sequence[str], heading: int, end: int) -> int:
    depth = _depth(lines[heading])
    for index in range(heading + 1, end):
        if lines[index].strip() and _depth(lines[index]) <= depth:
            return index
    return end


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
