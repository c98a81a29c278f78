"""Answers that were given, reused while somebody types what they predicted."""

from __future__ import annotations

from collections import OrderedDict

from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.sandbox.lazy_dataclass import dataclass

MOST_ENTRIES = 64


@dataclass(frozen=True, slots=True)
class _Entry:
    hole: Hole
    text: str


class Cache:
    """The newest answers; '' is one, too: nothing is to be offered there."""

    def __init__(self, most: int = MOST_ENTRIES) -> None:
        self._most = most
        self._entries: OrderedDict[tuple[str, str, str], _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def keep(self, hole: Hole, text: str) -> None:
        """Remember that ``text`` was offered for ``hole``; the oldest answer is forgotten for it."""
        key = (hole.path, hole.prefix, hole.suffix)
        self._entries[key] = _Entry(hole, text)
        self._entries.move_to_end(key)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def find(self, hole: Hole) -> str | None:
        """What is left of an answer to this place or to one a few keys before; None where there is none."""
        for entry in reversed(self._entries.values()):
            since = typed_since(entry.hole, hole)
            if since is not None and entry.text.startswith(since) and (not since or entry.text != since):
                return entry.text[len(since) :]
        return None


def typed_since(earlier: Hole, later: Hole) -> str | None:
    """What was typed between two holes; None where anything else changed."""
    if earlier.path != later.path or earlier.suffix != later.suffix:
        return None
    return later.prefix[len(earlier.prefix) :] if later.prefix.startswith(earlier.prefix) else None
