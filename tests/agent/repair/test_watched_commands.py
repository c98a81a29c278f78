"""Test commands as projects have them: whatever they set and start on the way, the tests are watched."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from examples import first_fast

from seedsmith.agent.repair.quick_check import QuickCheck
from seedsmith.agent.repair.watched_run import diagnose
from seedsmith.skills.skill import BUILT_IN

LOCATE = BUILT_IN / "fix-bug/scripts/locate.py"
PROGRAM = "def double(x):\n    return x * x\n\n\ndef half(x):\n    return x // 2\n"
RIGHT = PROGRAM.replace("x * x", "x + x")
TESTS = """from program import double, half


def test_double():
    assert double(3) == 6


def test_half():
    assert half(4) == 2
"""
LAUNCHER = """import os
import subprocess
import sys

clean = {"PATH": os.environ["PATH"], "PYTHONPATH": "src"}
sys.exit(subprocess.run([sys.executable, "-m", "pytest", "-q"], env=clean).returncode)
"""
EXECUTING = """import os
import sys

os.execve(sys.executable, [sys.executable, "-m", "pytest", "-q"], {"PYTHONPATH": "src"})
"""
TOX = """[testenv]
skip_install = true
base_python = {python}
set_env = PYTHONPATH = src
commands = {python} -m pytest -q
allowlist_externals = {python}
"""
NOX = """import nox


@nox.session(venv_backend="none")
def tests(session):
    session.run("python", "-m", "pytest", "-q", env={"PYTHONPATH": "src"})
"""
PROJECT = """[project]
name = "program"
version = "1.0"
requires-python = ">=3.8"

[tool.poetry]
package-mode = false

[tool.hatch.envs.default]
type = "system"
skip-install = true

[tool.hatch.envs.default.env-vars]
PYTHONPATH = "src"

[tool.hatch.envs.default.scripts]
check = "python -m pytest -q"
"""
FILES = {
    "src/program.py": PROGRAM,
    "tests/test_program.py": TESTS,
    "launch.py": LAUNCHER,
    "executing.py": EXECUTING,
    "run.sh": "#!/bin/sh\nexport PYTHONPATH=src\nexec python -m pytest -q\n",
    "noxfile.py": NOX,
    "sub/Makefile": "test:\n\tcd .. && PYTHONPATH=src $(PYTHON) -m pytest -q\n",
    "Makefile": "test:\n\tPYTHONPATH=src pytest -q\n",
    "package.json": json.dumps({"name": "a", "scripts": {"test": "PYTHONPATH=src python -m pytest -q"}}),
}
KNOWN = frozenset(FILES)


def needs(program: str, command: str):
    return pytest.param(
        command, marks=pytest.mark.skipif(not shutil.which(program), reason=f"needs {program}")
    )


COMMANDS = [
    "PYTHONPATH=src python -m pytest -q",
    "./run.sh",
    "python launch.py",
    "PYTHONPATH=src python executing.py",
    "PYTHONPATH='src' pytest -q",
    f"PYTHONPATH=src {sys.executable} -m pytest -q",
    f"PYTHONPATH= {sys.executable} -m pytest -q -o pythonpath=src",
    "env PYTHONPATH=src A=B python -m pytest -q",
    f"env -u HOME PYTHONPATH=src {sys.executable} -m pytest -q",
    "export PYTHONPATH=src:.; cd tests && PYTHONPATH=../src python -m pytest -q",
    f'bash -c "PYTHONPATH=src {sys.executable} -m pytest -q"',
    "PYTHONPATH=src coverage run -m pytest -q" if shutil.which("coverage") else "sh run.sh",
    needs("make", "make -s test"),
    needs("make", f"make -s -C sub test PYTHON={sys.executable}"),
    needs("npm", "npm test --silent"),
    needs("tox", "tox -q"),
    needs("nox", "nox -s tests"),
    needs("hatch", "mkdir -p ~/.local/share/hatch/env/system && hatch run check"),
    needs("poetry", "PYTHONPATH=src poetry run python -m pytest -q"),
    needs("uv", "PYTHONPATH=src uv run --no-project --offline python -m pytest -q"),
]


@pytest.fixture
def project(work: Path) -> Path:
    for name, text in FILES.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_text(text)
    (work / "tox.ini").write_text(TOX.replace("{python}", sys.executable))
    (work / "pyproject.toml").write_text(PROJECT)
    (work / "run.sh").chmod(0o755)
    return work


@pytest.mark.slow
@pytest.mark.parametrize("command", first_fast(4, COMMANDS))
async def test_the_tests_are_watched_and_a_right_change_is_seen(project, runner, command) -> None:
    found = await diagnose(command, runner, KNOWN, 120)
    assert [test.name.rpartition("::")[2] for test in found.failed] == ["test_double"], found.output[-3000:]
    assert found.suspicion()["src/program.py"] == {2: 1.0}
    assert len(found.passed_lines) == 1
    quick = QuickCheck(command, runner, found)
    assert not await quick.passes(120)
    (project / "src/program.py").write_text(RIGHT)
    assert await quick.passes(120)


@pytest.mark.slow
async def test_the_quick_check_reaches_tests_whose_command_sets_the_path(project, runner) -> None:
    command = "PYTHONPATH=src python -m pytest -q -p no:cacheprovider"
    found = await diagnose(command, runner, KNOWN, 60)
    quick = QuickCheck(command, runner, found)
    await quick.prepare(KNOWN)
    (project / "tests/test_program.py").write_text(TESTS + "\n\nopen('ran', 'a').write('collected ')\n")
    assert not await quick.passes(60)
    assert (project / "ran").read_text() == "collected "  # the failing one alone, which was enough
    (project / "src/program.py").write_text(RIGHT)
    assert await quick.passes(60)
    assert (project / "ran").read_text() == "collected " * 3


SHOWN = """class Money:
    def __init__(self, amount):
        self.amount = amount

    def __eq__(self, other):
        return self.amount == other.amount

    def __repr__(self):
        text = str(self.amount)
        return "Money(" + text + ")"


def add(one, two):
    return Money(one.amount - two.amount)
"""
SHOWING = """import unittest
from program import Money, add


def test_plain():
    assert add(Money(1), Money(2)) == Money(3)


def test_passing():
    assert Money(1) == Money(1)


class TestCase(unittest.TestCase):
    def test_case(self):
        self.assertEqual(add(Money(1), Money(2)), Money(3))

    def test_lists(self):
        self.assertEqual([add(Money(1), Money(2))], [Money(3)])

    def test_parts(self):
        for part in (0, 1):
            with self.subTest(part=part):
                self.assertEqual(add(Money(part), Money(part)), Money(2 * part))

    def test_fine(self):
        self.assertEqual(Money(1), Money(1))

    def tearDown(self):
        repr(Money(1))
"""


@pytest.mark.slow
@pytest.mark.parametrize("command", ["python -m pytest -q", "python -m unittest -q"])
async def test_what_shows_a_failure_is_not_what_failed(work, runner, command) -> None:
    (work / "program.py").write_text(SHOWN)
    (work / "test_program.py").write_text(SHOWING)
    found = await diagnose(command, runner, frozenset({"program.py", "test_program.py"}), 60)
    names = {test.name.replace(".", "::").rpartition("::")[2] for test in found.failed}
    assert names == {"test_case", "test_lists", "test_parts"} | (
        {"test_plain"} if "pytest" in command else set()
    )
    assert {line for line, score in found.suspicion()["program.py"].items() if score == 1.0} == {14}
    assert not {9, 10} & found.suspicion()["program.py"].keys()


@pytest.mark.slow
async def test_an_expected_failure_is_none_and_coverage_does_not_blind(work, runner) -> None:
    (work / "program.py").write_text(PROGRAM)
    (work / "test_program.py").write_text(
        TESTS + "\n\nimport pytest\n\n\n@pytest.mark.xfail\ndef test_known():\n    assert half(3) == 1.5\n"
    )
    (work / "conftest.py").write_text("import sys\n\nsys.settrace(lambda *_: None)\n")
    found = await diagnose("python -m pytest -q", runner, frozenset({"program.py", "test_program.py"}), 60)
    assert [test.name.rpartition("::")[2] for test in found.failed] == ["test_double"]
    assert found.suspicion()["program.py"] == {2: 1.0}


@pytest.mark.slow
async def test_a_package_that_was_installed_for_the_tests_is_the_workspace_s(project, runner) -> None:
    installed = project / ".tox/py/lib/python3/site-packages"
    installed.mkdir(parents=True)
    shutil.copy(project / "src/program.py", installed)
    found = await diagnose(f"PYTHONPATH={installed} python -m pytest -q tests", runner, KNOWN, 60)
    assert found.suspicion()["src/program.py"] == {2: 1.0}


def located(folder: Path, command: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, str(LOCATE), "--", command], cwd=folder, capture_output=True, text=True
    )
    assert not done.stderr
    return done.returncode, done.stdout


@pytest.mark.slow
def test_locate_sorts_by_suspicion_and_cuts_at_half_the_best(work) -> None:
    (work / "a.py").write_text("def used(x):\n    return x\n")
    (work / "b.py").write_text("from a import used\n\n\ndef wrong(x):\n    y = used(x)\n    return y + 1\n")
    passing = "".join(f"def test_{n}():\n    assert used({n}) == {n}\n\n\n" for n in range(4))
    (work / "test_b.py").write_text(
        f"from a import used\nfrom b import wrong\n\n\n{passing}def test_wrong():\n    assert wrong(1) == 1\n"
    )
    code, said = located(work, "PYTHONPATH=. python -m pytest -q")
    assert code == 0
    lines = said.rpartition("first:\n")[2].splitlines()
    assert lines == ["  1.00  b.py:5: y = used(x)", "  1.00  b.py:6: return y + 1"]


def test_locate_shows_the_end_of_the_output_where_nothing_was_watched(work) -> None:
    code, said = located(work, "echo compiling; echo 'main.c:3: error: bad' >&2; exit 2")
    assert code == 1 and said.startswith("Exit code 2; watched 0 tests")
    assert said.endswith("The end of the output:\ncompiling\nmain.c:3: error: bad\n")
