"""Chooses among changes that all make the tests pass: tests decide only what they test.

A change of a kind that often passes without being right comes last. Then counts how much else the change
does: what the functions of the changed file gave in the tests that passed before, against what they give now.
A fault mended changes what was wrong; what was right stays as it was. Of those that do alike a much
smaller change comes first, and then the one that was the more likely before anything was tried.
"""

from __future__ import annotations

import difflib
import json
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from seedsmith.agent.repair.code_lines import Line
from seedsmith.agent.repair.functions import is_python
from seedsmith.agent.repair.syntax import syntax_of
from seedsmith.agent.repair.trials import Candidate, Passing

Given = Callable[[str, Candidate | None], Awaitable[Sequence[bytes]]]
"""Notes of what the functions of a file gave in tests that passed before, with a change made or with none;
no notes where that can't be known (``injected/seedsmith_returns.py``)."""

_MOST_COMPARED = 6
"""So many that pass are looked at: each takes a run of the tests."""
_STEPS = 20
"""Shares are told apart in so many steps: what is nearer counts as alike."""


async def in_order(passed: Sequence[Passing], given: Given) -> list[Passing]:
    """The changes that pass, the one to trust most first."""
    others = {each.number: 0.0 for each in passed}
    if len(passed) > 1:
        others |= await _other_results(passed[:_MOST_COMPARED], given)
    return sorted(
        passed,
        key=lambda each: (
            each.candidate.doubtful,
            round(others[each.number] * _STEPS),
            round(math.log2(max(1, size(each.candidate)))),
            each.number,
        ),
    )


async def _other_results(passed: Sequence[Passing], given: Given) -> dict[int, float]:
    """For each change the share of results that it changes in tests that passed before, 0 to 1."""
    found: dict[int, float] = {}
    before: dict[str, tuple[Counter[str], frozenset[str]]] = {}
    for each in passed:
        path = each.candidate.path
        if not is_python(path):
            continue
        if path not in before:
            first, second = [_counted(await given(path, None)) for _ in range(2)]
            before[path] = first, frozenset((first - second) | (second - first))
        usual, unsteady = before[path]
        if usual:
            found[each.number] = _differing(usual, _counted(await given(path, each.candidate)), unsteady)
    return found


def _counted(reports: Sequence[bytes]) -> Counter[str]:
    """How often each result was noted; what is no such note counts nothing."""
    found: Counter[str] = Counter()
    for report in reports:
        try:
            found.update({str(key): int(count) for key, count in json.loads(report).items()})
        except (ValueError, TypeError, AttributeError, RecursionError):
            continue
    return found


def _differing(usual: Counter[str], now: Counter[str], unsteady: frozenset[str]) -> float:
    """The share of the usual results that are others now, those left out that change by themselves."""
    whole = sum(count for key, count in usual.items() if key not in unsteady)
    gone = sum(count for key, count in (usual - now).items() if key not in unsteady)
    return gone / whole if whole else 0.0


def size(candidate: Candidate) -> int:
    """How many pieces of code the change takes away and puts in."""
    old, new = (_pieces(candidate.path, text) for text in (candidate.old, candidate.new))
    blocks = difflib.SequenceMatcher(None, *_without_ends(old, new), autojunk=False).get_opcodes()
    return sum(last - first + end - start for kind, first, last, start, end in blocks if kind != "equal")


def _pieces(path: str, text: str) -> list[str]:
    syntax = syntax_of(path)
    return [token.text for line in text.split("\n") for token in Line(line, syntax).tokens]


def _without_ends(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Both without what they begin and end with alike."""
    most = min(len(old), len(new))
    start = next((n for n in range(most) if old[n] != new[n]), most)
    most -= start
    end = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
    return old[start : len(old) - end], new[start : len(new) - end]
