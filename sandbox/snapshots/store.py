"""Snapshots of one workspace: all its files at several times, kept once each outside it.

Tracked, untracked and ignored files count alike, with permissions, links, empty folders and the files of
repositories inside; git is not asked, so a folder without it is no other. The store holds what the files
hold, secrets too: it is its owner's alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock

from seedsmith.sandbox.atomic_file import write_atomically
from seedsmith.sandbox.errors import SnapshotError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.changes import Changes, changes
from seedsmith.sandbox.snapshots.listing import list_files
from seedsmith.sandbox.snapshots.manifest_rows import (
    Difference,
    Row,
    decode,
    differences,
    names_below,
    row_at,
)
from seedsmith.sandbox.snapshots.objects import ObjectStore
from seedsmith.sandbox.snapshots.old_baseline import INDEX, baseline_root
from seedsmith.sandbox.snapshots.restore import put_back
from seedsmith.sandbox.snapshots.workspace_scan import LeftOut, Watcher
from seedsmith.sandbox.workspace.workspace import Workspace

SnapshotId = str
FOLDER = "snapshots"
"""Where in the state folder the stores of all workspaces lie."""
MOST_SNAPSHOTS = 1000
MOST_BYTES = 2 << 30
OLDEST_SECONDS = 30 * 86400.0
"""More snapshots, a larger store and older ones are dropped, the oldest first."""
_SHARE_WORTH_WRITING = 0.25
_TOLD_MOST = 1000
_ID = re.compile(r"[0-9]{8}-[0-9]{9}-[0-9a-f]{6}")
_MEMORY = "seen.jsonl"
_LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One recorded state."""

    id: SnapshotId
    time: float
    """When it was complete, in seconds since the epoch."""
    label: str
    root: str
    """The name under which the store keeps the rows of the workspace's top folder."""
    inode: int
    """Of the workspace's folder: another one is another folder, whatever it is called."""
    ignored: str | None = None
    """The name of the list of files that did not count; None where nobody asked."""
    left_out: tuple[LeftOut, ...] = ()
    beside: tuple[str, ...] = ()
    """The names of what else was to be kept with it."""
    caches: tuple[str, ...] = ()
    """The names of folders that were left out besides the well-known caches."""


def _opened(lock: Path) -> int:
    """The file of the store's lock, made where there is none; on a read-only disk it can be held, too."""
    try:
        return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return os.open(lock, os.O_RDONLY | os.O_CLOEXEC)


def _share(lock: int) -> bool:
    """Take a share of the open ``lock``; returns whether somebody has one already."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        others = False
    except BlockingIOError:
        others = True
    except OSError:  # some disks have no such lock for what can't be written
        others = False
    fcntl.flock(lock, fcntl.LOCK_SH)
    return others


class SnapshotStore:
    """The snapshots of ``workspace`` below the state folder ``home``; safe to use from several threads."""

    def __init__(
        self, home: Path, workspace: Workspace, ripgrep: str | None = None, caches: Iterable[str] = ()
    ) -> None:
        """``ripgrep`` is the path of ``rg``, None to tell ignored files without it (then none are).

        Folders that are called as one of ``caches`` are left out. Raises OSError.
        """
        self.caches = tuple(sorted(set(caches)))
        self.folder = store_folder(home, workspace.root)
        self._workspace = workspace
        self._ripgrep = ripgrep
        self._objects = ObjectStore(self.folder)
        self._snapshots = self.folder / FOLDER
        self._snapshots.mkdir(mode=0o700, exist_ok=True)
        self._watcher = Watcher(workspace, self._objects, self.folder / _MEMORY)
        self._last: Snapshot | None = None
        self._one_at_a_time = Lock()
        if not (self.folder / "workspace").exists():
            write_atomically(self.folder / "workspace", os.fsencode(f"{workspace.root}\n"))
        self._lock = _opened(self.folder / _LOCK)
        self.is_shared = _share(self._lock)
        """Whether somebody else used it, too, when it was opened."""

    def close(self) -> None:
        """Remember what was seen, for the next process; the store can't be used afterwards."""
        if self._lock < 0:
            return
        try:
            with suppress(OSError):  # then all is looked at anew the next time
                self._watcher.save()
        except OSError:
            with suppress(OSError):  # as on a read-only disk, where it is as it was
                (self.folder / _MEMORY).unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = -1

    def take(self, label: str = "", *, whole: bool = False, beside: Sequence[bytes] = ()) -> SnapshotId:
        """Record the workspace as it is, and return the snapshot's id: the last one's where nothing changed.

        ``whole`` records which files are ignored, too: what :meth:`compare` needs of both its snapshots.
        ``beside`` is kept along with it. Raises OSError where the disk refuses.
        """
        with self._one_at_a_time:
            counted = list_files(self._workspace, self._ripgrep) if whole else None
            look = self._watcher.look(counted, self.caches)
            ignored = None
            if counted is not None:
                ignored = self._objects.add(_listing(self._watcher.uncounted(counted)))
            kept = tuple(self._objects.add(content) for content in beside)
            self._objects.flush()
            found = Snapshot(
                id=_new_id(),
                time=time.time(),
                label=label,
                root=look.root,
                inode=self._workspace.stat(".").inode,
                ignored=ignored,
                left_out=tuple(look.left_out[:_TOLD_MOST]),
                beside=kept,
                caches=self.caches,
            )
            last = self._last
            if last is not None and _says_no_more(found, last):
                return last.id
            self._write(found)
            self._last = found
            return found.id

    def complete(self, snapshot: SnapshotId) -> None:
        """Record which files are ignored for one that was not taken ``whole``, and remember what was seen.

        Only for the newest, while the workspace is still as it was then. Raises OSError.
        """
        with self._one_at_a_time:
            taken = self.snapshot(snapshot)
            if taken.ignored is None:
                counted = list_files(self._workspace, self._ripgrep)
                ignored = self._objects.add(_listing(self._watcher.uncounted(counted)))
                self._objects.flush()
                self._last = replace(taken, ignored=ignored)
                self._write(self._last)
            with suppress(OSError):  # then all is looked at anew the next time
                self._watcher.save()

    def take_over(self, folder: Path, now: SnapshotId) -> SnapshotId | None:
        """Make a snapshot of the baseline that an older program kept in a session's ``folder``, if it did.

        ``now`` is a present snapshot, taken ``whole``. Raises OSError, and :class:`SnapshotError` where the
        baseline is damaged.
        """
        if not (folder / INDEX).exists():
            return None
        present = self.snapshot(now)
        ignored = frozenset(self._ignored(present.ignored))
        rows = self.manifest(now)
        with self._one_at_a_time:
            try:
                root = baseline_root(folder, rows, ignored, self.read, self._objects.add)
            except (ValueError, KeyError, TypeError) as error:
                raise SnapshotError(f"{folder / INDEX} is damaged: {type(error).__name__}.") from error
            self._objects.flush()
            taken = replace(present, id=_new_id(), label="the session began", root=root, left_out=())
            self._write(taken)
        return taken.id

    def snapshot(self, snapshot: SnapshotId) -> Snapshot:
        """What is recorded under an id; raises :class:`SnapshotError`."""
        if self._last is not None and self._last.id == snapshot:
            return self._last
        path = self._snapshots / f"{snapshot}.json"
        try:
            if not _ID.fullmatch(snapshot):
                raise FileNotFoundError
            document = json.loads(path.read_bytes())
            left_out = tuple(LeftOut(*each) for each in document["left_out"])
            lists = {name: tuple(document.get(name, ())) for name in ("beside", "caches")}
            lists["left_out"] = left_out
            return Snapshot(**document | lists)
        except FileNotFoundError:
            raise SnapshotError(
                f"The snapshot {snapshot} is not kept any more under {self._snapshots}."
            ) from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SnapshotError(f"{path} is damaged: {type(error).__name__}.") from error

    def ids(self) -> list[SnapshotId]:
        """All that are kept, oldest first."""
        return sorted(path.stem for path in self._snapshots.glob("*.json") if _ID.fullmatch(path.stem))

    def manifest(self, snapshot: SnapshotId) -> dict[str, Row]:
        """Every path of a snapshot and what was there; raises :class:`SnapshotError`."""
        found: dict[str, Row] = {}
        waiting = [("", self.snapshot(snapshot).root)]
        while waiting:
            folder, kept = waiting.pop()
            for name, row in decode(self.read(kept)).items():
                path = f"{folder}/{name}" if folder else name
                found[path] = row
                if row.is_folder and row.name is not None:
                    waiting.append((path, row.name))
        return found

    def row(self, snapshot: SnapshotId, path: str) -> Row | None:
        """What was at ``path``; None for nothing."""
        return row_at(self.read, self.snapshot(snapshot).root, path)

    def differences(self, old: SnapshotId, new: SnapshotId) -> Iterator[Difference]:
        """Everything that differs between two snapshots, folders and ignored files included."""
        return differences(self.read, self.snapshot(old).root, self.snapshot(new).root)

    def compare(self, old: SnapshotId, new: SnapshotId, like: SnapshotId | None = None) -> Changes:
        """What changed from ``old`` to ``new`` of the files that count, both taken ``whole``.

        Where ``new`` was not, ``like`` says which files count.
        """
        before, now = (frozenset(self._ignored(self.snapshot(each).ignored)) for each in (old, like or new))
        return changes(self.differences(old, new), self.read, before, now)

    def restore(self, wanted: Iterable[Difference]) -> tuple[str, ...]:
        """Make each path what its ``old`` row says (its ``new`` one is there now).

        Returns a sentence for each that can't be.
        """
        return put_back(self._workspace, self.read, wanted)

    def read(self, name: str) -> bytes:
        """The content kept under a row's name; raises :class:`SnapshotError` where the store is damaged."""
        return self._objects.read(name)

    def prune_old(self, keep: Collection[SnapshotId] = ()) -> int:
        """Drop what is too old, too many or too large in all, but for ``keep``; how many snapshots went."""
        ids = self.ids()
        oldest = time.strftime("%Y%m%d-%H%M%S", time.gmtime(time.time() - OLDEST_SECONDS))
        dropped = {each for each in ids if each < oldest} | set(ids[:-MOST_SNAPSHOTS])
        if self._objects.size > MOST_BYTES:
            dropped.update(ids[: len(ids) // 2])
        dropped.difference_update(keep)
        return self.prune(set(ids) - dropped, least=_SHARE_WORTH_WRITING) if dropped else 0

    def prune(self, keep: Collection[SnapshotId], *, least: float = 0.0) -> int:
        """Drop all snapshots but ``keep`` and what only they held; how many went.

        The disk is left as it is where only the share ``least`` of all objects would go. Does nothing where
        another process uses the store.
        """
        gone = [each for each in self.ids() if each not in keep]
        with self._one_at_a_time:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return 0
            try:
                for each in gone:
                    (self._snapshots / f"{each}.json").unlink(missing_ok=True)
                needed: set[str] = set()
                for each in self.ids():
                    try:
                        kept = self.snapshot(each)
                        names_below(self.read, kept.root, needed)
                        needed.update(filter(None, (kept.ignored, *kept.beside)))
                    except SnapshotError:  # damaged: nobody can go back to it
                        (self._snapshots / f"{each}.json").unlink(missing_ok=True)
                self._watcher.forget()
                self._last = None
                self._objects.keep_only(needed, least=least)
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_SH)
        return len(gone)

    def _write(self, taken: Snapshot) -> None:
        document_fields = asdict(taken)
        if not taken.caches:  # older programs know no such field
            del document_fields["caches"]
        document = json.dumps(document_fields, separators=(",", ":"))
        write_atomically(self._snapshots / f"{taken.id}.json", document.encode("ascii"))

    def _ignored(self, name: str | None) -> list[str]:
        return [] if name is None else list(json.loads(self.read(name)))


def _says_no_more(found: Snapshot, last: Snapshot) -> bool:
    """Whether ``last`` holds all that ``found`` does."""
    return (
        found.root == last.root
        and found.ignored in (None, last.ignored)
        and found.beside == last.beside[: len(found.beside)]
    )


def store_folder(home: Path, workspace: Path) -> Path:
    """Where the snapshots of a workspace lie."""
    key = hashlib.blake2b(os.fsencode(workspace), digest_size=8).hexdigest()
    return home / FOLDER / key


def _listing(paths: Iterable[str]) -> bytes:
    return json.dumps(sorted(paths), separators=(",", ":")).encode("ascii")


def _new_id() -> SnapshotId:
    now = time.time()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{stamp}{int(now * 1000) % 1000:03d}-{secrets.token_hex(3)}"
