"""Taking back what a session's runs did to the files, and putting that back again.

Only what the runs changed is touched, whoever of them did it: tools, commands and their children. What people
changed since is found and left as it is, unless they say otherwise. Nothing is forgotten: an undo is a
snapshot more, so it can be taken back itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from seedsmith.agent.errors import SessionError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.log import Record
from seedsmith.agent.sessions.records import RecordFile
from seedsmith.agent.sessions.session import MAY_HAVE_RUN
from seedsmith.agent.sessions.session_lookup import SessionFolder
from seedsmith.sandbox.errors import SnapshotError, WorkspaceError
from seedsmith.sandbox.snapshots.rows import Difference
from seedsmith.sandbox.snapshots.store import SnapshotStore
from seedsmith.sandbox.snapshots.workspace_scan import LeftOut
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import Effect

if TYPE_CHECKING:
    from seedsmith.agent.sessions.undo_git import Moved

UNDO, REDO = "undo", "redo"


class Point(NamedTuple):
    """What the workspace was at one time of a session."""

    id: str
    """The snapshot."""
    turn: int
    """How many answers there were then."""
    ours: bool
    """Whether what changed since the point before was the session's doing, not people's."""
    taken_back: bool = False
    """Whether an undo or redo led here."""
    others: frozenset[str] = frozenset()
    """What changed since the point before, though not by the session, which was at work then."""
    shared: frozenset[str] = frozenset()
    """What others changed before the session did, since the point before."""


@dataclass(slots=True)
class Story:
    """What a session's records say of its workspace."""

    points: list[Point] = field(default_factory=list)
    undone: list[tuple[str, str]] = field(default_factory=list)
    """Snapshots before and after each undo that was not taken back."""
    turns: int = 0
    interrupted: bool = False
    """Whether the newest run was killed during a call that could change something, or right behind one."""

    def place_of(self, turn: int) -> int:
        """Which of the points is what the session left after ``turn`` answers, before people changed more."""
        return max(
            (
                at
                for at, point in enumerate(self.points)
                if point.turn <= turn and (point.ours or not at) and not point.taken_back
            ),
            default=0,
        )


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


def read_story(records: Iterable[Record]) -> Story:
    """What ``records`` say of the workspace."""
    reader = _StoryReader()
    for record in records:
        reader.take(record)
    reader.story.interrupted = reader.unseen
    return reader.story


class _StoryReader:
    """Follows which calls may have changed something that no snapshot shows yet."""

    def __init__(self) -> None:
        self.story = Story()
        self._begins = True
        self._killed = False
        self._under_way: set[str] = set()
        self._newest = -1
        """After how many answers the newest call was made whose effects no snapshot shows."""

    @property
    def unseen(self) -> bool:
        """Whether the run, had it been killed here, would have changed more than the snapshots show."""
        return self._killed or bool(self._under_way) or self._newest >= 0

    def take(self, record: Record) -> None:
        """Read one record on."""
        match record["kind"]:
            case "resumed":
                self._begins, self._killed = True, self.unseen
                self._under_way.clear()
                self._newest = -1
            case "item":
                self.story.turns += record["item"]["role"] == "assistant"
            case "intended" if record["effect"] != Effect.NONE.value:
                self._under_way.add(record["call"])
                self._newest = self.story.turns
            case "done":
                self._under_way.discard(record["output"]["call"])
                self._killed = self._killed or record["output"]["text"] == MAY_HAVE_RUN
            case "snapshot":
                self._see(record["turn"])
                others, shared = (frozenset(record.get(name, ())) for name in ("others", "shared"))
                ours = self._killed or not self._begins
                self.story.points.append(Point(record["id"], record["turn"], ours, False, others, shared))
                self._begins = self._killed = False
            case "undo" | "redo":
                self._undone(record)
            case _:
                pass

    def _see(self, turn: int) -> None:
        """A snapshot that was begun after ``turn`` answers shows what their calls did, if they are over."""
        if turn >= self._newest and not self._under_way:
            self._newest = -1

    def _undone(self, record: Record) -> None:
        turn, undone = record["turn"], self.story.undone
        self.story.points += [
            Point(record["before"], turn, self.unseen, True),
            Point(record["after"], turn, True, True),
        ]
        self._killed, self._newest = False, -1
        if record["kind"] == UNDO:
            undone.append((record["before"], record["after"]))
        else:
            undone[-1:] = []


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
            self.story = read_story(self._file.read(mends=True))
            if not self.story.points:
                raise SessionError(f"Session {session.id} recorded no snapshot to go back to.")
            self._workspace = Workspace(session.workspace, state=home)
            self._store = SnapshotStore(home, self._workspace)
            self._store.caches = self._store.snapshot(self.story.points[-1].id).caches
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

    def plan(self, turn: int = 0, paths: Sequence[str] = ()) -> Plan:
        """What going back to after ``turn`` answers would do; ``paths`` limit it to what is at or below them.

        Raises :class:`SessionError`, and :class:`seedsmith.sandbox.errors.PathError` for paths that lead out.
        """
        points = self.story.points
        if turn > self.story.turns:
            raise SessionError(f"Session {self._session.id} has {self.story.turns} turns, not {turn}.")
        target = self.story.place_of(turn)
        now = self._take("before undo")
        ours: set[str] = set()
        theirs: set[str] = set()
        for before, after in zip(points[target:], points[target + 1 :], strict=False):
            changed = set(self._changed(before.id, after.id))
            theirs |= changed & (after.others | after.shared) if after.ours else changed
            ours |= changed - after.others if after.ours else set()
        since = self._changed(points[-1].id, now)
        (ours if self.story.interrupted else theirs).update(since)
        return self._plan(UNDO, turn, points[target].id, now, (ours, theirs), paths)

    def plan_redo(self, paths: Sequence[str] = ()) -> Plan:
        """What taking the newest undo back would do."""
        if not self.story.undone:
            raise SessionError(f"Nothing of session {self._session.id} was undone.")
        before, after = self.story.undone[-1]
        now = self._take("before redo")
        ours, theirs = set(self._changed(before, after)), set(self._changed(after, now))
        return self._plan(REDO, self.story.turns, before, now, (ours, theirs), paths)

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
            failed = self._store.restore(plan.steps)
            after = self._store.take(plan.kind)
        except OSError as error:
            raise SessionError(f"Can't put the files back: {error.strerror}.") from error
        self._file.append(
            {"kind": plan.kind, "time": time.time(), "turn": plan.turn, "before": plan.now, "after": after}
        )
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
            interrupted=self.story.interrupted,
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
        first = self._store.snapshot(self.story.points[0].id)
        if first.inode != self._workspace.stat(".").inode and not force:
            raise SessionError(
                f"{self._session.workspace} is another folder now than the one session {self._session.id} "
                "worked in; with --force its files are put there all the same."
            )


def _is_at(path: str, wanted: str) -> bool:
    return wanted == "." or path == wanted or path.startswith(wanted + "/")


def _is_folder(step: Difference) -> bool:
    return all(row is None or row.is_folder for row in (step.old, step.new))
