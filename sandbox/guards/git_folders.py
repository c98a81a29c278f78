"""Where a workspace's git metadata lies: ``.git`` folders, files that point elsewhere, bare repositories."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator
from pathlib import Path

DOT_GIT = ".git"
_MOST_FOLDERS = 400
"""Folders looked at, nearest first; looking costs about 10 µs each."""
_POINTER_BYTES = 16384
_SKIPPED = frozenset(("node_modules", "__pycache__", ".venv", "venv", ".tox", "target"))
_BARE_MARKS = ("HEAD", "objects", "refs")


def walk_folders(root: Path, most: int = _MOST_FOLDERS) -> Iterator[tuple[str, frozenset[str], int]]:
    """Yield ``(folder, names in it, modification time)`` breadth first, at most ``most`` of them.

    Links are not followed; git's own folders and those of dependencies are not entered.
    """
    waiting = deque([os.fspath(root)])
    seen = 0
    while waiting and seen < most:
        folder = waiting.popleft()
        seen += 1
        try:
            changed = os.stat(folder, follow_symlinks=False).st_mtime_ns  # noqa: PTH116
            with os.scandir(folder) as entries:
                children = list(entries)
        except OSError:
            continue
        yield folder, frozenset(entry.name for entry in children), changed
        for entry in children:
            if is_entered(entry.name) and entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)


def is_entered(name: str) -> bool:
    """Whether a folder of that name is looked into."""
    return name != DOT_GIT and name not in _SKIPPED


def is_folder(path: str) -> bool:
    """Whether there is a folder at ``path`` itself, not by a link."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def is_bare_repository(names: frozenset[str]) -> bool:
    """Whether a folder with these names in it is what git takes for a repository of its own."""
    return all(mark in names for mark in _BARE_MARKS)


def find_git_entries(root: Path) -> tuple[Path, ...]:
    """Every ``.git`` (folder, file or link) in the nearest folders below ``root``, the root's own first."""
    return tuple(Path(folder, DOT_GIT) for folder, names, _ in walk_folders(root) if DOT_GIT in names)


def linked_folders(entry: Path) -> tuple[Path, Path] | None:
    """The folder a ``.git`` file stands for (worktree, submodule), and the one it shares with others.

    The two differ for a linked worktree only. A repository nobody trusts may point anywhere, so a folder
    counts only if it points back at ``entry``; None for any other.
    """
    pointer = _first_line(entry) if os.path.isfile(entry) and not entry.is_symlink() else ""
    if not pointer.startswith("gitdir:"):
        return None
    folder = Path(os.path.realpath(entry.parent / pointer.removeprefix("gitdir:").strip()))
    if not os.path.isfile(folder / "HEAD") or not _points_back(folder, entry):
        return None
    # Git's own layout, .git/worktrees/NAME; what a ``commondir`` file says beyond that is not believed.
    if folder.parent.name == "worktrees" and os.path.isfile(folder / "commondir"):
        return folder, folder.parent.parent
    return folder, folder


def metadata_folders(entry: Path) -> tuple[Path, ...]:
    """The outermost folder a ``.git`` file stands for, see :func:`linked_folders`; none where it is none."""
    found = linked_folders(entry)
    return () if found is None else (found[1],)


def shared_folder(folder: Path) -> Path:
    """Where git itself would look for the branches and objects of ``folder``: as its ``commondir`` says."""
    said = _first_line(folder / "commondir")
    return Path(os.path.realpath(folder / said)) if said else folder


def alternates(folder: Path) -> tuple[Path, ...]:
    """Where a repository takes objects from besides its own metadata ``folder`` (``git clone --shared``)."""
    objects = folder / "objects"
    lines = start_of(objects / "info/alternates").splitlines()
    return tuple(Path(os.path.normpath(objects / line)) for line in lines if line and line[0] != "#")


def is_plain_path(root: Path, path: Path) -> bool:
    """Whether no component of ``path`` below ``root`` is a link, so that binding it stays inside."""
    current = root
    for part in path.relative_to(root).parts:
        current = current / part
        if current.is_symlink():
            return False
    return True


def _points_back(folder: Path, entry: Path) -> bool:
    worktree = _first_line(folder / "gitdir")
    if worktree:
        return os.path.realpath(folder / worktree) == os.path.realpath(entry)
    for line in start_of(folder / "config").splitlines():
        key, _, value = line.partition("=")
        if key.strip().lower() == "worktree":
            return os.path.realpath(folder / value.strip().strip('"')) == os.path.realpath(entry.parent)
    return False


def _first_line(file: Path) -> str:
    return start_of(file).partition("\n")[0]


def start_of(file: Path, most: int = _POINTER_BYTES) -> str:
    """The first ``most`` bytes of a regular file; empty for anything else, so that no FIFO makes us wait."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        return os.fsdecode(os.read(descriptor, most))
    except OSError:
        return ""
    finally:
        os.close(descriptor)
