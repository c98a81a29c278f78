"""Holding a small model to tool calls by grammar, where a call is required.

Qwen2.5-Coder answers with a fenced JSON block instead of a tool call, and llama.cpp's own grammar for
``tool_choice: "required"`` lets any text come first, so the model writes its block and then blank
lines until the limit. A JSON schema of the calls on offer, as ``response_format``, leaves it no choice;
the answer is then one call as bare JSON. ``tool_choice: "none"`` keeps the server from looking for
calls of its own in it, and still has its template tell the model about the tools.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from seedsmith.agent.conversation import AssistantMessage, Item
from seedsmith.agent.models.base import Request
from seedsmith.agent.models.stream.stream import is_json_object
from seedsmith.tools.base import ToolSpec

_CONSTRAINTS = frozenset({"grammar", "json_schema", "response_format"})
"""Fields by which a caller constrains the answer itself."""


def requires_call(request: Request) -> bool:
    """Whether the answer must be a call and nothing else."""
    return bool(request.tools) and request.tool_choice not in ("auto", "none")


def constrained(request: Request) -> Request:
    """``request`` as the local server can honour it; the same where nothing has to change."""
    items = _with_readable_calls(request.items)
    if items is not request.items:
        request = replace(request, items=items)
    own = not _CONSTRAINTS.isdisjoint(request.sampling)
    if request.tools and own:
        return replace(request, tool_choice="none")
    if not requires_call(request):
        return request
    offered = [tool for tool in request.tools if request.tool_choice in ("required", tool.name)]
    sampling = {**request.sampling, "response_format": _one_call_of(offered)}
    return replace(request, tool_choice="none", sampling=sampling)


def with_schema_by_name(request: Request) -> Request:
    """``response_format`` as ``json_schema``: the server's Responses wire ignores ``text.format``."""
    match request.sampling.get("response_format"):
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            pass
        case {"type": "json_object"}:
            schema = {"type": "object"}
        case _:
            return request
    kept = {name: value for name, value in request.sampling.items() if name != "response_format"}
    return replace(request, sampling={**kept, "json_schema": schema})


def _one_call_of(tools: Iterable[ToolSpec]) -> dict[str, Any]:
    calls = [
        {
            "type": "object",
            "properties": {"name": {"const": tool.name}, "arguments": tool.parameters},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for tool in tools
    ]
    return {"type": "json_schema", "json_schema": {"name": "call", "schema": {"anyOf": calls}}}


def _with_readable_calls(items: Iterable[Item]) -> Any:
    """The items, with arguments that are no JSON object wrapped in one: the server answers 500 to others."""
    fixed = [_with_readable_arguments(item) for item in items]
    return fixed if any(new is not old for new, old in zip(fixed, items, strict=True)) else items


def _with_readable_arguments(item: Item) -> Item:
    if not isinstance(item, AssistantMessage) or all(is_json_object(call.arguments) for call in item.calls):
        return item
    calls = tuple(
        call
        if is_json_object(call.arguments)
        else replace(call, arguments=json.dumps({"raw": call.arguments}))
        for call in item.calls
    )
    return replace(item, calls=calls)
