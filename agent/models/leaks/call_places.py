"""Where in an answer's text a call may stand: outside code, at the beginning of a statement. Pure.

Everything here takes time linear in what it looks at.
"""

from __future__ import annotations

import re
from collections.abc import Collection

STATEMENT_ENDS = frozenset("\n.!?:…。！？：")
"""A call begins a line or follows a finished sentence; within a sentence it is quoted."""
_FAR = 200
_FAR_LINES = 2000
"""So many characters of lines above are looked at, to tell an indented block of code."""
_INDENT = re.compile(r" {0,3}\t| {4}")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_BACKQUOTES = re.compile("`+")


def begins_statement(text: str, position: int) -> bool:
    """Whether what stands at ``position`` begins a line or follows a finished sentence or a thought.

    In an indented block of code (CommonMark §4.4) nothing does: that is where prose shows examples.
    """
    if _in_indented_code(text, position):
        return False
    before = text[max(0, position - _FAR) : position].rstrip(" \t")
    if not before:
        return position < _FAR
    return before[-1] in STATEMENT_ENDS or before.endswith("think>")


def _in_indented_code(text: str, position: int) -> bool:
    """Whether the line of ``position`` is indented, in a block of such lines below a blank one below text.

    A line indented right below one of prose goes on with it, and one that a text begins with quotes nothing.
    """
    start = max(0, position - _FAR_LINES)
    *above, line = text[start:position].split("\n")
    above = above[1:] if start else above  # the first is the end of a line
    if not above or not _INDENT.match(line):
        return False
    while above and above[-1].strip():
        if not _INDENT.match(above.pop()):
            return False
    return start > 0 or any(map(str.strip, above))


def code_apart(text: str, languages: Collection[str]) -> tuple[str, str]:
    """``text`` without its code, fenced, indented or in back quotes; and what is fenced as ``languages``."""
    prose: list[str] = []
    fenced: list[str] = []
    fence, wanted, blank, indented = "", False, True, False
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            closes = mark is not None and mark[1].startswith(fence) and not mark[2].strip()
            fence = "" if closes else fence
            wanted = wanted and mark is None  # a block shown within one is quoted
            fenced += [line] if wanted else []
        elif mark is not None and not (mark[1][0] == "`" and "`" in mark[2]):
            fence, wanted = mark[1], mark[2].strip().lower() in languages
        else:
            indented = bool(_INDENT.match(line)) and (indented or (blank and bool(prose)))
            prose += [] if indented else ["`".join(_BACKQUOTES.split(line)[::2])]
        blank = not line.strip()
    return "\n".join(prose), "\n".join(fenced)
