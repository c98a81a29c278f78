"""From bytes off the wire to one answer: the SSE decoder, and what the assemblers of both wires share.
Pure, no I/O.

Whatever arrives, these raise only a :class:`seedsmith.agent.models.tries.retry.FailedTry`.
"""

from __future__ import annotations

import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from dataclasses import field
from typing import Any, ClassVar

from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.models.base import CallReady, FinishReason, ReasoningDelta, TextDelta, Usage
from seedsmith.agent.models.tries.retry import BrokenAnswer
from seedsmith.agent.redact import MOST_NESTED, nested_too_deeply
from seedsmith.sandbox.lazy_dataclass import dataclass

EVENT_LIMIT_BYTES = 16 * 2**20
DONE = b"[DONE]"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DATA = b"data:"
MOST_TOKENS = 10**9
"""No request takes so many; a greater count is none."""
Delta = TextDelta | ReasoningDelta | CallReady


class SseDecoder:
    """Server-sent events (WHATWG HTML §9.2) from chunks cut anywhere; only the ``data`` is kept."""

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._size = 0
        self._data: list[bytes] = []
        self._after_return = False
        self._first_line = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that ``chunk`` completes; comments give none."""
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_return = False
        if not chunk:
            return []
        self._after_return = chunk.endswith(b"\r")
        self._size += len(chunk)
        if self._size > EVENT_LIMIT_BYTES:
            raise BrokenAnswer(f"holds an event of more than {EVENT_LIMIT_BYTES} bytes", "event_too_large")
        first, *rest = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._line.append(first)
        events: list[bytes] = []
        for piece in rest:
            events.extend(self._end_line())
            self._line = [piece]
        return events

    @property
    def receiving(self) -> bool:
        """Whether an event's data is on its way: a slow network may take long over one."""
        return bool(self._data) or self._line_start().startswith(_DATA)

    def close(self) -> list[bytes]:
        """What the end of the input completes: services forget the last blank line."""
        return [*self._end_line(), *self._end_event()]

    def _line_start(self) -> bytes:
        enough = len(_BYTE_ORDER_MARK) + len(_DATA)
        start = b""
        for piece in self._line:
            start += piece[: enough - len(start)]
            if len(start) == enough:
                break
        return start.removeprefix(_BYTE_ORDER_MARK) if self._first_line else start

    def _end_line(self) -> list[bytes]:
        line = b"".join(self._line)
        self._line = []
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._end_event()
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        return []

    def _end_event(self) -> list[bytes]:
        data, self._data, self._size = self._data, [], 0
        return [b"\n".join(data)] if data else []


@dataclass(slots=True)
class CallSlot:
    """A call while its pieces arrive."""

    key: int | None
    wire_id: str
    """As the service wrote it; '' where it wrote none."""
    id: str
    """Unique in the conversation; '' while that is open."""
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    ready: bool = False
    named_again: bool = False
    """Its name came once more after it was closed: the next one's may begin like that."""

    @property
    def arguments(self) -> str:
        """The arguments as far as they came."""
        return heal("".join(self.pieces))

    @property
    def parsable(self) -> bool:
        """Whether name and arguments make a call that can be run."""
        return bool(self.name) and is_json_object(self.arguments)

    @property
    def closed(self) -> bool:
        """Whether nothing but blanks can follow in its arguments, seen at little cost."""
        last = next((piece for piece in reversed(self.pieces) if piece.strip()), "")
        return last.rstrip().endswith("}") and self.parsable

    def add(self, piece: Any) -> None:
        """Take a piece of the arguments; raises :class:`BrokenAnswer` where the call was complete already."""
        text = arguments_text(piece)
        if not text:
            return
        if self.ready and text.strip():
            raise BrokenAnswer("goes on with a call that was complete")
        self.pieces.append(text)


class Characters:
    """Joins UTF-16 halves that JSON escapes may spread over two deltas; a half alone becomes U+FFFD."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        """The whole characters so far; a half at the end is kept."""
        piece = self._half + piece
        self._half = ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        return heal(piece)

    def close(self) -> str:
        """What the end makes of a half that was kept."""
        half, self._half = self._half, ""
        return heal(half)


def heal(text: str) -> str:
    """``text`` with surrogate pairs joined and lone surrogates replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class AnswerAssembler(ABC):
    """Puts one answer together, from a stream's events or from one plain body."""

    _call_marks: ClassVar[tuple[bytes, ...]]
    """What an event about a call holds; one with invalid UTF-8 in it is never mended."""

    def __init__(self, taken_ids: Collection[str] = ()) -> None:
        self.finish_reason: FinishReason | None = None
        """None until the service said that the answer is complete."""
        self.inferred = False
        """The finish reason is our conclusion: the service sends none."""
        self.usage: Usage | None = None
        self.model = ""
        self.request_id = ""
        self.service_tier = ""
        self.extra: dict[str, Any] = {}
        self.damaged = False
        """Invalid UTF-8 was replaced by U+FFFD."""
        self.renamed = False
        """A call has another id here than the service gave it."""
        self.ended = False
        """Nothing can follow any more, not even the usage."""
        self.end_marked = False
        """The service marked the end of its answer: ``[DONE]`` came, or a plain answer was read whole."""
        self.failed = ""
        """What the service said in place of a finish reason: the answer broke off; '' where it did not."""
        self._ids = set(taken_ids)

    @abstractmethod
    def feed(self, data: bytes) -> Iterator[Delta]:
        """Take one event's data and give the parts it holds."""

    @abstractmethod
    def feed_plain(self, body: bytes) -> Iterator[Delta]:
        """Take a whole plain answer."""

    @abstractmethod
    def close(self) -> Iterator[Delta]:
        """The end of the input; raises :class:`BrokenAnswer` where the answer was not seen complete."""

    @property
    def settled(self) -> bool:
        """Whether the service said how the answer ended: at most its usage is missing still."""
        return self.finish_reason is not None or bool(self.failed)

    @property
    @abstractmethod
    def text(self) -> str:
        """The answer's text so far."""

    @property
    @abstractmethod
    def reasoning(self) -> str:
        """The answer's thinking so far."""

    @property
    @abstractmethod
    def _slots(self) -> list[CallSlot]:
        """The calls so far, in call order."""

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls in call order; a call without arguments has an empty object."""
        return tuple(ToolCall(slot.id, slot.name, slot.arguments or "{}") for slot in self._slots)

    def new_id(self) -> str:
        """A call id that nothing in the conversation has."""
        identity = f"call_{uuid.uuid4().hex[:16]}"
        self._ids.add(identity)
        return identity

    def _unique(self, identity: str) -> str:
        if not identity or identity in self._ids:
            self.renamed = True
            return self.new_id()
        self._ids.add(identity)
        return identity

    def _decode(self, data: bytes) -> dict[str, Any]:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode(errors="replace")
            self.damaged = True
            if any(mark in data for mark in self._call_marks):
                raise BrokenAnswer("holds invalid UTF-8 in a tool call") from None
        try:
            event = json.loads(text.removeprefix("\ufeff"), strict=False)
        except (ValueError, RecursionError):
            raise BrokenAnswer("holds an event that is not JSON") from None
        if not isinstance(event, dict):
            raise BrokenAnswer("holds an event that is not a JSON object")
        brackets = text.count("[") + text.count("{")  # most events need no closer look
        if brackets > MOST_NESTED and nested_too_deeply(event):
            raise BrokenAnswer("holds an event that is nested too deeply")
        return event

    def _take_envelope(self, found: dict[str, Any]) -> None:
        self.model = plain_string(found.get("model")) or self.model
        self.request_id = plain_string(found.get("id")) or self.request_id
        self.service_tier = plain_string(found.get("service_tier")) or self.service_tier

    def _take_timings(self, found: dict[str, Any]) -> None:
        if isinstance(found.get("timings"), dict):
            self.extra["timings"] = found["timings"]

    def _take_logprobs(self, logprobs: Any) -> None:
        if isinstance(logprobs, list) and logprobs:
            self.extra.setdefault("logprobs", []).extend(logprobs)


def announce(slots: Iterable[CallSlot]) -> Iterator[CallReady]:
    """Announce complete calls, in call order: none before one that is still open."""
    for slot in slots:
        if slot.ready:
            continue
        if not slot.parsable:
            return
        slot.ready = True
        yield CallReady(ToolCall(slot.id, slot.name, slot.arguments))


def arguments_text(value: Any) -> str:
    """Arguments that may come as an object; raises :class:`BrokenAnswer` where they are no text."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BrokenAnswer("has arguments that are no text")
    return value


def text_of(value: Any) -> str:
    """A text that may come as a list of parts; raises :class:`BrokenAnswer` where it is none."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(plain_string(part.get("text")) for part in value if isinstance(part, dict))
    if not isinstance(value, str):
        raise BrokenAnswer("has text that is no string")
    return value


def plain_string(value: Any) -> str:
    """``value`` where it is a string, else ''."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int:
    """A number of tokens; whatever is none counts as 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 <= value <= MOST_TOKENS else 0


def detail(found: dict[str, Any], group: str, name: str) -> int:
    """The number of tokens ``name`` in the object ``group`` of a usage; 0 where there is none."""
    details = found.get(group)
    return count(details.get(name)) if isinstance(details, dict) else 0


def consistent_usage(taken: int, cached: int, given: int, thought: int) -> Usage:
    """The usage of ``taken`` and ``given`` tokens, with no more cached or thought than these."""
    return Usage(taken, min(cached, taken), given, min(thought, given))


def is_json_object(arguments: str) -> bool:
    """Whether a call's ``arguments`` are whole."""
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False
