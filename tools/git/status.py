"""The state of a working tree: parsed from git's porcelain format, and put into words."""

from __future__ import annotations

import os
from collections.abc import Sequence

from seedsmith.sandbox.git.git import Git
from seedsmith.sandbox.git.safe_settings import without_warnings
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.git.health import is_unborn
from seedsmith.tools.text import count, shown_path

_CHANGES = {
    "M": "modified",
    "A": "added",
    "D": "deleted",
    "R": "renamed",
    "C": "copied",
    "T": "type changed",
}
CONFLICTS = {
    "DD": "both deleted",
    "AU": "added by us",
    "UD": "deleted by them",
    "UA": "added by them",
    "DU": "deleted by us",
    "AA": "both added",
    "UU": "both modified",
}
_SHORT_ID = 9


@dataclass(frozen=True, slots=True)
class Change:
    """A path that differs; ``staged`` and ``unstaged`` are git's letters, ``.`` for no difference."""

    path: str
    staged: str = "."
    unstaged: str = "."
    original: str = ""
    """What it was renamed or copied from."""
    is_submodule: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    """What ``git status`` says; paths are relative to the workspace."""

    commit: str
    """The commit checked out; empty where there is none yet."""
    branch: str
    """Empty where HEAD is detached."""
    upstream: str
    ahead: int
    behind: int
    operation: str
    """The operation in progress, such as ``merge``; empty if there is none."""
    changes: tuple[Change, ...]
    conflicts: tuple[Change, ...]
    untracked: tuple[str, ...]
    """Folders, and repositories within the repository, end with a slash."""

    @property
    def place(self) -> str:
        """The branch, in words."""
        return f"on branch {shown_path(self.branch)}" if self.branch else "HEAD is detached"

    @property
    def where(self) -> str:
        """The branch and its commit, in words."""
        at = f" at {self.commit[:_SHORT_ID]}" if self.commit else ", no commits yet"
        return self.place + at

    @property
    def staged(self) -> tuple[Change, ...]:
        """What the next commit would hold."""
        return tuple(change for change in self.changes if change.staged != ".")

    @property
    def unstaged(self) -> tuple[Change, ...]:
        """Tracked files that differ from what is staged."""
        return tuple(change for change in self.changes if change.unstaged != ".")


async def read_status(git: Git, pathspec: Sequence[str], *, untracked: str = "normal") -> Status:
    """Read the state of what ``pathspec`` names; ``untracked`` is ``no``, ``normal`` or ``all``.

    Raises :class:`GitError` where HEAD can't be read, which git takes for no commits yet.
    """
    data = await git.output(
        (
            "status",
            "--porcelain=v2",
            "-z",
            "--branch",
            "--ahead-behind",
            "--renames",
            "--ignore-submodules=dirty",
            f"--untracked-files={untracked}",
            *pathspec,
        )
    )
    repository = git.repository
    prefix = "" if repository.is_whole else f"{repository.workspace.relative_to(repository.top)}/"
    status = _parse(data, prefix, repository.operation)
    if not status.commit:
        await is_unborn(git)
    return status


def _parse(data: bytes, prefix: str, operation: str) -> Status:
    header: dict[str, str] = {}
    changes: list[Change] = []
    conflicts: list[Change] = []
    untracked: list[str] = []
    records = iter(data.split(b"\0"))
    for record in records:
        text = os.fsdecode(without_warnings(record))
        kind = text[:1]
        if kind == "#":
            key, _, value = text[2:].partition(" ")
            header[key] = value
        elif kind == "?":
            untracked.append(_inside(text[2:], prefix))
        elif kind == "1":
            _, letters, submodule, *_, path = text.split(" ", 8)
            changes.append(
                Change(_inside(path, prefix), letters[0], letters[1], is_submodule=submodule != "N...")
            )
        elif kind == "2":
            _, letters, submodule, *_, path = text.split(" ", 9)
            original = _inside(os.fsdecode(next(records, b"")), prefix)
            changes.append(
                Change(_inside(path, prefix), letters[0], letters[1], original, submodule != "N...")
            )
        elif kind == "u":
            _, letters, submodule, *_, path = text.split(" ", 10)
            conflicts.append(
                Change(_inside(path, prefix), letters[0], letters[1], is_submodule=submodule != "N...")
            )
    commit, branch = header.get("branch.oid", ""), header.get("branch.head", "")
    ahead, _, behind = header.get("branch.ab", "+0 -0").partition(" ")
    return Status(
        commit="" if commit.startswith("(") else commit,
        branch="" if branch.startswith("(") else branch,
        upstream=header.get("branch.upstream", ""),
        ahead=abs(int(ahead)),
        behind=abs(int(behind)),
        operation=operation,
        changes=tuple(changes),
        conflicts=tuple(conflicts),
        untracked=tuple(untracked),
    )


def _inside(path: str, prefix: str) -> str:
    """``path``, which git gives from the top of the working tree, from the workspace."""
    return path.removeprefix(prefix) or "./" if path.startswith(prefix) else os.path.relpath(path, prefix)


def status_lines(status: Status) -> list[str]:
    """A status as lines, one a path under each heading."""
    lines = [status.where + _compared(status)]
    if status.operation:
        lines.append(f"a {status.operation} is under way")
    groups = (
        (
            "conflicts",
            [_change_line(change, CONFLICTS[change.staged + change.unstaged]) for change in status.conflicts],
        ),
        (
            "staged",
            [_change_line(change, _CHANGES.get(change.staged, change.staged)) for change in status.staged],
        ),
        (
            "not staged",
            [
                _change_line(change, _CHANGES.get(change.unstaged, change.unstaged))
                for change in status.unstaged
            ],
        ),
        ("untracked", [f"  {shown_path(path)}" for path in status.untracked]),
    )
    for heading, entries in groups:
        if entries:
            lines += [f"{heading} ({len(entries):,}):", *entries]
    if len(lines) == 1 and not any(entries for _, entries in groups):
        lines.append("nothing to commit, the working tree is clean")
    return lines


def _compared(status: Status) -> str:
    if not status.upstream:
        return ""
    parts = [
        f"{number:,} {word}"
        for number, word in ((status.ahead, "ahead of"), (status.behind, "behind"))
        if number
    ]
    upstream = shown_path(status.upstream)
    return f", {' and '.join(parts)} {upstream}" if parts else f", level with {upstream}"


def _change_line(change: Change, word: str) -> str:
    name = shown_path(change.path)
    if change.original and word in ("renamed", "copied"):
        name = f"{shown_path(change.original)} → {name}"
    return f"  {word}: {name}{' (submodule)' if change.is_submodule else ''}"


def summary_of(status: Status) -> str:
    """A status in one short line for people."""
    parts = [
        count(len(items), noun, noun)
        for items, noun in (
            (status.conflicts, "in conflict"),
            (status.staged, "staged"),
            (status.unstaged, "not staged"),
            (status.untracked, "untracked"),
        )
        if items
    ]
    return f"{status.where}: {', '.join(parts) or 'clean'}"
