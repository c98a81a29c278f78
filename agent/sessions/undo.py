"""Taking back what a session's runs did to the files, and putting that back again.

Only what the runs changed is touched, whoever of them did it: tools, commands and their children. What people
changed since is found and left as it is, unless they say otherwise. Nothing is forgotten: an undo is a
snapshot more, so it can be taken back itself.

The conversation goes back with the files: what is said next follows the last answer whose work is still
there, on a branch of its own, and the turns that were taken back stay in the records.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from seedsmith.agent.errors import SessionError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.fork import place_after
from seedsmith.agent.sessions.record_tree import Log
from seedsmith.agent.sessions.session_file import RecordFile
from seedsmith.agent.sessions.session_lookup import SessionFolder
from seedsmith.agent.sessions.workspace_timeline import REDO, UNDO, read_timeline
from seedsmith.sandbox.errors import SnapshotError, WorkspaceError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.manifest_rows import Difference
from seedsmith.sandbox.snapshots.restore import room_wanting
from seedsmith.sandbox.snapshots.store import SnapshotStore
from seedsmith.sandbox.snapshots.workspace_scan import LeftOut
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.text import count

if TYPE_CHECKING:
    from seedsmith.agent.sessions.undo_git import Moved

_TOLD = 20
"""Paths that the model is told of, where the conversation stays."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an undo or redo would do."""

    kind: str
    session: str
    turn: int
    """The files go back to what they were after so many answers; meant for undo only."""
    steps: tuple[Difference, ...]
    """Each path: what it will be, and what it is."""
    changed_since: tuple[str, ...]
    """Those of them that people changed after the session did."""
    left_out: tuple[LeftOut, ...]
    """What the snapshot does not hold."""
    interrupted: bool
    """Whether the session was killed in or right behind a call, so that changes since count as its own."""
    now: str
    """The snapshot of what is there."""
    first: str
    """The snapshot gone back to."""
    goes_on_from: int | None = None
    """The record that the conversation goes on from; None: it stays where it is."""

    @property
    def does_something(self) -> bool:
        """Whether carrying it out changes anything."""
        return bool(self.steps) or self.goes_on_from is not None


class Undo:
    """A session opened for taking its changes back; nobody may run it meanwhile.

    Raises :class:`SessionError` where that can't be: it runs, its folder is gone or another one now, or it
    recorded no snapshot.
    """

    def __init__(
        self, home: Path, session: SessionFolder, redactor: Redactor, *, force: bool = False
    ) -> None:
        self._session = session
        if not session.workspace.is_dir():
            raise SessionError(f"The folder {session.workspace} of session {session.id} is gone.")
        self._file = RecordFile(session.path / "records.jsonl", redactor)
        try:
            self.timeline = read_timeline(record for record, _ in self._file.read(mends=True))
            if not self.timeline.points:
                raise SessionError(f"Session {session.id} recorded no snapshot to go back to.")
            self._workspace = Workspace(session.workspace, state=home)
            self._store = SnapshotStore(home, self._workspace)
            self._store.caches = self._store.snapshot(self.timeline.points[-1].id).caches
            self._refuse_other_folder(force=force)
        except (WorkspaceError, SnapshotError) as error:
            self._file.close()
            raise SessionError(str(error)) from error
        except OSError as error:
            self._file.close()
            raise SessionError(
                f"Can't open the snapshots of {session.workspace}: {error.strerror}."
            ) from error
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Undo:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()
        self._workspace.close()
        self._file.close()

    @property
    def store(self) -> SnapshotStore:
        """Where the snapshots are kept."""
        return self._store

    def plan(self, turn: int = 0, paths: Sequence[str] = (), *, files_only: bool = False) -> Plan:
        """What going back to after ``turn`` answers would do; ``paths`` limit it to what is at or below them.

        The conversation goes back, too, unless ``files_only`` or paths are given. Raises
        :class:`SessionError`, and :class:`seedsmith.sandbox.errors.PathError` for paths that lead out.
        """
        points = self.timeline.points
        if turn > self.timeline.turns:
            raise SessionError(
                f"Session {self._session.id} has {count(self.timeline.turns, 'turn')}, not {turn}."
            )
        target = self.timeline.place_of(turn)
        now = self._take("before undo")
        ours: set[str] = set()
        theirs: set[str] = set()
        for before, after in zip(points[target:], points[target + 1 :], strict=False):
            changed = set(self._changed(before.id, after.id))
            theirs |= changed & (after.others | after.shared) if after.ours else changed
            ours |= changed - after.others if after.ours else set()
        since = self._changed(points[-1].id, now)
        (ours if self.timeline.interrupted else theirs).update(since)
        plan = self._plan(UNDO, turn, points[target].id, now, (ours, theirs), paths)
        if files_only or paths or turn == self.timeline.turns:
            return plan
        log = Log(self._session.records, mends=True)
        return replace(plan, goes_on_from=place_after(log.active(), turn))

    def plan_redo(self, paths: Sequence[str] = ()) -> Plan:
        """What taking the newest undo back would do.

        The conversation goes on where it was before, unless more was said since, or ``paths`` are given.
        """
        timeline = self.timeline
        if not timeline.undone:
            raise SessionError(f"Nothing of session {self._session.id} was undone.")
        undone = timeline.undone[-1]
        now = self._take("before redo")
        ours, theirs = set(self._changed(undone.before, undone.after)), set(self._changed(undone.after, now))
        back = undone.moved and timeline.said < undone.record and not paths
        turn = timeline.answers[undone.record - 1] if back else timeline.turns
        plan = self._plan(REDO, turn, undone.before, now, (ours, theirs), paths)
        return replace(plan, goes_on_from=undone.record - 1 if back else None)

    def moved(self, plan: Plan) -> tuple[Moved, ...]:
        """What of git is not what it was, with the commands for it; an undo leaves it to people."""
        from seedsmith.agent.sessions.undo_git import moved

        try:
            return moved(self._store, plan.first, self._session.workspace) if plan.kind == UNDO else ()
        except SnapshotError as error:
            raise SessionError(str(error)) from error

    def carry_out(self, plan: Plan) -> tuple[str, ...]:
        """Do what ``plan`` says and record it; returns a sentence for each path that can't be put back."""
        try:
            if wanting := room_wanting(self._workspace, plan.steps):
                raise SessionError(
                    f"Nothing was done: the disk lacks {wanting:,} bytes to put the files back."
                )
            failed = self._store.restore(plan.steps)
            after = self._store.take(plan.kind)
        except OSError as error:
            raise SessionError(f"Can't put the files back: {error.strerror}.") from error
        record: dict[str, Any] = {"kind": plan.kind, "time": time.time(), "turn": plan.turn}
        record |= {"before": plan.now, "after": after, "files": len(plan.steps)}
        if plan.goes_on_from is not None:
            self._file.go_on_from(plan.goes_on_from)
        elif self.timeline.turns:
            record["told"] = [step.path for step in plan.steps[:_TOLD]]
        self._file.append(record)
        return failed

    def _plan(
        self,
        kind: str,
        turn: int,
        target: str,
        now: str,
        changed: tuple[set[str], set[str]],
        paths: Sequence[str],
    ) -> Plan:
        ours, theirs = changed
        wanted = [self._workspace.relative(path) for path in paths]
        steps = [
            each
            for each in self._differences(target, now)
            if each.path in ours and (not wanted or any(_is_at(each.path, path) for path in wanted))
        ]
        return Plan(
            kind=kind,
            session=self._session.id,
            turn=turn,
            steps=tuple(steps),
            changed_since=tuple(each.path for each in steps if each.path in theirs and not _is_folder(each)),
            left_out=self._store.snapshot(target).left_out,
            interrupted=self.timeline.interrupted,
            now=now,
            first=target,
        )

    def _take(self, label: str) -> str:
        try:
            return self._store.take(label)
        except OSError as error:
            raise SessionError(f"Can't record what the workspace is now: {error.strerror}.") from error

    def _changed(self, old: str, new: str) -> list[str]:
        return [each.path for each in self._differences(old, new)]

    def _differences(self, old: str, new: str) -> list[Difference]:
        try:
            return list(self._store.differences(old, new))
        except SnapshotError as error:
            raise SessionError(str(error)) from error

    def _refuse_other_folder(self, *, force: bool) -> None:
        first = self._store.snapshot(self.timeline.points[0].id)
        if first.inode != self._workspace.stat(".").inode and not force:
            raise SessionError(
                f"{self._session.workspace} is another folder now than the one session {self._session.id} "
                "worked in; with --force its files are put there all the same."
            )


def _is_at(path: str, wanted: str) -> bool:
    return wanted == "." or path == wanted or path.startswith(wanted + "/")


def _is_folder(step: Difference) -> bool:
    return all(row is None or row.is_folder for row in (step.old, step.new))
