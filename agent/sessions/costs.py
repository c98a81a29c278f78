"""What the sessions of a state folder took, question by question, and sums of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import SessionError
from seedsmith.agent.sessions.record_tree import LONGEST_RECORD
from seedsmith.agent.sessions.session_lookup import RECORDS, read_head, session_paths
from seedsmith.sandbox.lazy_dataclass import dataclass

_READ = re.compile(rb'\{"kind": ?"(?:usage|resumed|finished|snapshot)"')
"""The beginnings of the lines that are read; the others, which are long, are not taken apart."""


@dataclass(frozen=True, slots=True)
class RequestCost:
    """What one question to a model took."""

    session: str
    """The one that a person began: what a helper's took counts as its caller's."""
    workspace: str
    model: str
    time: float
    """When, in seconds since the epoch, as near as the records tell."""
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_cny: float | None
    """Yuan; None where no price was known."""
    estimated: bool


@dataclass(slots=True)
class CostSum:
    """What the questions of one day, model, repository or session took together."""

    key: str
    questions: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost_cny: float = 0.0
    unpriced: int = 0
    """Questions whose price was not known, and which the cost is without."""
    estimated: bool = False
    sessions: set[str] = field(default_factory=set)

    def add(self, question: RequestCost) -> None:
        """Count one more."""
        self.questions += 1
        self.input_tokens += question.input_tokens
        self.cached_tokens += question.cached_tokens
        self.output_tokens += question.output_tokens
        self.cost_cny += question.cost_cny or 0.0
        self.unpriced += question.cost_cny is None
        self.estimated |= question.estimated
        self.sessions.add(question.session)


KEYS: dict[str, Callable[[RequestCost], str]] = {
    "day": lambda question: datetime.fromtimestamp(question.time).astimezone().date().isoformat(),
    "model": lambda question: question.model,
    "repository": lambda question: question.workspace,
    "session": lambda question: question.session,
}
"""What sums can be made by; sorted by these names, or the dearest first where they are no dates."""


def questions(home: Path) -> Iterator[RequestCost]:
    """Every question of every session under ``home``; what is damaged is left out.

    Raises :class:`SessionError` where the state folder can't be read.
    """
    heads = dict(_heads(home))
    for path, head in heads.items():
        root, seen = path.name, {path.name}
        while parent := str(heads.get(path.with_name(root), {}).get("parent", "")):
            if parent in seen:
                break
            seen.add(parent)
            root = parent
        yield from _requests_of(path / RECORDS, head, root)


def sums(found: Iterable[RequestCost], by: str) -> list[CostSum]:
    """The sums by one of :data:`KEYS`: days in their order, else the dearest first."""
    rows: dict[str, CostSum] = {}
    for question in found:
        key = KEYS[by](question)
        rows.setdefault(key, CostSum(key)).add(question)
    if by == "day":
        return sorted(rows.values(), key=lambda row: row.key)
    return sorted(
        rows.values(), key=lambda row: (-row.cost_cny, -row.input_tokens - row.output_tokens, row.key)
    )


def _heads(home: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in session_paths(home):
        try:
            yield path, read_head(path / RECORDS)
        except (SessionError, OSError):
            continue


def _requests_of(records: Path, head: dict[str, Any], root: str) -> Iterator[RequestCost]:
    """The questions of one session; of a fork without those that were copied with it."""
    begun = now = float(head.get("time", 0.0))
    copied = bool(head.get("forked_from"))
    for record in _lines(records):
        if isinstance(time := record.get("time"), int | float):
            now = max(now, float(time))
            copied = copied and not (record["kind"] == "resumed" and time >= begun)
        elif record["kind"] == "usage" and not copied:
            cost = record.get("cost_cny")
            yield RequestCost(
                session=root,
                workspace=str(head["workspace"]),
                model=str(record.get("model") or head.get("model", "")),
                time=now,
                input_tokens=int(record.get("input_tokens") or 0),
                cached_tokens=int(record.get("cached_tokens") or 0),
                output_tokens=int(record.get("output_tokens") or 0),
                cost_cny=None if cost is None else float(cost),
                estimated=bool(record.get("cost_estimated")),
            )


def _lines(records: Path) -> Iterator[dict[str, Any]]:
    try:
        with records.open("rb") as file:
            while line := file.readline(LONGEST_RECORD):
                if not _READ.match(line):
                    continue
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):  # torn
                    continue
                yield record
    except OSError:
        return
