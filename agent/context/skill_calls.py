"""Finds calls in a conversation by which the model loaded a skill's instructions."""

from __future__ import annotations

import json
from collections.abc import Iterable

from seedsmith.agent.conversation import AssistantMessage, Item, ToolCall, ToolOutput
from seedsmith.skills.active import LEAVE

SKILL_TOOL = "skill"


def skill_loaded(call: ToolCall, output: ToolOutput) -> str:
    """The name of the skill whose instructions ``output`` holds; '' if it holds something else.

    What a helper reports that carried a skill out is something else.
    """
    if call.name != SKILL_TOOL or not output.ok:
        return ""
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(arguments, dict) or arguments.get("file") or arguments.get("command"):
        return ""
    name = str(arguments.get("name", ""))
    return name if name == LEAVE or output.text.startswith(f"# Skill {name}\n") else ""


def last_loaded(items: Iterable[Item]) -> str:
    """The name of the skill that the model loaded last; '' if it loaded none."""
    calls: dict[str, ToolCall] = {}
    name = ""
    for item in items:
        if isinstance(item, AssistantMessage):
            calls.update((call.id, call) for call in item.calls)
        elif isinstance(item, ToolOutput) and item.call_id in calls:
            name = skill_loaded(calls[item.call_id], item) or name
    return "" if name == LEAVE else name
