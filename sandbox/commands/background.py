"""The commands of a session that run while the model goes on: their ids, their number, their end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from seedsmith.sandbox.commands.command import RunningCommand, finish
from seedsmith.sandbox.errors import TooManyCommands, UnknownCommand
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.paths import shown

MOST_RUNNING = 8
"""So many background commands run at once."""
_MOST_ENDED = 16
"""So many that have ended are remembered; each keeps at most some 100 KB of output nobody looked at."""


@dataclass(frozen=True, slots=True)
class BackgroundCommand:
    """A command that was left running, and the id it is asked for by."""

    id: str
    line: str
    """The command line."""
    running: RunningCommand


class Companion(Protocol):
    """A program that is no command, and belongs to a tool."""

    async def close(self) -> None:
        """End it."""


@dataclass(frozen=True, slots=True)
class AwaitedCommand:
    """A command that a call waits for."""

    line: str
    running: RunningCommand
    leave: Callable[[], None]
    """Waits for it no longer: it goes on in the background, where there is room."""


class BackgroundCommands:
    """A session's background commands; whoever opens the session awaits :meth:`end` at its end."""

    def __init__(self) -> None:
        self._commands: dict[str, BackgroundCommand] = {}
        self._added = 0
        self.awaited: list[AwaitedCommand] = []
        """The commands that calls wait for now, oldest first."""
        self._others: list[Callable[[], Awaitable[None]]] = []
        self.companions: dict[str, Companion] = {}
        """Harmless programs that last as commands do, by the name of their tool; closed when all ends."""

    @property
    def runs(self) -> bool:
        """Whether one is at work."""
        return bool(self._still_running() or self._others)

    @property
    def has_room(self) -> bool:
        """Whether one more may run."""
        return len(self._still_running()) < MOST_RUNNING

    def check_room(self) -> None:
        """Raise :class:`TooManyCommands` where no other may run."""
        if not self.has_room:
            raise TooManyCommands(
                f"{MOST_RUNNING} background commands run already, which is the most: {self.listed()}; "
                "end one with shell_kill first."
            )

    def add(self, line: str, running: RunningCommand) -> BackgroundCommand:
        """Take over a started command; raises :class:`TooManyCommands`."""
        self.check_room()
        self._added += 1
        command = BackgroundCommand(f"b{self._added}", line, running)
        self._commands[command.id] = command
        ended = [each.id for each in self._commands.values() if each.running.ended]
        for identifier in ended[:-_MOST_ENDED]:
            del self._commands[identifier]
        return command

    def get(self, identifier: str) -> BackgroundCommand:
        """The command of that id, ended or not; raises :class:`UnknownCommand` naming those that run."""
        command = self._commands.get(identifier)
        if command is None:
            running = self.listed()
            raise UnknownCommand(
                f"There is no background command '{shown(identifier)}'; "
                + (f"running: {running}." if running else "none is running.")
            )
        return command

    async def attend(
        self, line: str, running: RunningCommand, seconds: float | None
    ) -> BackgroundCommand | None:
        """Wait for a command in the foreground; after ``seconds`` leave it running, where there is room.

        So it is left where a person says so meanwhile (:attr:`awaited`). ``seconds`` is None for one that has
        a deadline of its own. Returns what it then goes on as, None where it ended. Without room, or
        cancelled, it is stopped.
        """
        left: BackgroundCommand | None = None
        why, timed_out = "Stopped: it was cancelled.", seconds is not None
        if seconds is not None:
            why = f"Stopped after {seconds:g} seconds, with everything it had started."
        released = asyncio.Event()

        def leave() -> None:
            nonlocal left
            if left is None and self.has_room and not running.ended:
                left = self.add(line, running)
                released.set()

        awaited = AwaitedCommand(line, running, leave)
        self.awaited.append(awaited)
        try:
            if not await running.wait(seconds, unless=released):
                leave()
        finally:
            self.awaited.remove(awaited)
            if left is None:
                await running.stop(why, timed_out=timed_out)
        return left

    def end_besides(self, end: Callable[[], Awaitable[None]]) -> None:
        """Have ``end`` awaited whenever everything is to end: it ends programs that are no commands."""
        if end not in self._others:
            self._others.append(end)

    async def end(self, why: str, *, but_harmless: bool = False) -> None:
        """End every command, ``why`` being told to whoever asks for one later; cancelling doesn't stop it.

        ``but_harmless`` leaves the companions.
        """
        stops = (command.running.stop(why) for command in self._still_running())
        others, self._others = [end() for end in self._others], []
        if not but_harmless:
            others += [each.close() for each in self.companions.values()]
            self.companions.clear()
        await finish(self._end_all(asyncio.gather(*stops, *others, return_exceptions=True)))

    async def _end_all(self, stopping: asyncio.Future[list[BaseException | None]]) -> None:
        for result in await stopping:
            if isinstance(result, BaseException):
                raise result

    @property
    def running(self) -> tuple[BackgroundCommand, ...]:
        """Those that have not ended."""
        return tuple(self._still_running())

    def _still_running(self) -> list[BackgroundCommand]:
        return [command for command in self._commands.values() if not command.running.ended]

    def listed(self) -> str:
        """The commands that run, in one line; '' where none does."""
        return ", ".join(f"{command.id} ({shown(command.line)[:40]})" for command in self._still_running())
