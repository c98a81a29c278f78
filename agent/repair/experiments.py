"""Experiments on the program that show where a fault lies, without a model.

A condition the other way round, a number one greater, a value copied, a statement left out: where that makes
a failing test pass, or fail otherwise, and breaks no passing test, the fault lies near
(``injected/seedsmith_experiments.py`` tries them, in Python).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.functions import is_python
from seedsmith.agent.repair.watched_run import Injection, reports
from seedsmith.agent.sessions.outcome import looks_like_a_test
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.lazy_dataclass import dataclass

_FOLDER = "seedsmith-experiments"
_INJECTED = Path(__file__).parent / "injected"
_ADDED = ("seedsmith_experiments.py", "experiment_sites.py")
_MOST_LINES, _MOST_FAILING, _MOST_PASSING, _MOST_FILES = 400, 8, 40, 100
MOST_SECONDS, _LEAST_SECONDS = 6.0, 0.5
"""For all experiments of one search together, at most; with fewer than the least there are none."""
_START_SECONDS = 20.0
_NO_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Without its plugins pytest starts sooner; where the tests need them, they are tried with them."""

Evidence = Mapping[str, Mapping[int, float]]
"""How likely the fault lies in a line, 0 to 1, by path and line: what experiments say."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """What one change of one value, condition or statement did to the tests."""

    path: str
    line: int
    kind: str
    """``predicate``, ``value``, ``base`` (of an attribute or index) or ``statement``."""
    change: str
    cured: float
    """The share of failing tests that passed."""
    changed: float
    """The share of failing tests that ended otherwise."""
    broken: float
    """The share of passing tests that ended otherwise."""


async def experiment(
    command: str,
    processes: ProcessRunner,
    diagnosis: Diagnosis,
    known: frozenset[str],
    seconds: float = MOST_SECONDS,
) -> list[Experiment]:
    """Run the experiments that there is time for; none where the tests could not be watched.

    ``seconds`` is the most that they take, beside the time until they begin.
    """
    seconds = min(seconds, MOST_SECONDS)
    plan = _plan(diagnosis, known, seconds)
    if plan is None or seconds < _LEAST_SECONDS:
        return []
    injection = Injection(processes, _FOLDER)
    injection.add(*(_INJECTED / name for name in _ADDED))
    (injection.folder / "out").mkdir()
    (injection.folder / "experiments.json").write_text(json.dumps(plan), encoding="utf-8")
    try:
        limit = min(_START_SECONDS, 5 + 2 * diagnosis.seconds) + seconds
        for environment in (_NO_PLUGINS, {}):
            await injection.run(command, timeout=limit, environment=environment)
            texts = reports(injection.folder / "out")
            if found := [each for text in texts for each in _read(text, known)]:
                return found
            if not texts:  # no runner that is known began
                break
        return []
    finally:
        injection.remove()


def judged(experiments: list[Experiment]) -> dict[str, dict[int, float]]:
    """How likely the fault lies in each line, by the most telling experiment on it."""
    found: dict[str, dict[int, float]] = {}
    for each in experiments:
        lines = found.setdefault(each.path, {})
        lines[each.line] = max(lines.get(each.line, 0.0), _telling(each))
    return found


def _telling(each: Experiment) -> float:
    whole = 1.0 - each.broken
    if each.cured:
        return each.cured**2 * whole**2
    return 0.25 * each.changed * whole


def _plan(diagnosis: Diagnosis, known: frozenset[str], seconds: float) -> dict[str, Any] | None:
    failing = [test.name for test in diagnosis.failed if test.lines and test.name][:_MOST_FAILING]
    if not failing or diagnosis.timed_out:
        return None
    scored = [
        (score, path, line)
        for path, lines in diagnosis.suspicion().items()
        for line, score in lines.items()
        if is_python(path) and not looks_like_a_test(path)
    ]
    files: dict[str, dict[int, float]] = {}
    for score, path, line in sorted(scored, key=lambda each: -each[0])[:_MOST_LINES]:
        files.setdefault(path, {})[line] = score
    constants = [path for path in sorted(known) if is_python(path) and not looks_like_a_test(path)]
    for path in constants[:_MOST_FILES]:
        files.setdefault(path, {})
    if not files:
        return None
    near = {_around(name) for name in failing}
    passing = [name for name, end in diagnosis.outcomes.items() if end == "passed"]
    passing.sort(key=lambda name: _around(name) not in near)
    return {"files": files, "failing": failing, "passing": passing[:_MOST_PASSING], "seconds": seconds}


def _around(name: str) -> str:
    """The file or class of a test."""
    return name.partition("::")[0] if "::" in name else name.rpartition(".")[0]


def _read(text: bytes, known: frozenset[str]) -> Iterator[Experiment]:
    try:
        for each in json.loads(text):
            found = Experiment(**each)
            if found.path in known:
                yield found
    except (ValueError, TypeError, RecursionError):
        return
