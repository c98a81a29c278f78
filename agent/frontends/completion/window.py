"""How much of a file a model is shown around the cursor.

A window begins at every twentieth line or at the file's start: while somebody types, what was sent before
stays the beginning of what is sent next, which servers keep in their caches.
"""

from __future__ import annotations

from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.sandbox.lazy_dataclass import dataclass

_STEP = 20


@dataclass(frozen=True, slots=True)
class Window:
    """What is shown: the text before and behind the cursor."""

    before: str
    after: str
    first: int
    """The line the window begins with, counted from 0."""


def window(hole: Hole, most_before: int, most_after: int) -> Window:
    """The window around the cursor; both bounds are characters, and whole lines are kept where they fit."""
    lines = hole.prefix.split("\n")
    first = _first(lines, most_before)
    before = "\n".join(lines[first:])[-most_before:]
    after = hole.suffix[:most_after]
    if len(hole.suffix) > most_after and "\n" in after.lstrip("\n"):
        after = after[: after.rindex("\n") + 1]
    return Window(before, after, first)


def _first(lines: list[str], most: int) -> int:
    """The window's first line: of those it may begin with the farthest above that fits."""
    size, first = 0, len(lines) - 1
    for number in range(len(lines) - 1, -1, -1):
        size += len(lines[number]) + 1
        if size > most + 1:
            break
        if number % _STEP == 0 or number == len(lines) - 1:
            first = number
    return first
