"""A sandbox that is made before its command is known, while nobody waits for it.

Its shell waits for the text of a command, its limits set already, and runs that itself: to begin another
takes longer than most commands do. Where the difference could be told, it becomes another.
It serves one command, begun while no other runs, and only where a sandbox made at that moment would come out
the same: under the same policy, with the same environment, by the same words on its command line, which name
all that is mounted. That what was mounted under those names is there still under them is told by the kernel's
list of mounts: a file that is replaced or removed loses what is mounted on it, and one that is moved takes
that along.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from seedsmith.sandbox.commands.left_running import may_leave
from seedsmith.sandbox.commands.output import output_pipe
from seedsmith.sandbox.commands.prepared_command import PreparedCommand
from seedsmith.sandbox.commands.spawn import Started, hold_back
from seedsmith.sandbox.isolation.base import Launch, Limits

_MOST_BYTES = 4096
"""Of a command that such a shell is given: it reads byte by byte, and a pipe takes so much in one piece."""
_OBEYED_AT_ITS_START = ("BASH_ENV", "BASH_FUNC_", "CDPATH", "GLOBIGNORE")
"""How the names of variables begin that such a shell, unlike the command's own, takes nothing from."""


class ReadySandbox:
    """One such sandbox, made on the event loop's thread, and there asked, and let go or ended, once."""

    def __init__(
        self, prepared: PreparedCommand, launch: Launch, words: tuple[str, ...], limits: Limits
    ) -> None:
        """Begin to make it for commands as ``prepared``, by a ``launch`` that begins with ``words``.

        Takes over every descriptor of the launch. Raises :class:`seedsmith.sandbox.errors.SandboxError`.
        """
        self._prepared = prepared
        self._launch = launch
        self._words = words
        self._limits = limits
        self._mounts = b""
        """The kernel's list, once it waits."""
        self._reader, writer = output_pipe()
        try:
            self._held = hold_back(prepared.isolation, prepared.policy, launch, writer, takes_command=True)
        except BaseException:
            os.close(self._reader)
            raise
        finally:
            os.close(writer)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reader, self._came_up)

    @property
    def waits(self) -> bool:
        """Whether it has come up, and waits for its command."""
        return bool(self._mounts)

    def serves(self, prepared: PreparedCommand, words: tuple[str, ...]) -> bool:
        """Whether ``prepared``, launched now and beginning with ``words``, would come out the same."""
        *shell, text = prepared.argv
        size = len(_told(prepared))
        return (
            self.waits
            and tuple(shell) == self._prepared.argv[:-1]
            and prepared.isolation is self._prepared.isolation
            and prepared.policy == self._prepared.policy
            and prepared.environment == self._prepared.environment
            and prepared.errors is None
            and words == self._words
            and size <= _MOST_BYTES
            and "\0" not in text
            and self._held.process.poll() is None
            and self._listed() == self._mounts
        )

    def let_go(self, prepared: PreparedCommand) -> tuple[Started, int]:
        """Let it run the command of ``prepared``; with it comes our end of its output's pipe."""
        launch = replace(self._launch, joins=prepared.door)
        try:
            return self._held.let_go(launch, self._limits, _told(prepared)), self._reader
        except BaseException:
            os.close(self._reader)
            raise

    def end(self) -> None:
        """End it, unused."""
        if not self._loop.is_closed():
            self._loop.remove_reader(self._reader)
        os.close(self._reader)
        self._held.end()

    def _came_up(self) -> None:
        """Its shell waits, or there is none: nothing more is heard of it."""
        self._loop.remove_reader(self._reader)
        if os.read(self._reader, 1):
            with suppress(OSError):
                self._held.limit(self._limits)
                self._mounts = self._listed()

    def _listed(self) -> bytes:
        """What the kernel says is mounted in it; nothing where it is gone."""
        try:
            with open(f"/proc/{self._held.root}/mountinfo", "rb") as file:  # noqa: PTH123
                return file.read()
        except OSError:
            return b""


def _told(prepared: PreparedCommand) -> bytes:
    """What the shell is told so that it runs ``prepared``, itself or by becoming the shell of that."""
    text = prepared.argv[-1]
    if may_leave(text) or _obeys(prepared.environment):  # What is left may bear the name of its shell.
        text = f"exec {shlex.join(prepared.argv)}"
    return os.fsencode(text) + b"\0"


def _obeys(environment: Mapping[str, str]) -> bool:
    return any(name.startswith(_OBEYED_AT_ITS_START) for name in environment)
