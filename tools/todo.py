"""The todo tool: the model's plan as a short list, replaced whole each time, shown to people."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from seedsmith.tools.base import Access, JsonObject, ToolContext, ToolResult
from seedsmith.tools.pydantic_tool import ArgumentText, Parameters, PydanticTool
from seedsmith.tools.text import clamp, count, escape

_MOST_ITEMS = 50
_SHOWN_CHARACTERS = 200


_STATES = {
    **dict.fromkeys(("completed", "complete", "finished"), "done"),
    **dict.fromkeys(("in_progress", "doing", "started", "current"), "active"),
    **dict.fromkeys(("todo", "open", "not_started"), "pending"),
}
"""What other programs call these states."""


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    if "\n" in text or "\r" in text:
        raise ValueError("must be one line")
    return text


class TodoItem(Parameters):
    """One step of the plan."""

    text: Annotated[ArgumentText, AfterValidator(_one_line)] = Field(max_length=500)
    state: Literal["pending", "active", "done"]

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Take other programs' states for these, and several lines for one."""
        found = dict(values)
        if isinstance(state := found.get("state"), str):
            plain = state.strip().lower().replace("-", "_").replace(" ", "_")
            found["state"] = _STATES.get(plain, state)
        if isinstance(text := found.get("text"), str):
            found["text"] = " ".join(text.split())
        return found


class TodoParameters(Parameters):
    """The whole plan."""

    items: list[TodoItem] = Field(max_length=_MOST_ITEMS)


class TodoTool(PydanticTool[TodoParameters]):
    """Keeps no list of its own: the call is part of the session, and its data is what front ends show."""

    name = "todo"
    description = "Show the user your plan; each call replaces it."
    parameters = TodoParameters

    def access(self, parsed: TodoParameters) -> Access:
        """Touches nothing."""
        return Access()

    async def run(self, parsed: TodoParameters, context: ToolContext) -> ToolResult:
        """Say how far the plan is; ``data["plan"]`` holds it."""
        plan = [{"text": item.text, "state": item.state} for item in parsed.items]
        done = sum(1 for item in parsed.items if item.state == "done")
        summary = f"{done} of {count(len(plan), 'step')} done" if plan else "no plan"
        active = [item.text for item in parsed.items if item.state == "active"]
        now = f"; now: {escape(clamp(active[0], _SHOWN_CHARACTERS))}" if active else ""
        return ToolResult(True, f"{summary}{now}.", {"plan": plan}, summary)
