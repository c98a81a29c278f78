"""What a session's records say of its workspace: its snapshots in time, and whose doing each change was."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import field
from typing import NamedTuple

from seedsmith.agent.sessions.record_tree import Record, on_the_way
from seedsmith.agent.sessions.session import MAY_HAVE_RUN
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import Effect

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
    answer: int = 0
    """The record of the last of the answers; 0 where there was none."""


class Undone(NamedTuple):
    """An undo that was not taken back."""

    before: str
    """The snapshot it began with."""
    after: str
    record: int
    moved: bool
    """Whether the conversation went back, too: what follows is a branch."""


@dataclass(slots=True)
class WorkspaceTimeline:
    """What a session's records say of its workspace, those of branches that it left included."""

    points: list[Point] = field(default_factory=list)
    """In the order of time: the files have one past, whatever the conversation goes on from."""
    undone: list[Undone] = field(default_factory=list)
    turns: int = 0
    """Answers on the way to the newest record."""
    begun: int = 0
    """How many of them there were when the newest run that got an answer began."""
    said: int = 0
    """The newest record of a message."""
    interrupted: bool = False
    """Whether the newest run was killed during a call that could change something, or right behind one."""
    parents: array[int] = field(default_factory=lambda: array("q"))
    """Of each record; -1 for the head."""
    answers: array[int] = field(default_factory=lambda: array("q"))
    """Of each record how many answers there were then."""
    active: bytearray = field(default_factory=bytearray)
    """Of each record 1 where the session goes on from it."""

    def place_of(self, turn: int) -> int:
        """Which of the points is what the session left after ``turn`` answers, before people changed more."""
        return max(
            (
                at
                for at, point in enumerate(self.points)
                if point.turn <= turn
                and (point.ours or not at)
                and not point.taken_back
                and self.active[point.answer]
            ),
            default=0,
        )

    def add(self, record: Record) -> int:
        """Take the place of one record in the tree; returns its number."""
        number = len(self.parents)
        parent = record.get("parent", number - 1) if number else -1
        before = self.answers[parent] if parent >= 0 else 0
        self.parents.append(parent)
        self.answers.append(before + (record["kind"] == "item" and record["item"]["role"] == "assistant"))
        self.turns = self.answers[number]
        return number

    def answer(self, turn: int, record: int) -> int:
        """The record of the ``turn``-th answer on the way to ``record``; 0 for none."""
        while record > 0 and self.answers[self.parents[record]] >= turn:
            record = self.parents[record]
        return record if turn else 0


def read_timeline(records: Iterable[Record]) -> WorkspaceTimeline:
    """What ``records``, all of a session in the order they were written, say of the workspace."""
    reader = _TimelineReader()
    for record in records:
        reader.take(record)
    timeline = reader.timeline
    timeline.interrupted = reader.unseen
    timeline.active = on_the_way(timeline.parents)
    runs = (timeline.answers[record] for record in reversed(reader.begun) if timeline.active[record])
    timeline.begun = next((turns for turns in runs if turns < timeline.turns), 0)
    return timeline


class _TimelineReader:
    """Follows which calls may have changed something that no snapshot shows yet."""

    def __init__(self) -> None:
        self.timeline = WorkspaceTimeline()
        self.begun: list[int] = []
        """The records of runs that went on."""
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
        number = self.timeline.add(record)
        match record["kind"]:
            case "resumed":
                self._begins, self._killed = True, self.unseen
                self._under_way.clear()
                self._newest = -1
                self.begun.append(number)
            case "item":
                self.timeline.said = number
            case "intended" if record["effect"] != Effect.NONE.value:
                self._under_way.add(record["call"])
                self._newest = self.timeline.turns
            case "done":
                self._under_way.discard(record["output"]["call"])
                self._killed = self._killed or record["output"]["text"] == MAY_HAVE_RUN
            case "snapshot":
                self._see(record, number)
            case "undo" | "redo":
                self._undone(record, number)
            case _:
                pass

    def _see(self, record: Record, number: int) -> None:
        """A snapshot that was begun after so many answers shows what their calls did, if they are over."""
        turn = record["turn"]
        if turn >= self._newest and not self._under_way:
            self._newest = -1
        others, shared = (frozenset(record.get(name, ())) for name in ("others", "shared"))
        ours = self._killed or not self._begins
        answer = self.timeline.answer(turn, number)
        self.timeline.points.append(Point(record["id"], turn, ours, False, others, shared, answer))
        self._begins = self._killed = False

    def _undone(self, record: Record, number: int) -> None:
        timeline, turn = self.timeline, record["turn"]
        timeline.points += [
            Point(record["before"], turn, self.unseen, True),
            Point(record["after"], turn, True, True),
        ]
        self._killed, self._newest = False, -1
        if record["kind"] == UNDO:
            moved = timeline.parents[number] != number - 1
            timeline.undone.append(Undone(record["before"], record["after"], number, moved))
        else:
            timeline.undone[-1:] = []
