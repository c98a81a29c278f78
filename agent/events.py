"""What every front end sees: ephemeral events, numbered and stamped by one sink (docs/events.md)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field, fields
from typing import Any, ClassVar, Protocol

from seedsmith.agent.redact import Redactor
from seedsmith.sandbox.lazy_dataclass import dataclass

VERSION = 1
WITHIN = "within"
"""Marks, in a field's metadata, what is for front ends of this process alone and in no line of JSON."""


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The run begins."""

    type: ClassVar[str] = "session.started"
    model: str
    provider: str
    wire: str
    workspace: str
    sandbox: str
    budget: dict[str, Any]
    git: bool = True
    """Whether the workspace lies in a git repository."""


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """One question to the model begins."""

    type: ClassVar[str] = "turn.started"
    turn: int


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the model's answer."""

    type: ClassVar[str] = "text"
    delta: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the model's thinking."""

    type: ClassVar[str] = "reasoning"
    delta: str


TRY, TAKE_BACK = "try-", "back-"
"""How the calls of a search begin (``agent/repair``): a change that is tried, one that is taken back."""


REFUSED = "refused"
"""True in the data of a call that did not run: a person, a rule, a mode or a hook did not let it pass."""


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A call begins to run."""

    type: ClassVar[str] = "tool.started"
    call: str
    name: str
    arguments: Any


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A call is done."""

    type: ClassVar[str] = "tool.finished"
    call: str
    ok: bool
    summary: str
    duration_ms: float
    data: dict[str, Any]
    text: str = field(default="", metadata={WITHIN: True})
    """What the model reads."""


@dataclass(frozen=True, slots=True)
class ApprovalRequested:
    """A call waits for a person."""

    type: ClassVar[str] = "approval.requested"
    call: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class UsageReported:
    """What one request took."""

    type: ClassVar[str] = "usage"
    request_id: str
    served_model: str
    service_tier: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_cny: float | None
    tier: str
    extra: dict[str, Any] = field(default_factory=dict)
    cost_estimated: bool = False


@dataclass(frozen=True, slots=True)
class Compacted:
    """The history was shortened."""

    type: ClassVar[str] = "compacted"
    before: int
    after: int
    why: str


@dataclass(frozen=True, slots=True)
class VerifyStarted:
    """The verification command is about to run."""

    type: ClassVar[str] = "verify.started"
    command: str


@dataclass(frozen=True, slots=True)
class VerifyFinished:
    """The verification command ran."""

    type: ClassVar[str] = "verify.finished"
    command: str
    exit_code: int | None
    output: str


@dataclass(frozen=True, slots=True)
class NoticeGiven:
    """Something a person should know: a retry, a dropped field, a recovered call, a stuck model."""

    type: ClassVar[str] = "notice"
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ReplayDiverged:
    """A replay does something else than its recording says; shown for the first divergence."""

    type: ClassVar[str] = "replay.diverged"
    what: str
    """One sentence: which request, call or verification, and how it differs."""
    line: int
    """Of the recording."""
    call: str | None
    """The call it is about; None where it is about none."""
    name: str
    arguments: str
    diff: str
    """Recorded against now, a short unified diff."""


@dataclass(frozen=True, slots=True)
class SessionFinished:
    """The run's whole outcome; always the last event."""

    type: ClassVar[str] = "session.finished"
    status: str
    exit_code: int
    turns: int
    tool_calls: int
    usage: dict[str, int]
    cost_cny: float | None
    cost_estimated: bool
    verified: dict[str, Any] | None
    files_changed: list[str]
    diff: str
    message: str
    output: Any = None
    lost: list[str] = field(default_factory=list)
    """Files deleted or overwritten though no commit held what they were."""
    undo: str = ""
    """The command that takes back what the run changed; '' where it changed nothing."""


Event = (
    SessionStarted
    | TurnStarted
    | Text
    | Reasoning
    | ToolStarted
    | ToolFinished
    | ApprovalRequested
    | UsageReported
    | Compacted
    | VerifyStarted
    | VerifyFinished
    | NoticeGiven
    | ReplayDiverged
    | SessionFinished
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with its place in the run."""

    seq: int
    time: float
    """Seconds since the epoch."""
    session: str
    event: Event


class FrontEnd(Protocol):
    """Something that shows events; it must never raise into the run."""

    def show(self, envelope: Envelope) -> None:
        """Show one event."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Sink(Protocol):
    """Where events go."""

    def emit(self, event: Event) -> None:
        """Take ``event``."""


class EventSink:
    """Numbers and stamps events, takes the secrets out of them, and hands them to the front ends."""

    def __init__(
        self,
        session: str,
        front_ends: tuple[FrontEnd, ...] = (),
        clock: Callable[[], float] = time.time,
        redactor: Redactor | None = None,
    ) -> None:
        self._session = session
        self._front_ends = front_ends
        self._clock = clock
        self._redactor = redactor or Redactor(())
        self._seq = 0
        self._deltas: type[Text | Reasoning] = Text
        self._held = self._redactor.stream()

    @property
    def used(self) -> bool:
        """Whether anything was sent."""
        return self._seq > 0

    def follow(self, front_end: FrontEnd) -> None:
        """Show ``front_end`` all events from here on, too."""
        self._front_ends = (*self._front_ends, front_end)

    def emit(self, event: Event) -> None:
        """Send ``event`` to every front end; an end that may begin a secret waits."""
        if isinstance(event, Text | Reasoning):
            if not isinstance(event, self._deltas):
                self._flush()
                self._deltas = type(event)
            self._send_delta(self._held.feed(event.delta))
            return
        self._flush()
        clean = {each.name: self._redactor.data(getattr(event, each.name)) for each in fields(event)}
        self._send(type(event)(**clean))

    def _flush(self) -> None:
        self._send_delta(self._held.close())

    def _send_delta(self, text: str) -> None:
        if text:
            self._send(self._deltas(text))

    def _send(self, event: Event) -> None:
        self._seq += 1
        envelope = Envelope(self._seq, self._clock(), self._session, event)
        for front_end in self._front_ends:
            front_end.show(envelope)
