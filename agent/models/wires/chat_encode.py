"""The body of a chat completions request (docs/model-service.md, "Parameters")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedsmith.agent.conversation import (
    AssistantMessage,
    Item,
    SystemMessage,
    ToolCall,
    ToolOutput,
    UserMessage,
)
from seedsmith.agent.models.base import Notice, Request
from seedsmith.agent.models.catalog.entries import ModelEntry, Wire
from seedsmith.agent.models.encode.encode import (
    REASONING_FIELD,
    RequestEncoder,
    add_array,
    data_url,
    dump,
    parsable_arguments,
)
from seedsmith.tools.base import Image, ToolSpec

_LIMITS = ("max_tokens", "max_completion_tokens")
_OTHER_WIRE = frozenset({"caching", "expire_at", "previous_response_id"})
"""Fields the Responses wire alone has."""


class ChatEncoder(RequestEncoder):
    """Encodes requests of one conversation for the chat wire."""

    def __init__(self, entry: ModelEntry, wire: Wire, *, chain: bool = False) -> None:
        super().__init__(entry, wire, chain=chain)
        self._refused_limit = ""

    def drop(self, name: str) -> None:
        """Never send ``name`` again; a limit is always sent, so its field gives way to the other."""
        if name in _LIMITS:
            self._refused_limit = name
        else:
            super().drop(name)

    def _wire_allows(self, name: str) -> bool:
        return name not in _OTHER_WIRE and super()._wire_allows(name)

    def _wanted(self, request: Request, stream: bool) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if stream:
            fields["stream_options"] = {"include_usage": True}
        if request.tools:
            fields["tool_choice"] = _tool_choice(request.tool_choice)
            fields["parallel_tool_calls"] = request.parallel_tool_calls
        if request.effort is not None:
            fields["reasoning_effort"] = request.effort
        return fields | dict(request.sampling)

    def _names(self, request: Request, allowed: Mapping[str, Any]) -> dict[str, str]:
        names = {name: name for name in allowed}
        if not self._refused_limit:
            limit_field, _ = self._limit(request)
            names[limit_field] = limit_field
        if self._sends_reasoning:
            names[REASONING_FIELD] = REASONING_FIELD
        return names

    def _limit(self, request: Request) -> tuple[str, int]:
        """``max_completion_tokens`` where it was set, else ``max_tokens``: they exclude each other."""
        limit = request.max_completion_tokens or request.max_output_tokens or self._entry.output_tokens
        chosen = "max_completion_tokens" if request.max_completion_tokens else self._wire.limit_field
        if chosen == self._refused_limit:
            chosen = _LIMITS[1 - _LIMITS.index(chosen)]
        return chosen, limit

    def _tool(self, spec: ToolSpec) -> dict[str, Any]:
        function = {"name": spec.name, "description": spec.description, "parameters": spec.parameters}
        return {"type": "function", "function": function}

    def _fragment(self, item: Item, place: int) -> bytes:
        return dump(message(item, reasoning=self._sends_reasoning)) + b","

    def _add_history(self, request: Request, parts: list[bytes]) -> tuple[str, tuple[Notice, ...]]:
        if request.continue_text:
            parts.append(b',"prompt":' + dump(request.continue_text) + b"}")
        else:
            add_array(parts, b"messages", self._encode_items(request.items))
        return "", ()


def message(item: Item, *, reasoning: bool = True) -> dict[str, Any]:
    """One item as the chat wire writes it (docs/model-service.md, "Thinking" and "Messages")."""
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


def _call(call: ToolCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": parsable_arguments(call.arguments)},
    }


def _tool_choice(choice: str) -> str | Mapping[str, Any]:
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}
