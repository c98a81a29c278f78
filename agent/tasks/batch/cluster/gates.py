"""The gates of a cluster: one for each service, for all attempts on all nodes. Ray runs them as an actor.

A place is freed when its request ends, when its attempt has ended, and when nothing was heard of the attempt
for a while: its node or the batch's runner is lost.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import field

from seedsmith.agent.models.tries.request_gate import MOST_AT_ONCE, Ending, Gate
from seedsmith.sandbox.lazy_dataclass import dataclass

LEASE_SECONDS = 40.0


@dataclass(slots=True)
class _Attempt:
    """One attempt and its places by their numbers; None where it left before it was let in."""

    heard: float
    places: dict[int, tuple[Gate, int] | None] = field(default_factory=dict)


class Gates:
    """Who is let in to which service; all its methods are called on one event loop."""

    def __init__(self, most: int = MOST_AT_ONCE, clock: Callable[[], float] = time.monotonic) -> None:
        """``most`` requests at once to each service at first."""
        self._clock = clock
        self._gates: defaultdict[str, Gate] = defaultdict(lambda: Gate(most))
        self._attempts: dict[str, _Attempt] = {}

    async def enter(self, attempt: str, number: int, service: str) -> None:
        """Return when the attempt may make its request of that number."""
        mine = self._heard(attempt)
        gate = self._gates[service]
        mark = await gate.enter()
        if self._attempts.get(attempt) is not mine or number in mine.places:
            gate.leave(mark, "other")  # it ended, or left, meanwhile
            mine.places.pop(number, None)
        else:
            mine.places[number] = gate, mark

    async def leave(self, attempt: str, number: int, ending: Ending) -> None:
        """The request ended."""
        mine = self._heard(attempt)
        place = mine.places.pop(number, None)
        if place is None:
            mine.places[number] = None
        else:
            place[0].leave(place[1], ending)

    async def beat(self, attempt: str) -> None:
        """The attempt is still made; what was not heard of for too long counts as ended."""
        now = self._clock()
        self._heard(attempt)
        for name, each in list(self._attempts.items()):
            if each.heard < now - LEASE_SECONDS:
                await self.ended(name)

    async def ended(self, attempt: str) -> None:
        """The attempt ended, however it did."""
        mine = self._attempts.pop(attempt, None)
        for place in mine.places.values() if mine is not None else ():
            if place is not None:
                place[0].leave(place[1], "other")

    def _heard(self, attempt: str) -> _Attempt:
        mine = self._attempts.setdefault(attempt, _Attempt(0.0))
        mine.heard = self._clock()
        return mine
