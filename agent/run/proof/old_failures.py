"""What fails on the code as it is: what failed before anything was changed already, and what did not."""

from __future__ import annotations

import re

from seedsmith.agent.run.proof.failure_reasons import raised_in, says
from seedsmith.agent.run.proof.results import TestRun
from seedsmith.sandbox.lazy_dataclass import dataclass

_PARAMETERS = re.compile(r"\[.*\]$", re.DOTALL)
_OF_UNITTEST = re.compile(r"^(\w+) \([\w.]+\)$")
_CLASS = re.compile(r"Test\w")
_TELLING = re.compile(r"^[Tt]est\w|_|\s")
"""A name that is no common word: where a text holds it, it means the test."""


@dataclass(frozen=True, slots=True)
class Failing:
    """The tests that fail now, by names in order."""

    broken: tuple[str, ...] = ()
    """Passed on the code as it was."""
    fresh: tuple[str, ...] = ()
    """Were not there before anything was changed, or fewer of that name failed."""
    old: tuple[str, ...] = ()
    """Failed before anything was changed."""
    unsteady: tuple[str, ...] = ()
    """Failed before anything was changed, and passed when they ran on the same code once more."""
    otherwise: tuple[str, ...] = ()
    """Those of ``old`` that fail by another error than before."""


def what_fails(first: TestRun | None, old: TestRun, new: TestRun) -> Failing:
    """Tell apart what fails in ``new``; where ``first`` is not known, ``old`` says what failed before.

    ``first`` was run before anything was changed; ``old`` on the code as it was with the changed tests, laid
    out by itself: what passed in ``first`` and fails there fails for a reason of that side's own.
    """
    before = old if first is None else first
    failing = new.failing
    passed = old.of("passed") | (before.of("passed") & failing)
    unsteady = failing & before.failing & old.of("passed")
    broken = passed - new.of("passed", "skipped") - unsteady
    left = (failing & before.failing) - broken - unsteady
    same = {name for name in left if new.tests[name].times <= before.tests[name].times}
    return Failing(
        broken=tuple(sorted(broken)),
        fresh=tuple(sorted(failing - broken - unsteady - same)),
        old=tuple(sorted(same)),
        unsteady=tuple(sorted(unsteady)),
        otherwise=tuple(name for name in sorted(same) if _ends_otherwise(before, new, name)),
    )


def is_named(text: str, run: TestRun, name: str) -> bool:
    """Whether ``text`` names the test ``name`` of ``run``, or its file where that could not be loaded."""
    test = run.tests[name]
    if name in text or (test.whole_file and test.file and test.file in text):
        return _TELLING.search(name) is not None or test.whole_file
    found = _OF_UNITTEST.match(name)
    own = _PARAMETERS.sub("", found[1] if found else name)
    words = re.split(r"\.|::", own)
    parts = [words[-1], own.partition("/")[0], *filter(_CLASS.match, words)]
    return any(_TELLING.search(part) and says(text, part) for part in parts)


def _ends_otherwise(before: TestRun, new: TestRun, name: str) -> bool:
    """Whether a test ends with other errors, where the runner tells of each test by itself."""
    then, now = before.tests[name].why, new.tests[name].why
    if then == before.output or now == new.output:
        return False
    return bool(raised_in(then) and raised_in(now)) and not raised_in(then) & raised_in(now)
