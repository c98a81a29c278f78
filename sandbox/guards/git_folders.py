"""Where a workspace's git metadata lies: ``.git`` folders, files that point elsewhere, bare repositories."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from seedsmith.sandbox.real_path import real_path
from seedsmith.sandbox.workspace.protected import is_repository

DOT_GIT = ".git"
_MOST_FOLDERS = 400
"""Folders looked at, nearest first; looking costs about 10 µs each."""
_MOST_READ_ONLY = 24
"""So many repositories are shown read-only; each costs a launch about 0.1 ms. All are compared afterwards."""
_POINTER_BYTES = 16384
_LOOKED_AT_LAST = frozenset(("node_modules", "__pycache__", ".venv", "venv", ".tox", "target"))
_STORES = frozenset(("objects", "refs", "logs", "modules"))
"""Of git's own folders those that hold many others."""
_GITDIR = "gitdir: "


Looked = tuple[str, frozenset[str], int]
"""A folder, the names in it, and the time of its last change."""


def walk_folders(
    root: Path, most: int | None = _MOST_FOLDERS, *, into_git: bool = False, but: str = ""
) -> Iterator[Looked]:
    """Yield the folders from ``root`` down breadth first, at most ``most`` of them.

    Links are not followed, the folder ``but`` is not entered, git's own only where ``into_git`` says so; what
    those store and folders of dependencies come after all others. What can't be read has no names, time 0.
    """
    waiting, last = deque([os.fspath(root)]), deque[str]()
    seen = 0
    while (waiting or last) and (most is None or seen < most):
        folder = waiting.popleft() if waiting else last.popleft()
        seen += 1
        try:
            changed = os.stat(folder, follow_symlinks=False).st_ctime_ns  # noqa: PTH116
            with os.scandir(folder) as entries:
                children = list(entries)
        except OSError:
            if is_folder(folder):
                yield folder, frozenset(), 0
            continue
        names = frozenset(entry.name for entry in children)
        yield folder, names, changed
        late = _LOOKED_AT_LAST | _STORES if is_bare_repository(names) else _LOOKED_AT_LAST
        for entry in children:
            if not entry.is_dir(follow_symlinks=False) or (entry.name == DOT_GIT and not into_git):
                continue
            if entry.path != but:
                (last if entry.name in late else waiting).append(entry.path)


def is_entered(name: str) -> bool:
    """Whether a folder of that name is looked into."""
    return name != DOT_GIT and name not in _LOOKED_AT_LAST


def is_folder(path: str) -> bool:
    """Whether there is a folder at ``path`` itself, not by a link."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def is_bare_repository(names: frozenset[str]) -> bool:
    """Whether a folder with these names in it is what git takes for a repository of its own."""
    return is_repository(names.__contains__)


def find_git_entries(root: Path) -> tuple[Path, ...]:
    """Every ``.git`` (folder, file or link) in the nearest folders below ``root``, the root's own first."""
    return git_entries_in(walk_folders(root))


def git_entries_in(folders: Iterable[Looked]) -> tuple[Path, ...]:
    """Every ``.git`` (folder, file or link) in ``folders``."""
    return tuple(Path(folder, DOT_GIT) for folder, names, _ in folders if DOT_GIT in names)


def obeyed_folders(entry: Path, root: Path) -> tuple[Path, ...]:
    """The real folders inside ``root`` whose settings git obeys for the repository at ``entry``.

    Never ``root`` itself or what holds it. See :func:`followed`.
    """
    return tuple(each for each in followed(entry) if root in each.parents)


def followed(entry: Path) -> tuple[Path, ...]:
    """The real folders whose settings git obeys for the ``.git`` or bare repository at ``entry``.

    It is followed as git does, where it is a file or a link and to the folder it shares with others, whether
    that points back or not, and whether git would take it for a repository at this moment or not.
    """
    folder = real_path(entry)
    if os.path.isfile(folder):
        named = _named_by(folder)
        if named is None:
            return ()
        folder = named
    return tuple(dict.fromkeys((folder, shared_folder(folder))))


def read_only_paths(entries: Iterable[Path], root: Path) -> tuple[Path, ...]:
    """What of the repositories at ``entries`` to show read-only in the workspace ``root``, nearest first.

    The entries, the folders whose settings git obeys for them, and those outside that belong to them. What
    is reached through a link is there by its real place.
    """
    chosen = sorted((entry for entry in entries if entry.name == DOT_GIT), key=lambda entry: len(entry.parts))
    paths = dict.fromkeys(
        path
        for entry in chosen[:_MOST_READ_ONLY]
        for path in (*obeyed_folders(entry, root), *metadata_folders(entry), entry)
    )
    return tuple(path for path in paths if os.path.exists(path) and _is_real_below(root, path))


def _is_real_below(root: Path, path: Path) -> bool:
    return root not in path.parents or is_plain_path(root, path)


def linked_folders(entry: Path) -> tuple[Path, Path] | None:
    """The folder a ``.git`` file stands for (worktree, submodule), and the one it shares with others.

    The two differ for a linked worktree only. A repository nobody trusts may point anywhere, so a folder
    counts only if it points back at ``entry``; None for any other.
    """
    folder = _named_by(entry) if os.path.isfile(entry) and not os.path.islink(entry) else None
    if folder is None or not os.path.isfile(folder / "HEAD") or not _points_back(folder, entry):
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
    said = pointer_in(folder / "commondir")
    return real_path(folder / said) if said else folder


def alternates(folder: Path) -> tuple[Path, ...]:
    """Where a repository takes objects from besides its own metadata ``folder`` (``git clone --shared``)."""
    objects = folder / "objects"
    lines = start_of(objects / "info/alternates").splitlines()
    return tuple(Path(os.path.normpath(objects / line)) for line in lines if line and line[0] != "#")


def is_plain_path(root: Path, path: Path) -> bool:
    """Whether no component of ``path`` below ``root`` is a link, so that binding it stays inside."""
    current = os.fspath(root)
    for part in path.relative_to(root).parts:
        current = f"{current}/{part}"
        if os.path.islink(current):
            return False
    return True


def _points_back(folder: Path, entry: Path) -> bool:
    worktree = pointer_in(folder / "gitdir")
    if worktree:
        return real_path(folder / worktree) == real_path(entry)
    for line in start_of(folder / "config").replace("\0", "").splitlines():
        key, _, value = line.partition("=")
        if key.strip().lower() == "worktree":
            return real_path(folder / value.strip().strip('"')) == real_path(entry.parent)
    return False


def _named_by(file: Path) -> Path | None:
    """The folder that a ``.git`` file names; None where it names none."""
    pointer = pointer_in(file)
    if not pointer.startswith(_GITDIR):
        return None
    return real_path(file.parent / pointer.removeprefix(_GITDIR))


def pointer_in(file: Path) -> str:
    """The path in one of git's files that hold one, read as git does: spaces and line ends in it count."""
    return start_of(file).partition("\0")[0].rstrip("\r\n")


def is_pointer_whole(file: Path) -> bool:
    """Whether :func:`pointer_in` saw all of it; git reads on."""
    return len(start_of(file)) < _POINTER_BYTES


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
