from pathlib import Path

import pytest

from seedsmith.agent.repair.diagnosis import Diagnosis, FailedTest, Frame
from seedsmith.agent.repair.suspects import find_suspects
from seedsmith.agent.repair.watched_run import diagnose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.snapshots.listing import list_files
from seedsmith.sandbox.workspace.workspace import Workspace

PROGRAM = """RATE = 2


def double(value):
    return value * RATE


def half(value):
    return value // RATE


def loop(value):
    while value:
        value = value
    return value
"""
PYTEST = """from program import double, half


def test_double():
    assert double(4) == 8


def test_half():
    assert half(3) == 1.5
"""
UNITTEST = """import unittest
from program import double, half


class Halves(unittest.TestCase):
    def test_double(self):
        self.assertEqual(double(4), 8)

    def test_half(self):
        self.assertEqual(half(3), 1.5)
"""
HANGING = """from program import double, loop


def test_ok():
    assert double(1) == 2


def test_loop():
    loop(1)
"""
CUSTOM = """import os


def test_it():
    assert os.environ['CUSTOM'] == 'no'
"""


@pytest.fixture(autouse=True)
def program(work: Path) -> None:
    (work / "program.py").write_text(PROGRAM)


async def suspects_of(work: Path, runner: ProcessRunner, command: str, seconds: float = 60):
    with Workspace(work) as workspace:
        known = frozenset(list_files(workspace, None))
    diagnosis = await diagnose(command, runner, known, seconds)

    def read(path: str) -> str:
        return (work / path).read_text()

    return diagnosis, find_suspects(diagnosis, known, read)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("test", "command"),
    [(PYTEST, "python -m pytest -q"), (UNITTEST, "python -m unittest -q test_program")],
)
async def test_lines_only_failing_tests_ran_come_first_and_nothing_is_left(
    work, runner, test, command
) -> None:
    (work / "test_program.py").write_text(test)
    diagnosis, suspects = await suspects_of(work, runner, command)
    assert diagnosis.watched
    assert [failed.name.rpartition(".")[2].rpartition(":")[2] for failed in diagnosis.failed] == ["test_half"]
    assert "1.5" in diagnosis.failed[0].message
    assert suspects[0].region.name == "half"
    assert suspects[0].lines[9] == 1.0
    assert "double" not in [suspect.region.name for suspect in suspects]
    assert "seedsmith-watch" not in [path.name for path in runner.policy.private_tmp.iterdir()]


@pytest.mark.slow
async def test_a_test_that_never_ends_is_seen_where_it_loops(work, runner) -> None:
    (work / "test_program.py").write_text(HANGING)
    for seconds in (6, 18, 54):  # a machine may take long until the test has begun
        diagnosis, suspects = await suspects_of(work, runner, "python -m pytest -q", seconds)
        assert diagnosis.timed_out
        if diagnosis.failed:
            break
    assert "endless" in diagnosis.failed[0].message
    assert suspects[0].region.name == "loop"


@pytest.mark.slow
async def test_the_projects_own_sitecustomize_still_runs(work, runner) -> None:
    (work / "sitecustomize.py").write_text("import os\nos.environ['CUSTOM'] = 'yes'\n")
    (work / "test_program.py").write_text(
        "import os\n\n\ndef test_it():\n    assert os.environ['CUSTOM'] == 'no'\n"
    )
    diagnosis, _ = await suspects_of(work, runner, 'PYTHONPATH="$PYTHONPATH:." python -m pytest -q')
    assert "'yes' == 'no'" in diagnosis.failed[0].message


C = """static int half(int value)
{
    return value / 3;
}

int shared(int value)
{
    return value;
}

int quarter(int value)
{
    return half(half(shared(value)));
}

int unrelated(int value)
{
    return shared(value);
}
"""
C_TEST = """#include <assert.h>

static void test_unrelated(void)
{
    assert(unrelated(1) == 1);
}

static void test_quarter(void)
{
    assert(quarter(8) == 2);
}
"""


def test_without_a_watched_run_names_lead_from_the_failing_test_to_the_suspects() -> None:
    texts = {"quarter.c": C, "test_quarter.c": C_TEST}
    failed = FailedTest("", "Assertion `quarter(8) == 2' failed", (Frame("test_quarter.c", 10),))
    suspects = find_suspects(Diagnosis("", 1.0, False, (failed,)), texts, texts.get)
    names = [suspect.region.name for suspect in suspects]
    assert names[:2] == ["quarter", "half"]
    assert names.index("half") < names.index("shared") < names.index("unrelated")
    assert all(suspect.region.path == "quarter.c" for suspect in suspects)
