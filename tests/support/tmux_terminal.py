"""A real terminal, as tmux shows it: keys go in, the screen is read; words are waited for, never time."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

REFUSED = "The model works"
LOOKS = 1200


class Terminal:
    """A terminal of ``columns`` by ``rows`` that runs a command."""

    def __init__(self, socket: Path, columns: int, command: str, folder: Path, rows: int = 24) -> None:
        self._tmux = ["tmux", "-S", str(socket)]
        size = ["-x", str(columns), "-y", str(rows)]
        self.run("-f", os.devnull, "new-session", "-d", "-s", "t", *size, "-c", str(folder), command)

    def run(self, *arguments: str) -> str:
        """Run a command of tmux."""
        done = subprocess.run([*self._tmux, *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    def type(self, *keys: str) -> None:
        """Press keys, by tmux's names; anything else is typed."""
        self.run("send-keys", "-t", "t", *keys)

    @property
    def screen(self) -> str:
        """What is shown, and what scrolled away."""
        return self.run("capture-pane", "-p", "-S", "-500", "-t", "t")

    def shown(self, *, colours: bool = False) -> str:
        """What is shown now, with the sequences that colour it or without."""
        return self.run("capture-pane", "-p", *(("-e",) if colours else ()), "-t", "t")

    def until(self, holds: Callable[[str], bool], told: Callable[[str], str]) -> str:
        """Look until ``holds`` says so of what is shown, and return that."""
        for _ in range(LOOKS):
            if holds(screen := self.shown()):
                return screen
            time.sleep(0.05)
        pytest.fail(told(self.shown()))

    def shows(self, words: str) -> str:
        """Wait for ``words``, and return the screen."""
        for _ in range(LOOKS):
            if words in (screen := self.screen):
                return screen
            time.sleep(0.05)
        pytest.fail(f"{words!r} never came:\n{self.screen}")

    def does(self, command: str, words: str) -> str:
        """Type ``command`` until it is carried out: a turn may have shown its end and not be over yet."""
        refusals = self.screen.count(REFUSED)
        self.type(command, "Enter")
        for _ in range(LOOKS):
            if words in (screen := self.screen):
                return screen
            if screen.count(REFUSED) > refusals:
                refusals += 1
                self.type(command, "Enter")
            time.sleep(0.05)
        pytest.fail(f"{words!r} never came:\n{self.screen}")

    def close(self) -> None:
        """End it and what runs in it."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True)
