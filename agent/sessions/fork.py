"""A session's copy, to go on otherwise with: the session itself stays as it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from seedsmith.agent.errors import SessionError, UsageError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.diffs import DIFF
from seedsmith.agent.sessions.record_tree import BETWEEN_TURNS, Log, Record
from seedsmith.agent.sessions.session import PRIVATE_TMP, Session, start_of
from seedsmith.agent.sessions.session_lookup import RECORDS, SessionFolder

_OF_A_CALL = frozenset({"instructions", "images"})
"""Origins of messages that follow from calls."""


_OF_AN_ANSWER = frozenset({"usage", "intended", "done"})
"""Kinds of records that only a question leads to."""


def fork(source: SessionFolder, turn: int | None = None, redactor: Redactor | None = None) -> SessionFolder:
    """A new session that holds what ``source`` held, up to the end of its ``turn`` (default: all).

    Raises :class:`SessionError`, and :class:`UsageError` where there is no such turn; then there is none.
    """
    home = source.path.parent.parent
    log = Log(source.records)
    records = until_turn(log.active(), turn)
    start = replace(start_of(next(records)), forked_from=source.id, forked_turn=turn)
    forked = Session.create(home, start, redactor or Redactor(()))
    try:
        with closing(forked):
            for record in records:
                forked.copy(record)
        _copy_files(source, forked, with_diff=turn is None)
    except (OSError, shutil.Error, SessionError, UsageError) as error:
        shutil.rmtree(forked.folder, ignore_errors=True)
        if isinstance(error, SessionError | UsageError):
            raise
        raise SessionError(f"Can't copy {source.path}: {error}.") from error
    return SessionFolder(forked.folder, source.workspace)


def until_turn(records: Iterator[Record], turn: int | None) -> Iterator[Record]:
    """``records`` up to the results of the calls of the ``turn``-th answer; all where it is None.

    Raises :class:`UsageError` once they are over and no such turn was met.
    """
    answers = 0
    for record in records:
        if answers == turn and _ends(record):
            return
        if _role(record) == "assistant":
            answers += 1
        yield record
    if turn is not None and answers < turn:
        raise UsageError(f"The session has no turn {turn}: it has {answers}.")


def place_after(records: Iterator[Record], turn: int) -> int:
    """The id of the record to go on from, so that what follows the ``turn``-th answer's calls is left.

    For 0 that is what the first answer was given to. Raises as :func:`until_turn` does.
    """
    place = 0
    for record in until_turn(records, turn) if turn else _before_answers(records):
        place = record.get("n", 0)
    return place


def _before_answers(records: Iterator[Record]) -> Iterator[Record]:
    for record in records:
        if record["kind"] in _OF_AN_ANSWER or _role(record) == "assistant":
            return
        yield record


def _ends(record: Record) -> bool:
    """Whether what ``record`` says came after a turn, not of its calls."""
    if record["kind"] != "item":
        return record["kind"] in BETWEEN_TURNS
    return _role(record) == "assistant" or record["item"].get("origin") not in _OF_A_CALL


def _role(record: Record) -> str:
    return str(record["item"]["role"]) if record["kind"] == "item" else ""


def _copy_files(source: SessionFolder, forked: Session, *, with_diff: bool) -> None:
    left = {RECORDS, PRIVATE_TMP} | (set() if with_diff else {DIFF})
    for path in source.path.iterdir():
        if path.name in left or path.is_symlink():
            continue
        if path.is_dir():
            shutil.copytree(path, forked.folder / path.name, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(path, forked.folder / path.name)
