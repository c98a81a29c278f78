"""A linked worktree of a repository nobody trusts, made without its hooks, filters and configuration.

What ``git worktree add`` writes is written by ourselves; the files come by metadata of our own, as a private
clone's do (``private_clone``). Everything here blocks.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from seedsmith.sandbox.errors import GitError, SandboxError
from seedsmith.sandbox.git.private_clone import PrivateClone, remove_folder, write_metadata
from seedsmith.sandbox.git.repository import Repository, find_repository
from seedsmith.sandbox.git.source import NOTHING, Source, open_source
from seedsmith.sandbox.git.state import read_state
from seedsmith.sandbox.guards.git_folders import is_plain_path
from seedsmith.sandbox.lazy_dataclass import dataclass

BRANCHES = "seedsmith/"
"""What the names of the worktrees' branches begin with."""
_NAME = re.compile(r"\w(?:[\w-]|\.(?!\.)){0,59}")
_STATUS = ("status", "--porcelain", "-z", "--untracked-files=all", "--ignored=traditional", "--no-renames")
_MADE_ANEW = re.compile(
    r"(?:^|/)(?:__pycache__|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.hypothesis|node_modules)/|\.py[co]$"
)
"""Ignored files that nobody misses: tools make them anew."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is in a worktree that was not at its beginning."""

    commits: bool
    """Whether another commit, or another branch, is checked out."""
    files: bool
    """Whether files differ from what is checked out, or ignored ones were added."""

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return self.commits or self.files


@dataclass(frozen=True, slots=True)
class Worktree:
    """A worktree of our own, on a new branch of its repository."""

    folder: Path
    branch: str
    """Its short name, ``seedsmith/NAME``."""
    source: Source
    """The repository as it was at the beginning."""
    environ: Mapping[str, str]

    @property
    def commit(self) -> str:
        """The commit it began with."""
        return self.source.commit

    @property
    def metadata(self) -> Path:
        """What git knows of this worktree alone."""
        return _repository(self.source).shared_dir / "worktrees" / self.folder.name

    def changes(self) -> Changes:
        """What differs from the beginning; raises :class:`GitError` where that can't be told."""
        state = read_state(find_repository(self.folder))
        moved = (state.head, state.commit) != (f"refs/heads/{self.branch}", self.commit)
        here = state.commit or self.commit
        with self._clone(here) as clone:
            index = clone.git_dir / "index"
            shutil.copyfile(self.metadata / "index", index)
            output = os.fsdecode(clone.elsewhere(self.folder, index, *_STATUS)).split("\0")
        lost = [line for line in output if line and not (line[:2] == "!!" and _MADE_ANEW.search(line[3:]))]
        return Changes(moved, bool(lost))

    def remove(self) -> None:
        """Remove the worktree, and its branch where that is still at the beginning."""
        with self._clone(self.commit) as clone:
            remove_folder(self.folder)
            remove_folder(self.metadata)
            with suppress(OSError):
                self.metadata.parent.rmdir()
            clone.move_branch(self.branch, NOTHING, self.commit)

    def make(self) -> None:
        """Write it; raises :class:`GitError`, and leaves nothing then."""
        self.folder.mkdir()
        try:
            self.metadata.mkdir(parents=True)
            with self._clone(self.commit) as clone:
                clone.move_branch(self.branch, self.commit, NOTHING)
                (self.metadata / "HEAD").write_text(f"ref: refs/heads/{self.branch}\n")
                (self.metadata / "commondir").write_text("../..\n")
                (self.metadata / "gitdir").write_text(f"{self.folder / '.git'}\n")
                clone.elsewhere(
                    self.folder, self.metadata / "index", "read-tree", "--reset", "-u", self.commit
                )
                # Last, so that a checked-out file of that name, which git refuses, could never be followed.
                (self.folder / ".git").write_text(f"gitdir: {self.metadata}\n")
        except BaseException:
            with suppress(GitError):
                self.remove()
            raise

    @contextmanager
    def _clone(self, commit: str) -> Iterator[PrivateClone]:
        with TemporaryDirectory(prefix="seedsmith-") as folder:
            begins = Source(self.source.path, self.source.repository, f"refs/heads/{self.branch}", commit)
            clone = PrivateClone(Path(folder, "metadata"), begins, commit, self.environ)
            write_metadata(clone)
            yield clone


def add_worktree(top: Path, name: str, environ: Mapping[str, str]) -> Worktree:
    """Make a worktree of the repository whose top folder is ``top``, beside it, on the branch of ``name``.

    It begins at the commit that is checked out. Raises :class:`GitError` where it can't be had.
    """
    if not _NAME.fullmatch(name) or name.endswith((".", ".lock")):
        raise GitError(f"{name!r:.80} can't name a branch: use letters, digits, -, _ and single dots.")
    source = open_source(top)
    if source.repository is None:
        raise GitError(f"{top} is in no git repository.")
    folder = source.path.parent / f"{source.path.name}-{name}"
    tree = Worktree(folder, f"{BRANCHES}{name}", source, environ)
    if f"refs/heads/{tree.branch}" in read_state(source.repository).refs:
        there = f", in {folder}" if os.path.lexists(folder) else ""
        raise GitError(f"There is a branch {tree.branch} already{there}.")
    if os.path.lexists(folder):
        raise GitError(f"There is {folder} already.")
    if os.path.lexists(tree.metadata):
        raise GitError(f"Git knows of a worktree {folder} that is gone; git worktree prune forgets it.")
    if "\n" in f"{folder}{tree.metadata}":
        raise GitError("The repository's path holds a line end.")
    shared = source.repository.shared_dir
    for inner in ("worktrees", f"refs/heads/{tree.branch}", f"logs/refs/heads/{tree.branch}"):
        if not is_plain_path(shared, shared / inner):
            raise GitError(f"A link stands in the way of {inner} in {shared}.")
    try:
        tree.make()
    except OSError as error:
        raise GitError(f"{folder} can't be made: {error.strerror or error}.") from None
    return tree


def _repository(source: Source) -> Repository:
    if source.repository is None:
        raise SandboxError("There is no repository.")
    return source.repository
