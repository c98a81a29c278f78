"""The quick check with real pytest in the sandbox."""

import os
from pathlib import Path

import pytest

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


async def test_what_failed_runs_first_and_alone_until_it_passes(work, runner) -> None:
    test = await quick(work, runner, TESTS, "python -m pytest -q -p no:cacheprovider")
    assert not await test.passes(60.0)
    assert (work / "ran.txt").read_text() == "one "
    (work / "program.py").write_text("def double(x):\n    return x + x + (x == 2)\n")
    assert not await test.passes(60.0)
    (work / "program.py").write_text("def double(x):\n    return x + x\n")
    assert await test.passes(60.0)
    assert (work / "ran.txt").read_text().split() == ["one", *["one", "one", "zero", "two"] * 2]


async def test_two_changes_of_one_second_are_two(work, runner, monkeypatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    program, command = work / "program.py", "python -c 'import program; assert program.double(3) == 6'"
    test = await quick(work, runner, "", command)
    for operator, passes in (("*", False), ("+", True)):
        program.write_text(f"def double(x):\n    return x {operator} x\n")
        os.utime(program, (1_000_000_000, 1_000_000_000))
        assert await test.passes(60.0) is passes


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
