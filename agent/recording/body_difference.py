"""Stores a request's body as its difference from the one before; else a long run would grow quadratically."""

from __future__ import annotations

from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """A text relative to another: its first ``prefix`` characters, ``middle``, its last ``suffix`` ones."""

    prefix: int
    middle: str
    suffix: int


def difference(previous: str, text: str) -> Difference:
    """Describe ``text`` by what it shares with the start and the end of ``previous``."""
    prefix = _shared(previous, text)
    suffix = _shared(previous[prefix:][::-1], text[prefix:][::-1])
    return Difference(prefix, text[prefix : len(text) - suffix], suffix)


def restored(previous: str, change: Difference) -> str:
    """Undo :func:`difference`; raises ValueError if ``previous`` is too short for it."""
    if min(change.prefix, change.suffix) < 0 or change.prefix + change.suffix > len(previous):
        raise ValueError("it builds on more than the request before holds")
    return previous[: change.prefix] + change.middle + previous[len(previous) - change.suffix :]


def _shared(one: str, other: str) -> int:
    """The length of the common prefix."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
