"""What a private clone is made of: a repository looked at without git, or a folder; and who commits.

Everything here blocks.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from seedsmith.sandbox.errors import GitError, NoRepository
from seedsmith.sandbox.git.repository import Repository, find_repository
from seedsmith.sandbox.git.state import read_config, read_state
from seedsmith.sandbox.guards.git_folders import alternates, is_bare_repository
from seedsmith.sandbox.isolation.own_programs import own_program
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.real_path import real_path

NOTHING = "0" * 40
"""Stands for a reference that is not there."""
_NOT_READ = re.compile(
    rb"^\s*(?:objectformat|refstorage)\s*=\s*(sha256|reftable)\s*$", re.MULTILINE | re.IGNORECASE
)
"""Forms of a repository that are read by git alone."""
_BORROWED_DEPTH = 5
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Source:
    """What a private clone is made of: a repository at one commit, or a folder without git."""

    path: Path
    repository: Repository | None
    """None for a folder without git."""
    branch: str = ""
    """The full name of the branch the commit was taken from; '' for a detached one or no git."""
    commit: str = ""

    @property
    def moved_to(self) -> str:
        """The commit that the branch is at now where that is another one; '' where it did not move."""
        if self.repository is None or not self.branch:
            return ""
        now = read_state(self.repository).refs.get(self.branch, NOTHING)
        return now if now != self.commit else ""


def _why_no_commit(repository: Repository) -> str:
    found = _NOT_READ.search(read_config(repository))
    if found is not None:
        return f"uses {found[1].decode().lower()}, which is not read here"
    return "has no commit yet, or its references can't be read"


def open_source(path: Path, base: str = "") -> Source:
    """Look at the repository whose top folder, or bare repository, is ``path``.

    The clone begins at the branch or commit ``base``, else at what is checked out. Raises :class:`GitError`
    for what can't be cloned, and :class:`NoRepository` where a ``.git`` can't be trusted.
    """
    real = path.resolve()
    if not real.is_dir():
        raise GitError(f"There is no folder {path}.")
    repository = _repository(real)
    if repository is None:
        if base:
            raise GitError(f"{path} is in no git repository, so it has no {base!r}.")
        return Source(real, None)
    state = read_state(repository)
    if not base:
        if not state.commit:
            raise GitError(f"The repository {path} {_why_no_commit(repository)}.")
        return Source(real, repository, state.head, state.commit)
    for name in (base, f"refs/heads/{base}", f"refs/tags/{base}", f"refs/remotes/{base}"):
        if commit := state.refs.get(name):
            return Source(real, repository, name if name.startswith("refs/heads/") else "", commit)
    if len(base) == 40 and not set(base) - set("0123456789abcdef"):
        return Source(real, repository, "", base)
    raise GitError(f"The repository {path} has no branch {base!r:.80}.")


def _repository(folder: Path) -> Repository | None:
    if not os.path.lexists(folder / ".git") and is_bare_repository(frozenset(os.listdir(folder))):  # noqa: PTH208
        return Repository(folder, folder, folder, folder)
    try:
        found = find_repository(folder)
    except NoRepository:
        if os.path.lexists(folder / ".git"):
            raise
        return None
    if not found.is_whole:
        raise GitError(f"{folder} is a folder within the repository {found.top}: name that one.")
    return found


def object_folders(repository: Repository) -> Iterable[Path]:
    """Where the repository's objects lie, and those it borrows from in turn; only what is there."""
    waiting, seen = [(repository.shared_dir, 0)], dict[Path, None]()
    while waiting:
        folder, depth = waiting.pop()
        objects = real_path(folder / "objects")
        if objects in seen or not objects.is_dir():
            continue
        seen[objects] = None
        if depth < _BORROWED_DEPTH:
            waiting += [(each.parent, depth + 1) for each in alternates(folder) if each.name == "objects"]
    return seen


def user_identity(environ: Mapping[str, str], repository: Path) -> dict[str, str]:
    """The variables that name the committer, by the user's environment and configuration.

    No program below ``repository`` is run for that. Empty where name or address is not known.
    """
    program = own_program("git", environ, repository)
    variables: dict[str, str] = {}
    for part, key in (("NAME", "user.name"), ("EMAIL", "user.email")):
        value = ""
        if program is not None:
            done = subprocess.run(
                (os.fspath(program), "config", "--get", key),
                cwd="/",
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
            )
            value = done.stdout.decode("utf-8", "replace").strip()
        for role in ("AUTHOR", "COMMITTER"):
            variables[f"GIT_{role}_{part}"] = environ.get(f"GIT_{role}_{part}") or value
    return variables if all(variables.values()) else {}
