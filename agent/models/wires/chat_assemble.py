"""One answer of the chat completions wire from its chunks. Pure, no I/O.

The chunks are those of docs/model-service.md, "Streaming".

Whatever arrives, it raises only a :class:`seedsmith.agent.models.tries.retry.FailedTry`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from seedsmith.agent.models.base import FinishReason, ReasoningDelta, TextDelta, Usage
from seedsmith.agent.models.stream.stream import (
    AnswerAssembler,
    CallSlot,
    Characters,
    Delta,
    announce,
    arguments_text,
    consistent_usage,
    count,
    detail,
    plain_string,
    text_of,
)
from seedsmith.agent.models.tries.refusal_reader import error_in
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
        self.end_marked = True

    def close(self) -> Iterator[Delta]:
        """See :meth:`AnswerAssembler.close`; complete means that a finish reason was seen.

        Services that never send one say as much by the usage and the end mark, both of which came.
        """
        if self.failed:
            raise BrokenAnswer(f"broke off (finish reason {self.failed})", "failed")
        if self.finish_reason is None:
            counted = self.usage is not None and self.usage.output_tokens > 0
            held = bool(self._calls) or bool(self.text.strip())
            if not (self.end_marked and counted and held and all(_whole(slot) for slot in self._calls)):
                raise BrokenAnswer("ended without a finish reason")
            self.finish_reason, self.inferred = "tool_calls" if self._calls else "stop", True
            yield from announce(self._calls)
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
        reasons = (place.get(key) for place in (choice, delta) for key in ("finish_reason", "finishReason"))
        reason = next((each for each in reasons if each and not _says_nothing(each)), None)
        if reason is not None:
            yield from self._finish(reason)

    def _finish(self, reason: Any) -> Iterator[Delta]:
        self.failed = self.failed or _failure(reason)
        if self.failed:
            return
        self.finish_reason = _finish_reason(reason, bool(self._calls))
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
            if slot is not None and key is not None and not identity:
                name, slot = _slot_for(slot, name, arguments_text(function.get("arguments")))
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
            if slot is not None and name and identity and identity != slot.wire_id:
                another = slot.pieces or (slot.wire_id and name != slot.name)
                return None if another else slot  # services that number every call 0
            return slot
        if identity:
            return next((slot for slot in self._calls if slot.wire_id == identity), None)
        return self._calls[-1] if self._calls and not name else None


def _slot_for(slot: CallSlot, name: str, arguments: str) -> tuple[str, CallSlot | None]:
    """The name and the call of a delta that goes on with ``slot`` by its index; None: a new call begins.

    Services that number every call 0 and give no ids go on like that where the next call begins. Some tell
    the name once more when a call is complete, so the same name begins one only where arguments follow.
    """
    if not (name or slot.named_again) or not slot.closed:
        return name, slot
    if arguments.strip() or (name and name != slot.name):
        return name or slot.name, None
    slot.named_again = True
    return name, slot


def _whole(slot: CallSlot) -> bool:
    """Whether a call can be run as it stands; one without any arguments can."""
    return slot.parsable or (bool(slot.name) and not slot.arguments.strip())


_NO_REASONS = frozenset({"", "null", "none", "undefined"})
_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_length": "length",
    "max_output_tokens": "length",
    "max_completion_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "token_limit": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "safety": "content_filter",
    "sensitive": "content_filter",
    "prohibited_content": "content_filter",
    "blocklist": "content_filter",
    "recitation": "content_filter",
    "spii": "content_filter",
}
"""As services spell them, in small letters: besides OpenAI's of Gemini, Anthropic, Mistral and others."""
_FAILURES = frozenset(
    {
        "error",
        "network_error",
        "server_error",
        "failed",
        "failure",
        "abort",
        "aborted",
        "cancelled",
        "canceled",
        "interrupted",
        "timeout",
        "insufficient_system_resource",
        "malformed_function_call",
    }
)
"""What stands in place of a finish reason where the answer broke off."""


def _spelt(reason: Any) -> str:
    """A finish reason as one word in small letters, e.g. ``MAX_TOKENS`` as ``max_tokens``."""
    word = re.sub("(?<=[a-z])(?=[A-Z])", "_", plain_string(reason).strip())
    return word.lower().replace("-", "_").replace(" ", "_").removeprefix("finish_reason_")


def _says_nothing(reason: Any) -> bool:
    return isinstance(reason, str) and _spelt(reason) in _NO_REASONS


def _failure(reason: Any) -> str:
    word = _spelt(reason)
    return word if word in _FAILURES else ""


def _finish_reason(reason: Any, has_calls: bool) -> FinishReason:
    return _REASONS.get(_spelt(reason), "tool_calls" if has_calls else "stop")


def _usage(found: dict[str, Any]) -> Usage:
    return consistent_usage(
        count(found.get("prompt_tokens")),
        detail(found, "prompt_tokens_details", "cached_tokens"),
        count(found.get("completion_tokens")),
        detail(found, "completion_tokens_details", "reasoning_tokens"),
    )
