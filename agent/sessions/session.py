"""The durable side of a run: its conversation and what became of every call.

See docs/decisions.md, "Records and events" and "Durability".
Records, one JSON line each: ``session`` (what was asked, and where), ``item`` (a message), ``intended``
(a call is about to run), ``done`` (its result), ``snapshot`` (what the workspace was), ``verify``, ``usage``
(what a question took), ``compaction`` (the items the conversation goes on from instead), ``resumed`` (with
what it was told anew) and ``finished``. A tool's output stands in its ``done`` record, and in those of
compactions. docs/sessions.md, "The records", has their form.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, field, fields, replace
from pathlib import Path
from typing import Any

from seedsmith.agent.conversation import (
    AssistantMessage,
    Conversation,
    Item,
    ToolCall,
    ToolOutput,
)
from seedsmith.agent.errors import SessionError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.record_tree import Record
from seedsmith.agent.sessions.session_file import RecordFile, item_from_json, item_to_json
from seedsmith.agent.sessions.session_lookup import RECORDS, VERSION, find_session
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import Effect

SPILLS = "spills"
"""Folder in a session's folder that holds whole outputs."""
PRIVATE_TMP = "tmp"
"""Folder that backs the session's private ``/tmp``."""
COPIES = "copies"
"""Folder that holds the copies of the workspace that helpers work in; nothing of it outlives its call."""

MAY_HAVE_RUN = (
    "interrupted: the session ended while this call ran. It may have taken effect, wholly or in part; "
    "look at what is there before you repeat it."
)


def new_session_id(clock: float | None = None) -> str:
    """An id that sorts by time (UTC, milliseconds) and doesn't collide."""
    now = time.time() if clock is None else clock
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{stamp}{int(now * 1000) % 1000:03d}-{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True)
class SessionStart:
    """What a session was started with."""

    workspace: str
    model: str
    wire: str
    profile: str
    prompt: str
    verify: str | None = None
    images: tuple[str, ...] = ()
    """Absolute paths of the pictures shown with the prompt: it may be resumed before it was ever sent."""
    skill: str = ""
    """The skill the user named, with its parameters' values as they were given."""
    skill_with: dict[str, Any] = field(default_factory=dict)
    base_url: str = ""
    """Where the user said the service is, without user and password; '' for the provider's own address."""
    settings: dict[str, Any] = field(default_factory=dict)
    """All the run was told and what it was told anew since, by the names of settings, as JSON has it."""
    own_verify: bool = False
    """Whether the user wrote ``verify``, not the repository or a skill."""
    fixing: bool = False
    """Whether all there was to do was to make ``verify`` pass."""
    parent: str = ""
    """The session whose call this one was made for, if it was."""
    forked_from: str = ""
    """The session this one was forked from, if it was."""
    forked_turn: int | None = None
    """After which of its turns; None: at its end."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a session took so far, over all its runs."""

    turns: int = 0
    tokens: int = 0
    cost_cny: float | None = None
    """Yuan; None where no price was known."""
    cost_estimated: bool = False


@dataclass(frozen=True, slots=True)
class VerifyRecord:
    """One run of the verification command, as recorded."""

    command: str
    exit_code: int | None
    output: str
    failing: tuple[str, ...] = ()
    """The tests that failed, where a report is to be proven and the command tells of them; not recorded."""

    @property
    def ending(self) -> str:
        """How the command ended, in words."""
        if self.exit_code is None:
            return "no exit code (it was stopped)"
        return f"exit code {self.exit_code}"


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """One snapshot of the workspace, as recorded."""

    turn: int
    """How many answers the session had then."""
    id: str
    """Of the snapshot in the workspace's store."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """Files that an undo or redo put back, which the model does not know of."""

    paths: tuple[str, ...]
    """Some of them."""
    count: int


class Session:
    """One conversation, its records and its folder. Made by :meth:`create` and :meth:`resume`."""

    def __init__(self, folder: Path, start: SessionStart, file: RecordFile) -> None:
        self.folder = folder
        self.start = start
        self.conversation = Conversation()
        self._known_results: dict[str, ToolOutput] = {}
        self.verifications: list[VerifyRecord] = []
        self.snapshots: list[SnapshotRecord] = []
        self.turns = 0
        """Answers of the model so far, over all runs of the session."""
        self.totals = Totals()
        self.interrupted: list[ToolCall] = []
        """Calls that could change something and were under way when the session was killed."""
        self.cut_off = False
        """Whether its newest run may have been killed."""
        self.put_back: PutBack | None = None
        """What a person put back of the files since the last answer, where the conversation stayed."""
        self.observer: Callable[[Record], None] | None = None
        """Is shown every record after it was written."""
        self._went_on = False
        self._file = file
        self._unseen = True  # the run began, or a call ended, since the newest snapshot was recorded

    @property
    def id(self) -> str:
        """The session's name, sortable by time."""
        return self.folder.name

    @classmethod
    def create(cls, home: Path, start: SessionStart, redactor: Redactor, session_id: str = "") -> Session:
        """Begin a session in a new folder under ``home/sessions``; none is left where that fails."""
        folder = home / "sessions" / (session_id or new_session_id())
        if folder.exists():
            raise SessionError(f"There is a session {folder.name} already.")
        try:
            for new in (folder, folder / SPILLS, folder / PRIVATE_TMP):
                new.mkdir(mode=0o700, parents=True)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise SessionError(f"Can't make the session folder {folder}: {error.strerror}.") from error
        try:
            file = RecordFile(folder / RECORDS, redactor)
            session = cls(folder, start, file)
            head = {"kind": "session", "version": VERSION, "id": session.id, "time": time.time()}
            file.append(head | asdict(start))
        except SessionError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return session

    @classmethod
    def resume(cls, home: Path, session_id: str, workspace: Path, redactor: Redactor) -> Session:
        """Open a recorded session again, as it was after its last completed step.

        ``session_id`` is what :func:`find_session` takes. Calls that were begun, could have changed something
        and have no result are given one that says so; they never run again. Raises :class:`SessionError`.
        """
        found = find_session(home, session_id, workspace)
        if found.workspace != workspace:
            raise SessionError(
                f"Session {found.id} belongs to {found.workspace}, not to {workspace} (-C names the folder)."
            )
        path = found.records
        file = RecordFile(path, redactor)
        try:
            records = file.read()
            session = cls(found.path, start_of(next(records)[0]), file)
            session._rebuild(records)
            for needed in (SPILLS, PRIVATE_TMP):
                (found.path / needed).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            file.close()
            raise SessionError(f"Can't use {found.path}: {error.strerror}.") from error
        except (SessionError, MemoryError):
            file.close()
            raise
        except Exception as error:  # whatever a record of another shape leads to
            file.close()
            raise SessionError(f"{path} is damaged: {type(error).__name__} {error}.") from error
        except BaseException:
            file.close()
            raise
        return session

    def drop_unbegun(self) -> None:
        """Leave nothing of a fork where no run of it began."""
        if not self._went_on:
            shutil.rmtree(self.folder, ignore_errors=True)

    def go_on(self, settings: Mapping[str, Any]) -> None:
        """Record that the session is gone on with, and the ``settings`` that were given for that."""
        self._went_on = True
        self.start = replace(self.start, settings={**self.start.settings, **settings})
        self._append({"kind": "resumed", "time": time.time(), "settings": dict(settings)})

    @property
    def cut_bytes(self) -> int:
        """How many bytes at the end of the records were torn and left out when it was resumed."""
        return self._file.cut_bytes

    def append(self, item: Item) -> None:
        """Add an item to the conversation and, but for tool outputs, to the records."""
        self.conversation.append(item)
        if isinstance(item, ToolOutput):
            self._known_results.pop(item.call_id, None)
        else:
            self.turns += isinstance(item, AssistantMessage)
            self._append({"kind": "item", "item": item_to_json(item)})

    def copy(self, record: Record) -> None:
        """Write another session's record down; this one is to be opened anew to go on from it."""
        self._file.append({name: value for name, value in record.items() if name not in ("n", "parent")})

    def known_result(self, call_id: str) -> ToolOutput | None:
        """The result an open call has from before the session was resumed: such a call must not run again."""
        return self._known_results.get(call_id)

    def take_result(self, output: ToolOutput) -> None:
        """Let the open call of ``output`` have it from before: it must not run again."""
        self._known_results[output.call_id] = output
        self.record_done(output)

    def compact(self, items: Iterable[Item], why: str) -> None:
        """Go on from the shorter ``items``; a session that is resumed goes on from the same."""
        shorter = tuple(items)
        self.conversation.replace(shorter)
        self._append({"kind": "compaction", "why": why, "items": [item_to_json(item) for item in shorter]})

    def record_intended(self, call: ToolCall, effect: Effect) -> None:
        """Record that ``call`` is about to run."""
        self._append({"kind": "intended", "call": call.id, "name": call.name, "effect": effect.value})

    def record_done(self, output: ToolOutput, duration_ms: float = 0.0) -> None:
        """Record a call's result; from here on it will not run again."""
        self._unseen = True
        took = round(duration_ms, 1)
        self._append({"kind": "done", "output": item_to_json(output), "duration_ms": took})

    def record_usage(self, took: Mapping[str, Any], totals: Totals) -> None:
        """Record what one question took, and with it all so far."""
        self.totals = totals
        self._append({"kind": "usage", **took, "total": asdict(totals)})

    def record_verification(self, verification: VerifyRecord) -> None:
        """Record a run of the verification command."""
        self._keep(verification)
        command, exit_code, output = verification.command, verification.exit_code, verification.output
        self._append({"kind": "verify", "command": command, "exit_code": exit_code, "output": output})

    def record_snapshot(
        self, turn: int, snapshot: str, others: Sequence[str] = (), shared: Sequence[str] = ()
    ) -> None:
        """Record what the workspace was after ``turn`` answers; the same is no news unless a call ended.

        ``others`` are the paths that changed since the one before, but not by the run; ``shared`` those
        that others changed before the run did.
        """
        if self.snapshots and self.snapshots[-1].id == snapshot and not self._unseen:
            return
        self._unseen = False
        self.snapshots.append(SnapshotRecord(turn, snapshot))
        record = {"kind": "snapshot", "id": snapshot, "turn": turn, "time": time.time()}
        by_others = {"others": list(others), "shared": list(shared)}
        self._append(record | {name: paths for name, paths in by_others.items() if paths})

    def record_undo(self, before: str, after: str) -> None:
        """Record that what a killed call had begun was taken back, from one snapshot to another."""
        head = {"kind": "undo", "time": time.time(), "turn": self.turns}
        self._append(head | {"before": before, "after": after})

    def record_finished(self, outcome: Mapping[str, Any]) -> None:
        """Record how the run ended."""
        self._append({"kind": "finished", "time": time.time(), **outcome, "total": asdict(self.totals)})

    def sync(self) -> asyncio.Future[None]:
        """Begin to bring all records so far to the disk; done once they are there."""
        return self._file.sync()

    def close(self) -> None:
        """Give the records and their lock back."""
        self._file.close()

    def _append(self, record: Record) -> None:
        self._file.append(record)
        if self.observer is not None:
            self.observer(record)

    def _keep(self, verification: VerifyRecord) -> None:
        same = [each for each in self.verifications if each.command == verification.command]
        if same[1:]:
            self.verifications.remove(same[-1])
        self.verifications.append(verification)

    def _rebuild(self, records: Iterable[tuple[Record, bool]]) -> None:
        """Take what the records say; of branches that were left only the snapshots, and what they took."""
        intended: dict[str, str] = {}
        answers = 0
        for record, is_active in records:
            if record["kind"] in ("usage", "finished") and "total" in record:
                self.totals = Totals(**record["total"])
            self.cut_off = record["kind"] != "finished"
            if not is_active and record["kind"] != "snapshot":
                continue
            match record["kind"]:
                case "item":
                    self._close_calls()
                    item = item_from_json(record["item"])
                    self.turns += isinstance(item, AssistantMessage)
                    self.conversation.append(item)
                    answers += isinstance(item, AssistantMessage)
                    self.put_back = None if isinstance(item, AssistantMessage) else self.put_back
                case "snapshot":
                    self.snapshots.append(SnapshotRecord(record["turn"], record["id"]))
                case "compaction":
                    self._close_calls()
                    self.conversation.replace(item_from_json(item) for item in record["items"])
                case "intended":
                    intended[record["call"]] = record["effect"]
                case "done":
                    output = item_from_json(record["output"])
                    assert isinstance(output, ToolOutput)
                    intended.pop(output.call_id, None)
                    self._known_results[output.call_id] = output
                case "verify":
                    self._keep(VerifyRecord(record["command"], record["exit_code"], record["output"]))
                case "resumed":
                    settings = self.start.settings | record.get("settings", {})
                    self.start = replace(self.start, settings=settings)
                case "undo" | "redo" if record.get("told"):
                    self.put_back = PutBack(tuple(record["told"]), record["files"])
                case _:
                    pass
        if not self.totals.turns:  # recorded before totals were
            self.totals = replace(self.totals, turns=answers)
        for call in self.conversation.open_calls:
            begun = intended.get(call.id, Effect.NONE.value)
            if call.id not in self._known_results and begun != Effect.NONE.value:
                self.interrupted.append(call)
                self._known_results[call.id] = ToolOutput(call.id, call.name, MAY_HAVE_RUN, ok=False)
                self.record_done(self._known_results[call.id])
        if all(call.id in self._known_results for call in self.conversation.open_calls):
            self._close_calls()

    def _close_calls(self) -> None:
        for call in self.conversation.open_calls:
            self.conversation.append(self._known_results.pop(call.id))


def start_of(head: Record) -> SessionStart:
    """What a session's first record says; raises KeyError or TypeError where it doesn't.

    Heads of version 1 hold limits, and of the settings no more.
    """
    known = {each.name: head[each.name] for each in fields(SessionStart) if each.name in head}
    if head["version"] == 1:
        known["settings"] = {_LIMITS[name]: value for name, value in head.get("limits", {}).items()}
    return SessionStart(**known | {"images": tuple(head.get("images", ()))})


_LIMITS = {"turns": "max_turns", "tokens": "max_tokens", "cost": "max_cost", "seconds": "max_time"}
