"""Watch over git's configuration and hooks, which run programs outside the sandbox (``sandbox.md`` §2).

Where ``.git`` is read-only this only reports repositories that appeared. In the weaker tier ``.git`` lies
open inside the writable workspace, so what git would execute or obey is compared and put back after each
command. All of it happens when no process of the command is left, and other commands are held still.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox.git_folders import (
    DOT_GIT,
    is_bare_repository,
    metadata_folders,
    walk_folders,
)

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
_MOST_BYTES = 1 << 20
_MOST_MODULES = 32
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What changes whenever a file does; the change time can't be set back."""

    inode: int
    size: int
    changed_ns: int
    mode: int


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file as it was: its bytes, or a link's target; None for one that wasn't there."""

    stamp: _Stamp | None
    content: bytes | None
    is_link: bool = False


class GitGuard:
    """Remembers a workspace's git metadata; see :meth:`capture`."""

    def __init__(self, root: Path, *, restores: bool) -> None:
        self._root = root
        self.restores = restores
        """Whether it puts changes back rather than only reporting."""
        self._told_lost: set[Path] = set()
        self._files: dict[Path, _Kept] = {}
        self._entries: dict[Path, int] = {}
        self._repositories: set[str] = set()
        self._folders: dict[str, tuple[int, int]] = {}

    @classmethod
    def capture(cls, root: Path, *, restores: bool = True) -> GitGuard:
        """Remember what lies below ``root`` now; with ``restores`` off changes are only reported."""
        guard = cls(root, restores=restores)
        guard._look_at(walk_folders(root))
        guard.refresh()
        return guard

    def refresh(self) -> None:
        """Accept what changed since the last command: the user's own doing. Cheap where nothing did."""
        self._entries = {entry: os.lstat(entry).st_ino for entry in self._known_entries()}
        self._told_lost.clear()
        if not self.restores:
            return
        for path in self._obeyed_files():
            kept = self._files.get(path)
            if kept is None or kept.stamp != _stamp_of(path):
                self._files[path] = _keep(path)

    def restore(self) -> list[str]:
        """Put back what a command changed; returns sentences on that, and on repositories that appeared."""
        notes = self._report_lost()
        if self.restores:
            restored = [path for path in self._changed_files() if self._put_back(path)]
            if restored:
                names = _listed(os.fspath(path.relative_to(self._root)) for path in restored)
                notes.append(f"The command's changes to git's own files were undone: {names}.")
        appeared = self._look_at(self._changed_folders())
        if appeared:
            names = _listed(os.path.relpath(folder, self._root) for folder in appeared)
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

    def _changed_files(self) -> list[Path]:
        candidates = dict.fromkeys([*self._files, *self._obeyed_files()])
        changed = []
        for path in candidates:
            kept = self._files.get(path, _Kept(None, None))
            if self._lost(path):
                continue
            stamp = _stamp_of(path)
            if stamp == kept.stamp:
                continue
            if (
                stamp is not None
                and stat.S_ISDIR(stamp.mode)
                and kept.stamp is not None
                and stat.S_ISDIR(kept.stamp.mode)
            ):
                continue  # A folder's own stamp changes with its entries, which are compared one by one.
            now = _keep(path)
            same = (now.content, now.is_link) == (kept.content, kept.is_link)
            if same and (now.stamp is None) == (kept.stamp is None) and _mode(now) == _mode(kept):
                self._files[path] = now
                continue
            changed.append(path)
        return changed

    def _lost(self, path: Path) -> bool:
        """Whether the ``.git`` folder that ``path`` was in is gone: nothing to put it back into."""
        for parent in path.parents:
            if parent.name == DOT_GIT and parent in self._entries:
                return _inode(parent) != self._entries[parent]
        return False

    def _report_lost(self) -> list[str]:
        gone = {
            entry
            for entry, inode in self._entries.items()
            if _inode(entry) != inode and not (self.restores and entry in self._files)
        }
        lost = [os.fspath(entry.relative_to(self._root)) for entry in gone - self._told_lost]
        self._told_lost |= gone
        return [f"The command removed or replaced {_listed(lost)}."] if lost else []

    def _put_back(self, path: Path) -> bool:
        """Write ``path`` as it was; False where it can't be."""
        kept = self._files.get(path, _Kept(None, None))
        if kept.stamp is not None and kept.content is None and not stat.S_ISDIR(kept.stamp.mode):
            return False  # Too large to have been kept.
        try:
            self._make_plain(path.parent)
            _remove(path)
            if kept.stamp is None:
                pass
            elif stat.S_ISDIR(kept.stamp.mode):
                path.mkdir()
            elif kept.is_link:
                path.symlink_to(os.fsdecode(kept.content or b""))
            else:
                _write(path, kept.content or b"", kept.stamp.mode)
        except OSError:
            return False
        self._files[path] = _keep(path)
        return True

    def _make_plain(self, folder: Path) -> None:
        """Replace links on the way to ``folder`` by folders, or writing would go wherever they lead."""
        current = self._root
        for part in folder.relative_to(self._root).parts:
            current = current / part
            if current.is_symlink() or (os.path.lexists(current) and not os.path.isdir(current)):
                current.unlink()
            current.mkdir(exist_ok=True)

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


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    rest = len(shown) - _MOST_NAMED
    return ", ".join(shown[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _folder_stamp(folder: str) -> tuple[int, int]:
    status = os.lstat(folder)
    return status.st_mtime_ns, status.st_nlink


def _inode(path: Path) -> int:
    try:
        return os.lstat(path).st_ino
    except OSError:
        return -1


def _stamp_of(path: Path) -> _Stamp | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return _Stamp(status.st_ino, status.st_size, status.st_ctime_ns, status.st_mode)


def _mode(kept: _Kept) -> int:
    return kept.stamp.mode if kept.stamp else 0


def _keep(path: Path) -> _Kept:
    stamp = _stamp_of(path)
    if stamp is None:
        return _Kept(None, None)
    content: bytes | None = None
    with suppress(OSError):
        if stat.S_ISLNK(stamp.mode):
            content = os.fsencode(path.readlink())
        elif stat.S_ISREG(stamp.mode) and stamp.size <= _MOST_BYTES:
            content = path.read_bytes()
    return _Kept(stamp, content, stat.S_ISLNK(stamp.mode))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), stat.S_IMODE(mode))
