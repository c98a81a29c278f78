"""One line of a terminal that says what is waited for, and since when; whatever comes next replaces it."""

from __future__ import annotations

import asyncio
import contextlib
from time import monotonic
from typing import TextIO

from seedsmith.agent.frontends.line_wrapping import clipped

_STEP_SECONDS = 1.0


class WaitingLine:
    """Drawn where the cursor stands at the start of a line; counts the seconds while an event loop runs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._width = 0
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def show(self, text: str, width: int) -> None:
        """Wait for ``text``, which is harmless, on a line of ``width``."""
        self.clear()
        self._text, self._width, self._since = text, width, monotonic()
        self._draw()

    def clear(self) -> None:
        """Take the line away."""
        if not self._text:
            return
        self._text = ""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stream.write("\r\x1b[2K")

    def _draw(self) -> None:
        seconds = int(monotonic() - self._since)
        tail = f" · {seconds // 60}:{seconds % 60:02}" if seconds else ""
        room = max(self._width - len(tail) - 2, 8)
        self._stream.write(f"\r\x1b[2K\x1b[2m… {clipped(self._text, room)}{tail}\x1b[0m")
        with contextlib.suppress(RuntimeError):  # no loop, so nothing comes back to it
            self._timer = asyncio.get_running_loop().call_later(_STEP_SECONDS, self._tick)

    def _tick(self) -> None:
        try:
            self._draw()
            self._stream.flush()
        except (OSError, ValueError):  # the terminal is gone
            self._text = ""
