"""The body of a chat completions request, built from cached pieces so that a long history costs nothing.

Everything that stays the same comes first and the messages last, so that each body begins with the
whole of the one before (DESIGN §4.6).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.conversation import AssistantMessage, Item, SystemMessage, ToolCall, ToolOutput, UserMessage
from agent.models.base import Request
from agent.models.catalog import ModelEntry, Wire
from tools.base import Image, ToolSpec

REASONING_FIELD = "reasoning_content"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def dump(value: Any) -> bytes:
    """Compact JSON in UTF-8; a lone surrogate, which UTF-8 can't carry, becomes U+FFFD."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text).encode()


@dataclass(frozen=True, slots=True)
class Body:
    """One request's body."""

    content: bytes
    optional: frozenset[str]
    """Optional fields it carries; a service that refuses one can be asked without it."""
    withheld: frozenset[str]
    """Fields that were asked for but that the catalog doesn't allow for this provider."""


class RequestEncoder:
    """Encodes requests of one conversation; what was encoded before is reused as long as it is the same."""

    def __init__(self, entry: ModelEntry, wire: Wire) -> None:
        self._entry = entry
        self._wire = wire
        self._messages: list[tuple[Item, bytes]] = []  # each with its comma: a body is joined once
        self._call_ids: set[str] = set()
        self._tools: tuple[tuple[ToolSpec, ...], bytes] = ((), b"")
        self._dropped: set[str] = set()
        self._limit_field = wire.limit_field
        self._other_limit_tried = False

    @property
    def call_ids(self) -> frozenset[str]:
        """Ids of the calls in the conversation encoded last."""
        return frozenset(self._call_ids)

    def drop(self, field: str) -> None:
        """Never send ``field`` again; a limit is always sent, so its field gives way to the other (§5)."""
        if field == self._limit_field:
            self._limit_field = "max_completion_tokens" if field == "max_tokens" else "max_tokens"
            self._other_limit_tried = True
            return
        self._dropped.add(field)
        if field == REASONING_FIELD:
            self._messages.clear()

    def encode(self, request: Request, *, stream: bool) -> Body:
        """The body for ``request``."""
        wanted = self._optional(request, stream)
        allowed = {
            name: value
            for name, value in wanted.items()
            if self._wire.allows(name) and name not in self._dropped
        }
        head: dict[str, Any] = {
            "model": self._entry.name,
            "stream": stream,
            **self._limit(request),
            **allowed,
        }
        parts = [dump(head)[:-1]]
        if request.tools:
            parts.append(b',"tools":' + self._encode_tools(request.tools))
        if request.continue_text:
            parts.append(b',"prompt":' + dump(request.continue_text) + b"}")
        else:
            parts.append(b',"messages":[')
            parts.extend(self._encode_messages(request.items))
            parts[-1] = parts[-1].removesuffix(b",")
            parts.append(b"]}")
        optional = set(allowed)
        if not self._other_limit_tried:
            optional.add(self._limit_field)
        if self._sends_reasoning:
            optional.add(REASONING_FIELD)
        return Body(
            b"".join(parts), frozenset(optional), frozenset(wanted.keys() - allowed.keys() - self._dropped)
        )

    def _limit(self, request: Request) -> dict[str, int]:
        """The output limit; the one that counts thinking too takes the other's place (§5)."""
        if request.max_completion_tokens is not None:
            return {"max_completion_tokens": request.max_completion_tokens}
        return {self._limit_field: request.max_output_tokens or self._entry.output_tokens}

    @property
    def _sends_reasoning(self) -> bool:
        return self._wire.allows(REASONING_FIELD) and REASONING_FIELD not in self._dropped

    def _optional(self, request: Request, stream: bool) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if stream:
            fields["stream_options"] = {"include_usage": True}
        if request.tools:
            fields["tool_choice"] = _tool_choice(request.tool_choice)
            fields["parallel_tool_calls"] = request.parallel_tool_calls
        if request.effort is not None:
            fields["reasoning_effort"] = request.effort
        return fields | dict(request.sampling)

    def _encode_tools(self, tools: tuple[ToolSpec, ...]) -> bytes:
        if self._tools[0] is not tools:
            self._tools = (tools, dump([_tool(spec) for spec in tools]))
        return self._tools[1]

    def _encode_messages(self, items: Sequence[Item]) -> Iterator[bytes]:
        same = 0
        for (known, _), item in zip(self._messages, items, strict=False):
            if known is not item:
                break
            same += 1
        if same < len(self._messages):
            del self._messages[same:]
            self._call_ids = {call.id for item, _ in self._messages for call in _calls(item)}
        for item in items[same:]:
            self._messages.append((item, dump(message(item, reasoning=self._sends_reasoning)) + b","))
            self._call_ids.update(call.id for call in _calls(item))
        return (fragment for _, fragment in self._messages)


def message(item: Item, *, reasoning: bool = True) -> dict[str, Any]:
    """One item as the chat wire writes it (``doubao-api.md`` §4, §6)."""
    match item:
        case SystemMessage(text=text):
            return {"role": "system", "content": text}
        case UserMessage(text=text, images=()):
            return {"role": "user", "content": text}
        case UserMessage(text=text, images=images):
            said_first = [{"type": "text", "text": text}] if text else []
            return {"role": "user", "content": [*said_first, *(_image(image) for image in images)]}
        case ToolOutput(call_id=call_id, text=text):
            return {"role": "tool", "tool_call_id": call_id, "content": text}
        case AssistantMessage(text=text, reasoning=thought, calls=calls):
            said: dict[str, Any] = {"role": "assistant", "content": text}
            if thought and reasoning:
                said[REASONING_FIELD] = thought
            if calls:
                said["tool_calls"] = [_call(call) for call in calls]
            return said


def _image(image: Image) -> dict[str, Any]:
    url = {"url": data_url(image)}
    return {"type": "image_url", "image_url": url | ({"detail": image.detail} if image.detail else {})}


def data_url(image: Image) -> str:
    """The picture itself as an address (RFC 2397), the only form both wires take."""
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode('ascii')}"


def _calls(item: Item) -> tuple[ToolCall, ...]:
    return item.calls if isinstance(item, AssistantMessage) else ()


def _call(call: ToolCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": _arguments(call.arguments)},
    }


def _arguments(raw: str) -> str:
    """Arguments that services can parse: their templates do, so one broken call would spoil all requests."""
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError):
        parsed = None
    return raw if isinstance(parsed, dict) else dump({"invalid_json": raw}).decode()


def _tool(spec: ToolSpec) -> dict[str, Any]:
    function = {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
    return {"type": "function", "function": function}


def _tool_choice(choice: str) -> str | Mapping[str, Any]:
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}
