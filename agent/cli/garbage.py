"""When Python looks for garbage: hardly while the program starts, often once it is at work."""

import gc

_AT_START = 100_000
"""New objects between two looks: a start makes more than that and drops hardly any, and a look at each 700,
which is Python's habit, takes an eighth of its time."""
_AT_WORK = 700
"""A turn leaves a hundred objects that refer to each other, which only a look frees."""


def collect_seldom() -> None:
    """For the start, whose objects are there to stay."""
    gc.set_threshold(_AT_START, 10, 10)


def collect_often() -> None:
    """From now on. What is there by now is never looked at again, so that a look is short."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_AT_WORK, 10, 10)
