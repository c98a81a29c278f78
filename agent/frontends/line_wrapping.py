"""Rows that fit the width of the terminal: broken between words only, and what follows is set in."""

from __future__ import annotations

import sys
from shutil import get_terminal_size


def screen_width() -> int | None:
    """How many columns standard output has; None where it is no terminal: lines may be of any length."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    return max(get_terminal_size().columns, 20)


def fitted(text: str, hang: int, width: int | None) -> str:
    """``text``, one visible line, as lines of at most ``width`` cells, all but the first set in by ``hang``.

    A word that is longer than a line stands whole on one of its own.
    """
    from rich.cells import cell_len

    if width is None or cell_len(text) <= width:
        return text
    lines = [""]
    for word in text.split(" "):
        line = f"{lines[-1]} {word}" if lines[-1].strip() else f"{lines[-1]}{word or ' '}"
        if cell_len(line) > width and lines[-1].strip():
            lines.append(" " * hang + word)
        else:
            lines[-1] = line
    return "\n".join(line.rstrip() for line in lines)
