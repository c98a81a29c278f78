"""The durable side of a run: its conversation and what became of every call.

See docs/decisions.md, "Records and events" and "Durability".
Records, one JSON line each: ``session`` (what was asked, and where), ``item`` (a message), ``intended``
(a call is about to run), ``done`` (its result), ``snapshot`` (what the workspace was), ``verify``,
``compaction`` (the items the conversation goes on from instead), ``resumed`` and ``finished``. A tool's
output stands in its ``done`` record, and in those of compactions.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from seedsmith.agent.conversation import (
    AssistantMessage,
    Conversation,
    ConversationError,
    Item,
    ToolCall,
    ToolOutput,
)
from seedsmith.agent.errors import SessionError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.records import Record, RecordFile, item_from_json, item_to_json
from seedsmith.tools.base import Effect

VERSION = 1
SPILLS = "spills"
"""Folder in a session's folder that holds whole outputs."""
PRIVATE_TMP = "tmp"
"""Folder that backs the session's private ``/tmp``."""
_ID = re.compile(r"[0-9]{8}-[0-9]{9}-[0-9a-f]{6}")

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
    limits: dict[str, float] = field(default_factory=dict)
    """The limits the user set: ``turns``, ``tokens``, ``cost`` (yuan), ``seconds``."""
    base_url: str = ""
    """Where the user said the service is, without user and password; '' for the provider's own address."""


@dataclass(frozen=True, slots=True)
class VerifyRecord:
    """One run of the verification command, as recorded."""

    command: str
    exit_code: int | None
    output: str

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
        self.observer: Callable[[Record], None] | None = None
        """Is shown every record after it was written."""
        self._file = file
        self._begins = True

    @property
    def id(self) -> str:
        """The session's name, sortable by time."""
        return self.folder.name

    @classmethod
    def create(cls, home: Path, start: SessionStart, redactor: Redactor) -> Session:
        """Begin a session in a new folder under ``home/sessions``."""
        folder = home / "sessions" / new_session_id()
        try:
            for new in (folder, folder / SPILLS, folder / PRIVATE_TMP):
                new.mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise SessionError(f"Can't make the session folder {folder}: {error.strerror}.") from error
        file = RecordFile(folder / "records.jsonl", redactor)
        session = cls(folder, start, file)
        head = {"kind": "session", "version": VERSION, "id": session.id, "time": time.time()}
        file.append(head | asdict(start))
        return session

    @classmethod
    def resume(cls, home: Path, session_id: str, workspace: Path, redactor: Redactor) -> Session:
        """Open a recorded session again, as it was after its last completed step.

        Calls that were begun, could have changed something and have no result are given one that says
        so; they never run again. Raises :class:`SessionError`.
        """
        folder = home / "sessions" / session_id
        path = folder / "records.jsonl"
        if not _ID.fullmatch(session_id) or not path.is_file():
            raise SessionError(f"There is no session {session_id!r} under {home / 'sessions'}.")
        file = RecordFile(path, redactor)
        try:
            records = file.read()
            session = cls(folder, _start_of(records, path), file)
            if Path(session.start.workspace) != workspace:
                raise SessionError(
                    f"Session {session_id} belongs to {session.start.workspace}, not to {workspace}."
                )
            session._rebuild(records)
        except (KeyError, TypeError, ValueError, ConversationError) as error:
            file.close()
            raise SessionError(f"{path} is damaged: {type(error).__name__} {error}.") from error
        except BaseException:
            file.close()
            raise
        file.append({"kind": "resumed", "time": time.time()})
        return session

    def append(self, item: Item) -> None:
        """Add an item to the conversation and, but for tool outputs, to the records."""
        self.conversation.append(item)
        if isinstance(item, ToolOutput):
            self._known_results.pop(item.call_id, None)
        else:
            self.turns += isinstance(item, AssistantMessage)
            self._append({"kind": "item", "item": item_to_json(item)})

    def known_result(self, call_id: str) -> ToolOutput | None:
        """The result an open call has from before the session was resumed: such a call must not run again."""
        return self._known_results.get(call_id)

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
        result = item_to_json(output)
        self._append({"kind": "done", "output": result, "duration_ms": round(duration_ms, 1)})

    def record_verification(self, verification: VerifyRecord) -> None:
        """Record a run of the verification command."""
        self.verifications.append(verification)
        self._append(
            {
                "kind": "verify",
                "command": verification.command,
                "exit_code": verification.exit_code,
                "output": verification.output,
            }
        )

    def record_snapshot(self, turn: int, snapshot: str) -> None:
        """Record what the workspace was after ``turn`` answers; the same one again is no news."""
        if self.snapshots and self.snapshots[-1].id == snapshot and not self._begins:
            return
        self._begins = False
        self.snapshots.append(SnapshotRecord(turn, snapshot))
        self._append({"kind": "snapshot", "id": snapshot, "turn": turn, "time": time.time()})

    def record_finished(self, outcome: Mapping[str, Any]) -> None:
        """Record how the run ended."""
        self._append({"kind": "finished", "time": time.time(), **outcome})

    async def sync(self) -> None:
        """Return once all records so far are on the disk."""
        await self._file.sync()

    def close(self) -> None:
        """Give the records and their lock back."""
        self._file.close()

    def _append(self, record: Record) -> None:
        self._file.append(record)
        if self.observer is not None:
            self.observer(record)

    def _rebuild(self, records: Iterable[Record]) -> None:
        intended: dict[str, Record] = {}
        for record in records:
            match record["kind"]:
                case "item":
                    self._close_calls()
                    item = item_from_json(record["item"])
                    self.turns += isinstance(item, AssistantMessage)
                    self.conversation.append(item)
                case "snapshot":
                    self.snapshots.append(SnapshotRecord(record["turn"], record["id"]))
                case "compaction":
                    self._close_calls()
                    self.conversation.replace(item_from_json(item) for item in record["items"])
                case "intended":
                    intended[record["call"]] = record
                case "done":
                    output = item_from_json(record["output"])
                    assert isinstance(output, ToolOutput)
                    self._known_results[output.call_id] = output
                case "verify":
                    verification = VerifyRecord(record["command"], record["exit_code"], record["output"])
                    self.verifications.append(verification)
                case _:
                    pass
        for call in self.conversation.open_calls:
            begun = intended.get(call.id)
            if call.id not in self._known_results and begun and begun["effect"] != Effect.NONE.value:
                self._known_results[call.id] = ToolOutput(call.id, call.name, MAY_HAVE_RUN, ok=False)
                self.record_done(self._known_results[call.id])
        if all(call.id in self._known_results for call in self.conversation.open_calls):
            self._close_calls()

    def _close_calls(self) -> None:
        for call in self.conversation.open_calls:
            self.conversation.append(self._known_results.pop(call.id))


def _start_of(records: list[Record], path: Path) -> SessionStart:
    if not records or records[0].get("kind") != "session":
        raise SessionError(f"{path} does not begin with a session record.")
    first = records[0]
    if first["version"] != VERSION:
        raise SessionError(f"{path} was written by another version of this program.")
    known = {each.name: first[each.name] for each in fields(SessionStart) if each.name in first}
    return SessionStart(**known | {"images": tuple(first.get("images", ()))})
