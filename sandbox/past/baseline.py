"""What the workspace was when the session began, so that the end can say what changed, whoever changed it.

The file tools, shell commands and their children all count: nothing is tracked, both ends are compared.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from seedsmith.sandbox.errors import PathError
from seedsmith.sandbox.past.baseline_index import Entry, Index, Signature, load_index, save_index
from seedsmith.sandbox.past.diff import LINK_MODE, Version, file_patch
from seedsmith.sandbox.past.listing import is_left_out, list_files
from seedsmith.sandbox.workspace.paths import path_errors, shown
from seedsmith.sandbox.workspace.replace import replace_file
from seedsmith.sandbox.workspace.system import SAFE_OPEN_FLAGS
from seedsmith.sandbox.workspace.workspace import Workspace

KEPT_FILE_BYTES = 1 << 20
"""Content of files up to this size is kept."""
KEPT_TOTAL_BYTES = 256 << 20
DIGESTED_FILE_BYTES = 64 << 20
"""Of larger files a digest is taken, up to this size; of still larger ones only what ``stat`` says."""
DIGESTED_TOTAL_BYTES = 1 << 30
RECORDED_FILES = 200_000
"""Files beyond this number are known by name only: no change to them is seen."""
PATCH_BYTES = 16 << 20
"""The final diff leaves out further files once it is this long."""
_RACY_NANOSECONDS = 2_000_000_000
"""A file changed this shortly before it was recorded may change again within the clock's grain."""
_CHUNK_BYTES = 1 << 20
_INDEX = "baseline.json"


@dataclass(frozen=True, slots=True)
class Changes:
    """How the workspace differs from its baseline; paths are relative to it and sorted."""

    added: tuple[str, ...]
    modified: tuple[str, ...]
    deleted: tuple[str, ...]
    patch: bytes
    """A git-style patch with the files' exact bytes; ``git apply`` takes it where no file is binary."""
    left_out: tuple[str, ...]
    """Changed files whose content the patch does not show: too large, or the patch is long enough."""

    @property
    def files_changed(self) -> tuple[str, ...]:
        """All changed files."""
        return tuple(sorted((*self.added, *self.modified, *self.deleted)))

    @property
    def diff(self) -> str:
        """The patch as text; bytes that are not UTF-8 are shown as ``\\xNN``."""
        return self.patch.decode("utf-8", "backslashreplace")


class _Difference(NamedTuple):
    path: str
    old: Version | None
    new: Version | None


class _Visit(NamedTuple):
    """A file or link met on the disk: its path, and the open folder and name by which to read it."""

    path: str
    folder: int
    name: str
    found: os.stat_result


class _Pack:
    """The kept contents, one after the other in one file; ``add`` collects small writes."""

    def __init__(self, folder: Path, *, new: bool) -> None:
        path = folder / "baseline.pack"
        if new:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
        creation = os.O_CREAT | os.O_EXCL if new else 0
        self._descriptor = os.open(path, os.O_RDWR | creation | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self.size = 0
        self._file = os.fdopen(self._descriptor, "wb", buffering=_CHUNK_BYTES)

    def add(self, content: bytes) -> int:
        offset = self.size
        self._file.write(content)
        self.size += len(content)
        return offset

    def flush(self) -> None:
        self._file.flush()

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, offset)

    def close(self) -> None:
        self._file.close()


class Baseline:
    """The recorded state of a workspace; made by :meth:`take` or :meth:`load`, then used from any thread."""

    def __init__(self, workspace: Workspace, pack: _Pack, ripgrep: str | None) -> None:
        self._workspace = workspace
        self._ripgrep = ripgrep
        self._pack = pack
        self._entries: dict[str, Entry] = {}
        self._unrecorded: frozenset[str] = frozenset()
        self._digest_budget = DIGESTED_TOTAL_BYTES
        self._taken_ns = 0

    @classmethod
    def take(cls, workspace: Workspace, store_folder: Path, ripgrep: str | None) -> Baseline:
        """Record the files of ``workspace`` that its ``.gitignore`` does not ignore.

        Contents go to one private file in ``store_folder``. ``ripgrep`` is the path of ``rg``, None to list
        without it. Must be complete before anything is written.
        """
        index = store_folder / _INDEX
        index.unlink(missing_ok=True)
        baseline = cls(workspace, _Pack(store_folder, new=True), ripgrep)
        listed = list_files(workspace, ripgrep)
        recorded = set(sorted(listed)[:RECORDED_FILES]) if len(listed) > RECORDED_FILES else listed
        baseline._unrecorded = frozenset(list_files(workspace, ripgrep, ignored=True) - recorded)
        baseline._taken_ns = time.time_ns()
        for visit in _visits(workspace, recorded):
            baseline._entries[visit.path] = baseline._record(visit)
        baseline._pack.flush()
        save_index(index, Index(baseline._taken_ns, baseline._unrecorded, baseline._entries))
        return baseline

    @classmethod
    def load(cls, workspace: Workspace, store_folder: Path, ripgrep: str | None) -> Baseline | None:
        """The baseline an earlier process took into ``store_folder``; None if it never completed it."""
        index = load_index(store_folder / _INDEX)
        if index is None:
            return None
        baseline = cls(workspace, _Pack(store_folder, new=False), ripgrep)
        baseline._taken_ns, baseline._unrecorded, baseline._entries = index
        return baseline

    def close(self) -> None:
        """Let go of the kept contents; the baseline can't be used afterwards."""
        self._pack.close()

    def changes(self) -> Changes:
        """Compare the workspace as it is now."""
        added: list[str] = []
        modified: list[str] = []
        deleted: list[str] = []
        left_out: list[str] = []
        patches: list[tuple[str, bytes]] = []
        length = 0
        for path, old, new in self._differences(self._workspace):
            (added if old is None else deleted if new is None else modified).append(path)
            patch = file_patch(path, old, new)
            length += len(patch)
            unknown = any(version is not None and version.content is None for version in (old, new))
            if unknown or length > PATCH_BYTES:
                left_out.append(path)
            if length <= PATCH_BYTES:
                patches.append((path, patch))
        return Changes(
            tuple(sorted(added)),
            tuple(sorted(modified)),
            tuple(sorted(deleted)),
            b"".join(patch for _, patch in sorted(patches)),
            tuple(sorted(left_out)),
        )

    def restore(self, workspace: Workspace, paths: Iterable[str] | None = None) -> tuple[str, ...]:
        """Put the given files (all changed ones by default) back to what they were; delete added ones.

        Returns the paths that could not be put back: their content was too large to keep, or something is
        in the way. Files the baseline leaves out are not touched.
        """
        wanted = None if paths is None else {workspace.relative(path) for path in paths}
        differences = [
            found
            for found in self._differences(workspace, permissions=True)
            if wanted is None or found.path in wanted
        ]
        failed = []
        # What was added may stand where a file or folder has to come back.
        for path, old, _ in sorted(differences, key=lambda found: found.old is not None):
            try:
                with path_errors(path):
                    if old is None:
                        _remove(workspace, path)
                    else:
                        _put_back(workspace, path, old, stat.S_IMODE(self._entries[path].signature.mode))
            except PathError:
                failed.append(path)
        return tuple(sorted(failed))

    def _record(self, visit: _Visit) -> Entry:
        signature = _signature(visit.found)
        with suppress(OSError):
            if signature.size > KEPT_FILE_BYTES or self._pack.size + signature.size > KEPT_TOTAL_BYTES:
                return Entry(signature, None, 0, self._spend_digest(visit))
            content = _read(visit)
            return Entry(signature, self._pack.add(content), len(content), None)
        return Entry(signature, None, 0, None)

    def _spend_digest(self, visit: _Visit) -> str | None:
        size = visit.found.st_size
        if size > DIGESTED_FILE_BYTES or size > self._digest_budget:
            return None
        self._digest_budget -= size
        return _digest(visit)

    def _differences(self, workspace: Workspace, *, permissions: bool = False) -> Iterator[_Difference]:
        """Compare each file whose signature changed; new files are compared with nothing.

        With ``permissions``, files count that differ only in mode bits git does not keep.
        """
        present = set()
        names = list_files(workspace, self._ripgrep) | self._entries.keys()
        for visit in _visits(workspace, names):
            if visit.path in self._unrecorded:
                continue
            present.add(visit.path)
            entry = self._entries.get(visit.path)
            if entry is None:
                yield _Difference(visit.path, None, _present(visit))
            elif entry.signature != _signature(visit.found) or self._is_racy(entry):
                old, new = self._recorded(entry), _present(visit)
                if (
                    old.mode != new.mode
                    or _content_differs(entry, old, new, visit)
                    or (permissions and entry.signature.mode != visit.found.st_mode)
                ):
                    yield _Difference(visit.path, old, new)
        for path, entry in self._entries.items():
            if path not in present:
                yield _Difference(path, self._recorded(entry), None)

    def _is_racy(self, entry: Entry) -> bool:
        return entry.signature.changed_ns >= self._taken_ns - _RACY_NANOSECONDS

    def _recorded(self, entry: Entry) -> Version:
        content = None if entry.offset is None else self._pack.read(entry.offset, entry.length)
        return Version(_git_mode(entry.signature.mode), content)


def _visits(workspace: Workspace, paths: Set[str]) -> Iterator[_Visit]:
    """Meet each of ``paths`` that is a file or link, and the links beside them, folder by folder.

    Listings name no links, so these are looked for in every folder that holds a listed file or leads to one.
    """
    folders: dict[str, set[str]] = {"": set()}
    for path in paths:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, set()).add(name)
    for folder in list(folders):
        while folder := folder.rpartition("/")[0]:
            folders.setdefault(folder, set())
    for folder, names in sorted(folders.items()):
        try:
            descriptor = workspace.open_folder(folder or ".", follow=False)
        except PathError:
            continue
        try:
            yield from _visits_in(descriptor, folder, names)
        finally:
            os.close(descriptor)


def _visits_in(descriptor: int, folder: str, names: Set[str]) -> Iterator[_Visit]:
    with os.scandir(descriptor) as entries:
        links = {entry.name for entry in entries if entry.is_symlink() and not is_left_out(entry.name)}
    for name in sorted(names | links):
        with suppress(FileNotFoundError):
            found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode):
                yield _Visit(f"{folder}/{name}" if folder else name, descriptor, name, found)


def _signature(found: os.stat_result) -> Signature:
    return Signature(found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _git_mode(mode: int) -> int:
    if stat.S_ISLNK(mode):
        return LINK_MODE
    return 0o100755 if mode & stat.S_IXUSR else 0o100644


def _present(visit: _Visit) -> Version:
    content = None
    with suppress(OSError):
        if visit.found.st_size <= KEPT_FILE_BYTES:
            content = _read(visit)
    return Version(_git_mode(visit.found.st_mode), content)


def _content_differs(entry: Entry, old: Version, new: Version, visit: _Visit) -> bool:
    if old.content is not None and new.content is not None:
        return old.content != new.content
    before, after = entry.signature, _signature(visit.found)
    if before.size != after.size:
        return True
    if entry.digest is not None:
        with suppress(OSError):
            return entry.digest != _digest(visit)
    return before.modified_ns != after.modified_ns


def _open(visit: _Visit) -> int:
    return os.open(visit.name, os.O_RDONLY | os.O_NOFOLLOW | SAFE_OPEN_FLAGS, dir_fd=visit.folder)


def _read(visit: _Visit) -> bytes:
    if stat.S_ISLNK(visit.found.st_mode):
        return os.fsencode(os.readlink(visit.name, dir_fd=visit.folder))
    descriptor = _open(visit)
    try:
        content = os.read(descriptor, visit.found.st_size + 1)
        while len(content) < visit.found.st_size and (more := os.read(descriptor, _CHUNK_BYTES)):
            content += more
        return content
    finally:
        os.close(descriptor)


def _digest(visit: _Visit) -> str:
    found = hashlib.blake2b(digest_size=16)
    with os.fdopen(_open(visit), "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()


def _remove(workspace: Workspace, path: str) -> None:
    with workspace.locate(path) as location:
        if location.path == path and len(location.names) == 1:
            os.unlink(location.names[0], dir_fd=location.folder)


def _put_back(workspace: Workspace, path: str, old: Version, permissions: int) -> None:
    """Make ``path`` what it was; raises OSError or :class:`PathError` if that can't be done."""
    if old.content is None:
        raise PathError(f"{shown(path)} was too large to keep, so it can't be put back.")
    with workspace.locate(path) as location:
        if location.path != path:
            raise PathError(f"{shown(path)} can't be put back: a link is in the way.")
        location.make_parents()
        (name,) = location.names
        with suppress(FileNotFoundError):
            mode = os.stat(name, dir_fd=location.folder, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                os.rmdir(name, dir_fd=location.folder)
            elif not stat.S_ISREG(mode) or old.mode == LINK_MODE:
                os.unlink(name, dir_fd=location.folder)
        if old.mode == LINK_MODE:
            os.symlink(os.fsdecode(old.content), name, dir_fd=location.folder)
        else:
            replace_file(location.folder, name, path, old.content, mode=permissions)
