"""What installed packages offer, by one look at them: each look reads the records of every package."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points


def entry_points_of(group: str) -> list[EntryPoint]:
    """The entry points of ``group``, sorted by name."""
    found = _installed(tuple(sys.path)).select(group=group)
    return sorted(found, key=lambda point: (point.name, point.value))


@lru_cache(maxsize=1)
def _installed(path: tuple[str, ...]) -> EntryPoints:
    """Every entry point of the packages found on ``path``."""
    return entry_points()
