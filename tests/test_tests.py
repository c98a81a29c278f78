"""What holds for the tests themselves: each can fail by what it asserts, and none is skipped without need."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from present import PRESENT, why_not_skipped
from source_trees import statements

HERE = Path(__file__).parent
FAILING = ("raises", "fail", "warns")


def name_of(call: ast.Call) -> str:
    """The last part of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def asserts(function: ast.AST, functions: dict[str, ast.AST], seen: frozenset[str] = frozenset()) -> bool:
    """Whether ``function``, or one of its module's ``functions`` that it calls, asserts something."""
    if any(isinstance(node, ast.Assert) for node in statements(function)):
        return True
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = name_of(node)
            if name in FAILING:
                return True
            if name in functions and name not in seen and asserts(functions[name], functions, seen | {name}):
                return True
    return False


def without_assertion(source: str) -> list[str]:
    """The tests of a module that can only fail by raising."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    nodes = statements(ast.parse(source))
    functions: dict[str, ast.AST] = {node.name: node for node in nodes if isinstance(node, kinds)}
    tests = [name for name in functions if name.startswith("test_")]
    return [name for name in tests if not asserts(functions[name], functions, frozenset({name}))]


def test_every_test_asserts_something():
    found = {
        str(path.relative_to(HERE)): names
        for path in sorted(HERE.rglob("test_*.py"))
        if (names := without_assertion(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_a_test_that_can_only_raise_is_found():
    helpers = "def run():\n    pass\ndef check():\n    assert 1\n"
    source = f"def test_a():\n    run()\ndef test_b():\n    check()\n{helpers}"
    assert without_assertion(source) == ["test_a"]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("needs no-such-program", None),
        ("needs python3-of-nobody and C compiler: it tests a build", None),
        ("no node here", "says what is missing"),
        (f"needs {Path(sys.executable).name}: for no reason", "which this machine has"),
    ],
)
def test_a_test_is_skipped_only_where_something_is_missing(monkeypatch, reason, words):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    wrong = why_not_skipped(reason)
    assert (wrong is None) == (words is None) and (words or "") in (wrong or "")


def test_what_a_reason_may_name_can_be_asked_for():
    assert all(isinstance(check(), bool) for check in PRESENT.values())


@pytest.mark.slow
def test_a_skip_without_need_fails(pytester_run):
    test = "import pytest\ndef test_a():\n    pytest.skip({!r})\n"
    assert "1 skipped" in pytester_run(test.format("needs root and a user other than root"))
    done = pytester_run(test.format("not today"))
    assert "1 failed" in done and "says what is missing" in done


@pytest.fixture
def pytester_run(tmp_path):
    """Runs a test module under this suite's ``conftest.py``; gives back what pytest prints."""

    def run(source: str) -> str:
        (tmp_path / "conftest.py").write_text((HERE / "conftest.py").read_text(encoding="utf-8"))
        (tmp_path / "test_it.py").write_text(source)
        options = ("-q", "-p", "no:cacheprovider", "-o", f"pythonpath={HERE / 'support'}")
        command = (sys.executable, "-m", "pytest", *options, "--rootdir", str(tmp_path), str(tmp_path))
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout

    return run


def test_every_dependency_has_one_lower_bound_to_test_with():
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    done = subprocess.run(
        (sys.executable, HERE.parent / ".ci/oldest", *project["optional-dependencies"]),
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert len(lines) > 15 and all(line.count("==") >= 1 for line in lines)
    assert any(line.startswith("openai==") for line in lines)
    assert any(line.startswith("pytest==") for line in lines)
