"""Limits how many requests a service gets at once: fewer after it refuses some, more again as it answers.

Additive increase, multiplicative decrease, as TCP does (RFC 5681 §3.1); docs/model-service.md, "Errors",
has the codes that ask for it.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

from seedsmith.agent.models.tries.refusal import Verdict
from seedsmith.agent.models.tries.retry import ServiceRefused

MOST_AT_ONCE = 64
BURST_FACTOR = 0.5
"""The limit is multiplied by this after ``RequestBurstTooFast``."""
RATE_LIMIT_FACTOR = 0.8
"""And by this after a rate limit, which concerns requests a minute rather than requests at once."""
Ending = Literal["answered", "burst", "rate limit", "other"]
"""What an attempt ended with; ``other`` changes nothing."""


class _Ticket:
    """A waiting caller; the future belongs to the caller's event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.admitted = False
        self.called: asyncio.Future[None] = self._loop.create_future()

    def call(self) -> bool:
        """Wake the caller, from any thread; False if its event loop is closed."""
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            return False
        return True

    def _wake(self) -> None:
        if not self.called.done():
            self.called.set_result(None)


class Gate:
    """Shared by all callers of one service, in order of arrival; usable from several event loops."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        """``most`` is both the first limit and the highest."""
        self._most = most
        self._limit = float(most)
        self._in_flight = 0
        self._shrunk = 0
        self._waiting: deque[_Ticket] = deque()
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        """How many requests may be in flight now, at least 1."""
        return int(self._limit)

    @asynccontextmanager
    async def admission(self) -> AsyncIterator[None]:
        """Wait for a place, and keep it for one attempt.

        A :class:`ServiceRefused` that leaves the block may lower the limit, an end without exception may
        raise it; any other exception changes nothing.
        """
        mark = await self.enter()
        ending: Ending = "other"
        try:
            yield
            ending = "answered"
        except ServiceRefused as refused:
            if refused.refusal.crowded:
                ending = "burst" if refused.refusal.verdict is Verdict.RETRY_SLOWLY else "rate limit"
            raise
        finally:
            self.leave(mark, ending)

    async def enter(self) -> int:
        """Wait for a place; returns the mark to :meth:`leave` it with."""
        await self._enter()
        return self._shrunk

    def leave(self, mark: int, ending: Ending) -> None:
        """Free a place, and lower or raise the limit by what the attempt ended with."""
        try:
            if ending == "answered":
                self._grow()
            elif ending != "other":
                self._shrink(BURST_FACTOR if ending == "burst" else RATE_LIMIT_FACTOR, mark)
        finally:
            self._leave()

    async def _enter(self) -> None:
        with self._lock:
            if not self._waiting and self._in_flight < self.limit:
                self._in_flight += 1
                return
            ticket = _Ticket()
            self._waiting.append(ticket)
        try:
            await ticket.called
        except BaseException:
            with self._lock:
                if ticket.admitted:
                    self._in_flight -= 1
                else:
                    self._waiting.remove(ticket)
                self._admit()
            raise

    def _leave(self) -> None:
        with self._lock:
            self._in_flight -= 1
            self._admit()

    def _admit(self) -> None:
        while self._waiting and self._in_flight < self.limit:
            ticket = self._waiting.popleft()
            ticket.admitted = ticket.call()
            self._in_flight += ticket.admitted

    def _shrink(self, factor: float, shrunk: int) -> None:
        """Lower the limit once for requests that were in flight together: a burst is refused many times."""
        with self._lock:
            if shrunk == self._shrunk:
                self._shrunk += 1
                self._limit = max(1.0, min(self._limit, self._in_flight) * factor)

    def _grow(self) -> None:
        """Raise the limit by one after as many answers as it allows requests at once."""
        with self._lock:
            self._limit = min(float(self._most), self._limit + 1 / self._limit)


def _of_this_process(_: str) -> Gate:
    return Gate()


_made: Callable[[str], Gate] = _of_this_process


def make_gates(make: Callable[[str], Gate] = _of_this_process) -> None:
    """Let this process make its gates by ``make``, which is given each service's address, from here on."""
    global _made
    _made = make
    gate_for.cache_clear()


@functools.cache
def gate_for(base_url: str) -> Gate:
    """The gate of the service at ``base_url``, the same for the whole process."""
    return _made(base_url)
