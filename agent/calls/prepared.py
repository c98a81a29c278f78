"""A call before and after it ran: what was understood of it, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.redact import nested_too_deeply
from seedsmith.tools.base import Access, JsonObject, Tool, ToolResult


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that was understood (``tool`` set), or what to tell the model instead (``refusal``)."""

    call: ToolCall
    arguments: Any
    """The arguments as JSON, or the raw text where they are none."""
    access: Access = field(default_factory=Access)
    tool: Tool | None = None
    parsed: Any = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A call's result and how long it took."""

    result: ToolResult
    duration_ms: float


def json_object(text: str) -> JsonObject:
    """Return a call's arguments, none for an empty ``text``; raises ValueError where it is no JSON object."""
    try:
        value = json.loads(text) if text.strip() else {}
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"it is {type(value).__name__}")
    if nested_too_deeply(value):
        raise ValueError("nested too deeply")
    return value
