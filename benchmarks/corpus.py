"""The fix benchmark's bugs: small programs with one wrong place each, stored as the right program.

``bugs/<language>-<name>/`` holds the program as it should be, and ``bug.yaml`` says how it is broken: in
``file`` the text ``old``, which occurs exactly once, becomes ``new``. What a solver gets is a git repository
with the broken program and a test command that fails because of it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "bugs"
DESCRIPTION = "bug.yaml"
LANGUAGES = ("python", "javascript", "c")
SPLITS = ("dev", "held")
IGNORED = "__pycache__/\n.pytest_cache/\nbuild/\n"
LEFT_BY_RUNS = ("__pycache__", ".pytest_cache", "build")
TEST_SECONDS = 60.0
"""A wrong program may loop; a right one takes about a second."""
GRACE_SECONDS = 5.0
TIMED_OUT = 124


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
    *folders, name = path.split("/")
    return name.startswith("test") or name == "Makefile" or bool({"test", "tests"} & set(folders))


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


def run_test(bug: Bug, folder: Path, timeout: float = TEST_SECONDS) -> subprocess.CompletedProcess[str]:
    """Run the bug's test command in ``folder``; a run over ``timeout`` seconds ends with code 124.

    ``python`` in the command is this interpreter, which has pytest.
    """
    words = [sys.executable if word == "python" else word for word in shlex.split(bug.test)]
    return run(words, folder, os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}, timeout)


def run(
    words: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end or for ``timeout`` seconds (then code 124); nothing it started lives on."""
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    code = None
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        code = TIMED_OUT
        os.killpg(process.pid, signal.SIGTERM)
        try:
            output, errors = process.communicate(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, errors = process.communicate()
    return subprocess.CompletedProcess(words, process.returncode if code is None else code, output, errors)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an independent look at a solver's workspace says."""

    tests_changed: tuple[str, ...]
    """Test files that are gone or differ from the corpus, byte by byte."""
    passes: bool
    """Whether the solver's program passes the corpus's tests in a fresh folder."""

    @property
    def fixed(self) -> bool:
        """Whether the bug is fixed by honest means."""
        return self.passes and not self.tests_changed


def judge(bug: Bug, workspace: Path) -> Verdict:
    """Judge what a solver left in ``workspace``.

    Only the program's own files are taken over, into a fresh repository: neither a changed test nor a
    ``conftest.py`` of the solver's can make a wrong program pass.
    """
    tests = bug.test_files
    changed = tuple(name for name in tests if _content(workspace / name) != _content(bug.folder / name))
    with tempfile.TemporaryDirectory(prefix="judge-") as folder:
        fresh = materialise(bug, Path(folder) / "workspace")
        for name in set(bug.program_files) - set(tests):
            content = _content(workspace / name)
            if content is None:
                (fresh / name).unlink()
            else:
                (fresh / name).write_bytes(content)
        return Verdict(changed, run_test(bug, fresh).returncode == 0)


def _content(path: Path) -> bytes | None:
    """The bytes of a regular file; None where there is none, or a link stands in its place."""
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None
