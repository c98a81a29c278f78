"""From bytes off the wire to one answer: the SSE decoder and the assembler of deltas. Pure, no I/O.

Whatever arrives, these raise only a :class:`agent.models.retry.FailedTry`.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from agent.conversation import ToolCall
from agent.models.base import CallReady, FinishReason, ReasoningDelta, TextDelta, Usage
from agent.models.refusals import error_in
from agent.models.retry import BrokenAnswer, ServiceRefused

EVENT_LIMIT_BYTES = 16 * 2**20
DONE = b"[DONE]"
Delta = TextDelta | ReasoningDelta | CallReady


class SseDecoder:
    """Server-sent events (WHATWG HTML §9.2) from chunks cut anywhere; only the ``data`` is kept."""

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._size = 0
        self._data: list[bytes] = []
        self._after_return = False

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
        return bool(self._data) or self._line_start().startswith(b"data:")

    def close(self) -> list[bytes]:
        """What the end of the input completes: services forget the last blank line."""
        return [*self._end_line(), *self._end_event()]

    def _line_start(self) -> bytes:
        start = b""
        for piece in self._line:
            start += piece[: len(b"data:") - len(start)]
            if len(start) == len(b"data:"):
                break
        return start

    def _end_line(self) -> list[bytes]:
        line = b"".join(self._line)
        self._line = []
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
class _CallSlot:
    """A call while its pieces arrive."""

    key: int | None
    wire_id: str
    """As the service wrote it; '' where it wrote none."""
    id: str
    """Unique in the conversation."""
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    ready: bool = False

    @property
    def arguments(self) -> str:
        """The arguments as far as they came."""
        return heal("".join(self.pieces))


class _Characters:
    """Joins UTF-16 halves that JSON escapes may spread over two deltas; a half alone becomes U+FFFD."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        piece = self._half + piece
        self._half = ""
        if piece and "\ud800" <= piece[-1] <= "\udbff":
            piece, self._half = piece[:-1], piece[-1]
        return heal(piece)

    def close(self) -> str:
        half, self._half = self._half, ""
        return heal(half)


def heal(text: str) -> str:
    """``text`` with surrogate pairs joined and lone surrogates replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class AnswerAssembler:
    """Puts one answer together, from a stream's events or from one plain body."""

    def __init__(self, taken_ids: Collection[str] = ()) -> None:
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self.finish_reason: FinishReason | None = None
        self.usage: Usage | None = None
        self.model = ""
        self.request_id = ""
        self.service_tier = ""
        self.extra: dict[str, Any] = {}
        self.damaged = False
        """Invalid UTF-8 was replaced by U+FFFD."""
        self._slots: list[_CallSlot] = []
        self._ids = set(taken_ids)
        self._text_characters = _Characters()
        self._reasoning_characters = _Characters()

    def feed(self, data: bytes) -> Iterator[Delta]:
        """Take one event's data and give the parts it holds."""
        yield from self._take(self._decode(data), "delta")

    def feed_plain(self, body: bytes) -> Iterator[Delta]:
        """Take a whole plain answer."""
        yield from self._take(self._decode(body), "message")

    def close(self) -> Iterator[Delta]:
        """The end of the input; raises :class:`BrokenAnswer` where no finish reason was seen."""
        if self.finish_reason is None:
            raise BrokenAnswer("ended without a finish reason")
        yield from self._say(self._text_characters.close(), self._reasoning_characters.close())

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        """The answer's thinking so far."""
        return "".join(self._reasoning)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls in the order they began; a call without arguments has an empty object."""
        return tuple(ToolCall(slot.id, slot.name, slot.arguments or "{}") for slot in self._slots)

    def new_id(self) -> str:
        """A call id that nothing in the conversation has."""
        identity = f"call_{uuid.uuid4().hex[:16]}"
        self._ids.add(identity)
        return identity

    def _decode(self, data: bytes) -> dict[str, Any]:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode(errors="replace")
            self.damaged = True
            if b'"tool_calls"' in data:
                raise BrokenAnswer("holds invalid UTF-8 in a tool call") from None
        try:
            event = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            raise BrokenAnswer("holds an event that is not JSON") from None
        if not isinstance(event, dict):
            raise BrokenAnswer("holds an event that is not a JSON object")
        refusal = error_in(event)
        if refusal is not None:
            raise ServiceRefused(refusal)
        return event

    def _take(self, event: dict[str, Any], kind: str) -> Iterator[Delta]:
        self._take_envelope(event)
        choices = event.get("choices") or []
        if not isinstance(choices, list):
            raise BrokenAnswer("has choices that are no list")
        for choice in choices:
            if not isinstance(choice, dict):
                raise BrokenAnswer("has a choice that is no object")
            if choice.get("index", 0) not in (0, None):
                continue
            delta = choice.get(kind) or {}
            if not isinstance(delta, dict):
                raise BrokenAnswer(f"has a {kind} that is no object")
            thought = _string(delta.get("reasoning_content") or delta.get("reasoning"))
            content = delta.get("content") or choice.get("text")  # the latter where a text is continued
            yield from self._say(
                self._text_characters.feed(_string(content)),
                self._reasoning_characters.feed(thought),
            )
            yield from self._take_calls(delta.get("tool_calls") or [], numbered=kind == "message")
            self._take_logprobs(choice.get("logprobs"))
            if choice.get("finish_reason"):
                self.finish_reason = _finish_reason(choice["finish_reason"], bool(self._slots))
                if self.finish_reason != "length":
                    yield from self._make_ready()

    def _say(self, text: str, thought: str) -> Iterator[Delta]:
        if thought:
            self._reasoning.append(thought)
            yield ReasoningDelta(thought)
        if text:
            self._text.append(text)
            yield TextDelta(text)

    def _take_envelope(self, event: dict[str, Any]) -> None:
        self.model = _plain_string(event.get("model")) or self.model
        self.request_id = _plain_string(event.get("id")) or self.request_id
        self.service_tier = _plain_string(event.get("service_tier")) or self.service_tier
        if isinstance(event.get("usage"), dict):
            self.usage = _usage(event["usage"])
        if isinstance(event.get("timings"), dict):
            self.extra["timings"] = event["timings"]

    def _take_logprobs(self, logprobs: Any) -> None:
        if isinstance(logprobs, dict) and isinstance(logprobs.get("content"), list):
            self.extra.setdefault("logprobs", []).extend(logprobs["content"])

    def _take_calls(self, deltas: Any, *, numbered: bool) -> Iterator[Delta]:
        if not isinstance(deltas, list):
            raise BrokenAnswer("has tool calls that are no list")
        for place, delta in enumerate(deltas):
            if not isinstance(delta, dict):
                raise BrokenAnswer("has a tool call that is no object")
            function = delta.get("function") or {}
            if not isinstance(function, dict):
                raise BrokenAnswer("has a function that is no object")
            index = delta.get("index")
            key = place if numbered else index if isinstance(index, int) else None
            name, identity = _plain_string(function.get("name")), _plain_string(delta.get("id"))
            slot = self._slot(key, identity, name)
            if slot is None:
                yield from self._make_ready()
                slot = _CallSlot(key, identity, self._unique(identity))
                self._slots.append(slot)
            if name and name != slot.name:
                slot.name += name
            self._add_arguments(slot, function.get("arguments"))

    def _slot(self, key: int | None, identity: str, name: str) -> _CallSlot | None:
        """The call a delta belongs to: by index, else by id, else the newest; None: a new one begins."""
        if key is not None:
            slot = next((slot for slot in reversed(self._slots) if slot.key == key), None)
            if slot is not None and name and identity and slot.pieces and identity != slot.wire_id:
                return None  # services that number every call 0
            return slot
        if identity:
            return next((slot for slot in self._slots if slot.wire_id == identity), None)
        return self._slots[-1] if self._slots and not name else None

    def _unique(self, identity: str) -> str:
        if not identity or identity in self._ids:
            return self.new_id()
        self._ids.add(identity)
        return identity

    def _add_arguments(self, slot: _CallSlot, piece: Any) -> None:
        if isinstance(piece, dict):
            piece = json.dumps(piece, ensure_ascii=False)
        if piece is None or piece == "":
            return
        if not isinstance(piece, str):
            raise BrokenAnswer("has arguments that are no text")
        if slot.ready and piece.strip():
            raise BrokenAnswer("goes on with a call that was complete")
        slot.pieces.append(piece)

    def _make_ready(self) -> Iterator[Delta]:
        """Announce complete calls, in call order: none before one that is still open."""
        for slot in self._slots:
            if slot.ready:
                continue
            if not slot.name or not _is_object(slot.arguments):
                return
            slot.ready = True
            yield CallReady(ToolCall(slot.id, slot.name, slot.arguments))


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False


def _string(value: Any) -> str:
    """A text that may come as a list of parts."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(_plain_string(part.get("text")) for part in value if isinstance(part, dict))
    if not isinstance(value, str):
        raise BrokenAnswer("has text that is no string")
    return value


def _plain_string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _finish_reason(reason: Any, has_calls: bool) -> FinishReason:
    match reason:
        case "stop" | "length" | "tool_calls" | "content_filter":
            return reason  # type: ignore[no-any-return]
        case _:
            return "tool_calls" if has_calls else "stop"


def _usage(found: dict[str, Any]) -> Usage:
    prompt, completion = found.get("prompt_tokens_details"), found.get("completion_tokens_details")
    return Usage(
        input_tokens=_count(found.get("prompt_tokens")),
        cached_tokens=_count(prompt.get("cached_tokens")) if isinstance(prompt, dict) else 0,
        output_tokens=_count(found.get("completion_tokens")),
        reasoning_tokens=_count(completion.get("reasoning_tokens")) if isinstance(completion, dict) else 0,
    )


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return 0
    return int(value)
