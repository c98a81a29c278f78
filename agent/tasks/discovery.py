"""Finds the command that runs a repository's tests, from the files that are there; runs nothing."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from seedsmith.agent.context.instructions import NAMES as INSTRUCTIONS
from seedsmith.agent.context.third_party import DEPENDENCIES, GENERATED
from seedsmith.agent.tasks.instructed_tests import instructed_tests
from seedsmith.agent.tasks.missing_programs import MAKEFILES
from seedsmith.sandbox.lazy_dataclass import dataclass

MAX_FILES = 5000
MAX_DEPTH = 6
MAX_BYTES = 256 << 10
_PYTEST_STYLE = re.compile(
    r"^(?:import pytest\b|from pytest\b|(?:async )?def test\w*\s*\(|class Test\w*:|@pytest\.)", re.MULTILINE
)
_UNITTEST_STYLE = re.compile(r"^(?:import unittest\b|from unittest\b)", re.MULTILINE)
_NAMES_PYTEST = re.compile(r"""^\s*["']?pytest\b|["']pytest["'\s\[<>=!~;-]""", re.MULTILINE)
_DEPENDENCY_FILES = re.compile(
    r"pyproject\.toml|setup\.(?:cfg|py)|Pipfile|[\w.-]*require[\w.-]*(?:/[\w.-]+)?\.(?:txt|in)"
)
_TEST_FOLDERS = frozenset({"test", "tests", "testing"})
_COMPILED = frozenset({".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".m", ".rs", ".go", ".java", ".kt"})
_MAKE_TARGET = r"^{}\s*:(?!=)"
_CTEST = re.compile(
    r"^\s*(?:enable_testing|add_test|include\s*\(\s*CTest|\w+_discover_tests)\b", re.MULTILINE | re.IGNORECASE
)
_BUILD_OUTSIDE = (
    'cmake -S . -B "$TMPDIR/build" && cmake --build "$TMPDIR/build" '
    '&& ctest --test-dir "$TMPDIR/build" --output-on-failure'
)
_BUILD_FOLDERS = ("build", "_build", "out", "cmake-build-debug", "cmake-build-release")


@dataclass(frozen=True, slots=True)
class TestCommand:
    """A command line that should run the tests, and which file says so."""

    command: str
    because: str


def discover(workspace: Path) -> list[TestCommand]:
    """The test commands that fit the folder, best first and each once; empty where nothing is recognised."""
    found: dict[str, TestCommand] = {}
    for finder in _FINDERS:
        if (command := finder(workspace)) is not None:
            found.setdefault(command.command, command)
    return list(found.values())


def refused_instruction(workspace: Path) -> str:
    """A sentence about what ``AGENTS.md`` names for the tests and is not taken; empty where there is none."""
    name = _instructions(workspace)
    return instructed_tests(_text(workspace / name), workspace, name).refused


def _instructed(workspace: Path) -> TestCommand | None:
    name = _instructions(workspace)
    found = instructed_tests(_text(workspace / name), workspace, name)
    return TestCommand(found.command, f"{name} names it") if found.command else None


def _instructions(workspace: Path) -> str:
    """The name of the instruction file that the model is told; ``AGENTS.md`` where there is none."""
    return next((name for name in INSTRUCTIONS if _is_file(workspace / name)), INSTRUCTIONS[0])


def _python(workspace: Path) -> TestCommand | None:
    """Its tests, but not where they are a helper's beside a program in another language."""
    return None if _is_beside_another_language(workspace) else _any_python(workspace)


def _any_python(workspace: Path) -> TestCommand | None:
    tests = list(_python_tests(workspace))
    configured = _pytest_configuration(workspace) or (_pytest_dependency(workspace) if tests else "")
    contents = {path: _text(path) for path in tests}
    if configured or any(_PYTEST_STYLE.search(text) for text in contents.values()):
        because = configured or f"{_first(workspace, contents, _PYTEST_STYLE)} is written for it"
        return TestCommand(f"{_interpreter(workspace)} -m pytest -q", because)
    if any(_UNITTEST_STYLE.search(text) for text in contents.values()):
        first = next(path for path, text in contents.items() if _UNITTEST_STYLE.search(text))
        because = f"{first.relative_to(workspace)} uses unittest"
        return TestCommand(
            f"{_interpreter(workspace)} -m unittest discover{_unittest_place(workspace, first)}", because
        )
    return None


def _first(workspace: Path, contents: dict[Path, str], style: re.Pattern[str]) -> Path:
    return next(path for path, text in contents.items() if style.search(text)).relative_to(workspace)


def _python_tests(workspace: Path) -> Iterator[Path]:
    for path in _files(workspace):
        if path.suffix == ".py" and (path.name.startswith("test") or path.name.endswith("_test.py")):
            yield path


def _pytest_configuration(workspace: Path) -> str:
    """Which file configures pytest; empty where none does."""
    if _is_file(workspace / "pytest.ini"):
        return "pytest.ini configures it"
    if "pytest" in _pyproject_tools(workspace):
        return "pyproject.toml configures it"
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        if section in _sections(workspace / name):
            return f"{name} configures it"
    return next(
        (
            f"{path.relative_to(workspace)} is there"
            for path in _files(workspace)
            if path.name == "conftest.py"
        ),
        "",
    )


def _pytest_dependency(workspace: Path) -> str:
    """Which file of the project's own says that it needs pytest; empty where none does."""
    for path in _files(workspace):
        name = str(path.relative_to(workspace))
        if _DEPENDENCY_FILES.fullmatch(name) and _NAMES_PYTEST.search(_text(path)):
            return f"{name} names it"
    return ""


def _is_beside_another_language(workspace: Path) -> bool:
    """Whether most sources are of a compiled language, and no pytest is set up and no test in its place."""
    suffixes = [path.suffix for path in _files(workspace)]
    return (
        sum(suffix in _COMPILED for suffix in suffixes) > suffixes.count(".py")
        and not (_pytest_configuration(workspace) or _pytest_dependency(workspace))
        and all(_TEST_FOLDERS.isdisjoint(path.parts[:-1]) for path in _relative_tests(workspace))
    )


def _relative_tests(workspace: Path) -> Iterator[Path]:
    return (path.relative_to(workspace) for path in _python_tests(workspace))


def _pyproject_tools(workspace: Path) -> dict[str, object]:
    try:
        tools = tomllib.loads(_text(workspace / "pyproject.toml")).get("tool", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    return tools if isinstance(tools, dict) else {}


def _sections(path: Path) -> list[str]:
    """The sections of an INI file; none where it is no such file."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return []
    return parser.sections()


def _tox_or_nox(workspace: Path) -> TestCommand | None:
    ini = _sections(workspace / "tox.ini")
    if any(section == "tox" or section.startswith("testenv") for section in ini):
        return TestCommand("tox", "tox.ini configures it")
    if _is_file(workspace / "tox.toml"):
        return TestCommand("tox", "tox.toml configures it")
    if "tox" in _pyproject_tools(workspace):
        return TestCommand("tox", "pyproject.toml configures it")
    if "tox:tox" in _sections(workspace / "setup.cfg"):
        return TestCommand("tox", "setup.cfg configures it")
    return TestCommand("nox", "noxfile.py is there") if _is_file(workspace / "noxfile.py") else None


def _interpreter(workspace: Path) -> str:
    """The folder's own virtual environment, else the Python on PATH."""
    for folder in (".venv", "venv"):
        if _is_file(workspace / folder / "bin" / "python"):
            return f"{folder}/bin/python"
    return "python" if shutil.which("python") and not shutil.which("python3") else "python3"


def _unittest_place(workspace: Path, test: Path) -> str:
    """Flags for ``unittest discover``: a folder without ``__init__.py`` must be named."""
    flags = []
    folder = test.parent
    if folder != workspace and not _is_file(folder / "__init__.py"):
        flags += ["-s", str(folder.relative_to(workspace))]
    if not test.name.startswith("test"):
        flags += ["-p", "*_test.py"]
    return "".join(f" {shlex.quote(flag)}" for flag in flags)


def _npm(workspace: Path) -> TestCommand | None:
    try:
        package = json.loads(_text(workspace / "package.json") or "{}")
    except (ValueError, RecursionError):
        return None
    scripts = package.get("scripts") if isinstance(package, dict) else None
    script = scripts.get("test") if isinstance(scripts, dict) else None
    if not isinstance(script, str) or not script.strip() or "no test specified" in script:
        return None
    for lock, manager in (("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn")):
        if _is_file(workspace / lock) and shutil.which(manager):
            return TestCommand(f"{manager} test", f"package.json has a test script and {lock} is there")
    return TestCommand("npm test", "package.json has a test script")


def _go(workspace: Path) -> TestCommand | None:
    return TestCommand("go test ./...", "go.mod is there") if _is_file(workspace / "go.mod") else None


def _cargo(workspace: Path) -> TestCommand | None:
    return TestCommand("cargo test", "Cargo.toml is there") if _is_file(workspace / "Cargo.toml") else None


def _maven(workspace: Path) -> TestCommand | None:
    if not _is_file(workspace / "pom.xml"):
        return None
    return TestCommand(f"{_wrapper(workspace, 'mvnw', 'mvn')} -q -B test", "pom.xml is there")


def _gradle(workspace: Path) -> TestCommand | None:
    for name in ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"):
        if _is_file(workspace / name):
            program = _wrapper(workspace, "gradlew", "gradle")
            return TestCommand(f"{program} --no-daemon --console=plain test", f"{name} is there")
    return None


def _wrapper(workspace: Path, script: str, program: str) -> str:
    """The project's own copy of a build tool, where it has one."""
    own = workspace / script
    return f"./{script}" if _is_file(own) and os.access(own, os.X_OK) else program


def _ctest(workspace: Path) -> TestCommand | None:
    """Build, then test: in the build folder there is, else in one outside the sources."""
    if not _CTEST.search(_text(workspace / "CMakeLists.txt")):
        return None
    for folder in _BUILD_FOLDERS:
        if _is_file(workspace / folder / "CMakeCache.txt"):
            command = f"cmake --build {folder} && ctest --test-dir {folder} --output-on-failure"
            return TestCommand(command, f"CMakeLists.txt has tests and {folder} is configured")
    return TestCommand(_BUILD_OUTSIDE, "CMakeLists.txt has tests")


def _make(workspace: Path) -> TestCommand | None:
    for name in MAKEFILES:
        text = _text(workspace / name)
        for target in ("test", "check"):
            if re.search(_MAKE_TARGET.format(target), text, re.MULTILINE):
                return TestCommand(f"make {target}", f"{name} has a {target} target")
    return None


_FINDERS: tuple[Callable[[Path], TestCommand | None], ...] = (
    _instructed,
    _python,
    _tox_or_nox,
    _npm,
    _go,
    _cargo,
    _maven,
    _gradle,
    _ctest,
    _make,
    _any_python,
)


def _files(workspace: Path) -> Iterator[Path]:
    """Regular files of the folder in a stable order, hidden and generated folders left out; bounded."""
    seen = 0
    for folder, folders, names in os.walk(workspace):
        depth = len(Path(folder).relative_to(workspace).parts)
        folders[:] = sorted(
            name
            for name in folders
            if depth < MAX_DEPTH
            and name not in DEPENDENCIES | GENERATED
            and not name.startswith(".")
            and not _is_file(Path(folder, name, "pyvenv.cfg"))
        )
        for name in sorted(names):
            seen += 1
            if seen > MAX_FILES:
                return
            if _is_file(path := Path(folder, name)):
                yield path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _text(path: Path) -> str:
    """The beginning of a file as text; empty where there is none."""
    if not _is_file(path):
        return ""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
