"""Calls a person back who looked elsewhere while the model worked."""

from __future__ import annotations

import time

from prompt_toolkit.output import Output

from seedsmith.agent.frontends.terminal import visible

LONG_SECONDS = 20.0
"""The end of a turn that took so long is worth a call."""


class Attention:
    """Rings the terminal's bell, or asks it for a notification on the desktop (OSC 9)."""

    def __init__(self, how: str, long_seconds: float = LONG_SECONDS) -> None:
        """``how`` is ``bell``, ``desktop`` or ``off``."""
        self._how = how
        self._long_seconds = long_seconds
        self._began = 0.0

    def turn_begins(self) -> None:
        """Measure the turn from now."""
        self._began = time.monotonic()

    def turn_ended(self, output: Output, what: str) -> None:
        """Say ``what`` where the turn was long."""
        if time.monotonic() - self._began >= self._long_seconds:
            self.call(output, what)

    def call(self, output: Output, what: str) -> None:
        """Say ``what`` in the way the person chose."""
        if self._how == "bell":
            output.bell()
        elif self._how == "desktop":
            output.write_raw(f"\x1b]9;{visible(what)}\x07")
        output.flush()
