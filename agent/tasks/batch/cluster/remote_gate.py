"""A gate whose places are kept elsewhere: a node's process says what it wants, and is told when it may."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from seedsmith.agent.models.tries.request_gate import Ending, Gate

_numbers = itertools.count(1)


class Answers:
    """Who in this process waits for what; told of by another thread."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}

    async def wait(self, number: int, ask: Callable[[], None]) -> None:
        """``ask``, and wait until :meth:`entered` is told of ``number``."""
        event = asyncio.Event()
        self._waiting[number] = asyncio.get_running_loop(), event
        try:
            ask()
            await event.wait()
        finally:
            del self._waiting[number]

    def entered(self, number: int) -> None:
        """Let who waits for ``number`` go on; from any thread."""
        loop, event = self._waiting.get(number, (None, None))
        if loop is not None and event is not None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(event.set)


class RemoteGate(Gate):
    """The gate of one service, kept for the whole cluster by :class:`.gates.Gates`."""

    def __init__(self, url: str, say: Callable[[dict[str, Any]], None], answers: Answers) -> None:
        """``say`` hands on what is wanted; ``answers`` is told when it is granted.

        The address itself is not said: it may hold a password.
        """
        super().__init__()
        self._service = hashlib.sha256(url.encode()).hexdigest()[:16]
        self._say = say
        self._answers = answers

    async def enter(self) -> int:
        """Wait for a place; the mark is the request's number."""
        number = next(_numbers)
        try:
            await self._answers.wait(number, lambda: self._say({"enter": number, "service": self._service}))
        except BaseException:
            self.leave(number, "other")
            raise
        return number

    def leave(self, mark: int, ending: Ending) -> None:
        """Say what the request ended with."""
        self._say({"leave": mark, "ending": ending})
