"""What is installed is one package: its floors take no name at the top of anybody's environment."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

FLOORS = ["agent", "skills", "tools", "sandbox"]
ROOT = Path(__file__).parents[1]
SOURCES = [
    path
    for folder in (*FLOORS, "tests", "benchmarks", ".package")
    for path in (ROOT / folder).rglob("*.py")
    if not {"library", "bugs", "demo_repository"} & set(path.relative_to(ROOT).parts)
]


def test_only_the_package_is_installed():
    tops = {file.parts[0] for file in distribution("seedsmith").files or ()}
    assert "seedsmith" in tops or "_seedsmith.pth" in tops  # the latter where it is installed for editing
    assert not tops & set(FLOORS)


@pytest.mark.parametrize("floor", FLOORS)
def test_no_floor_can_be_imported_from_the_top(floor, tmp_path):
    code = f"import seedsmith.{floor}, {floor}"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and f"No module named '{floor}'" in done.stderr


IMPORT_OF_A_FLOOR = re.compile(rf"^\s*(?:from|import)\b.*(?<![\w.])(?:{'|'.join(FLOORS)})\b", re.MULTILINE)


def imported(source: str) -> set[str]:
    if not IMPORT_OF_A_FLOOR.search(source):
        return set()  # nothing to parse for
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names}


def test_no_source_imports_a_floor_from_the_top():
    assert len(SOURCES) > 400
    assert [str(path) for path in SOURCES if imported(path.read_text("utf-8")) & set(FLOORS)] == []
