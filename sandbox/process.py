"""Start commands under an isolation: limits, a deadline, bounded output, and no survivor."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.command import CommandResult, RunningCommand
from sandbox.descendants import MARKER_VARIABLE, ProcessTree, enable_adoption, frozen, new_marker
from sandbox.environment import command_environment
from sandbox.errors import NotARegularFile, OutsideWorkspace, PathNotFound
from sandbox.git_guard import GitGuard
from sandbox.isolation.base import Isolation, Launch, Limits, Policy
from sandbox.output import PIPE_BYTES, CommandOutput
from sandbox.spawn import Started, start

if TYPE_CHECKING:
    from sandbox.spill import SpillStore

__all__ = ["CommandResult", "ProcessRunner"]

_SHELLS = ("/bin/bash", "/usr/bin/bash", "/bin/sh")


class ProcessRunner:
    """Starts commands under one isolation and policy; one a session, on one event loop."""

    def __init__(
        self,
        isolation: Isolation,
        policy: Policy,
        spills: SpillStore,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """``environment`` is all that commands get; None builds the clean one from ``policy.environ``."""
        self.isolation = isolation
        self.policy = policy
        self.environment = (
            dict(environment)
            if environment is not None
            else command_environment(policy.environ, policy.workspace, network=policy.network)
        )
        self._spills = spills
        self._limits = limits or Limits()
        self._shell = next((shell for shell in _SHELLS if os.access(shell, os.X_OK)), "/bin/sh")
        self._contained = isolation.name == "bwrap"
        self._guard = GitGuard.capture(policy.workspace, restores=isolation.name == "landlock")
        self._running: set[ProcessTree] = set()
        if not self._contained:
            enable_adoption()

    async def run(
        self,
        command: str | Sequence[str],
        *,
        timeout: float,  # noqa: ASYNC109
        cwd: str = ".",
        head_bytes: int = 8_000,
        tail_bytes: int = 8_000,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        spill: bool = True,
    ) -> CommandResult:
        """Run ``command`` and return when it exits; the parameters are those of :meth:`start`.

        Whatever the command left running is killed, and so is everything when the deadline passes or the
        task is cancelled.
        """
        running = self.start(
            command,
            timeout=timeout,
            cwd=cwd,
            head_bytes=head_bytes,
            tail_bytes=tail_bytes,
            env=env,
            stdin=stdin,
            spill=spill,
        )
        return await running.wait_or_stop()

    def start(
        self,
        command: str | Sequence[str],
        *,
        timeout: float | None = None,
        cwd: str = ".",
        head_bytes: int = 8_000,
        tail_bytes: int = 8_000,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        open_stdin: bool = False,
        spill: bool = True,
    ) -> RunningCommand:
        """Start ``command`` in ``cwd`` (relative to the workspace); to be called on the event loop's thread.

        A string runs through bash, a sequence as it stands. ``timeout`` is in seconds, None for no
        deadline. Standard output and error are one stream, in order; standard input holds ``stdin``, which
        is nothing unless given, or stays open for :meth:`RunningCommand.write`. The caller sees to it that
        the command is stopped.
        Raises :class:`sandbox.errors.PathError` for a ``cwd`` that can't be used and
        :class:`sandbox.errors.SandboxError` where the command can't be started at all.
        """
        argv = (self._shell, "-c", command) if isinstance(command, str) else tuple(command)
        marker = "" if self._contained else new_marker()
        environment = {**self.environment, **(env or {})}
        if marker:
            environment[MARKER_VARIABLE] = marker
        launch = self.isolation.launch(argv, self.policy, environment, self._folder(cwd))
        if not self._running:  # Else what changed may be the doing of a command that runs.
            self._guard.refresh()
        started, reader, keyboard = self._spawn(launch, stdin, open_stdin)
        tree = ProcessTree(started.root, contained=self._contained, marker=marker)
        self._running.add(tree)
        spills = self._spills if spill else None
        output = CommandOutput(reader, head_bytes, tail_bytes, spills, self._limits.output_bytes)
        return RunningCommand(
            started,
            tree,
            output,
            policy=self.policy,
            limits=self._limits,
            timeout=timeout,
            stdin=keyboard,
            when_ended=lambda: self._restore_git(tree),
        )

    def _spawn(
        self, launch: Launch, stdin: bytes | None, open_stdin: bool
    ) -> tuple[Started, int, int | None]:
        """Start ``launch``: with it come our ends of its output's pipe and, where open, its input's."""
        with contextlib.ExitStack() as opened:  # Closed here only where the start fails.
            reader, writer = os.pipe()
            opened.callback(os.close, reader)
            with contextlib.suppress(OSError):  # The user's share of pipe memory may be used up.
                fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            source = _memory_file(stdin) if stdin else None
            keyboard: int | None = None
            if open_stdin:
                source, keyboard = os.pipe()
                os.set_blocking(keyboard, False)
                opened.callback(os.close, keyboard)
            try:
                started = start(
                    self.isolation, self.policy, launch, limits=self._limits, output=writer, stdin=source
                )
            finally:
                os.close(writer)
                if source is not None:
                    os.close(source)
            opened.pop_all()
        return started, reader, keyboard

    def _restore_git(self, ended: ProcessTree) -> list[str]:
        """Undo what was done to git's own files; commands that still run are held still meanwhile.

        Where one of them can't be, the end of the last one restores them.
        """
        self._running.discard(ended)
        with frozen(self._running if self._guard.restores else ()) as still:
            return self._guard.restore() if still else []

    def _folder(self, cwd: str) -> Path:
        """The folder ``cwd`` names, links resolved; only ever inside the workspace."""
        root = self.policy.workspace
        folder = Path(os.path.realpath(root / cwd))
        if folder != root and root not in folder.parents:
            raise OutsideWorkspace(
                f"The working directory {cwd!r} is outside the workspace; use a path within it."
            )
        if not folder.exists():
            raise PathNotFound(f"The working directory {cwd!r} doesn't exist.")
        if not folder.is_dir():
            raise NotARegularFile(f"The working directory {cwd!r} is not a folder.")
        return folder


def _memory_file(data: bytes) -> int:
    descriptor = os.memfd_create("stdin")
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
