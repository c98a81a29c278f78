"""One answer of the Responses wire from its events. Pure, no I/O.

The events are those of docs/model-service.md, "Streaming".
An answer is complete when a terminal status was seen. Services leave out ids, indices, deltas or the
closing events, so items are matched by whatever they carry, and a whole text only adds what its deltas
left out. Whatever arrives, this raises only a :class:`seedsmith.agent.models.tries.retry.FailedTry`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
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
    heal,
    plain_string,
    text_of,
)
from seedsmith.agent.models.tries.refusal_reader import refusal_from
from seedsmith.agent.models.tries.retry import BrokenAnswer, ServiceRefused
from seedsmith.sandbox.lazy_dataclass import dataclass

PARAGRAPH = "\n\n"
"""Between parts of an answer that came apart, e.g. two messages or two steps of thinking."""
_EXTRA = ("max_output_tokens", "expire_at", "caching", "store")
"""What the service says of the answer that a person may want to see
(docs/model-service.md, "State and caching")."""
_TERMINAL = {
    "response.completed": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
    "response.cancelled": "failed",
}
_STATUSES = frozenset({"completed", "incomplete", "failed", "cancelled"})
_TEXT_EVENTS = {
    "response.output_text": ("message", "content", "content_index", "text"),
    "response.refusal": ("message", "refusal", "content_index", "refusal"),
    "response.reasoning_summary_text": ("reasoning", "summary", "summary_index", "text"),
    "response.reasoning_text": ("reasoning", "content", "content_index", "text"),
}
"""Of each pair of events (``.delta``, ``.done``): kind of item, of part, the part's index, the whole text."""


@dataclass(slots=True)
class _Part:
    """One text of an item while its pieces arrive."""

    pieces: list[str] = field(default_factory=list)
    characters: Characters = field(default_factory=Characters)
    logprobs: bool = False
    """Whether its log probabilities came with the deltas."""


@dataclass(slots=True)
class _Item:
    """A message, a reasoning or a function_call item while its events arrive."""

    kind: str
    index: int
    id: str
    parts: dict[tuple[str, int], _Part] = field(default_factory=dict)
    call: CallSlot | None = None
    done: bool = False
    cut: bool = False
    """A call that the service itself calls incomplete."""

    def may_be(self, found: Mapping[str, Any]) -> bool:
        """Whether an item without a known id can be this one."""
        if self.call is None:
            return True
        pairs = ((self.call.name, found.get("name")), (self.call.wire_id, found.get("call_id")))
        return all(not ours or not theirs or ours == theirs for ours, theirs in pairs)

    def was(self, found: Mapping[str, Any]) -> bool:
        """Whether an item that is done can be told again by another."""
        return self.call is not None and bool(self.call.wire_id) and self.call.wire_id == found.get("call_id")


class ResponsesAssembler(AnswerAssembler):
    """Puts an answer together from a response's events, or from one response object."""

    _call_marks = (b"function_call",)

    def __init__(self, taken_ids: Collection[str] = ()) -> None:
        super().__init__(taken_ids)
        self._items: list[_Item] = []
        self._last_said: dict[str, _Part] = {}

    def feed(self, data: bytes) -> Iterator[Delta]:
        """See :meth:`AnswerAssembler.feed`; unknown events give nothing."""
        event = self._decode(data)
        if self.ended:
            return
        name = plain_string(event.get("type"))
        self._take_timings(event)
        if name in _TERMINAL:
            yield from self._end(_object(event.get("response")), _TERMINAL[name])
        elif name == "error" or (not name and event.get("error")):
            raise ServiceRefused(refusal_from(None, event.get("error") or event))
        elif name in ("response.created", "response.in_progress", "response.queued"):
            self._take_response(_object(event.get("response")))
        elif name in ("response.output_item.added", "response.output_item.done"):
            yield from self._take_item(
                _object(event.get("item")), _index(event, "output_index"), done=name.endswith("done")
            )
        elif name.startswith("response.function_call_arguments."):
            self._take_arguments(event, done=name.endswith("done"))
        else:
            yield from self._take_text(event, name)

    def feed_plain(self, body: bytes) -> Iterator[Delta]:
        """See :meth:`AnswerAssembler.feed_plain`."""
        response = self._decode(body)
        if plain_string(response.get("status")) not in _STATUSES and response.get("error"):
            raise ServiceRefused(refusal_from(None, response["error"]))
        self._take_timings(response)
        yield from self._end(response, "")

    def close(self) -> Iterator[Delta]:
        """See :meth:`AnswerAssembler.close`; complete means that a terminal status was seen."""
        if self.finish_reason is None:
            raise BrokenAnswer("ended without a terminal status")
        yield from ()

    @property
    def text(self) -> str:
        """The answer's text so far, by the order of its items."""
        return self._joined("message")

    @property
    def reasoning(self) -> str:
        """The answer's thinking so far."""
        return self._joined("reasoning")

    @property
    def _slots(self) -> list[CallSlot]:
        ordered = sorted(self._items, key=lambda item: item.index)
        return [item.call for item in ordered if item.call is not None]

    def _joined(self, kind: str) -> str:
        ordered = sorted((item for item in self._items if item.kind == kind), key=lambda item: item.index)
        texts = ("".join(part.pieces) for item in ordered for _, part in sorted(item.parts.items()))
        return PARAGRAPH.join(text for text in texts if text)

    def _end(self, response: dict[str, Any], status: str) -> Iterator[Delta]:
        """Take a response that is over, by its own status, else by ``status``."""
        own = plain_string(response.get("status"))
        status = own if own in _STATUSES else status
        self._take_response(response)
        if status in ("failed", "cancelled"):
            if response.get("error"):
                raise ServiceRefused(refusal_from(None, response["error"]))
            raise BrokenAnswer("failed without a reason", "failed")
        if not status:
            raise BrokenAnswer(f"is not complete (status {own or 'missing'})")
        output = response.get("output") or []
        if not isinstance(output, list):
            raise BrokenAnswer("has an output that is no list")
        yield from self._take_output([_object(item) for item in output], whole=status == "completed")
        for item in self._items:
            for key in item.parts:
                yield from self._say(item, key, item.parts[key].characters.close())
        if status == "incomplete":
            self.finish_reason = _cut_by(response)
        else:
            yield from self._complete_calls()
        self.ended = True

    def _take_response(self, response: dict[str, Any]) -> None:
        self._take_envelope(response)
        if isinstance(response.get("usage"), dict):
            self.usage = _usage(response["usage"])
        self.extra |= {name: response[name] for name in _EXTRA if response.get(name) is not None}

    def _take_output(self, output: list[dict[str, Any]], *, whole: bool) -> Iterator[Delta]:
        """Take the whole list of items: each is the one streamed with its id, else the next of its kind."""
        streamed = sorted(self._items, key=lambda item: item.index)
        for place, found in enumerate(output):
            identity = plain_string(found.get("id"))
            same = [item for item in streamed if item.kind == found.get("type")]
            item = next((item for item in same if identity and item.id == identity), None)
            item = item or next((item for item in same if item.may_be(found)), None)
            if item is not None:
                streamed.remove(item)
            yield from self._take_item(found, place, done=whole, item=item)

    def _complete_calls(self) -> Iterator[Delta]:
        """The end of a completed response is the end of its calls; none may be left half."""
        slots = self._slots
        for item in self._items:
            slot = item.call
            if slot is None or slot.ready:
                continue
            if item.cut or not slot.name or not (item.done or slot.parsable):
                raise BrokenAnswer("holds a call that was not complete")
            self._identify(slot, item)
        self.finish_reason = "tool_calls" if slots else "stop"
        yield from announce(slots)

    def _take_item(
        self, found: dict[str, Any], index: int | None, *, done: bool, item: _Item | None = None
    ) -> Iterator[Delta]:
        kind = plain_string(found.get("type"))
        if kind not in ("message", "reasoning", "function_call"):
            return
        item = item or self._item(kind, index, plain_string(found.get("id")), found)
        if kind == "function_call":
            yield from self._take_call(item, found, done=done)
        else:
            for part_kind in ("summary", "content"):
                yield from self._take_parts(item, part_kind, found.get(part_kind))
            item.done = item.done or done

    def _take_call(self, item: _Item, found: dict[str, Any], *, done: bool) -> Iterator[Delta]:
        slot = self._slot(item)
        slot.name = slot.name or plain_string(found.get("name"))
        slot.wire_id = slot.wire_id or plain_string(found.get("call_id"))
        self._replace_arguments(slot, found.get("arguments"))
        item.cut = found.get("status") == "incomplete"
        if done and not item.cut:
            self._identify(slot, item)
            item.done = True
            yield from announce(self._closed_slots())

    def _identify(self, slot: CallSlot, item: _Item) -> None:
        """Give a call its id once all of it is known."""
        if not slot.id:
            self.renamed = self.renamed or not slot.wire_id
            slot.id = self._unique(slot.wire_id or item.id)

    def _closed_slots(self) -> Iterator[CallSlot]:
        """The calls up to the first whose item is still open."""
        for item in sorted(self._items, key=lambda item: item.index):
            if item.call is not None and not item.done:
                return
            if item.call is not None:
                yield item.call

    def _take_arguments(self, event: dict[str, Any], *, done: bool) -> None:
        item = self._item("function_call", _index(event, "output_index"), plain_string(event.get("item_id")))
        slot = self._slot(item)
        if done:
            slot.name = slot.name or plain_string(event.get("name"))
            self._replace_arguments(slot, event.get("arguments"))
        else:
            slot.add(event.get("delta"))

    def _replace_arguments(self, slot: CallSlot, whole: Any) -> None:
        """Whole arguments stand in place of the pieces that came, unless they are left out."""
        text = arguments_text(whole)
        if not text.strip() or heal(text) == slot.arguments:
            return
        if slot.ready:
            raise BrokenAnswer("changes a call that was complete")
        slot.pieces = [text]

    def _slot(self, item: _Item) -> CallSlot:
        if item.call is None:
            item.call = CallSlot(item.index, "", "")
        return item.call

    def _take_text(self, event: dict[str, Any], name: str) -> Iterator[Delta]:
        stem, _, end = name.rpartition(".")
        if stem in _TEXT_EVENTS and end in ("delta", "done"):
            kind, part_kind, part_index, whole = _TEXT_EVENTS[stem]
            item = self._item(kind, _index(event, "output_index"), plain_string(event.get("item_id")))
            key = (part_kind, _index(event, part_index) or 0)
            if end == "delta":
                yield from self._say(item, key, _part(item, key).characters.feed(text_of(event.get("delta"))))
            else:
                yield from self._say_rest(item, key, text_of(event.get(whole)))
            self._take_part_logprobs(_part(item, key), event.get("logprobs"), done=end == "done")

    def _take_parts(self, item: _Item, part_kind: str, parts: Any) -> Iterator[Delta]:
        """Take an item's list of whole parts; a text in its place is one part."""
        for place, part in enumerate(parts if isinstance(parts, list) else [{"text": parts}]):
            if not isinstance(part, dict):
                raise BrokenAnswer("has a part that is no object")
            refused = part.get("type") == "refusal"
            key = ("refusal" if refused else part_kind, place)
            yield from self._say_rest(item, key, text_of(part.get("refusal" if refused else "text")))
            self._take_part_logprobs(_part(item, key), part.get("logprobs"), done=True)

    def _take_part_logprobs(self, part: _Part, logprobs: Any, *, done: bool) -> None:
        if logprobs and not (done and part.logprobs):
            part.logprobs = True
            self._take_logprobs(logprobs)

    def _say(self, item: _Item, key: tuple[str, int], text: str) -> Iterator[Delta]:
        if not text:
            return
        part = _part(item, key)
        delta = TextDelta if item.kind == "message" else ReasoningDelta
        last = self._last_said.get(item.kind)
        if last is not None and last is not part:
            yield delta(PARAGRAPH)
        self._last_said[item.kind] = part
        part.pieces.append(text)
        yield delta(text)

    def _say_rest(self, item: _Item, key: tuple[str, int], whole: str) -> Iterator[Delta]:
        """What of a whole text its deltas left out; where they differ, what was said stands."""
        part, whole = _part(item, key), heal(whole)
        said = "".join(part.pieces)
        if whole.startswith(said):
            part.characters = Characters()
            yield from self._say(item, key, whole[len(said) :])

    def _item(
        self, kind: str, index: int | None, identity: str, whole: Mapping[str, Any] | None = None
    ) -> _Item:
        """The item an event belongs to: by id, else by index, else by order; a new one where none fits.

        ``whole`` is the item itself where the event carries it.
        """
        same = [item for item in self._items if item.kind == kind]
        found = next((item for item in same if identity and item.id == identity), None)
        if found is None and index is not None:
            found = next((item for item in reversed(same) if item.index == index), None)
            if whole is not None and found is not None:
                fits = found.was(whole) if found.done else found.may_be(whole)
                found = found if fits else None  # services that number every item 0
        elif found is None and whole is not None:
            found = next((item for item in same if not item.done and item.may_be(whole)), None)
        elif found is None and not identity and same:
            found = same[-1]
        if found is None:
            if index is None:
                index = max((item.index for item in self._items), default=-1) + 1
            found = _Item(kind, index, identity)
            self._items.append(found)
        found.id = found.id or identity
        return found


def _part(item: _Item, key: tuple[str, int]) -> _Part:
    return item.parts.setdefault(key, _Part())


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BrokenAnswer("has an item or a response that is no object")
    return value


def _index(event: dict[str, Any], name: str) -> int | None:
    value = event.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _cut_by(response: dict[str, Any]) -> FinishReason:
    """Why a response is incomplete; whatever is no filter cut it short like its length limit."""
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return "content_filter" if reason == "content_filter" else "length"


def _usage(found: dict[str, Any]) -> Usage:
    return consistent_usage(
        count(found.get("input_tokens")),
        detail(found, "input_tokens_details", "cached_tokens"),
        count(found.get("output_tokens")),
        detail(found, "output_tokens_details", "reasoning_tokens"),
    )
