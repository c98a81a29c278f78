"""Calls a person back who looked elsewhere while the model worked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType

from prompt_toolkit.output import Output

from seedsmith.agent.frontends.terminal import visible

LONG_SECONDS = 20.0
"""The end of a turn that took so long is worth a call."""


_PASSED_ON = {"TMUX": ("\x1bPtmux;", "\x1b\x1b"), "STY": ("\x1bP", "\x1b")}
"""tmux and GNU screen by the variable that they set: what begins a sequence that they hand on to their own
terminal (tmux where ``allow-passthrough`` is on), and how an escape is written in it."""


class Attention:
    """Rings the terminal's bell, or asks it for a notification on the desktop (OSC 9)."""

    def __init__(
        self,
        how: str,
        long_seconds: float = LONG_SECONDS,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """``how`` is ``bell``, ``desktop`` or ``off``; the ``environment`` says what the terminal runs in."""
        self._how = how
        self._environment = environment
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
        within = any(self._environment.get(variable) for variable in _PASSED_ON)
        if self._how == "bell" or (self._how == "desktop" and within):  # which may hold the other back
            output.bell()
        if self._how == "desktop":
            output.write_raw(self._passed_on(f"\x1b]9;{visible(what)}\x07"))
        output.flush()

    def _passed_on(self, sequence: str) -> str:
        """``sequence`` for the terminal itself, through what it runs in."""
        for variable, (begins, escape) in _PASSED_ON.items():
            if self._environment.get(variable):
                return f"{begins}{sequence.replace(chr(27), escape)}\x1b\\"
        return sequence
