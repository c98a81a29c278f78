"""How much is tried in the fast run: examples of a property, cases of a table, the length of a flood."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark import ParameterSet

ALL = os.environ.get("ALL_EXAMPLES_IN_TESTS") == "1"
"""CI's slow run sets it: every property is tried with its full count."""


def examples(full: int) -> int:
    """The count for this run: ``full`` in the slow run, a fifth of it (at least 10) in the fast one."""
    return full if ALL else max(10, full // 5)


def first_fast(fast: int, cases: Iterable[Any]) -> list[ParameterSet]:
    """The ``cases`` of a table as parameters: all but the first ``fast`` for the slow run alone."""
    parameters = [case if isinstance(case, ParameterSet) else as_parameters(case) for case in cases]
    slow = [each._replace(marks=[*each.marks, pytest.mark.slow]) for each in parameters[fast:]]
    return parameters[:fast] + slow


def as_parameters(case: Any) -> ParameterSet:
    return pytest.param(*case) if isinstance(case, tuple) else pytest.param(case)


def places(length: int, fast_step: int) -> range:
    """Where to cut what has ``length`` bytes: everywhere, and at each ``fast_step``-th in the fast run."""
    return range(0, length, 1 if ALL else fast_step)


FLOOD_LENGTH = 5_000_000 if ALL else 100_000
"""Quadratic time takes minutes to hours with either: the limit of a test is what holds it."""
