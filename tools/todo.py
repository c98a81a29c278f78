"""The todo tool: the model's plan as a short list, replaced whole each time, shown to people."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from seedsmith.tools.arguments import json_in
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


_DONE = ("done", "completed", "complete", "finished", "checked")
_GIVEN_UP = ("cancelled", "canceled", "dropped", "skipped")
_BOX = re.compile(r"\s*(?:[-*+]|[0-9]{1,3}[.)])?\s*(?:\[([ xX~>-])\]\s*)?(.*)", re.DOTALL)
_LISTED = re.compile(r"\s*(?:[-*+]\s|\[[ xX~>-]\])")
_MARKS = {**dict.fromkeys("xX", "done"), **dict.fromkeys("~>-", "active")}
"""What stands in the boxes of a list of Markdown."""


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
        if not found.get("state"):
            done = [found.pop(name) for name in _DONE if isinstance(found.get(name), bool)]
            found["state"] = "done" if any(done) else "pending"
        if isinstance(state := found.get("state"), str):
            plain = state.strip().lower().replace("-", "_").replace(" ", "_")
            found["state"] = _STATES.get(plain, state)
        if isinstance(text := found.get("text"), str):
            found["text"] = " ".join(text.split())
        return found


class TodoParameters(Parameters):
    """The whole plan."""

    items: list[TodoItem] = Field(max_length=_MOST_ITEMS)

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Take lines of text, perhaps with a box before each, for the steps they are."""
        items = values.get("items")
        if isinstance(items, str):
            read = json_in(items)
            lines = [line for line in items.splitlines() if line.strip()]
            is_list = len(lines) > 1 or bool(_LISTED.match(items))
            items = (
                (lines if is_list else items) if read is None else [read] if isinstance(read, dict) else read
            )
        if not isinstance(items, list):
            return values
        steps = [_step(item) if isinstance(item, str) else item for item in items]
        kept = [step for step in steps if not _is_given_up(step)]
        if len(kept) < len(steps):
            notes.append(f"left out as given up: {count(len(steps) - len(kept), 'step')}")
        return {**values, "items": kept}


def _step(line: str) -> JsonObject:
    """A step that is written as JSON or as a line, perhaps with a box before it."""
    read = json_in(line)
    if isinstance(read, dict):
        return read
    match = _BOX.match(line)
    return {"text": match[2], "state": _MARKS.get(match[1], "pending")} if match else {"text": line}


def _is_given_up(step: object) -> bool:
    if not isinstance(step, dict):
        return False
    return any(str(step.get(name)).strip().lower() in _GIVEN_UP for name in ("state", "status"))


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
