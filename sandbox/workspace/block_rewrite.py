"""Large files read and rewritten block by block: what stays of them is copied, never held in memory.

Memory is what costs: taking 50 MB into fresh memory takes some ten times as long as looking through them
in blocks that fit the processor's cache.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType

from seedsmith.sandbox.errors import ChangedOnDisk
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.paths import shown

BLOCK_BYTES = 256 << 10
_FILE_CLOCK = 5
"""``CLOCK_REALTIME_COARSE`` of Linux, which files' times are taken from; Python has no name for it."""
_COARSE_NANOSECONDS = 2_000_000_000
"""Some file systems (FAT, old NFS) keep times in steps of up to two seconds."""


def settle(descriptor: int) -> os.stat_result | None:
    """Stat an open file such that any later write to it shows in its times; None where that can't be had.

    A write within the same tick of the clock as the one before leaves the times as they are: this waits
    for the tick to pass, some milliseconds at most.
    """
    found = os.fstat(descriptor)
    age = time.clock_gettime_ns(_FILE_CLOCK) - found.st_mtime_ns
    if found.st_mtime_ns % 10**9 == 0 and age < _COARSE_NANOSECONDS:
        return None
    if age <= 0:
        tick = time.clock_getres(_FILE_CLOCK)
        if age < -tick * 10**9:  # a time in the future: the clock says nothing about it
            return None
        time.sleep(1.5 * tick)
        if time.clock_gettime_ns(_FILE_CLOCK) <= found.st_mtime_ns:
            return None
    return found if same_file(found, os.fstat(descriptor)) else None


def same_file(first: os.stat_result | None, second: os.stat_result | None) -> bool:
    """Whether both tell of one file in one state, or both of none."""
    if first is None or second is None:
        return first is second
    return (first.st_ino, first.st_size, first.st_mtime_ns, first.st_ctime_ns) == (
        second.st_ino,
        second.st_size,
        second.st_mtime_ns,
        second.st_ctime_ns,
    )


@dataclass(frozen=True, slots=True)
class SteadyFile:
    """A regular file open for reading, and what ``stat`` said of it then: a later change can be told.

    Whoever opened it closes it, best by ``with``.
    """

    path: str
    descriptor: int
    found: os.stat_result

    def __enter__(self) -> SteadyFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)

    @property
    def size(self) -> int:
        """In bytes."""
        return self.found.st_size

    def duplicate(self) -> SteadyFile:
        """Return the same open file for another to close."""
        return replace(self, descriptor=os.dup(self.descriptor))

    def is_unwritten(self) -> bool:
        """Whether nobody has written to the file since it was opened, whatever became of its name."""
        now = os.fstat(self.descriptor)
        return (now.st_size, now.st_mtime_ns) == (self.size, self.found.st_mtime_ns)

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` up to ``end`` or the file's end.

        Raises :class:`ChangedOnDisk` if the file has become shorter.
        """
        wanted = min(end, self.size) - start
        data = os.pread(self.descriptor, wanted, start) if wanted > 0 else b""
        while len(data) < wanted:
            more = os.pread(self.descriptor, wanted - len(data), start + len(data))
            if not more:
                raise changed(self.path)
            data += more
        return data


@dataclass(frozen=True, slots=True)
class Stretch:
    """The bytes of a file from ``start`` up to ``end``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Splice:
    """A file's new content: stretches of its present one with other bytes between them."""

    source: SteadyFile
    parts: tuple[bytes | Stretch, ...]

    def blocks(self) -> Iterator[bytes]:
        """Yield the content in order; raises :class:`ChangedOnDisk` if the source has become shorter."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
                continue
            for start in range(part.start, part.end, BLOCK_BYTES):
                yield self.source.read(start, min(start + BLOCK_BYTES, part.end))


def changed(path: str) -> ChangedOnDisk:
    """Return the error for a file that is not as it was read."""
    return ChangedOnDisk(f"{shown(path)} has changed since it was last read; read it again before writing.")
