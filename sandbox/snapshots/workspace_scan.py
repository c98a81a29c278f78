"""Looking at a whole workspace: every file, link and folder, and what has changed since the last look.

Folders are opened one below the other, so that no link leads out. What ``stat`` says is remembered; a file
it says nothing new of is not read again.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import field
from pathlib import Path
from typing import NamedTuple

from seedsmith.sandbox.atomic_file import write_atomically
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.listing import CACHE_FOLDERS, CACHE_SUFFIX
from seedsmith.sandbox.snapshots.manifest_rows import Row, Rows, encode
from seedsmith.sandbox.snapshots.objects import ObjectStore, blob_name
from seedsmith.sandbox.snapshots.seen_folders import (
    READ_AGAIN,
    Listed,
    Seen,
    SeenFolder,
    listed,
    load,
    row_of,
    written,
)
from seedsmith.sandbox.workspace.open_beneath import SAFE_OPEN_FLAGS
from seedsmith.sandbox.workspace.workspace import Workspace

KEPT_FILE_BYTES = 16 << 20
"""Content of files up to this size is kept."""
KEPT_TOTAL_BYTES = 512 << 20
"""So much content is kept in all, of ignored files half of it."""
DIGESTED_FILE_BYTES = 64 << 20
"""Of what is left out a digest is taken up to this size; of larger files only what ``stat`` says."""
DIGESTED_TOTAL_BYTES = 1 << 30
RECORDED_FILES = 200_000
"""Files beyond this number are left out: no change to them is seen."""
_DEEPEST = 200
_FEW_LINES = 20
_RACY_NANOSECONDS = 2_000_000_000
"""A file changed this shortly before it was looked at may change again within the clock's grain."""
_CHUNK_BYTES = 1 << 20
_GIT = ".git"
_CACHE_TAG = "CACHEDIR.TAG"
"""A file by which tools mark folders that hold nothing but what can be made again."""
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | SAFE_OPEN_FLAGS


class LeftOut(NamedTuple):
    """What a snapshot does not hold."""

    path: str
    size: int | None
    """None for a folder, which nobody counted."""
    why: str


@dataclass(slots=True)
class Look:
    """What one look found."""

    root: str = ""
    """The name under which the workspace's rows are kept."""
    files: int = 0
    left_out: list[LeftOut] = field(default_factory=list)


class Watcher:
    """Looks at one workspace again and again; what it knows is kept in ``memory`` between processes."""

    def __init__(self, workspace: Workspace, store: ObjectStore, memory: Path) -> None:
        self._workspace = workspace
        self._store = store
        self._memory = memory
        self._known: dict[str, SeenFolder] = load(memory)
        self._saved = dict(self._known)
        """What ``memory`` says, line by line; a later line of a folder takes the place of an earlier one."""
        self._lines = len(self._known)

    def look(self, counted: Collection[str] | None = None, caches: Iterable[str] = ()) -> Look:
        """Record the workspace as it is now; ``counted`` are the files that are not ignored, if known.

        Folders that are called as one of ``caches`` are left out, besides the well-known ones.
        """
        visit = _Visit(self._store, self._known, counted, self._workspace.state)
        visit.caches = CACHE_FOLDERS.union(caches)
        descriptor = self._workspace.open_folder(".")
        try:
            visit.found.root = visit.folder(descriptor, "", 0).kept
        finally:
            os.close(descriptor)
        self._store.flush()
        self._known = visit.now
        visit.found.left_out.sort()
        return visit.found

    def uncounted(self, counted: Collection[str]) -> Iterator[str]:
        """The recorded files that are not among ``counted``, nor links beside one of them or above."""
        leading = _leading(counted)
        for folder, known in self._known.items():
            leads = not folder or folder in leading
            links = known.links if leads else ()
            for name in known.names:
                path = f"{folder}/{name}" if folder else name
                if path not in counted and name not in links:
                    yield path

    def forget(self) -> None:
        """Read everything again at the next look: what was kept of it may be gone."""
        self._known, self._saved, self._lines = {}, {}, 0
        self._memory.unlink(missing_ok=True)

    def save(self) -> None:
        """Keep what is known for the next process; raises OSError.

        The lines of a few folders are put behind the others: all of a large workspace would take long.
        """
        news = [path for path, folder in self._known.items() if self._saved.get(path) is not folder]
        gone = self._saved.keys() - self._known.keys()
        if not news and not gone:
            return
        if self._saved and not gone and 2 * (self._lines + len(news)) <= 3 * len(self._known) + _FEW_LINES:
            with self._memory.open("r+b") as lines:
                lines.seek(0, os.SEEK_END)
                lines.write(written(self._known[path] for path in news))
            self._lines += len(news)
        else:
            write_atomically(self._memory, written(self._known.values()))
            self._memory.with_suffix(".json").unlink(missing_ok=True)  # an older program's
            self._lines = len(self._known)
        self._saved = dict(self._known)


class _Visit:
    """One look under way."""

    def __init__(
        self,
        store: ObjectStore,
        known: dict[str, SeenFolder],
        counted: Collection[str] | None,
        skipped: str | None,
    ) -> None:
        self.found = Look()
        self.now: dict[str, SeenFolder] = {}
        self._store = store
        self._known = known
        self._counted = counted
        self._leading = _leading(counted) if counted is not None else None
        self._skipped = skipped
        self.caches = CACHE_FOLDERS
        self._kept_bytes = 0
        self._kept_ignored = 0
        self._digested = 0
        self._fresh_since = time.time_ns() - _RACY_NANOSECONDS

    def folder(self, descriptor: int, path: str, depth: int) -> SeenFolder:
        """Look at the open folder ``path`` and all below it."""
        known = self._known.get(path)
        now = listed(descriptor)
        same = known is not None and known.digest == now.digest and self._counts(known)
        files = None if same else self._files(descriptor, path, now, known)
        inner: Rows = {}
        for name, found in now.folders:
            self._inner(descriptor, f"{path}/{name}" if path else name, found, depth, inner)
        if known is None or not same or known.folders != inner:
            if files is None:
                files = known.files if known is not None else None
            if files is None:  # what was kept of them is damaged
                files = self._files(descriptor, path, now, None)
            known = self._seen(path, files, inner, now.digest)
        self.now[path] = known
        return known

    def _seen(self, path: str, files: dict[str, Seen], inner: Rows, digest: str) -> SeenFolder:
        """The folder as it is; the object that is known where that is the same."""
        known = self._known.get(path)
        rows = encode(inner | {name: row_of(seen) for name, seen in files.items()})
        same = known is not None and blob_name(rows) == known.kept
        kept = known.kept if known is not None and same else self._store.add(rows)
        seen = SeenFolder.of(path, kept, files, inner, digest)
        return known if known is not None and known.line == seen.line else seen

    def _counts(self, known: SeenFolder) -> bool:
        """Count the files of a folder in which none differs; False where there are too many."""
        if self.found.files + known.recorded > RECORDED_FILES:
            return False
        self.found.files += known.recorded
        self._kept_bytes += known.size
        return True

    def _files(self, folder: int, path: str, now: Listed, known: SeenFolder | None) -> dict[str, Seen]:
        """Look at each of the files of an open folder."""
        before = (known.files if known is not None else None) or {}
        files: dict[str, Seen] = {}
        for name, found in now.files:
            mode = found.st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)) or name.endswith(CACHE_SUFFIX):
                continue
            if path or name != _GIT:
                inside = f"{path}/{name}" if path else name
                seen = self._file(folder, inside, found, before.get(name))
                if seen is not None:
                    files[name] = seen
        return files

    def _inner(self, outer: int, path: str, found: os.stat_result, depth: int, rows: Rows) -> None:
        name = path.rpartition("/")[2]
        if path in (_GIT, self._skipped):
            return
        if name in self.caches:
            self.found.left_out.append(LeftOut(path, None, "a cache"))
            return
        try:
            descriptor = os.open(name, _FOLDER_FLAGS, dir_fd=outer)
        except OSError:
            self.found.left_out.append(LeftOut(path, None, "it can't be read"))
            rows[name] = Row(found.st_mode, 0, None)
            return
        try:
            if depth >= _DEEPEST:
                self.found.left_out.append(LeftOut(path, None, "it lies too deep"))
            elif self._is_tagged_cache(descriptor, path):
                self.found.left_out.append(LeftOut(path, None, "a cache"))
            else:
                rows[name] = Row(found.st_mode, 0, self.folder(descriptor, path, depth + 1).kept)
        finally:
            os.close(descriptor)

    def _is_tagged_cache(self, descriptor: int, path: str) -> bool:
        """Whether a tool marked the folder as a cache, and nothing in it counts or was kept."""
        if path in self._known or (self._leading is not None and path in self._leading):
            return False
        try:
            return stat.S_ISREG(os.stat(_CACHE_TAG, dir_fd=descriptor, follow_symlinks=False).st_mode)
        except OSError:
            return False

    def _file(self, folder: int, path: str, found: os.stat_result, before: Seen | None) -> Seen | None:
        self.found.files += 1
        if self.found.files > RECORDED_FILES:
            self.found.left_out.append(LeftOut(path, found.st_size, "there are too many files"))
            return None
        stamp = (found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        known = None if before is None else row_of(before)
        if before is not None and known is not None and before[: len(stamp)] == stamp:
            if known.name is None:
                self._tell(path, known)
            else:
                self._kept_bytes += found.st_size
            return before
        fresh = found.st_ctime_ns >= self._fresh_since
        row = self._row(folder, path, found, known=known is not None and known.name is not None)
        return (*(READ_AGAIN if fresh else stamp), *row)

    def _row(self, folder: int, path: str, found: os.stat_result, *, known: bool) -> Row:
        name, size = path.rpartition("/")[2], found.st_size
        try:
            if self._has_room(path, size, known=known):
                content = _read(folder, name, found)
                return Row(found.st_mode, len(content), self._store.add(content))
            row = Row(found.st_mode, size, None, self._digest(folder, name, found))
        except OSError:
            row = Row(found.st_mode, size, None, f"t{found.st_mtime_ns}")
        self._tell(path, row)
        return row

    def _tell(self, path: str, row: Row) -> None:
        large = row.size > KEPT_FILE_BYTES
        why = "it is too large" if large else "it can't be read, or all that is kept would be too large"
        self.found.left_out.append(LeftOut(path, row.size, why))

    def _has_room(self, path: str, size: int, *, known: bool) -> bool:
        ignored = self._counted is not None and path not in self._counted
        if size > KEPT_FILE_BYTES or (not known and self._kept_bytes + size > KEPT_TOTAL_BYTES):
            return False
        if ignored and not known and self._kept_ignored + size > KEPT_TOTAL_BYTES // 2:
            return False
        self._kept_bytes += size
        self._kept_ignored += size if ignored else 0
        return True

    def _digest(self, folder: int, name: str, found: os.stat_result) -> str:
        size = found.st_size
        if size > DIGESTED_FILE_BYTES or self._digested + size > DIGESTED_TOTAL_BYTES:
            return f"t{found.st_mtime_ns}"
        self._digested += size
        digest = hashlib.blake2b(digest_size=16)
        with os.fdopen(_open(folder, name), "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
        return digest.hexdigest()


def _leading(paths: Collection[str]) -> frozenset[str]:
    """The folders that lead to ``paths``."""
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return frozenset(folders)


def _open(folder: int, name: str) -> int:
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | SAFE_OPEN_FLAGS, dir_fd=folder)


def _read(folder: int, name: str, found: os.stat_result) -> bytes:
    if stat.S_ISLNK(found.st_mode):
        return os.fsencode(os.readlink(name, dir_fd=folder))
    descriptor = _open(folder, name)
    try:
        content = os.read(descriptor, found.st_size + 1)
        while len(content) < found.st_size and (more := os.read(descriptor, _CHUNK_BYTES)):
            content += more
        return content
    finally:
        os.close(descriptor)
