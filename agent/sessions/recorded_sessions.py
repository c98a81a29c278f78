"""The sessions of a state folder for programs: listed, opened, looked at, forked (docs/sessions.md)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seedsmith.agent.errors import SessionError, UsageError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.diffs import SessionDiff, diff_now, diff_of
from seedsmith.agent.sessions.fork import fork, until_turn
from seedsmith.agent.sessions.history import Entry, entries
from seedsmith.agent.sessions.prune import Pruned, prune
from seedsmith.agent.sessions.record_tree import Log
from seedsmith.agent.sessions.session import SessionStart, start_of
from seedsmith.agent.sessions.session_lookup import SessionFolder, find_session
from seedsmith.agent.sessions.summary import SessionSummary, summaries, summarized
from seedsmith.agent.settings.state_folder import state_folder

if TYPE_CHECKING:
    from seedsmith.agent.sessions.undo import Plan, Undo


class RecordedSession:
    """One session, to be looked at; only its folder's files are ever changed, by :meth:`undo`."""

    def __init__(self, folder: SessionFolder) -> None:
        self.folder = folder

    @property
    def id(self) -> str:
        """The session's name."""
        return self.folder.id

    @property
    def summary(self) -> SessionSummary:
        """What a list says of it, now."""
        return summarized(self.folder.path)

    @property
    def start(self) -> SessionStart:
        """What it was started with; raises :class:`SessionError` where that is damaged."""
        return start_of(next(iter(Log(self.folder.records))))

    def history(self, turn: int | None = None, *, every: bool = False) -> Iterator[Entry]:
        """What happened, in order, up to the end of ``turn``; it is read as it is taken.

        What an undo took back is left out, unless ``every`` branch is wanted. Raises :class:`SessionError`
        where the records are damaged, :class:`UsageError` for no such turn.
        """
        log = Log(self.folder.records, mends=True)
        records = iter(log) if every else log.active()
        next(records)
        return entries(until_turn(records, turn))

    def diff(self, turn: int | None = None) -> SessionDiff:
        """What it had changed in its workspace at its end, or at the end of ``turn``.

        Raises :class:`SessionError` where that is not known.
        """
        return diff_of(self.folder, turn)

    def diff_now(self) -> SessionDiff:
        """What differs in its folder, as it is now, from what it was when the session began."""
        return diff_now(self.folder)

    def fork(self, turn: int | None = None) -> RecordedSession:
        """A new session that holds what this one did, up to the end of ``turn``."""
        return RecordedSession(fork(self.folder, turn))

    def undo(
        self, turn: int = 0, paths: Sequence[str] = (), *, force: bool = False, files_only: bool = False
    ) -> Plan:
        """Put the files back to what they were before it, or after ``turn``; ``paths`` limit it.

        The conversation goes back, too, unless ``files_only`` or paths are given. Returns what was done.
        Raises :class:`SessionError`, with nothing changed, where it runs, where people changed the same files
        since (unless ``force``), or where its folder is gone or another one.
        """
        with self._undoing(force=force) as undo:
            return _carried_out(undo, undo.plan(turn, paths, files_only=files_only), force=force)

    def redo(self, paths: Sequence[str] = (), *, force: bool = False) -> Plan:
        """Take the newest undo back; returns and raises as :meth:`undo` does."""
        with self._undoing(force=force) as undo:
            return _carried_out(undo, undo.plan_redo(paths), force=force)

    def _undoing(self, *, force: bool) -> Undo:
        from seedsmith.agent.sessions.undo import Undo

        home = self.folder.path.parent.parent
        return Undo(home, self.folder, Redactor.from_environment(os.environ), force=force)


class Sessions:
    """The sessions under ``home``, by default the state folder that the command line uses."""

    def __init__(self, home: str | Path | None = None) -> None:
        self.home = state_folder(Path(home) if home is not None else None, os.environ)

    def list(self, workspace: str | Path | None = None, words: str = "") -> tuple[SessionSummary, ...]:
        """The sessions of the folder ``workspace``, or of all, the newest first.

        ``words`` keeps those that hold each of them in their prompt, skill, folder, model, outcome, id or
        last words, whatever the case. Raises :class:`SessionError` where the state folder can't be read.
        """
        folder = None if workspace is None else Path(workspace).resolve()
        wanted = words.casefold().split()
        return tuple(found for found in summaries(self.home, folder) if _holds(found, wanted))

    def open(self, session: str, workspace: str | Path = ".") -> RecordedSession:
        """The session that ``session`` means: an id, its beginning, or ``last`` of the folder ``workspace``.

        Raises :class:`SessionError`, each kind of :mod:`seedsmith.agent.sessions.session_lookup`.
        """
        return RecordedSession(find_session(self.home, session, Path(workspace).resolve()))

    def prune(
        self, *, days: float | None = None, megabytes: float | None = None, dry: bool = False
    ) -> Pruned:
        """Remove sessions not worked in for ``days``, and the oldest beyond ``megabytes`` together."""
        if days is None and megabytes is None:
            raise UsageError("Say what to remove: what is older than so many days, or beyond so much.")
        seconds = None if days is None else days * 86_400
        most = None if megabytes is None else int(megabytes * 1_000_000)
        return prune(self.home, older_than=seconds, most_bytes=most, dry=dry)


def _carried_out(undo: Undo, plan: Plan, *, force: bool) -> Plan:
    if plan.changed_since and not force:
        raise SessionError(f"Changed since, not by the session: {', '.join(plan.changed_since)}.")
    failed = undo.carry_out(plan) if plan.does_something else ()
    if failed:
        raise SessionError(" ".join(failed))
    return plan


def _holds(found: SessionSummary, words: list[str]) -> bool:
    texts = (found.prompt, found.skill, found.workspace, found.model, found.outcome, found.id, found.message)
    text = "\n".join(texts).casefold()
    return all(word in text for word in words)
