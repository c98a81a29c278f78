"""The fix benchmark's bugs: small programs with one wrong place each, stored as the right program.

``bugs/<language>-<name>/`` holds the program as it should be, and ``bug.yaml`` says how it is broken: in
``file`` the text ``old``, which occurs exactly once, becomes ``new``. What a solver gets is a git repository
with the broken program and a test command that fails because of it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "bugs"
DESCRIPTION = "bug.yaml"
LANGUAGES = ("python", "javascript", "c")
SPLITS = ("dev", "held")
IGNORED = "__pycache__/\n.pytest_cache/\nbuild/\n"
LEFT_BY_RUNS = ("__pycache__", ".pytest_cache", "build")


class CorpusError(Exception):
    """A bug's description does not fit its program."""


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug: where the right program lies and how it is broken."""

    name: str
    folder: Path
    language: str
    kind: str
    """The sort of mistake, e.g. ``off-by-one``."""
    difficulty: str
    """``easy``: a failing test points at the place; ``medium``; ``hard``: a helper's helper is wrong."""
    split: str
    """``dev`` for tuning, ``held`` for the bugs no choice of prompt or tool was made on."""
    test: str
    """The test command, run in the program's folder."""
    file: str
    """The one wrong file, relative to the folder."""
    old: str
    new: str

    @property
    def right_text(self) -> str:
        """The wrong file as it should be."""
        return (self.folder / self.file).read_text(encoding="utf-8")

    @property
    def wrong_text(self) -> str:
        """The wrong file with the bug in; raises :class:`CorpusError` where ``old`` is not unique."""
        text = self.right_text
        if text.count(self.old) != 1:
            raise CorpusError(f"{self.name}: `old` occurs {text.count(self.old)} times in {self.file}")
        return text.replace(self.old, self.new)

    @property
    def test_files(self) -> tuple[str, ...]:
        """The files that judge a solution, relative to the folder; none may change."""
        return tuple(path for path in self.program_files if is_test_file(path))

    @property
    def program_files(self) -> tuple[str, ...]:
        """Every file of the program, tests included, relative to the folder, sorted."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        relative = (path.relative_to(self.folder) for path in files)
        return tuple(
            sorted(
                path.as_posix()
                for path in relative
                if path.name != DESCRIPTION and not set(path.parts) & set(LEFT_BY_RUNS)
            )
        )


def is_test_file(path: str) -> bool:
    """Whether ``path`` belongs to the judgement: tests and the Makefile that builds and runs them."""
    name = Path(path).name
    return name.startswith("test") or name in {"Makefile", "package.json"} or path.startswith("tests/")


def load_bugs(split: str = "all", folder: Path = FOLDER) -> tuple[Bug, ...]:
    """Read every bug of ``split`` (``dev``, ``held`` or ``all``), sorted by name."""
    descriptions = sorted(folder.glob(f"*/{DESCRIPTION}"))
    bugs = (_load(path) for path in descriptions)
    return tuple(bug for bug in bugs if split in ("all", bug.split))


def _load(path: Path) -> Bug:
    fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return Bug(name=path.parent.name, folder=path.parent, **{"split": "dev", **fields})
    except TypeError as error:
        raise CorpusError(f"{path}: {error}") from error


def materialise(bug: Bug, folder: Path, *, fixed: bool = False) -> Path:
    """Make ``folder`` a git repository with one commit that holds the broken program; return it.

    ``folder`` must be empty or missing. With ``fixed`` the program is the right one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in bug.program_files:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bug.folder / name, target)
    if not fixed:
        (folder / bug.file).write_text(bug.wrong_text, encoding="utf-8")
    (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "Add the program and its tests")
    return folder


def _git(folder: Path, *arguments: str) -> None:
    """Run git without the user's settings, so that no hook, signature or template of theirs takes part."""
    environment = os.environ | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Benchmark",
        "GIT_AUTHOR_EMAIL": "benchmark@localhost",
        "GIT_COMMITTER_NAME": "Benchmark",
        "GIT_COMMITTER_EMAIL": "benchmark@localhost",
    }
    subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True)


def run_test(bug: Bug, folder: Path, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
    """Run the bug's test command in ``folder``; a run over ``timeout`` seconds ends with code 124.

    ``python`` in the command is this interpreter, which has pytest.
    """
    words = [sys.executable if word == "python" else word for word in shlex.split(bug.test)]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(
            words,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as expired:
        return subprocess.CompletedProcess(words, 124, str(expired.stdout or ""), f"over {timeout} s")


def tests_unchanged(bug: Bug, folder: Path) -> bool:
    """Whether every test file in ``folder`` is still the corpus's, byte for byte."""
    return all(
        (folder / name).is_file() and (folder / name).read_bytes() == (bug.folder / name).read_bytes()
        for name in bug.test_files
    )
