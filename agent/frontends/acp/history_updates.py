"""What happened in a session before, as an editor is told it when it loads the session."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from acp.schema import AgentPlanUpdate, TextContentBlock, ToolCallStart, UserMessageChunk

from seedsmith.agent.frontends.acp import tool_calls
from seedsmith.agent.frontends.acp.updates import Update, message, thought
from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.frontends.terminal import visible
from seedsmith.agent.sessions.history import Call, Entry, Shortened, Told, Turn

_RESULT_CHARACTERS = 4_000
_PERSON = "user"


def past_updates(entries: Iterable[Entry], root: Path) -> Iterator[Update]:
    """``entries`` of a session's history as updates, in order; ``root`` is its folder.

    What the agent told the model on its own account is left out, as it was when it happened.
    """
    calls = 0
    for entry in entries:
        match entry:
            case Told(text=text, origin=origin) if origin == _PERSON:
                block = TextContentBlock(type="text", text=text)
                yield UserMessageChunk(session_update="user_message_chunk", content=block)
            case Turn():
                if entry.reasoning:
                    yield thought(entry.reasoning)
                if entry.text:
                    yield message(entry.text)
                for call in entry.calls:
                    calls += 1
                    yield _call(call, f"past-{calls}", root)
            case Shortened(why=why):
                yield thought(f"\n({as_told(f'The history was shortened: {why}')})\n")
            case _:
                pass


def _call(call: Call, call_id: str, root: Path) -> Update:
    arguments = _arguments(call.arguments)
    if call.name == "todo" and call.ok:
        try:
            entries = list(tool_calls.plan_entries(arguments["items"]))
            return AgentPlanUpdate(session_update="plan", entries=entries)
        except (KeyError, TypeError):
            pass  # written in another program's words: shown as any call
    result = visible(call.result or as_told("It never ended."))
    return ToolCallStart(
        session_update="tool_call",
        tool_call_id=call_id,
        title=tool_calls.title(call.name, arguments),
        kind=tool_calls.kind(call.name),
        status="completed" if call.ok else "failed",
        content=tool_calls.text_content(result[:_RESULT_CHARACTERS]),
        locations=tool_calls.locations(arguments, root),
    )


def _arguments(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return {}
