"""Every test that ``docs/security.md`` names exists."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

TESTS = Path(__file__).parent
TABLE = (TESTS.parent / "docs/security.md").read_text("utf-8")
NAMED = re.compile(r"`(?:tests/)?([\w/]+\.py)::(\w+)`")


@functools.cache
def functions(path: str) -> frozenset[str]:
    file = TESTS / path
    tree = ast.parse(file.read_text("utf-8")) if file.is_file() else ast.Module([], [])
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_every_test_named_in_the_table_exists():
    named = NAMED.findall(TABLE)
    assert len(named) > 60
    assert [f"{path}::{name}" for path, name in named if name not in functions(path)] == []


def test_every_row_names_a_test():
    rows = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| case ")]
    assert [row for row in rows if not NAMED.search(row)] == []


def test_every_case_of_the_sandbox_has_its_row():
    listed = {int(number) for number in re.findall(r"^\| (\d+) \|", _attacks(), re.MULTILINE)}
    told: set[int] = set()
    for cell in re.findall(r"^\| ([\d, to]+) \|", TABLE, re.MULTILINE):
        for part in cell.split(","):
            first, _, last = part.partition("to")
            told |= set(range(int(first), int(last or first) + 1))
    assert listed and sorted(listed - told) == []


def _attacks() -> str:
    return (TESTS.parent / "docs/sandbox.md").read_text("utf-8").partition("## Attacks")[2]
