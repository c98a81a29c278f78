"""What installed packages offer, by one look at them: each look reads the records of every package."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any


def entry_points_of(group: str) -> list[EntryPoint]:
    """The entry points of ``group``, sorted by name."""
    found = _installed(tuple(sys.path)).select(group=group)
    return sorted(found, key=lambda point: (point.name, point.value))


@lru_cache(maxsize=1)
def _installed(path: tuple[str, ...]) -> Any:
    """Every entry point of the packages found on ``path``, to select from: its type differs by version."""
    return entry_points()
