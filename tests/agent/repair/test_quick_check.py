"""The quick check with real pytest in the sandbox."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from seedsmith.agent.repair.copies import can_copy
from seedsmith.agent.repair.quick_check import QuickCheck
from seedsmith.agent.repair.watched_run import diagnose
from seedsmith.sandbox.commands.process import ProcessRunner

KNOWN = frozenset({"program.py", "test_program.py"})
TESTS = """import pathlib
from program import double


def note(name):
    with pathlib.Path("ran.txt").open("a") as file:
        file.write(name + " ")


def test_zero():
    note("zero")
    assert double(0) == 0


def test_one():
    note("one")
    assert double(1) == 2


def test_two():
    note("two")
    assert double(2) == 4
"""
ASYNC = """import pytest
from program import double


@pytest.mark.asyncio
async def test_zero():
    assert double(0) == 0


def test_one():
    assert double(1) == 2
"""


async def quick(work: Path, runner: ProcessRunner, tests: str, command: str) -> QuickCheck:
    (work / "program.py").write_text("def double(x):\n    return x * x\n")
    (work / "test_program.py").write_text(tests)
    diagnosis = await diagnose(command, runner, KNOWN, 60.0)
    test = QuickCheck(command, runner, diagnosis)
    await test.prepare(KNOWN)
    (work / "ran.txt").unlink(missing_ok=True)
    return test


@pytest.mark.slow
async def test_what_failed_runs_first_and_alone_until_it_passes(work, runner) -> None:
    test = await quick(work, runner, TESTS, "python -m pytest -q -p no:cacheprovider")
    assert not await test.passes(60.0)
    assert (work / "ran.txt").read_text() == "one "
    (work / "program.py").write_text("def double(x):\n    return x + x + (x == 2)\n")
    assert not await test.passes(60.0)
    (work / "program.py").write_text("def double(x):\n    return x + x\n")
    assert await test.passes(60.0)
    assert (work / "ran.txt").read_text().split() == ["one", *["one", "one", "zero", "two"] * 2]


SLOW_START = """import unittest
from program import double


class Test(unittest.TestCase):
    def test_zero(self):
        self.assertEqual(double(0), 0)

    def test_one(self):
        self.assertEqual(double(1), 2)
"""


async def warmed(work: Path, runner: ProcessRunner, tests: str, command: str) -> QuickCheck:
    (work / "program.py").write_text("def double(x):\n    return x * x\n")
    os.utime(work / "program.py", (0, 0))  # bytecode is known by its source's size and second
    (work / "test_program.py").write_text(tests)
    test = QuickCheck(command, runner, await diagnose(command, runner, KNOWN, 60.0))
    assert await test.warm_up()
    (work / "ran.txt").unlink(missing_ok=True)
    return test


@pytest.mark.slow
@pytest.mark.parametrize("command", ["python -m pytest -q -p no:cacheprovider", "python -m unittest -q"])
async def test_a_warm_runner_sees_each_change_and_leaves_nothing(work, runner, command) -> None:
    if not can_copy(runner):
        pytest.skip("needs bubblewrap")
    test = await warmed(work, runner, SLOW_START, command)
    program = work / "program.py"
    for body, passes in (
        ("x * x", False),
        ("x + x", True),
        ("x + x + (x == 0)", False),
        ("(", False),
        ("__import__('time').sleep(x * 60)", False),
        ("x + x", True),
    ):
        program.write_text(f"def double(x):\n    return {body}\n")
        assert await test.passes(60.0) is passes, body
    await test.cool_down()
    assert await test.passes(60.0), "without it the command itself runs"


@pytest.mark.slow  # several starts of pytest
async def test_what_failed_runs_alone_in_a_warm_runner_until_it_passes(work, runner) -> None:
    test = await warmed(work, runner, TESTS, "python -m pytest -q -p no:cacheprovider")
    assert not await test.passes(60.0)
    assert (work / "ran.txt").read_text() == "one "
    (work / "program.py").write_text("def double(x):\n    return x + x\n")
    assert await test.passes(60.0)
    assert (work / "ran.txt").read_text().split() == ["one", "one", *["one", "zero", "two"]]
    await test.cool_down()


@pytest.mark.slow
async def test_a_conftest_of_the_workspace_is_read_anew_for_each_change(work, runner) -> None:
    (work / "conftest.py").write_text("from program import double\n\nGIVEN = double(1)\n")
    tests = "from conftest import GIVEN\n\n\ndef test_one():\n    assert GIVEN == 2\n"
    test = await warmed(work, runner, tests, "python -m pytest -q -p no:cacheprovider")
    assert not await test.passes(60.0)
    (work / "program.py").write_text("def double(x):\n    return x + x\n")
    assert await test.passes(60.0)
    await test.cool_down()


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    ["python test_program.py", "python -m pytest -q nothing_there.py", "grep -q 'x + x' program.py"],
)
async def test_what_can_t_wait_is_not_waited_for(work, runner, command) -> None:
    (work / "program.py").write_text("def double(x):\n    return x * x\n")
    (work / "test_program.py").write_text("from program import double\nassert double(1) == 2\n")
    test = QuickCheck(command, runner, await diagnose(command, runner, KNOWN, 60.0))
    assert not await test.warm_up()
    assert not await test.passes(60.0)


async def test_two_changes_of_one_second_are_two(work, runner, monkeypatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    program, command = work / "program.py", "python -c 'import program; assert program.double(3) == 6'"
    test = await quick(work, runner, "", command)
    for operator, passes in (("*", False), ("+", True)):
        program.write_text(f"def double(x):\n    return x {operator} x\n")
        os.utime(program, (1_000_000_000, 1_000_000_000))
        assert await test.passes(60.0) is passes


@pytest.mark.slow
async def test_plugins_the_tests_need_stay(work, runner) -> None:
    test = await quick(work, runner, ASYNC, "python -m pytest -q -p no:cacheprovider")
    (work / "program.py").write_text("def double(x):\n    return x + x\n")
    assert await test.passes(60.0)


@pytest.mark.parametrize("command", ["python -m unittest -q", "grep -q 'x + x' program.py"])
async def test_other_commands_run_as_they_stand(work, runner, command) -> None:
    tests = "import unittest\nfrom program import double\n\n\nclass Test(unittest.TestCase):\n"
    tests += "    def test_one(self):\n        assert double(1) == 2\n"
    test = await quick(work, runner, tests, command)
    assert not await test.passes(60.0)
    (work / "program.py").write_text("def double(x):\n    return x + x\n")
    assert await test.passes(60.0)


RESULTS = """import random
import unittest
from program import double


class Test(unittest.TestCase):
    def test_zero(self):
        random.choice([double(0), double(0)])

    def test_one(self):
        self.assertEqual(double(1), 2)

    def test_three(self):
        double([3])
"""


@pytest.mark.slow  # several starts of the runners
@pytest.mark.parametrize("command", ["python -m pytest -q -p no:cacheprovider", "python -m unittest -q"])
async def test_results_of_the_tests_that_passed_are_noted(work, runner, command) -> None:
    (work / "program.py").write_text("def double(x):\n    return x * 1\n")
    (work / "test_program.py").write_text(RESULTS)
    test = QuickCheck(command, runner, await diagnose(command, runner, KNOWN, 60.0))

    async def noted(body: str) -> Counter[str]:
        (work / "program.py").write_text(f"def double(x):\n    return {body}\n")
        return sum((Counter(json.loads(each)) for each in await test.results("program.py")), Counter())

    usual = await noted("x * 1")
    assert usual.total() == 3, "two calls of one test, one of another; what failed is left out"
    assert await noted("x * (2 if x == 1 else 1)") == usual, "what only the failing test sees"
    assert (usual - await noted("x * 2")).total() == 1, "[3, 3] for [3], and 0 for 0"
