"""Experiments point at the line that is wrong, without a model."""

from __future__ import annotations

from pathlib import Path

import pytest
from examples import first_fast

from seedsmith.agent.repair.diagnosis import Diagnosis, FailedTest
from seedsmith.agent.repair.experiments import Experiment, experiment, judged
from seedsmith.agent.repair.suspects import find_suspects
from seedsmith.agent.repair.watched_run import diagnose
from seedsmith.sandbox.snapshots.listing import list_files
from seedsmith.sandbox.workspace.workspace import Workspace

PROGRAM = '''"""Ranges."""


def width(first, last):
    """How many numbers there are."""
    count = last - first
    return count


def overlap(one, other):
    first = max(one[0], other[0])
    last = min(one[1], other[1])
    if first < last:
        return (first, last)
    return None


def tags(known, added):
    found = known
    found.extend(added)
    return found


def label(name, title):
    text = f"{name!r:>4}"
    match text:
        case str() if title:
            return name
    return text
'''
TESTS = """from program import label, overlap, tags, width


def test_width():
    assert width(1, 3) == 3


def test_overlap():
    assert overlap((1, 3), (2, 4)) == (2, 3)


def test_touching():
    assert overlap((1, 3), (3, 4)) == (3, 3)


def test_tags():
    known = ["a"]
    assert tags(known, ["b"]) == ["a", "b"]
    assert known == ["a"]


def test_label():
    assert label("a", "b") == "b"
    assert label("abc", "") == "'abc'"
"""
CASES = (
    TESTS.split("\n\n\n", 1)[1].replace("def test", "    def test").replace("    assert", "        assert")
)
CASES = CASES.replace("    known =", "        known =").replace("(): ", "(self): ").replace("():", "(self):")
UNITTEST = f"import unittest\nfrom program import *\n\n\nclass Tests(unittest.TestCase):\n{CASES}"
WRONG = {"width": "last - first", "overlap": "first < last", "tags": "= known", "label": "return name"}
"""What is wrong in each function."""


def line_of(text: str, piece: str) -> int:
    return text[: text.index(piece)].count("\n") + 1


async def experimented(work: Path, runner, chosen: str = "") -> list[Experiment]:
    known = frozenset({"program.py", "test_program.py"})
    command = f"python -m unittest -q {chosen}"
    diagnosis = await diagnose(command, runner, known, 60)
    return await experiment(command, runner, diagnosis, known)


async def found_by(work: Path, runner, tests: str, command: str):
    (work / "program.py").write_text(PROGRAM)
    (work / "test_program.py").write_text(tests)
    with Workspace(work) as workspace:
        known = frozenset(list_files(workspace, None))
    diagnosis = await diagnose(command, runner, known, 60)
    return diagnosis, known, await experiment(command, runner, diagnosis, known)


@pytest.mark.parametrize(
    ("tests", "command", "name"),
    first_fast(
        1,
        [
            (UNITTEST, "python -m unittest -q -k overlap -k touching", "overlap"),
            (TESTS, "python -m pytest -q -k 'width or test_overlap'", "width"),
            (UNITTEST, "python -m unittest -q -k tags -k overlap", "tags"),
            (UNITTEST, "python -m pytest -q -k 'label or test_overlap'", "label"),
        ],
    ),
    ids=["overlap", "width", "tags", "label"],
)
async def test_what_cures_a_failing_test_points_at_its_line(work, runner, tests, command, name) -> None:
    diagnosis, known, found = await found_by(work, runner, tests, command)
    wrong = line_of(PROGRAM, WRONG[name])
    assert judged(found)["program.py"][wrong] == 1.0
    suspects = find_suspects(diagnosis, known, lambda path: (work / path).read_text(), judged(found))
    named = [each for each in suspects if each.region.name == name]
    assert named[0].single and wrong in named[0].lines
    assert not named[1].single and wrong not in named[1].lines
    assert not list(runner.policy.private_tmp.glob("seedsmith*"))


HANGING = """import os


def count(n):
    found = 0
    while found < n:
        found += 1
    if found > 90:
        os._exit(0)
    return found + 1
"""
LEFT = """kept = []


def keep(value):
    if value not in kept:
        kept.append(value)
    return len(kept)
"""
ONE = "import unittest\nfrom program import *\n\n\nclass Tests(unittest.TestCase):\n    def test_{}(self):\n"


@pytest.mark.slow
async def test_an_experiment_that_hangs_or_ends_the_process_is_no_cure(work, runner) -> None:
    (work / "program.py").write_text(HANGING)
    (work / "test_program.py").write_text(ONE.format("count") + "        assert count(3) == 3\n")
    found = await experimented(work, runner)
    lost = [each for each in found if each.broken == 1.0]
    assert {each.line for each in lost} >= {7, 8} and not any(each.cured for each in lost)
    assert judged(found)["program.py"][10] == 1.0


async def test_a_test_that_fails_only_after_another_is_run_after_it(work, runner) -> None:
    (work / "program.py").write_text(LEFT)
    tests = (
        ONE.format("one")
        + "        assert keep(1) == 1\n\n    def test_two(self):\n        assert keep(2) == 1\n"
    )
    (work / "test_program.py").write_text(tests)
    assert judged(await experimented(work, runner))["program.py"][6] > 0.5


TABLES = """class Rate:
    def __init__(self, percent, rounded):
        self.percent = percent
        self.rounded = rounded


RATES = {"a": Rate(5, rounded=False)}
ORDER = ("a", "z")


def pair(one, other):
    return other, one
"""
READING = """import unittest
from program import ORDER, RATES, pair


class Tests(unittest.TestCase):
    def test_rate(self):
        self.assertTrue(RATES["a"].rounded)

    def test_order(self):
        self.assertEqual("".join(ORDER), "az")

    def test_pair(self):
        self.assertEqual(pair(1, 2), (1, 2))
"""


@pytest.mark.parametrize(("test", "wrong", "region"), first_fast(1, [("pair", 12, "pair"), ("rate", 7, "")]))
async def test_constants_and_the_places_of_values_are_tried(work, runner, test, wrong, region) -> None:
    (work / "program.py").write_text(TABLES)
    (work / "test_program.py").write_text(READING)
    found = await experimented(work, runner, f"-k {test} -k order")
    assert judged(found)["program.py"][wrong] == 1.0
    diagnosis = Diagnosis("", 1.0, False, (FailedTest("", "", (), {"test_program.py": frozenset({7})}),))
    suspects = find_suspects(diagnosis, {"program.py"}, lambda path: TABLES, judged(found))
    assert (suspects[0].region.name, suspects[0].single) == (region, True)


async def test_nothing_is_tried_where_no_test_was_watched(work, runner) -> None:
    _, _, found = await found_by(work, runner, "", "false")
    assert found == []


def test_the_most_telling_experiment_on_a_line_counts() -> None:
    def one(line, cured=0.0, changed=1.0, broken=0.0):
        return Experiment("a.py", line, "value", "+1", cured, changed, broken)

    lines = judged(
        [
            one(1, cured=1.0),
            one(1),
            one(2, cured=1.0, broken=0.2),
            one(3, cured=1.0, broken=0.5),
            one(4),
            one(5, changed=0.0),
        ]
    )["a.py"]
    assert sorted(lines, key=lambda line: -lines[line]) == [1, 2, 3, 4, 5]
    assert (lines[1], lines[5]) == (1.0, 0.0)
