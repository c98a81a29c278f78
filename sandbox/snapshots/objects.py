"""Contents kept once each, in a bare git repository of our own.

GitPython's object database writes and reads it: no git runs, no configuration is read. What was kept is found
by the name git gives it, so ``git --git-dir STORE cat-file blob NAME`` shows it, too.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import zlib
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from threading import RLock
from typing import Any

from seedsmith.sandbox.atomic_file import write_atomically
from seedsmith.sandbox.errors import SnapshotError

_LOOSE_MOST = 100
"""So many objects at once are files of their own; more become one pack."""
_WAITING_BYTES = 32 << 20
_WAITING_MOST = 8192
_CONFIGURATION = b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n[gc]\n\tauto = 0\n"


def blob_name(content: bytes) -> str:
    """The name git gives a file of this content."""
    found = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    found.update(content)
    return found.hexdigest()


class ObjectStore:
    """The repository in ``folder``, made where there is none; used from one thread at a time or several."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._objects = folder / "objects"
        self._packs = self._objects / "pack"
        self._packs.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) != 0o700:
            folder.chmod(0o700)
        if not (folder / "HEAD").exists():
            (folder / "refs").mkdir(exist_ok=True)
            write_atomically(folder / "config", _CONFIGURATION)
            write_atomically(folder / "HEAD", b"ref: refs/heads/none\n")
        self._lock = RLock()
        self._waiting: dict[str, bytes] = {}
        self._waiting_bytes = 0
        self._databases: tuple[Any, Any] | None = None
        self._is_new = not any(self._packs.iterdir()) and len(list(self._objects.iterdir())) == 1

    def add(self, content: bytes) -> str:
        """Keep ``content`` and return its name; it is on the disk after :meth:`flush`."""
        name = blob_name(content)
        with self._lock:
            if name in self._waiting or (not self._is_new and self._has(name)):
                return name
            self._waiting[name] = content
            self._waiting_bytes += len(content)
            if self._waiting_bytes > _WAITING_BYTES or len(self._waiting) > _WAITING_MOST:
                self.flush()
        return name

    def read(self, name: str) -> bytes:
        """The content of that name; raises :class:`SnapshotError`."""
        from gitdb.exc import BadObject, ODBError

        with self._lock:
            if name in self._waiting:
                return self._waiting[name]
            binary = bytes.fromhex(name)
            loose, packed = self._open()
            for database in (loose, packed, None):
                if database is None:  # another process may have packed it meanwhile
                    packed.update_cache(force=True)
                    database = packed
                with suppress(BadObject, ODBError, OSError, ValueError, zlib.error):
                    return bytes(database.stream(binary).read())
        raise SnapshotError(f"What is kept in {self.folder} is damaged: {name} is missing.")

    def flush(self) -> None:
        """Write what waits; raises OSError, and then it waits still."""
        with self._lock:
            if len(self._waiting) > _LOOSE_MOST:
                self._write_pack(self._waiting.items(), len(self._waiting))
            else:
                for content in self._waiting.values():
                    self._write_loose(content)
            self._is_new = self._is_new and not self._waiting
            self._waiting.clear()
            self._waiting_bytes = 0

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(path.stat().st_size for path in self._objects.rglob("*") if path.is_file())

    def keep_only(self, names: Iterable[str], *, least: float = 0.0) -> int:
        """Drop everything but ``names``; returns how many objects went. Nobody else may use the store.

        What is kept has to be written anew: where no more than the share ``least`` would go, nothing is done.
        """
        with self._lock:
            self.flush()
            loose, packed = self._open()
            packed.update_cache(force=True)
            present = {sha.hex() for database in (loose, packed) for sha in database.sha_iter()}
            kept = present.intersection(names)
            going = len(present) - len(kept)
            if going <= least * len(present) and len(list(self._packs.glob("*.pack"))) < _LOOSE_MOST:
                return 0
            old = [path for path in self._objects.rglob("*") if path.is_file()]
            written: set[str] = set()
            batch: dict[str, bytes] = {}
            size = 0
            for name in sorted(kept):
                batch[name] = self.read(name)
                size += len(batch[name])
                if size > _WAITING_BYTES:
                    written.add(self._write_pack(batch.items(), len(batch)))
                    batch, size = {}, 0
            if batch:
                written.add(self._write_pack(batch.items(), len(batch)))
            for path in old:
                if path.stem not in written:
                    path.unlink(missing_ok=True)
            self._databases = None
            return going

    def _has(self, name: str) -> bool:
        loose, packed = self._open()
        binary = bytes.fromhex(name)
        return bool(loose.has_object(binary) or packed.has_object(binary))

    def _open(self) -> tuple[Any, Any]:
        if self._databases is None:
            from gitdb.db.loose import LooseObjectDB
            from gitdb.db.pack import PackedDB

            self._databases = LooseObjectDB(str(self._objects)), PackedDB(str(self._packs))
            self._databases[1].update_cache(force=True)
        return self._databases

    def _write_loose(self, content: bytes) -> None:
        from gitdb.base import IStream

        self._open()[0].store(IStream(b"blob", len(content), BytesIO(content)))

    def _write_pack(self, objects: Iterable[tuple[str, bytes]], count: int) -> str:
        """Write a pack and its index, which is there first, and return their name without the ending."""
        from gitdb.base import OStream
        from gitdb.pack import PackEntity

        stamp = secrets.token_hex(8)
        pack, index = self._packs / f"tmp_{stamp}.pack", self._packs / f"tmp_{stamp}.idx"
        streams = (
            OStream(bytes.fromhex(name), b"blob", len(content), BytesIO(content)) for name, content in objects
        )
        try:
            with pack.open("xb") as into, index.open("xb") as listing:
                name, _ = PackEntity.write_pack(streams, into.write, listing.write, count, 1)
                for file in (into, listing):
                    file.flush()
                    os.fsync(file.fileno())
            called = f"pack-{name.hex()}"
            index.replace(self._packs / f"{called}.idx")
            pack.replace(self._packs / f"{called}.pack")
        finally:
            for path in (pack, index):
                path.unlink(missing_ok=True)
        if self._databases is not None:
            self._databases[1].update_cache(force=True)
        return called
