"""Whole outputs that were too long to show, kept on disk and read back as ``spill:ID``.

See docs/decisions.md, "Spilled output".
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import BinaryIO

from seedsmith.sandbox.errors import PathNotFound
from seedsmith.sandbox.workspace.paths import shown

DEFAULT_LIMIT_BYTES = 1 << 30
_ID = re.compile(r"s[1-9][0-9]{0,8}", re.ASCII)


MASK = b"[redacted]"


class Secrets:
    """Takes known values out of bytes that come in pieces."""

    def __init__(self, values: tuple[str, ...]) -> None:
        known = [value.encode(errors="surrogateescape") for value in values]
        self._pattern = re.compile(b"|".join(map(re.escape, known)))
        self._longest = max(map(len, known))

    def parted(self, data: bytes) -> tuple[bytes, bytes]:
        """``data`` without them, and the end of it, in which one may have begun, by itself."""
        clean = self._pattern.sub(MASK, data)
        cut = max(0, len(clean) - self._longest + 1)
        return clean[:cut], clean[cut:]


class Spill:
    """One output being written; bytes beyond the limit are counted, not kept."""

    def __init__(self, identifier: str, descriptor: int, limit_bytes: int, secrets: Secrets | None) -> None:
        self.id = identifier
        self._secrets = secrets
        self._held = b""
        self.written = 0
        """Bytes on disk."""
        self.dropped = 0
        """Bytes that came after the limit was reached, or that the disk had no room for."""
        self._descriptor = descriptor
        self._limit_bytes = limit_bytes

    def write(self, data: bytes) -> None:
        """Append ``data`` as far as there is room, without secrets; never raises for want of room."""
        if self._secrets is not None:
            data, self._held = self._secrets.parted(self._held + data)
        self._append(data)

    def _append(self, data: bytes) -> None:
        kept = memoryview(data)[: 0 if self.dropped else self._limit_bytes - self.written]
        self.dropped += len(data) - len(kept)
        while kept:
            try:
                count = os.write(self._descriptor, kept)
            except OSError:
                self.dropped += len(kept)
                return
            self.written += count
            kept = kept[count:]

    def close(self) -> None:
        """End the output; closing twice does no harm."""
        if self._descriptor >= 0:
            self._append(self._held)
            os.close(self._descriptor)
            self._descriptor = -1


class SpillStore:
    """The spills of one session in ``folder``, each at most ``limit_bytes`` long.

    Ids count on from those already there, so that a resumed session never reuses one.
    """

    def __init__(
        self, folder: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES, secrets: tuple[str, ...] = ()
    ) -> None:
        """``secrets`` stand in no output that is written; what :meth:`save` keeps is kept as it is."""
        self._folder = folder
        self._secrets = Secrets(secrets) if secrets else None
        self._limit_bytes = limit_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self, *, masked: bool = True) -> Spill:
        """Start a new spill, readable by the user alone; not ``masked`` where it is to be put back."""
        numbers = [int(spill.name[1:]) for spill in self._folder.iterdir() if _ID.fullmatch(spill.name)]
        number = max(numbers, default=0) + 1
        while True:
            identifier = f"s{number}"
            try:
                descriptor = os.open(
                    self._folder / identifier,
                    os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
                    0o600,
                )
            except FileExistsError:
                number += 1
            else:
                return Spill(identifier, descriptor, self._limit_bytes, self._secrets if masked else None)

    def save(self, data: bytes) -> str:
        """Keep ``data`` in a spill of its own; returns what it is read back by, ``spill:ID``."""
        spill = self.create(masked=False)
        try:
            spill.write(data)
        finally:
            spill.close()
        return f"spill:{spill.id}"

    def open(self, identifier: str) -> BinaryIO:
        """Open a spill for reading; raises :class:`PathNotFound` if there is none of that id."""
        if not _ID.fullmatch(identifier):
            raise _unknown(identifier)
        try:
            return os.fdopen(
                os.open(self._folder / identifier, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb"
            )
        except OSError:
            raise _unknown(identifier) from None

    def size(self, identifier: str) -> int:
        """The bytes of a spill; raises :class:`PathNotFound` if there is none of that id."""
        with self.open(identifier) as file:
            return os.fstat(file.fileno()).st_size


def _unknown(identifier: str) -> PathNotFound:
    return PathNotFound(f"There is no spilled output spill:{shown(identifier)}; use an id a result named.")
