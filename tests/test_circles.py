"""No module imports, directly or through others, a module that imports it: not even inside a function."""

from __future__ import annotations

import graphlib
import re
from pathlib import Path

import seedsmith

ROOT = Path(seedsmith.__file__).parent
PROGRAMS = ("skills/library/", "agent/tasks/demo_repository/", "agent/repair/injected/")
"""Files that are no modules of the package."""


_IMPORT = re.compile(r"^[ \t]*(?:from (?P<module>\S+) )?import (?P<names>\([^)]*\)|.*)", re.MULTILINE)
"""An import statement: it begins a line, as the formatter has it."""


def imported_by(path: Path, known: set[str]) -> set[str]:
    found = set()
    for each in _IMPORT.finditer(path.read_text("utf-8")):
        names = set(re.findall(r"[\w.]+", each["names"]))
        if each["module"]:
            names = {f"{each['module']}.{name}" for name in names} & known or {each["module"]}
        found |= names
    return found & known


SOURCE = """\
import a.b, c as d
from e import (
    f,  # what it is
    g as h,
)


def i():
    from j.k import l
"""


def test_imports_are_found_wherever_they_stand(tmp_path: Path) -> None:
    (file := tmp_path / "a.py").write_text(SOURCE)
    known = {"a.b", "b", "c", "d", "e", "e.f", "e.g", "h", "j", "j.k"}
    assert imported_by(file, known) == {"a.b", "c", "d", "e.f", "e.g", "j.k"}


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
