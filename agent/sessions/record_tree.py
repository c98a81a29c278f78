"""A session's records read one after the other, so that a log of any length takes little memory.

Each record has an id (``n``), its place in the file, and its parent's: a session is a tree, and what it goes
on from is the way from its head to its newest record. Records of before ids were written follow each other.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from seedsmith.agent.sessions.session_lookup import DamagedSession, head_of

Record = dict[str, Any]

LONGEST_RECORD = 96 << 20
"""Bytes; a longer line is damage."""
_BUFFER = 1 << 20
BETWEEN_TURNS = frozenset({"usage", "compaction", "verify", "resumed", "finished"})
"""Kinds of records that come behind all an answer's calls led to."""
_PARENT = re.compile(rb'"parent":(\d+)\}\n?\Z')
_PARENT_BYTES = 40


class Log:
    """The records in the file at ``path``; it may be iterated again, while it is written, too.

    To look at a session (``mends``), a damaged line is a record of the kind ``damaged``. Nothing goes on from
    it: then whole records behind a damaged line are refused.
    """

    def __init__(self, path: Path, *, mends: bool = False) -> None:
        self.path = path
        self._mends = mends
        self._turns = 0
        self._ended = 0
        """After so many answers what followed was over, too."""
        self.count = 0
        """Whole records met so far."""
        self.end = 0
        """Where they end in the file."""
        self.newest = -1
        """The id of the last one."""

    def __iter__(self) -> Iterator[Record]:
        """All whole records in the order they were written; what is torn at the end is left out.

        Raises :class:`DamagedSession` where whole records stand behind a damaged line, and for a head that
        is none also :class:`seedsmith.agent.sessions.session_lookup.NewerSession`.
        """
        self.count = self.end = self._turns = self._ended = 0
        skipped: list[int] = []
        with self._open() as file:
            while line := file.readline(LONGEST_RECORD):
                if self.count == 0:
                    record: Record | None = head_of(line, self.path)
                else:
                    record = self._placed(_record(line), self.count + len(skipped))
                if record is None:
                    if not self._mends:
                        self._refuse_records_after(file)
                        return
                    skipped.append(len(line))
                    continue
                for length in skipped:
                    self._count(length)
                    yield {"kind": "damaged", "n": self.newest, "parent": self.newest - 1}
                skipped.clear()
                self._count(len(line))
                self._follow(record)
                yield record
        if self.count == 0:
            head_of(b"", self.path)

    def active(self) -> Iterator[Record]:
        """The records from the head to the newest one: what the session goes on from."""
        return (record for record, is_active in self.marked() if is_active)

    def marked(self) -> Iterator[tuple[Record, bool]]:
        """All records, each with whether it is one of :meth:`active` or stands on a branch that was left."""
        parents = self._parents()
        if all(parent == number - 1 for number, parent in enumerate(parents)):
            yield from ((record, True) for record in self)
            return
        for _ in self:
            pass
        chosen = on_the_way(parents[: self.count])
        for number, record in enumerate(self):
            yield record, bool(chosen[number])

    def _count(self, length: int) -> None:
        self.newest = self.count
        self.count += 1
        self.end += length

    def _follow(self, record: Record) -> None:
        """Know which answer is the last that a fork could end with."""
        if record.get("kind") in BETWEEN_TURNS:
            self._ended = self._turns
        elif _is_answer(record):
            self._ended = self._turns
            self._turns += 1

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

    def _placed(self, record: Record | None, number: int) -> Record | None:
        if record is None:
            return None
        parent = record.get("parent", number - 1)
        if not isinstance(parent, int) or not 0 <= parent < number:
            return None
        record["n"], record["parent"] = number, parent
        return record

    def _refuse_records_after(self, file: BinaryIO) -> None:
        while line := file.readline(LONGEST_RECORD):
            if _record(line) is not None:
                message = f"Line {self.count + 1} of {self.path} is damaged."
                if self._ended:
                    fork = f"seedsmith sessions fork {self.path.parent.name} {self._ended}"
                    message += f" What is before it can be gone on with: {fork}"
                raise DamagedSession(message)


def on_the_way(parents: array[int]) -> bytearray:
    """For each record 1 where it is the newest one or something that leads to it, by the records' parents."""
    chosen = bytearray(len(parents))
    at = len(parents) - 1
    while at >= 0:
        chosen[at] = 1
        at = parents[at]
    return chosen


def _is_answer(record: Record) -> bool:
    item = record.get("item")
    return record.get("kind") == "item" and isinstance(item, dict) and item.get("role") == "assistant"


@cache
def _parser() -> Callable[[bytes], Any]:
    """A parser three times as quick as ``json``'s, imported when records are read."""
    from pydantic_core import from_json

    return from_json


def _record(line: bytes) -> Record | None:
    """The record a line holds; None where it is torn or damaged."""
    if not line.endswith(b"\n"):
        return None
    try:
        value = _parser()(line)
    except ValueError:  # it is stricter: halves of pairs of surrogates, deep nesting
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None
