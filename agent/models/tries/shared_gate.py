"""A gate that several processes share, so that a service's limits hold for all of them together.

A place is a lock on one of many empty files: it is free again when its process ends, however it ends. How
many places there are stands in one more file.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seedsmith.agent.models.tries.request_gate import MOST_AT_ONCE, Gate, make_gates

_LEAST_PAUSE, _LONGEST_PAUSE = 0.02, 0.1
_STATE = "limit"


def share_gates(folder: Path) -> None:
    """Share this process's gates from here on with all processes that name the same ``folder``."""
    make_gates(lambda url: SharedGate(folder / hashlib.sha256(url.encode()).hexdigest()[:16]))


class SharedGate(Gate):
    """Shared by all processes that name the same folder; in no order."""

    def __init__(self, folder: Path, most: int = MOST_AT_ONCE) -> None:
        """``most`` is both the first limit and the highest."""
        super().__init__(most)
        self._folder = folder
        self._held: list[int] = []
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def limit(self) -> int:
        """How many requests may be in flight now, over all processes, at least 1."""
        with self._state() as state:
            return int(state[0])

    async def _enter(self) -> None:
        while (place := self._free_place()) is None:  # noqa: ASYNC110 - another process tells of no event
            await asyncio.sleep(random.uniform(_LEAST_PAUSE, _LONGEST_PAUSE))
        self._held.append(place)

    def _leave(self) -> None:
        os.close(self._held.pop())

    def _free_place(self) -> int | None:
        with self._state() as state:
            limit, self._shrunk = int(state[0]), int(state[1])
        for number in range(limit):
            if (place := self._take(number)) is not None:
                return place
        return None

    def _take(self, number: int) -> int | None:
        place = os.open(self._folder / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with suppress(BlockingIOError):
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return place
        os.close(place)
        return None

    def _under_way(self) -> int:
        """Places that are taken now; asking takes each free one for an instant."""
        free = [place for number in range(self._most) if (place := self._take(number)) is not None]
        for place in free:
            os.close(place)
        return self._most - len(free)

    def _shrink(self, factor: float, shrunk: int) -> None:
        with self._state() as state:
            if state[1] == shrunk:
                state[:] = [max(1.0, min(state[0], self._under_way()) * factor), shrunk + 1]

    def _grow(self) -> None:
        with self._state() as state:
            state[0] = min(float(self._most), state[0] + 1 / state[0])

    @contextmanager
    def _state(self) -> Iterator[list[float]]:
        """The limit, and how often it was lowered; written back where it changed."""
        descriptor = os.open(self._folder / _STATE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            said = os.pread(descriptor, 100, 0).split()
            before = [float(each) for each in said] if len(said) == 2 else [float(self._most), 0.0]
            state = list(before)
            yield state
            if state != before:
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{state[0]!r} {int(state[1])}".encode(), 0)
        finally:
            os.close(descriptor)
