"""Starts prepared commands, each in a sandbox of its own that may have been made before."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path

from seedsmith.sandbox.commands.output import output_pipe
from seedsmith.sandbox.commands.prepared_command import PreparedCommand
from seedsmith.sandbox.commands.ready_sandbox import ReadySandbox
from seedsmith.sandbox.commands.spawn import CAN_TAKE_COMMAND, Started, memory_file, start
from seedsmith.sandbox.commands.unix_sockets import Connections
from seedsmith.sandbox.isolation.base import Launch, Limits
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Launched:
    """A started command, and our ends of its pipes."""

    started: Started
    reader: int
    """Of its output's."""
    keyboard: int | None
    """Of its input's, where that is open."""


class Launcher:
    """Starts a session's commands, and has one sandbox ready for the next where that is asked for."""

    def __init__(self, connections: Connections, limits: Limits) -> None:
        self._connections = connections
        self._limits = limits
        self.ready: ReadySandbox | None = None
        """What waits for the next command."""

    def prepare(self, prepared: PreparedCommand, folder: Path) -> None:
        """Have a sandbox wait for a command as ``prepared``, but for its last word, in ``folder``.

        Does nothing where the isolation can't. Raises :class:`seedsmith.sandbox.errors.SandboxError`.
        """
        self.discard()
        if not CAN_TAKE_COMMAND or not isinstance(prepared.isolation, Bubblewrap):
            return
        words = prepared.isolation.words(prepared.policy, folder)
        launch = self._launch(replace(prepared, argv=prepared.argv[:-1]), folder)
        self.ready = ReadySandbox(prepared, launch, words, self._limits)

    def discard(self) -> None:
        """End what waits, if anything does."""
        ready, self.ready = self.ready, None
        if ready is not None:
            ready.end()

    def start(
        self, prepared: PreparedCommand, folder: Path, stdin: bytes | None = None, *, open_stdin: bool = False
    ) -> Launched:
        """Start ``prepared`` in ``folder``, its input holding ``stdin`` or staying open.

        Raises OSError and :class:`seedsmith.sandbox.errors.SandboxError`; then no descriptor is left open.
        """
        ready = self._ready_for(prepared, folder, plain=not stdin and not open_stdin)
        if ready is not None:
            return Launched(*ready.let_go(prepared), None)
        with contextlib.ExitStack() as opened, contextlib.ExitStack() as given:
            # ``opened`` is closed here only where the start fails.
            reader, writer = output_pipe()
            opened.callback(os.close, reader)
            given.callback(os.close, writer)
            source = memory_file(stdin) if stdin else None
            keyboard: int | None = None
            if open_stdin:
                source, keyboard = os.pipe()
                os.set_blocking(keyboard, False)
                opened.callback(os.close, keyboard)
            if source is not None:
                given.callback(os.close, source)
            launch = self._launch(prepared, folder)
            limits = self._limits
            started = start(
                prepared.isolation, prepared.policy, launch, limits=limits, output=writer, stdin=source
            )
            opened.pop_all()
        return Launched(started, reader, keyboard)

    def _ready_for(self, prepared: PreparedCommand, folder: Path, *, plain: bool) -> ReadySandbox | None:
        """What waits, where it serves ``prepared``; else it is ended, unless that changes nothing for it."""
        if self.ready is None or prepared.policy.only_reads:
            return None
        ready, self.ready = self.ready, None
        with contextlib.ExitStack() as unused:
            unused.callback(ready.end)
            isolation = prepared.isolation
            if not plain or not isinstance(isolation, Bubblewrap):
                return None
            if not ready.serves(prepared, isolation.words(prepared.policy, folder)):
                return None
            unused.pop_all()
        return ready

    def _launch(self, prepared: PreparedCommand, folder: Path) -> Launch:
        launch = prepared.isolation.launch(prepared.argv, prepared.policy, prepared.environment, folder)
        start_in = self._connections.call if prepared.policy.unix_sockets else None
        return replace(launch, errors=prepared.errors, joins=prepared.door, start_in=start_in)
