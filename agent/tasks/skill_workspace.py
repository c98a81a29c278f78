"""The fresh folder that a test of a skill works in, and what has become of its files afterwards."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from seedsmith.sandbox.isolation.own_programs import own_program
from seedsmith.skills.errors import SkillError
from seedsmith.skills.manifest import TestSpec
from seedsmith.skills.skill import Skill

_LEFT_OUT = frozenset({".git", "__pycache__", ".DS_Store"})
_MOMENT = "2026-01-01T12:00:00 +0000"
_SOMEBODY = {"name": "Skill test", "email": "test@skill.invalid"}
_CLEAN = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
}
"""What every test's commands find, whoever runs it."""
_OF_THE_USER = re.compile(r"GIT_|LC_|PYTHON(?!USERBASE)|PYTEST_|LANGUAGE$|COLUMNS$|LINES$")


def test_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The user's ``environment`` without what makes commands behave differently for different people."""
    kept = {name: value for name, value in environment.items() if not _OF_THE_USER.match(name)}
    return kept | _CLEAN


def make_workspace(skill: Skill, test: TestSpec, folder: Path, environment: Mapping[str, str]) -> None:
    """Make ``folder`` the workspace that ``test`` begins with; raises :class:`SkillError`."""
    try:
        if test.workspace is not None:
            _copy(skill.folder / test.workspace, folder)
        else:
            folder.mkdir()
        if test.git or test.uncommitted is not None:
            _make_repository(folder, environment)
        if test.uncommitted is not None:
            _copy(skill.folder / test.uncommitted, folder)
    except (OSError, shutil.Error) as error:
        why = getattr(error, "strerror", None) or "some of its files can't be copied"
        raise SkillError(f"The workspace of the test {test.name!r} can't be made: {why}.") from error


def contents(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in ``folder`` by its path there; raises OSError.

    A link counts as where it leads, and what is no regular file (a pipe, a socket) as its kind: opening it
    could wait for ever.
    """
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        for name in names:
            path = Path(place, name)
            if name in _LEFT_OUT:
                continue
            found[path.relative_to(folder).as_posix()] = _fingerprint(path)
    return found


def left_alone(before: Mapping[str, str], after: Mapping[str, str], paths: Sequence[str]) -> list[str]:
    """Those of ``paths`` that are as they were, though they should have changed, come or gone."""
    return [path for path in paths if before.get(_plain(path)) == after.get(_plain(path))]


def touched(before: Mapping[str, str], after: Mapping[str, str], patterns: Sequence[str]) -> list[str]:
    """The files that fit one of ``patterns`` and are not as they were; one made or deleted is not either."""
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    rules = [_rule(pattern) for pattern in patterns]
    return sorted(path for path in changed if any(rule.match(path) for rule in rules))


def _fingerprint(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISREG(mode):
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    kind = os.fsencode(path.readlink()) if stat.S_ISLNK(mode) else stat.filemode(mode)[:1].encode()
    return hashlib.sha256(kind).hexdigest()


def _plain(path: str) -> str:
    return Path(path).as_posix()


def _rule(pattern: str) -> re.Pattern[str]:
    """``*`` and ``?`` stand within a name, ``**`` for any folders; what fits a folder fits all in it."""
    said = re.escape(_plain(pattern)).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*")
    return re.compile(said.replace(r"\*", "[^/]*").replace(r"\?", "[^/]") + "(?:/|$)")


def _copy(source: Path, folder: Path) -> None:
    ignored = shutil.ignore_patterns(*_LEFT_OUT)
    # Without its times: git takes a file of the same size and time for one that did not change.
    shutil.copytree(
        source, folder, symlinks=True, ignore=ignored, copy_function=shutil.copy, dirs_exist_ok=True
    )
    for place, _, names in os.walk(folder):  # an installed skill's files may be read-only
        Path(place).chmod(0o755)
        for name in names:
            path = Path(place, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o600)


def _make_repository(folder: Path, environment: Mapping[str, str]) -> None:
    """One commit of everything, the same wherever it is made."""
    git = own_program("git", environment, Path.cwd())
    if git is None:
        raise SkillError("This test works in a git repository, and git is not installed.")
    moment = {f"GIT_{role}_DATE": _MOMENT for role in ("AUTHOR", "COMMITTER")}
    for arguments in (
        ("init", "-q", "-b", "main"),
        *(("config", f"user.{key}", value) for key, value in _SOMEBODY.items()),
        ("config", "core.autocrlf", "false"),
        ("add", "--all", "--force"),
        ("commit", "-q", "--allow-empty", "-m", "The workspace as it was"),
    ):
        done = subprocess.run(
            (git, *arguments),
            cwd=folder,
            env={**environment, **_CLEAN, **moment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode != 0:
            raise SkillError(f"git {arguments[0]} failed in a test's workspace: {done.stderr.strip()[:200]}")
