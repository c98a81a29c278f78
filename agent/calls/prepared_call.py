"""A call before and after it ran: its parsed form, and its result."""

from __future__ import annotations

import json
from dataclasses import field
from typing import Any

from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.redact import nested_too_deeply
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import Access, JsonObject, Tool, ToolResult


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A parsed call (``tool`` is set), or why it can't be run, for the model (``refusal``)."""

    call: ToolCall
    arguments: Any
    """The arguments as a JSON value, or the raw text if they are not JSON."""
    access: Access = field(default_factory=Access)
    tool: Tool | None = None
    parsed: Any = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """A call's result and how long it took."""

    result: ToolResult
    duration_ms: float


def json_object(text: str) -> JsonObject:
    """Parse a call's arguments; empty ``text`` means none. Raises ValueError if it is not a JSON object."""
    try:
        value = json.loads(text) if text.strip() else {}
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"it is {type(value).__name__}")
    if nested_too_deeply(value):
        raise ValueError("nested too deeply")
    return value
