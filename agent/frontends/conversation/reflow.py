"""Where the prompt's lines are once the terminal became narrower: most terminals break long lines anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Point

_CUTTING = ("XTERM_VERSION", "STY")
"""Variables of terminals (xterm, screen) that cut lines instead."""
_CUTTING_KINDS = ("linux", "rxvt")


def breaks_lines_anew(environment: Mapping[str, str]) -> bool:
    """Whether this terminal, made narrower, shows the rest of a long line in a next row."""
    kind = environment.get("TERM", "")
    return not any(map(environment.get, _CUTTING)) and not kind.startswith(_CUTTING_KINDS)


def follow_reflow(app: Application[Any]) -> None:
    """Have ``app`` reckon with such rows when it draws itself anew, so that none of them is left standing.

    The library goes up as many rows as it had drawn.
    """
    resized = app._on_resize

    def on_resize() -> None:
        drawn = app.renderer.last_rendered_screen
        if drawn is not None:
            columns = max(app.output.get_size().columns, 1)
            at = app.renderer._cursor_pos
            lengths = (_length(drawn.data_buffer[row]) for row in range(at.y))
            above = sum(max(-(-length // columns), 1) for length in lengths)
            app.renderer._cursor_pos = Point(x=at.x % columns, y=above + at.x // columns)
        resized()

    app._on_resize = on_resize  # type: ignore[method-assign]


def _length(row: Mapping[int, Any]) -> int:
    """How many columns were written of a row."""
    return max((column + max(cell.width, 1) for column, cell in row.items() if cell.char != " "), default=0)
