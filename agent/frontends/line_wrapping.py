"""Rows that fit the width of the terminal: broken between words only, and what follows is set in."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import cache, partial
from shutil import get_terminal_size
from typing import TextIO

from seedsmith.agent.frontends.terminal import cells, visible

_FIRST_COLUMN = re.compile(r" *(?:(?:[-·✓✗!?$]|\[.\]|\d+\.) |\S+ {2,})(?=\S)")
LEAST_WIDTH = 20
"""Columns that are reckoned with at least; what is narrower breaks lines as it likes."""

_TOLD: ContextVar[Callable[[str], str]] = ContextVar("told", default=str)
"""What puts the program's own sentences into the person's language."""


@contextlib.contextmanager
def told_by(told: Callable[[str], str]) -> Iterator[None]:
    """Within it the program's own sentences are put into another language by ``told``."""
    before = _TOLD.set(told)
    try:
        yield
    finally:
        _TOLD.reset(before)


def as_told(text: str) -> str:
    """``text``, a sentence of the program's own, in the person's language."""
    return _TOLD.get()(text)


def tell(text: str, *, hang: int | None = None, stream: TextIO | None = None) -> None:
    """Print lines of prose, made harmless, on ``stream`` (standard output), as its terminal's width allows.

    What goes on in a next line is set in by ``hang``, else to where the words begin.
    """
    stream = stream or sys.stdout
    print(prose(as_told(text), screen_width(stream), hang), file=stream, flush=True)


def prose(text: str, width: int | None, hang: int | None = None) -> str:
    """``text``, made harmless, its lines broken between words to ``width`` cells (None: any number)."""
    lines = visible(text).split("\n")
    indents = (_indent(line, width) if hang is None else hang for line in lines)
    return "\n".join(map(partial(fitted, width=width), lines, indents))


@cache
def _pieces() -> re.Pattern[str]:
    """Blanks, a letter that lines may be broken behind, a word; each with what opens and closes around it.

    Compiled when a line is first too long: 4 ms.
    """
    wide = "\u2e80-\uffef"
    opening = re.escape("(（《「『【“‘")
    closing = re.escape("]),:;!?。、，：；！？）》」』】”’")
    letter, word = rf"(?![{opening}])[{wide}]", f"[^ {wide}]+"
    return re.compile(rf" +|[{opening}]*(?:{letter}|{word})[{closing}]*|[{opening}]+")


def _indent(line: str, width: int | None) -> int:
    """Where a line goes on below: behind a mark or a narrow first column, else where it begins."""
    begins = len(line) - len(line.lstrip(" "))
    column = _FIRST_COLUMN.match(line)
    return column.end() if column and column.end() <= (width or 0) // 2 else begins


def screen_width(stream: TextIO | None = None) -> int | None:
    """How many columns ``stream`` (standard output) has; None where it is no terminal: any number will do."""
    stream = stream or sys.stdout
    if stream is None or not stream.isatty():
        return None
    columns = get_terminal_size((0, 0)).columns
    if not columns:  # standard output is none
        with contextlib.suppress(OSError):
            columns = os.get_terminal_size(stream.fileno()).columns
    return max(columns or 80, LEAST_WIDTH)


def clipped(text: str, width: int) -> str:
    """``text``, or as much of its beginning as ``width`` columns hold beside a mark."""
    if cells(text) <= width:
        return text
    while text and cells(text) >= width:
        text = text[:-1]
    return f"{text}…"


def padded(text: str, width: int, *, right: bool = False) -> str:
    """``text`` in a column of ``width``, at its left or its ``right``."""
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


def fitted(text: str, hang: int, width: int | None) -> str:
    """``text``, one visible line, as lines of at most ``width`` cells, all but the first set in by ``hang``.

    A word that is longer than a line stands whole on one of its own.
    """
    if width is None or cells(text) <= width:
        return text
    lines, blanks = [""], ""
    for piece in _pieces().findall(text):
        if piece.isspace():
            blanks = piece
            continue
        line, blanks = f"{lines[-1]}{blanks}{piece}", ""
        if cells(line) > width and lines[-1].strip():
            lines.append(" " * hang + piece)
        else:
            lines[-1] = line
    return "\n".join(lines)
