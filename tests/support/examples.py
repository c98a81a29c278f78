"""How many examples a property is tried with, and how long a text that must take linear time is."""

from __future__ import annotations

import os

ALL = os.environ.get("SEEDSMITH_ALL_EXAMPLES") == "1"
"""CI's slow run sets it: every property is tried with its full count."""


def examples(full: int) -> int:
    """The count for this run: ``full`` in the slow run, a fifth of it (at least 10) in the fast one."""
    return full if ALL else max(10, full // 5)


FLOOD_LENGTH = 5_000_000 if ALL else 500_000
"""Quadratic time takes minutes to hours with either: the limit of a test is what holds it."""
