"""Tests that were each run alone, with the lines they ran, and what they add to a diagnosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seedsmith.agent.repair.diagnosis import Diagnosis, FailedTest, Lines
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RanAlone:
    """One test, how it ended, and the lines it ran."""

    name: str
    passed: bool
    lines: Lines


def told_apart(diagnosis: Diagnosis, tests: Sequence[RanAlone]) -> Diagnosis:
    """The diagnosis with ``tests`` as failing and passing ones; the same where no failing one has lines.

    The first failing one is taken for the failure that the diagnosis tells.
    """
    failing = [test for test in tests if not test.passed and test.lines]
    if not failing or not diagnosis.failed:
        return diagnosis
    first = replace(diagnosis.failed[0], name=failing[0].name, lines=failing[0].lines)
    others = (FailedTest(test.name, first.message, (), test.lines) for test in failing[1:])
    return replace(
        diagnosis,
        failed=(first, *diagnosis.failed[1:], *others),
        passed_lines=tuple(test.lines for test in tests if test.passed),
    )


def head_of(text: str) -> tuple[str, bool, list[str]]:
    """A note of one test as its name, whether it passed, and what it noted, line by line."""
    head, *noted = text.split("\n")
    outcome, _, name = head.partition(" ")
    return name, outcome == "passed", noted
