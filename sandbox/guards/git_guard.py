"""Watch over git's configuration and hooks, which run programs outside the sandbox.

See docs/sandbox.md, "Commands" and "Git".
Where ``.git`` is read-only this only reports repositories that appeared. In the weaker tier ``.git`` lies
open inside the writable workspace, so what git would execute or obey is compared and put back after each
command. All of it happens when no process of the command is left, and other commands are held still.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from seedsmith.sandbox.guards.git_folders import (
    DOT_GIT,
    is_bare_repository,
    metadata_folders,
    walk_folders,
)
from seedsmith.sandbox.guards.kept_files import KeptFiles, Save, listed

_OBEYED_FILES = (
    "config",
    "config.worktree",
    "commondir",
    "gitdir",
    "info/attributes",
    "info/exclude",
    "info/grafts",
    "objects/info/alternates",
)
_MOST_HOOKS = 64
_MOST_MODULES = 32


class GitGuard:
    """Remembers a workspace's git metadata; see :meth:`capture`."""

    def __init__(self, root: Path, *, restores: bool, save: Save | None = None) -> None:
        self._root = root
        self.restores = restores
        """Whether it puts changes back rather than only reporting."""
        self._told_lost: set[Path] = set()
        self._kept = KeptFiles(root, self._obeyed_files, save)
        self._entries: dict[Path, int] = {}
        self._repositories: set[str] = set()
        self._folders: dict[str, tuple[int, int]] = {}

    @classmethod
    def capture(cls, root: Path, *, restores: bool = True, save: Save | None = None) -> GitGuard:
        """Remember what lies below ``root`` now; with ``restores`` off changes are only reported.

        ``save`` keeps what is undone, see :class:`KeptFiles`.
        """
        guard = cls(root, restores=restores, save=save)
        guard._look_at(walk_folders(root))
        guard.refresh()
        return guard

    def refresh(self) -> None:
        """Accept what changed since the last command: the user's own doing. Cheap where nothing did."""
        self._entries = {entry: os.lstat(entry).st_ino for entry in self._known_entries()}
        self._told_lost.clear()
        if self.restores:
            self._kept.remember()

    def is_harmed(self) -> bool:
        """Whether there is something to put back."""
        return self.restores and not all(map(self._is_lost, self._kept.changed()))

    def restore(self) -> list[str]:
        """Put back what a command changed; returns sentences on that, and what :meth:`report` does."""
        notes = []
        if self.restores:
            restored, _ = self._kept.put_back(self._is_lost)
            if restored:
                notes.append(f"The command's changes to git's own files were undone: {listed(restored)}.")
        return notes + self.report()

    def report(self) -> list[str]:
        """Sentences on repositories that are gone, and on those that appeared, each told once."""
        notes = self._report_lost()
        appeared = self._look_at(self._changed_folders())
        if appeared:
            names = listed(os.path.relpath(folder, self._root) for folder in appeared)
            notes.append(f"New git repositories appeared, whose settings nobody has vetted: {names}.")
        return notes

    def _known_entries(self) -> Iterator[Path]:
        known = {Path(folder) / DOT_GIT for folder in self._repositories}
        return (entry for entry in sorted(known) if os.path.lexists(entry))

    def _metadata(self) -> Iterator[Path]:
        """Git's folders inside the workspace: only those a command could have written."""
        for entry in self._entries:
            if os.path.isdir(entry) and not entry.is_symlink():
                yield entry
                modules = entry / "modules"
                if os.path.isdir(modules) and not modules.is_symlink():
                    for folder, names, _ in walk_folders(modules, _MOST_MODULES):
                        if is_bare_repository(names):
                            yield Path(folder)
            for folder_path in metadata_folders(entry):
                if self._root in folder_path.parents:
                    yield folder_path

    def _obeyed_files(self) -> Iterator[Path]:
        for entry in self._entries:
            if os.path.isfile(entry) or entry.is_symlink():
                yield entry
        for folder in self._metadata():
            for name in _OBEYED_FILES:
                yield folder / name
            hooks = folder / "hooks"
            yield hooks
            with suppress(OSError):
                yield from sorted(hooks.iterdir())[:_MOST_HOOKS]

    def _is_lost(self, path: Path) -> bool:
        """Whether the ``.git`` folder that ``path`` was in is gone: nothing to put it back into."""
        for parent in path.parents:
            if parent.name == DOT_GIT and parent in self._entries:
                return _inode(parent) != self._entries[parent]
        return False

    def _report_lost(self) -> list[str]:
        gone = {
            entry
            for entry, inode in self._entries.items()
            if _inode(entry) != inode and not (self.restores and entry in self._kept)
        }
        lost = [os.fspath(entry.relative_to(self._root)) for entry in gone - self._told_lost]
        self._told_lost |= gone
        return [f"The command removed or replaced {listed(lost)}."] if lost else []

    def _look_at(self, folders: Iterable[tuple[str, frozenset[str], int]]) -> list[str]:
        """Remember ``folders``; returns those that hold a repository nobody knew of."""
        found = []
        for folder, names, _ in folders:
            with suppress(OSError):
                self._folders[folder] = _folder_stamp(folder)
            if (DOT_GIT in names or is_bare_repository(names)) and folder not in self._repositories:
                self._repositories.add(folder)
                found.append(folder)
        return found

    def _changed_folders(self) -> Iterator[tuple[str, frozenset[str], int]]:
        """The folders whose entries changed since they were looked at, and new ones below them."""
        for folder, stamp in list(self._folders.items()):
            try:
                now = _folder_stamp(folder)
            except OSError:
                del self._folders[folder]
                continue
            if now == stamp:
                continue
            for below, names, changed in walk_folders(Path(folder)):
                if below == folder or below not in self._folders:
                    yield below, names, changed


def _folder_stamp(folder: str) -> tuple[int, int]:
    status = os.lstat(folder)
    return status.st_mtime_ns, status.st_nlink


def _inode(path: Path) -> int:
    try:
        return os.lstat(path).st_ino
    except OSError:
        return -1
