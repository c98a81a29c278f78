"""A file joined from parts in order, that survives being killed between parts or within one."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from seedsmith.agent.models.local.weights import hash_stream
from seedsmith.sandbox.atomic_file import write_atomically

_BLOCK = 1 << 20


class PartialFile:
    """``PATH.part`` with everything joined so far; ``PATH.part.json`` says how much of it counts.

    The record is written after the part's bytes are on disk, so whatever lies beyond it was torn
    and is cut off when the join is taken up again.
    """

    def __init__(self, path: Path, identity: str) -> None:
        """``identity`` tells what is joined: a record of anything else is not taken up."""
        self.path = path
        self.joined = path.with_name(path.name + ".part")
        self._record = path.with_name(path.name + ".part.json")
        self._identity = identity
        self.parts, self.size = self._read_record()
        self._file: BinaryIO = os.fdopen(os.open(self.joined, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        if os.fstat(self._file.fileno()).st_size < self.size:
            self.parts, self.size = 0, 0
        self._file.truncate(self.size)
        self._hash: hashlib._Hash = hash_stream(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        """Of everything joined so far, in hexadecimal."""
        return self._hash.hexdigest()

    def append(self, source: BinaryIO, limit: int) -> None:
        """Join ``source`` as the next part and record it; raises :class:`OSError`.

        One byte beyond ``limit``, counted for the whole file, is enough to show that it is too long.
        """
        while block := source.read(min(_BLOCK, limit + 1 - self._file.tell())):
            self._file.write(block)
            self._hash.update(block)
        self._file.flush()
        os.fsync(self._file.fileno())
        self.parts, self.size = self.parts + 1, self._file.tell()
        self._write_record()

    def publish(self) -> None:
        """Give the joined file its own name, at once and whole."""
        self.joined.replace(self.path)
        self._record.unlink(missing_ok=True)

    def discard(self) -> None:
        """Delete what was joined."""
        self.joined.unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)

    def _read_record(self) -> tuple[int, int]:
        try:
            record = json.loads(self._record.read_text(encoding="utf-8"))
            if record["identity"] == self._identity:
                return int(record["parts"]), int(record["size"])
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return 0, 0

    def _write_record(self) -> None:
        record = {"identity": self._identity, "parts": self.parts, "size": self.size}
        write_atomically(self._record, json.dumps(record).encode())
