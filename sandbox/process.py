"""Run one command under an isolation: limits, a deadline, bounded output, and no survivor."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.capture import HeadTailCapture
from sandbox.descendants import MARKER_VARIABLE, ProcessTree, enable_adoption, new_marker
from sandbox.environment import command_environment
from sandbox.errors import NotARegularFile, OutsideWorkspace, PathNotFound
from sandbox.git_guard import GitGuard
from sandbox.isolation.base import Isolation, Limits, Policy
from sandbox.notes import sandbox_note
from sandbox.spawn import Started, start
from sandbox.watch import exceeded_limit

if TYPE_CHECKING:
    from sandbox.spill import Spill, SpillStore

_READ_BYTES = 1 << 16
_PIPE_BYTES = 1 << 18
"""Four times the usual, so that a chatty command waits less for us."""
_TERMINATE_SECONDS = 1.0
"""How long a command may take to end by itself after SIGTERM."""
_SHELLS = ("/bin/bash", "/usr/bin/bash", "/bin/sh")


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command did. ``head + tail`` is the whole output where ``elided_bytes`` is 0."""

    exit_code: int | None
    """As a shell gives it, 128 + N after signal N; None where it was stopped from outside."""
    signal: int | None
    """The signal that ended it, as far as the exit code tells."""
    timed_out: bool
    duration_seconds: float
    head: bytes
    tail: bytes
    elided_bytes: int
    elided_lines: int
    spill_id: str | None
    """Where the whole output can be read back; None where nothing was elided."""
    total_bytes: int
    note: str = ""
    """What the sandbox has to say about it, in plain sentences; empty where there is nothing."""

    @property
    def ok(self) -> bool:
        """Whether it exited by itself with status 0."""
        return self.exit_code == 0 and not self.timed_out


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
        """Run ``command`` in ``cwd`` (relative to the workspace) and return when it exits.

        A string runs through bash, a sequence as it stands. ``timeout`` is in seconds. Standard output and
        error are one stream, in order; ``stdin`` is empty unless given. Whatever the command left running
        is killed, and so is everything when the deadline passes or the task is cancelled.
        Raises :class:`sandbox.errors.PathError` for a ``cwd`` that can't be used and
        :class:`sandbox.errors.SandboxError` where the command can't be started at all.
        """
        argv = (self._shell, "-c", command) if isinstance(command, str) else tuple(command)
        marker = new_marker()
        environment = {**self.environment, **(env or {})}
        if not self._contained:
            environment[MARKER_VARIABLE] = marker
        launch = self.isolation.launch(argv, self.policy, environment, self._folder(cwd))
        self._guard.refresh()
        output = _Output(head_bytes, tail_bytes, self._spills if spill else None)
        began = time.monotonic()
        with contextlib.ExitStack() as stack:
            reader, writer = os.pipe()
            stack.callback(os.close, reader)
            with contextlib.suppress(OSError):  # The user's share of pipe memory may be used up.
                fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            source = _memory_file(stdin) if stdin else None
            try:
                started = start(
                    self.isolation, self.policy, launch, limits=self._limits, output=writer, stdin=source
                )
            finally:
                os.close(writer)
                if source is not None:
                    os.close(source)
            stack.callback(output.close)
            stack.callback(started.close)
            tree = ProcessTree(started.root, contained=self._contained, marker=marker)
            stack.callback(tree.forget)
            stopped = await self._supervise(started, tree, reader, output, timeout)
        return self._result(started, output, stopped, time.monotonic() - began)

    async def _supervise(
        self, started: Started, tree: ProcessTree, reader: int, output: _Output, seconds: float
    ) -> _Stopped | None:
        """Wait for the end, by itself or not; no process is left when this returns or raises."""
        os.set_blocking(reader, False)
        loop = asyncio.get_running_loop()
        loop.add_reader(reader, output.read_some, reader, loop)
        stopped: _Stopped | None = None
        async with _exit_of(started) as exited:
            try:
                stopped = await self._first_reason(exited, tree, output, seconds)
            finally:
                # Also when cancelled, perhaps more than once: the killing itself is never given up.
                grace = 0.0 if stopped is not None and not stopped.timed_out else _TERMINATE_SECONDS
                await _finish(_end(started, tree, exited, grace))
                loop.remove_reader(reader)
                output.drain(reader)
        return stopped

    async def _first_reason(
        self, exited: asyncio.Future[None], tree: ProcessTree, output: _Output, seconds: float
    ) -> _Stopped | None:
        """Wait until the command exits (None) or has to be stopped."""
        output.most_bytes = self._limits.output_bytes
        watch = asyncio.ensure_future(exceeded_limit(tree, self._limits))
        try:
            reasons: set[asyncio.Future[Any]] = {exited, watch, output.overflowed}
            await asyncio.wait(reasons, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if exited.done():
                return None
            if watch.done():
                return _Stopped(watch.result())
            if output.overflowed.done():
                return _Stopped(f"Stopped: it wrote more than {(output.most_bytes or 0) >> 20} MB of output.")
            return _Stopped(f"Stopped after {seconds:g} seconds, with everything it had started.", True)
        finally:
            watch.cancel()

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

    def _result(
        self, started: Started, output: _Output, stopped: _Stopped | None, seconds: float
    ) -> CommandResult:
        captured = output.capture.finish()
        status = started.process.returncode
        status = 128 - status if status < 0 else status
        notes = [stopped.why] if stopped else []
        notes += self._guard.restore()
        if stopped is None and status != 0:
            notes += sandbox_note(captured.head + captured.tail, self.policy)
        return CommandResult(
            exit_code=None if stopped else status,
            signal=status - 128 if 128 < status <= 192 else None,
            timed_out=stopped is not None and stopped.timed_out,
            duration_seconds=seconds,
            head=captured.head,
            tail=captured.tail,
            elided_bytes=captured.elided_bytes,
            elided_lines=captured.elided_lines,
            spill_id=output.spill.id if output.spill else None,
            total_bytes=captured.total_bytes,
            note=" ".join(notes),
        )


@dataclass(frozen=True, slots=True)
class _Stopped:
    """Why a command was not left to end by itself."""

    why: str
    timed_out: bool = False


class _Output:
    """The one pipe both output streams go to, read without ever waiting for its end."""

    def __init__(self, head_bytes: int, tail_bytes: int, spills: SpillStore | None) -> None:
        self.spill: Spill | None = None
        self.most_bytes: int | None = None
        self.overflowed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._spills = spills
        self.capture = HeadTailCapture(head_bytes, tail_bytes, self._open_spill if spills else None)

    def read_some(self, reader: int, loop: asyncio.AbstractEventLoop) -> None:
        """Take what the pipe holds; called by the loop."""
        data = _read_available(reader)
        if data:
            self.capture.feed(data)
        if data == b"":
            loop.remove_reader(reader)
        if self.most_bytes is not None and self.capture.total_bytes > self.most_bytes:
            loop.remove_reader(reader)
            if not self.overflowed.done():
                self.overflowed.set_result(None)

    def drain(self, reader: int) -> None:
        """Take what was written before the command ended; a survivor elsewhere can't keep this going."""
        limit = self.capture.total_bytes + 2 * _PIPE_BYTES
        while self.capture.total_bytes < limit and (data := _read_available(reader)):
            self.capture.feed(data)

    def close(self) -> None:
        """End the spill."""
        if self.spill is not None:
            self.spill.close()
        self.overflowed.cancel()

    def _open_spill(self) -> Spill:
        assert self._spills is not None
        self.spill = self._spills.create()
        return self.spill


def _read_available(reader: int) -> bytes | None:
    """The next bytes of a pipe, empty at its end, None where there are none yet."""
    try:
        return os.read(reader, _READ_BYTES)
    except BlockingIOError:
        return None


@contextlib.asynccontextmanager
async def _exit_of(started: Started) -> AsyncIterator[asyncio.Future[None]]:
    """A future that is done once the started process has ended, whoever still holds its pipes.

    asyncio's own ``Process.wait`` returns only when the pipes are closed, hence the descriptor.
    """
    loop = asyncio.get_running_loop()
    exited: asyncio.Future[None] = loop.create_future()
    descriptor = os.pidfd_open(started.process.pid)

    def ended() -> None:
        loop.remove_reader(descriptor)
        started.process.wait()
        if not exited.done():
            exited.set_result(None)

    loop.add_reader(descriptor, ended)
    try:
        yield exited
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def _end(
    started: Started, tree: ProcessTree, exited: asyncio.Future[None], grace_seconds: float
) -> None:
    """Ask whatever still runs to end, then kill it; nothing is left afterwards."""
    if grace_seconds and not exited.done():
        tree.terminate()
        await asyncio.wait({exited}, timeout=grace_seconds)
    await tree.end()
    if not exited.done():
        started.process.kill()
        await exited


async def _finish(work: Coroutine[object, object, None]) -> None:
    """Await ``work`` to its end, whatever cancels the caller meanwhile; then let the cancelling go on."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


def _memory_file(data: bytes) -> int:
    descriptor = os.memfd_create("stdin")
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
