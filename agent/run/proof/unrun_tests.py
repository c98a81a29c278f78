"""Tests that ran before anything was changed and are left out now, however that was done."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from seedsmith.agent.run.proof.results import TestResult, TestRun
from seedsmith.agent.run.proof.side_comparison import few

_PARAMETERS = re.compile(r"\[.*\]$", re.DOTALL)
_OF_UNITTEST = re.compile(r"^(\w+) \([\w.]+\)")
_OF_GO = re.compile(r"^(Test\w*)/")


def unrun_tests(first: TestRun, newest: TestRun, command: str, *, new_test: bool = False) -> Iterator[str]:
    """What ran in ``first`` and does not in ``newest``, a phrase each behind the file or ``command``.

    Cases of one test are one, as their names may hold values. Nothing is told where the newest run broke
    off, where output was cut, and where the runner tells of failures alone. Other names are no less, unless
    a ``new_test`` is asked for: it would stand for one that is gone. Titles in words may hold values.
    """
    if not (_came_to_an_end(first, newest) and first.whole and newest.whole and first.of("passed")):
        return
    if newest.exit_code == 0 and first.exit_code and first.failing and first.failing <= newest.failing:
        yield f"{command}: {few(sorted(first.failing))} fails still, and the command passes all the same"
        return
    before, now = _ran(first), _ran(newest)
    told = Counter(map(_own_name, now))
    unloaded = {test.file for test in first.tests.values() if test.whole_file}
    for file in sorted(unloaded - {test.file for test in newest.tests.values()} - {""}):
        yield f"{file}: none of its tests is run any more"
    fewer = len(now) < len(before)
    lost = Counter(map(_own_name, before)) - told
    gone: dict[str, dict[str, None]] = {}
    for test in before:
        name = _own_name(test)
        if lost[name] and (
            fewer or (new_test and name.isidentifier()) or (test.name in first.failing and not told[name])
        ):
            gone.setdefault(test.file or command, {})[name] = None
    yield from (f"{where}: {few([*names])} is not run any more" for where, names in gone.items())


def _came_to_an_end(first: TestRun, newest: TestRun) -> bool:
    """Whether the newest run passed, or failed by nothing but what failed before."""
    if newest.exit_code == 0:
        return True
    old_alone = bool(newest.failing) and newest.failing <= first.failing
    return old_alone and newest.exit_code == first.exit_code


def _ran(run: TestRun) -> list[TestResult]:
    """The tests that were not skipped; files alone where a runner tells of those instead of what passes."""
    tests = [test for test in run.tests.values() if test.said != "skipped" and not test.whole_file]
    return [test for test in tests if test.file == test.name] or tests


def _own_name(test: TestResult) -> str:
    """A test's name without its module, its class and its values."""
    if test.file == test.name:
        return test.name
    name = _PARAMETERS.sub("", test.name)
    if found := _OF_UNITTEST.match(name) or _OF_GO.match(name):
        return found[1]
    return name.rpartition(".")[2] if test.file else re.split(r"::| › ", name)[-1]
