"""One started command: its output, its input and its end, looked after by a task of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from seedsmith.sandbox.commands.descendants import ProcessTree
from seedsmith.sandbox.commands.left_running import SETTLE_SECONDS, left_note
from seedsmith.sandbox.commands.limit_watch import exceeded_limit
from seedsmith.sandbox.commands.output import CommandOutput
from seedsmith.sandbox.commands.spawn import Started
from seedsmith.sandbox.errors import InputClosed
from seedsmith.sandbox.isolation.base import Limits
from seedsmith.sandbox.lazy_dataclass import dataclass

_TERMINATE_SECONDS = 1.0
"""How long a command may take to end by itself after SIGTERM."""
_QUIET_SECONDS = 0.5
"""Output comes in bursts: it is looked at once so long nothing more came."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command did, or did since it was looked at last.

    ``head + tail`` is the whole output where ``elided_bytes`` is 0.
    """

    exit_code: int | None
    """As a shell gives it, 128 + N after signal N; None where it was stopped from outside, or still runs."""
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
    running: bool = False
    """Whether it still ran when this was taken."""

    @property
    def ok(self) -> bool:
        """Whether it exited by itself with status 0."""
        return self.exit_code == 0 and not self.timed_out


@dataclass(frozen=True, slots=True)
class _Stopped:
    """Why a command was not left to end by itself."""

    why: str
    timed_out: bool = False
    at_once: bool = False
    """Whether it is killed without being asked to end."""


class RunningCommand:
    """A command from its start until nothing is left of it; made by :class:`ProcessRunner`.

    A task of its own watches its limits and ends everything it started, whoever waits for it or not.
    ``timeout`` is in seconds, None for no deadline. ``stdin`` is the end of a pipe that is written to, or
    None where its input is closed. ``when_ended`` is called once no process is left, and returns sentences
    for :attr:`CommandResult.note`; so does ``explain`` of the last output and whether the command failed.
    """

    def __init__(
        self,
        started: Started,
        tree: ProcessTree,
        output: CommandOutput,
        *,
        explain: Callable[[bytes, bool], list[str]],
        limits: Limits,
        timeout: float | None,
        stdin: int | None,
        when_ended: Callable[[], list[str]],
    ) -> None:
        self._started = started
        self._tree = tree
        self._output = output
        self._explain = explain
        self._limits = limits
        self._timeout = timeout
        self._stdin = stdin
        self._writing = asyncio.Lock()
        self._when_ended = when_ended
        self._notes: list[str] = []
        self._left: list[str] = []
        self._stopped: _Stopped | None = None
        self._began = time.monotonic()
        self._ended_at: float | None = None
        self._stop: asyncio.Future[_Stopped] = asyncio.get_running_loop().create_future()
        self._task = asyncio.ensure_future(self._look_after())

    @property
    def ended(self) -> bool:
        """Whether nothing of it is left."""
        return self._task.done()

    async def wait(self, seconds: float | None = None, unless: asyncio.Event | None = None) -> bool:
        """Wait for its end, at most ``seconds``, or until ``unless`` is set; whether it has ended.

        Cancelling leaves it running.
        """
        awaited: set[asyncio.Future[Any]] = {self._task}
        event = asyncio.ensure_future(unless.wait()) if unless is not None else None
        try:
            await asyncio.wait(
                awaited | ({event} if event else set()),
                timeout=seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            if event is not None:
                event.cancel()
        return self.ended

    async def wait_or_stop(self) -> CommandResult:
        """Wait for its end, by its deadline at the latest, and look at it; cancelled, it is stopped."""
        try:
            await self.wait()
        finally:
            await self.stop("Stopped: it was cancelled.")
        return self.look()

    async def wait_for_news(self, seconds: float) -> None:
        """Wait at most ``seconds`` for output nobody has looked at yet and a short quiet, or for its end."""
        if self.ended:
            return
        until = time.monotonic() + seconds
        news = asyncio.ensure_future(self._output.news.wait())
        try:
            either: set[asyncio.Future[Any]] = {self._task, news}
            await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        before = -1
        while before != self._output.read_bytes and (left := until - time.monotonic()) > 0:
            before = self._output.read_bytes
            if await self.wait(min(_QUIET_SECONDS, left)):
                return

    def look(self) -> CommandResult:
        """What it wrote since the last look, and how it ended or that it runs."""
        if self.ended:
            self._task.result()  # What broke the looking after is raised here.
        piece = self._output.take()
        captured, stopped = piece.captured, self._stopped
        status = self._started.process.returncode if self.ended else None
        status = 128 - status if status is not None and status < 0 else status
        notes = []
        if stopped is not None and self.ended and not stopped.timed_out:  # which the result says by itself
            notes.append(stopped.why)
        notes += self._notes
        self._notes = []
        if self.ended and stopped is None:
            output = captured.head + captured.tail
            notes += self._explain(output, status != 0)
        return CommandResult(
            exit_code=None if stopped else status,
            signal=status - 128 if status is not None and 128 < status <= 192 else None,
            timed_out=self.ended and stopped is not None and stopped.timed_out,
            duration_seconds=(self._ended_at or time.monotonic()) - self._began,
            head=captured.head,
            tail=captured.tail,
            elided_bytes=captured.elided_bytes,
            elided_lines=captured.elided_lines,
            spill_id=piece.spill_id,
            total_bytes=captured.total_bytes,
            note=" ".join(notes),
            running=not self.ended,
        )

    def output_end(self, most: int) -> bytes:
        """The end of what it wrote since the last look, at most ``most`` bytes; a look shows it again."""
        return self._output.end(most)

    async def write(self, data: bytes, seconds: float) -> int:
        """Write to its standard input; returns how many bytes it had taken after at most ``seconds``.

        Raises :class:`seedsmith.sandbox.errors.InputClosed` where nothing can be written any more.
        """
        written = 0
        async with self._writing:  # One after another, or two inputs would mix.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while written < len(data):
                        written += await self._write_some(data[written:])
        return written

    def close_input(self) -> None:
        """End its standard input; twice does no harm."""
        if self._stdin is not None:
            asyncio.get_running_loop().remove_writer(self._stdin)
            os.close(self._stdin)
            self._stdin = None

    async def stop(self, why: str, *, timed_out: bool = False) -> None:
        """End it with everything it started, asking first; nothing happens where it has ended already.

        ``why`` is a sentence for :attr:`CommandResult.note`. Cancelling waits until the end all the same.
        """
        if not self._stop.done():
            self._stop.set_result(_Stopped(why, timed_out))
        await finish(self._task)

    async def _write_some(self, data: bytes) -> int:
        """Write what the pipe has room for, waiting for room where there is none."""
        if self._stdin is None:
            raise InputClosed("The command's standard input is closed.")
        try:
            return os.write(self._stdin, data)
        except BrokenPipeError:
            self.close_input()
            raise InputClosed("The command closed its standard input.") from None
        except BlockingIOError:
            pass
        loop, stdin = asyncio.get_running_loop(), self._stdin
        room: asyncio.Future[None] = loop.create_future()

        def writable() -> None:
            if not room.done():
                room.set_result(None)

        loop.add_writer(stdin, writable)
        try:
            await asyncio.wait({room, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._stdin is not None:
                loop.remove_writer(stdin)
        return 0

    async def _look_after(self) -> None:
        """Wait for the end, by itself or not; no process is left when this returns or raises."""
        try:
            async with _exit_of(self._started) as exited:
                try:
                    self._stopped = await self._first_reason(exited)
                    if self._stopped is None and self._tree.left():
                        await asyncio.sleep(SETTLE_SECONDS)
                        self._left = left_note(self._tree.left())
                finally:
                    # Also when cancelled, perhaps more than once: the killing itself is never given up.
                    grace = 0.0 if self._stopped is not None and self._stopped.at_once else _TERMINATE_SECONDS
                    await finish(_end(self._started, self._tree, exited, grace))
        finally:
            self._output.close()
            self.close_input()
            self._started.close()
            self._tree.forget()
            self._ended_at = time.monotonic()
            self._notes = [*self._left, *self._when_ended()]

    async def _first_reason(self, exited: asyncio.Future[None]) -> _Stopped | None:
        """Wait until the command exits (None) or has to be stopped."""
        output, seconds = self._output, self._timeout
        watch = asyncio.ensure_future(exceeded_limit(self._tree, self._limits))
        try:
            reasons: set[asyncio.Future[Any]] = {exited, watch, output.overflowed, self._stop}
            await asyncio.wait(reasons, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if exited.done():
                return None
            if watch.done():
                return _Stopped(watch.result(), at_once=True)
            if output.overflowed.done():
                most = (output.most_bytes or 0) >> 20
                return _Stopped(f"Stopped: it wrote more than {most} MB of output.", at_once=True)
            if self._stop.done():
                return self._stop.result()
            why = f"Stopped after {seconds:g} seconds, with everything it had started."
            return _Stopped(why, timed_out=True)
        finally:
            watch.cancel()


@contextlib.asynccontextmanager
async def _exit_of(started: Started) -> AsyncIterator[asyncio.Future[None]]:
    """A future that is done once the started process has ended, whoever still holds its pipes.

    asyncio's own ``Process.wait`` returns only when the pipes are closed, hence the descriptor.
    """
    loop = asyncio.get_running_loop()
    exited: asyncio.Future[None] = loop.create_future()
    descriptor = started.exit_fd

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


async def finish(work: Awaitable[None]) -> None:
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
