"""How two spellings of the same lines differ in indentation, where they differ in one uniform way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

Reindent = Callable[[str], str]
"""Turns the indentation of a line of the new text into the file's."""

_DEFAULT_SPACES = 4


def indent_of(line: str) -> str:
    """Return the tabs and spaces ``line`` begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def find_reindent(old: Sequence[str], file: Sequence[str], new: Sequence[str]) -> Reindent | None:
    """Say how to indent ``new`` like ``file``, given that ``old`` was meant to be ``file``.

    ``old`` and ``file`` go line by line. Known are: so much more, so much less, and another unit (tabs for
    spaces, or another number of spaces), shifted or not. None where the difference is not uniform.
    """
    known: dict[str, str] = {}
    for mine, theirs in zip(old, file, strict=True):
        if mine.strip(" \t") and known.setdefault(indent_of(mine), indent_of(theirs)) != indent_of(theirs):
            return None
    if not known:
        return None
    indents = {indent_of(line) for line in new if line.strip(" \t")}
    return _shift(known, indents) or _convert(known, indents)


def _shift(known: dict[str, str], wanted: Iterable[str]) -> Reindent | None:
    """The same string more, or less, on every line."""
    mine, theirs = next(iter(known.items()))
    if theirs.endswith(mine):
        more = theirs[: len(theirs) - len(mine)]
        if all(there == more + here for here, there in known.items()):
            mixed = len(set("".join((more, *wanted)))) > 1
            return None if mixed else lambda indent: more + indent
    if mine.endswith(theirs):
        less = mine[: len(mine) - len(theirs)]
        fits = all(here == less + there for here, there in known.items())
        if fits and all(indent.startswith(less) for indent in wanted):
            return lambda indent: indent[len(less) :]
    return None


def _convert(known: dict[str, str], wanted: Iterable[str]) -> Reindent | None:
    """Another unit of indentation: levels stay, their spelling changes."""
    my_letter, their_letter = _letter([*known, *wanted]), _letter(known.values())
    if my_letter is None or their_letter is None:
        return None
    my_lengths = sorted(map(len, known))
    their_lengths = [len(known[my_letter * length]) for length in my_lengths]
    my_steps = [b - a for a, b in pairwise(my_lengths)]
    their_steps = [b - a for a, b in pairwise(their_lengths)]
    if my_steps:
        my_unit, their_unit = math.gcd(*my_steps), math.gcd(*their_steps)
        if their_unit <= 0 or any(
            mine * their_unit != theirs * my_unit for mine, theirs in zip(my_steps, their_steps, strict=True)
        ):
            return None
    else:
        my_unit = _unit(my_letter, [*known, *wanted])
        their_unit = _unit(their_letter, known.values())
    base, there = my_lengths[0], their_lengths[0]

    def reindent(indent: str) -> str:
        if indent in known:
            return known[indent]
        levels, rest = divmod(len(indent) - base, my_unit)
        length = there + levels * their_unit
        # What is left over aligns rather than indents, which only spaces can do.
        return their_letter * max(0, length) + " " * rest

    return reindent


def _letter(indents: Iterable[str]) -> str | None:
    """The one character all indents are made of; None where they mix or all are empty."""
    letters = set("".join(indents))
    return letters.pop() if len(letters) == 1 else None


def _unit(letter: str, indents: Iterable[str]) -> int:
    """The length of one level in ``indents``, all made of ``letter``."""
    if letter == "\t":
        return 1
    step = math.gcd(*(len(indent) for indent in indents))
    return step if step in (2, 3, 4, 8) else _DEFAULT_SPACES
