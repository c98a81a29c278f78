"""What a list says of a session, told from the beginning and the end of its records alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from seedsmith.agent.errors import SessionError
from seedsmith.agent.sessions.record_tree import Record
from seedsmith.agent.sessions.session_file import in_use
from seedsmith.agent.sessions.session_lookup import RECORDS, read_head, session_paths
from seedsmith.sandbox.lazy_dataclass import dataclass

_BLOCK = 32 << 10
_MOST_READ = 1 << 20
"""So much of a log's end is looked at, and one block of one that holds no totals."""
_WORK = frozenset({"resumed", "item", "intended", "done", "verify", "usage", "compaction", "session"})
"""Kinds of records that are written while a run is under way."""

RUNNING, KILLED, DAMAGED = "running", "killed", "damaged"
"""Outcomes that no run records: it goes on, it was ended from outside, its records can't be read."""


_TASK = "\nThe task:\n"
"""What stands before a helper's task in what it is told (``agent/context/prompts``)."""


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One session in few words."""

    id: str
    workspace: str
    prompt: str
    """What it was asked first; '' where that was a skill alone."""
    skill: str
    model: str
    started: float
    """Seconds since the epoch."""
    worked: float
    """When something was recorded last."""
    outcome: str
    """How its newest run ended: a status of :mod:`seedsmith.agent.sessions.outcome`, ``running``, ``killed``
    or ``damaged``."""
    turns: int | None
    """Over all its runs; None where that is not known without reading all of it."""
    tokens: int | None
    cost_cny: float | None
    """Yuan; None where no price was known."""
    cost_estimated: bool
    message: str
    """Its newest run's last words."""
    why: str = ""
    """One sentence: what is damaged."""
    forked_from: str = ""
    parent: str = ""
    """The session whose call it was made for."""

    undone: bool = False
    """Whether its newest run was taken back, and the conversation with it."""

    @property
    def asked(self) -> str:
        """What it was asked first, or the skill that was named; of a helper the task it was given."""
        if self.parent and (task := self.prompt.rpartition(_TASK)[2].strip()):
            return f"helper, skill {self.skill}: {task}" if self.skill else f"helper: {task}"
        return self.prompt or (f"skill {self.skill}" if self.skill else "")


@dataclass(slots=True)
class _End:
    """What the end of a log says."""

    finished: Record | None = None
    total: dict[str, Any] | None = None
    answers: int | None = None
    """Counted where the whole log was looked at."""
    undone: bool | None = None
    """Whether behind the newest run all was undone last; None where nothing was undone or redone."""


def summarized(path: Path) -> SessionSummary:
    """The session in the folder ``path``; whatever is wrong with it is its outcome."""
    records = path / RECORDS
    try:
        head = read_head(records)
        worked = records.stat().st_mtime
        end = _end_of(records, _BLOCK if head["version"] == 1 else _MOST_READ)
    except (SessionError, OSError) as error:
        return SessionSummary(
            path.name, "", "", "", "", _time_of(path), _time_of(path), DAMAGED, None, None, None, False, "",
            str(error),
        )  # fmt: skip
    finished, total = end.finished or {}, end.total or {}
    outcome = finished.get("status") or (RUNNING if in_use(records) else KILLED)
    return SessionSummary(
        id=path.name,
        workspace=head["workspace"],
        prompt=str(head.get("prompt", "")),
        skill=str(head.get("skill", "")),
        model=str(head.get("model", "")),
        started=float(head.get("time", 0.0)),
        worked=worked,
        outcome=str(outcome),
        turns=total.get("turns", end.answers),
        tokens=total.get("tokens"),
        cost_cny=total.get("cost_cny"),
        cost_estimated=bool(total.get("cost_estimated")),
        message=str(finished.get("message", "")),
        forked_from=str(head.get("forked_from", "")),
        parent=str(head.get("parent", "")),
        undone=bool(end.undone),
    )


def summaries(home: Path, workspace: Path | None = None) -> Iterator[SessionSummary]:
    """The sessions under ``home`` of the folder ``workspace`` (None: of all), the newest first.

    Calls of one tool are none. What is damaged is listed only among all: its folder is not known. Raises
    :class:`SessionError` where the state folder can't be read.
    """
    for path in session_paths(home):
        found = summarized(path)
        if found.outcome == DAMAGED:
            if workspace is None:
                yield found
        elif found.model and workspace in (None, Path(found.workspace)):
            yield found


def _end_of(records: Path, most: int) -> _End:
    """Read backwards until it is known how the newest run ended and what all of them took."""
    end = _End()
    answers = 0
    decided = False
    with records.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        for line in _lines_from_the_end(file, size, most):
            try:
                record = json.loads(line)
                kind = record["kind"]
            except (ValueError, KeyError, TypeError, RecursionError):  # torn
                continue
            if not decided and end.undone is None and kind in ("undo", "redo"):
                end.undone = kind == "undo" and not record.get("told")
            if not decided and (kind in _WORK or kind == "finished"):
                decided = True
                end.finished = record if kind == "finished" else None
            if end.total is None and isinstance(record.get("total"), dict):
                end.total = record["total"]
            answers += kind == "item" and record["item"].get("role") == "assistant"
            if decided and end.total is not None:
                return end
            if kind == "session":
                end.answers = answers
    return end


def _lines_from_the_end(file: BinaryIO, size: int, most: int) -> Iterator[bytes]:
    """Whole lines, the last one first, of about the last ``most`` bytes."""
    at, rest = size, b""
    while at > 0 and size - at < most:
        step = min(_BLOCK, at)
        at -= step
        file.seek(at)
        first, *lines = (file.read(step) + rest).split(b"\n")
        yield from reversed(lines)
        rest = first
    if at == 0:
        yield rest


def _time_of(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
