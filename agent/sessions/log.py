"""A session's records read one after the other, so that a log of any length takes little memory.

Each record has an id (``n``), its place in the file, and its parent's: a session is a tree, and what it goes
on from is the way from its head to its newest record. Records of before ids were written follow each other.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from seedsmith.agent.sessions.find import DamagedSession, head_of

Record = dict[str, Any]

LONGEST_RECORD = 96 << 20
"""Bytes; a longer line is damage."""
_BUFFER = 1 << 20
_PARENT = re.compile(rb'"parent":(\d+)\}\n?\Z')
_PARENT_BYTES = 40


class Log:
    """The records in the file at ``path``; it may be iterated again, while it is written, too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        """Whole records met so far."""
        self.end = 0
        """Where they end in the file."""
        self.newest = -1
        """The id of the last one."""

    def __iter__(self) -> Iterator[Record]:
        """All whole records in the order they were written; what is torn at the end is left out.

        Raises :class:`DamagedSession` where whole records stand behind a damaged line, and for a head that
        is none also :class:`seedsmith.agent.sessions.find.NewerSession`.
        """
        self.count = self.end = 0
        with self._open() as file:
            while line := file.readline(LONGEST_RECORD):
                if self.count == 0:
                    record: Record | None = head_of(line, self.path)
                else:
                    record = self._placed(_record(line))
                if record is None:
                    self._refuse_records_after(file)
                    return
                self.newest = self.count
                self.count += 1
                self.end += len(line)
                yield record
        if self.count == 0:
            head_of(b"", self.path)

    def active(self) -> Iterator[Record]:
        """The records from the head to the newest one: what the session goes on from."""
        parents = self._parents()
        if all(parent == number - 1 for number, parent in enumerate(parents)):
            yield from self
            return
        for _ in self:
            pass
        chosen = bytearray(self.count)
        at = self.newest
        while at >= 0:
            chosen[at] = 1
            at = parents[at]
        for number, record in enumerate(self):
            if chosen[number]:
                yield record

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb", buffering=_BUFFER)
        except OSError as error:
            raise DamagedSession(f"Can't read {self.path}: {error.strerror}.") from error

    def _parents(self) -> array[int]:
        """The parent of each line, told without reading the whole of it; -1 for the head."""
        parents = array("q")
        with self._open() as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_RECORD), b"")):
                found = _PARENT.search(line[-_PARENT_BYTES:]) if number else None
                parents.append(min(int(found[1]), number - 1) if found else number - 1)
        return parents

    def _placed(self, record: Record | None) -> Record | None:
        if record is None:
            return None
        parent = record.get("parent", self.count - 1)
        if not isinstance(parent, int) or not 0 <= parent < self.count:
            return None
        return record | {"n": self.count, "parent": parent}

    def _refuse_records_after(self, file: BinaryIO) -> None:
        while line := file.readline(LONGEST_RECORD):
            if _record(line) is not None:
                raise DamagedSession(f"Line {self.count + 1} of {self.path} is damaged.")


def _record(line: bytes) -> Record | None:
    """The record a line holds; None where it is torn or damaged."""
    try:
        value = json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
