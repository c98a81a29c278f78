"""No module imports, directly or through others, a module that imports it: not even inside a function."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

from source_trees import statements, tree_of

import seedsmith

ROOT = Path(seedsmith.__file__).parent
PROGRAMS = ("skills/library/", "agent/tasks/demo_repository/", "agent/repair/injected/")
"""Files that are no modules of the package."""


def imported_by(path: Path, known: set[str]) -> set[str]:
    found = set()
    for node in statements(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{each.name}" for each in node.names}
            found |= (names & known) or {node.module}
    return found & known


def test_no_circle_of_files() -> None:
    files = {}
    for floor in ("agent", "skills", "tools", "sandbox"):
        for path in (ROOT / floor).rglob("*.py"):
            relative = str(path.relative_to(ROOT))
            if not relative.startswith(PROGRAMS):
                name = "seedsmith." + relative.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                files[name] = path.resolve()
    assert len(files) > 200
    graph = {name: imported_by(path, files.keys()) - {name} for name, path in files.items()}
    graphlib.TopologicalSorter(graph).prepare()  # a CycleError names the circle
