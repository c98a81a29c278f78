"""What was typed before a question stood there: it is no answer to it, and not lost either."""

from __future__ import annotations

import os
import termios

_MOST_BYTES = 1 << 20
_LOCAL_MODES, _CONTROL_LETTERS = 3, 6
"""Places in what termios says of a terminal."""


def typed_ahead(terminal: int) -> str:
    """Take what waits to be read from ``terminal``, an unfinished line, too; '' for no terminal."""
    try:
        modes = termios.tcgetattr(terminal)
    except termios.error:
        return ""
    reading = [*modes[:_CONTROL_LETTERS], list(modes[_CONTROL_LETTERS])]
    reading[_LOCAL_MODES] &= ~termios.ICANON
    reading[_CONTROL_LETTERS][termios.VMIN] = reading[_CONTROL_LETTERS][termios.VTIME] = 0
    termios.tcsetattr(terminal, termios.TCSANOW, reading)
    try:
        return os.read(terminal, _MOST_BYTES).decode("utf-8", "replace").rstrip("\n")
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, modes)


class Asking:
    """Asks questions at a terminal, answered by what is typed once they stand there."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self.typed = ""
        """What was typed before questions, for whoever reads next."""

    def __call__(self, question: str) -> str:
        """The line that is typed behind ``question``; raises EOFError where there is none."""
        self.typed += typed_ahead(self._terminal)
        return input(question)
