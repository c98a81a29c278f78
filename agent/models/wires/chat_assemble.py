"""One answer of the chat completions wire from its chunks. Pure, no I/O.

The chunks are those of docs/model-service.md, "Streaming".

Whatever arrives, it raises only a :class:`seedsmith.agent.models.tries.retry.FailedTry`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from seedsmith.agent.models.base import FinishReason, ReasoningDelta, TextDelta, Usage
from seedsmith.agent.models.stream.stream import (
    AnswerAssembler,
    CallSlot,
    Characters,
    Delta,
    announce,
    consistent_usage,
    count,
    detail,
    plain_string,
    text_of,
)
from seedsmith.agent.models.tries.refusals import error_in
from seedsmith.agent.models.tries.retry import BrokenAnswer, ServiceRefused


class ChatAssembler(AnswerAssembler):
    """Puts an answer together from choices' deltas, or from one message."""

    _call_marks = (b'"tool_calls"',)

    def __init__(self, taken_ids: Collection[str] = ()) -> None:
        super().__init__(taken_ids)
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[CallSlot] = []
        self._text_characters = Characters()
        self._reasoning_characters = Characters()

    def feed(self, data: bytes) -> Iterator[Delta]:
        """See :meth:`AnswerAssembler.feed`."""
        yield from self._take(self._decode(data), "delta")

    def feed_plain(self, body: bytes) -> Iterator[Delta]:
        """See :meth:`AnswerAssembler.feed_plain`."""
        yield from self._take(self._decode(body), "message")

    def close(self) -> Iterator[Delta]:
        """See :meth:`AnswerAssembler.close`; complete means that a finish reason was seen."""
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
    def _slots(self) -> list[CallSlot]:
        return self._calls

    def _take(self, event: dict[str, Any], kind: str) -> Iterator[Delta]:
        self._take_envelope(event)
        if isinstance(event.get("usage"), dict):
            self.usage = _usage(event["usage"])
        refusal = error_in(event)
        if refusal is not None:
            raise ServiceRefused(refusal)
        self._take_timings(event)
        choices = event.get("choices") or []
        if not isinstance(choices, list):
            raise BrokenAnswer("has choices that are no list")
        for choice in choices:
            if not isinstance(choice, dict):
                raise BrokenAnswer("has a choice that is no object")
            if choice.get("index", 0) in (0, None):
                yield from self._take_choice(choice, kind)

    def _take_choice(self, choice: dict[str, Any], kind: str) -> Iterator[Delta]:
        delta = choice.get(kind) or {}
        if not isinstance(delta, dict):
            raise BrokenAnswer(f"has a {kind} that is no object")
        thought = text_of(delta.get("reasoning_content") or delta.get("reasoning"))
        content = delta.get("content") or choice.get("text")  # the latter where a text is continued
        yield from self._say(
            self._text_characters.feed(text_of(content)), self._reasoning_characters.feed(thought)
        )
        yield from self._take_calls(delta.get("tool_calls") or [], numbered=kind == "message")
        if isinstance(choice.get("logprobs"), dict):
            self._take_logprobs(choice["logprobs"].get("content"))
        if choice.get("finish_reason"):
            self.finish_reason = _finish_reason(choice["finish_reason"], bool(self._calls))
            if self.finish_reason != "length":
                yield from announce(self._calls)

    def _say(self, text: str, thought: str) -> Iterator[Delta]:
        if thought:
            self._reasoning.append(thought)
            yield ReasoningDelta(thought)
        if text:
            self._text.append(text)
            yield TextDelta(text)

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
            name, identity = plain_string(function.get("name")), plain_string(delta.get("id"))
            slot = self._slot(key, identity, name)
            if slot is None:
                yield from announce(self._calls)
                slot = CallSlot(key, identity, self._unique(identity))
                self._calls.append(slot)
            if name and name != slot.name:
                slot.name += name
            slot.add(function.get("arguments"))

    def _slot(self, key: int | None, identity: str, name: str) -> CallSlot | None:
        """The call a delta belongs to: by index, else by id, else the newest; None: a new one begins."""
        if key is not None:
            slot = next((slot for slot in reversed(self._calls) if slot.key == key), None)
            if slot is not None and name and identity and slot.pieces and identity != slot.wire_id:
                return None  # services that number every call 0
            return slot
        if identity:
            return next((slot for slot in self._calls if slot.wire_id == identity), None)
        return self._calls[-1] if self._calls and not name else None


def _finish_reason(reason: Any, has_calls: bool) -> FinishReason:
    match reason:
        case "stop" | "length" | "tool_calls" | "content_filter":
            return reason  # type: ignore[no-any-return]
        case _:
            return "tool_calls" if has_calls else "stop"


def _usage(found: dict[str, Any]) -> Usage:
    return consistent_usage(
        count(found.get("prompt_tokens")),
        detail(found, "prompt_tokens_details", "cached_tokens"),
        count(found.get("completion_tokens")),
        detail(found, "completion_tokens_details", "reasoning_tokens"),
    )
