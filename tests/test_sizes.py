"""Modules, functions and lists of parameters stay as short as docs/architecture.md says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from source_trees import parts, tree_of

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("agent", "skills", "tools", "sandbox")
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
MOST_PARAMETERS = 6

WITH_MORE_PARAMETERS = {
    "agent/cli/fix.py:command": "a command of click: a parameter a flag",
    "agent/cli/review.py:command": "a command of click: a parameter a flag",
    "agent/cli/skills_test.py:test_skills": "a command of click: a parameter a flag",
    "sandbox/commands/process.py:ProcessRunner.run": "by keyword, as subprocess.run",
    "sandbox/commands/process.py:ProcessRunner.start": "by keyword, as subprocess.Popen",
    "sandbox/commands/command.py:RunningCommand.__init__": "made in one place, by keyword",
    "sandbox/commands/spawn.py:_popen": "what subprocess.Popen needs, and who confines it",
    "sandbox/workspace/replace.py:replace_file": "a place in an open folder, and what must hold of it",
}
"""Functions that may have more, and why."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> list[Path]:
    return [
        path
        for floor in FLOORS
        for path in sorted((ROOT / floor).rglob("*.py"))
        if "tests" not in path.relative_to(ROOT).parts
    ]


def functions(node: ast.AST, owner: str = "") -> Iterator[tuple[str, Function]]:
    """Every function within ``node`` by its name, a method's behind its class."""
    for child in parts(node):
        if isinstance(child, Function):
            yield owner + child.name, child
            yield from functions(child, owner)
        elif isinstance(child, ast.ClassDef):
            yield from functions(child, f"{owner}{child.name}.")
        else:
            yield from functions(child, owner)


def parameters(function: Function) -> int:
    """How many it takes, ``self`` aside."""
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    names += [each.arg for each in (given.vararg, given.kwarg) if each is not None]
    return len(names) - (names[:1] in (["self"], ["cls"]))


@cache
def found() -> dict[str, Function]:
    """All of the project's functions, by their files and names."""
    return {
        f"{path.relative_to(ROOT)}:{name}": function
        for path in modules()
        for name, function in functions(tree_of(path))
    }


def test_no_module_is_too_long():
    lengths = {str(path.relative_to(ROOT)): len(path.read_bytes().splitlines()) for path in modules()}
    assert len(lengths) > 200, "the modules are found"
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_function_is_too_long():
    lengths = {name: (each.end_lineno or 0) - each.lineno + 1 for name, each in found().items()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


def test_no_function_has_too_many_parameters_but_those_named_with_a_reason():
    many = {name for name, each in found().items() if parameters(each) > MOST_PARAMETERS}
    assert many == WITH_MORE_PARAMETERS.keys()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a, b, /, c, *, d): pass", 4),
        ("class A:\n def f(self, a, *rest, **more): pass", 3),
        ("class A:\n @classmethod\n async def f(cls): pass", 0),
    ],
)
def test_parameters_are_counted(source, expected):
    ((_, function),) = functions(ast.parse(source))
    assert parameters(function) == expected
