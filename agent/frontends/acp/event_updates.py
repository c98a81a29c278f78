"""The events of a run as updates of the editor's session."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from acp.schema import (
    AgentPlanUpdate,
    Cost,
    ToolCallLocation,
    ToolCallProgress,
    ToolCallStart,
    ToolCallUpdate,
    UsageUpdate,
)

from seedsmith.agent import events
from seedsmith.agent.frontends.acp import tool_calls
from seedsmith.agent.frontends.acp.updates import Update, Updates, message, thought
from seedsmith.agent.frontends.conversation.status_line import StatusLine
from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.frontends.terminal import visible

_PLAN = "todo"
"""The tool whose result is the plan, shown as one."""
_QUIET = frozenset({"message", "cost_estimate", "question", "kept"})
"""Notices that say nothing the editor does not show by itself."""
_OUTPUT_CHARACTERS = 20_000


class EditorFrontEnd:
    """A front end whose screen is one session of an editor."""

    def __init__(self, session: str, root: Path, status: StatusLine, updates: Updates) -> None:
        """``root`` is the folder that paths are relative to; ``status`` keeps count."""
        self._session = session
        self._root = root
        self._status = status
        self._updates = updates
        self._calls: dict[str, tuple[str, Any]] = {}
        self._said: list[str] = []
        self._verification = ""
        """The id of the verification under way, which the editor is shown as a call."""

    def show(self, envelope: events.Envelope) -> None:
        """Tell the editor of one event."""
        self._status.show(envelope)
        for update in self._updates_of(envelope.event):
            self._updates.put(self._session, update)

    def close(self) -> None:
        """Nothing is held."""

    def call(self, call_id: str, what: str) -> ToolCallUpdate:
        """The call ``call_id`` for a question about it; ``what`` is its arguments as a person reads them."""
        name, arguments = self._calls.get(call_id, (call_id, {}))
        return ToolCallUpdate(
            tool_call_id=call_id,
            title=tool_calls.title(name, arguments),
            kind=tool_calls.kind(name),
            status="pending",
            content=tool_calls.text_content(visible(what)),
            locations=tool_calls.locations(arguments, self._root),
        )

    def _updates_of(self, event: events.Event) -> list[Update]:
        match event:
            case events.TurnStarted():
                self._said.clear()
            case events.Text(delta=delta):
                self._said.append(delta)
                return [message(delta)]
            case events.Reasoning(delta=delta):
                return [thought(delta)]
            case events.ToolStarted():
                return self._started(event)
            case events.ToolFinished():
                return self._finished(event)
            case events.VerifyStarted(command=command):
                return [self._verification_started(command)]
            case events.VerifyFinished():
                return [self._verified(event.exit_code, event.output)]
            case events.UsageReported():
                return self._usage()
            case events.Compacted(why=why):
                return [thought(f"\n({as_told(f'The history was shortened: {why}')})\n")]
            case events.NoticeGiven(code=code, message=words) if code not in _QUIET:
                return [thought(f"\n({as_told(words)})\n")]
            case events.SessionFinished():
                return self._ended(event)
        return []

    def _started(self, event: events.ToolStarted) -> list[Update]:
        self._calls[event.call] = (event.name, event.arguments)
        if event.name == _PLAN:
            return []
        kind = tool_calls.kind(event.name)
        start = ToolCallStart(
            session_update="tool_call",
            tool_call_id=event.call,
            title=tool_calls.title(event.name, event.arguments),
            kind=kind,
            status="in_progress",
            locations=tool_calls.locations(event.arguments, self._root),
            raw_input=None if kind == "edit" else event.arguments,
        )
        return [start]

    def _finished(self, event: events.ToolFinished) -> list[Update]:
        name, arguments = self._calls.pop(event.call, ("", {}))
        if name == _PLAN:
            entries = list(tool_calls.plan_entries(event.data.get("plan", ())))
            return [AgentPlanUpdate(session_update="plan", entries=entries)] if event.ok else []
        shown = (
            as_told(event.summary)
            if tool_calls.kind(name) == "read"
            else event.text or as_told(event.summary)
        )
        content = tool_calls.text_content(visible(shown[:_OUTPUT_CHARACTERS]))
        places: list[ToolCallLocation] = []
        diff = event.data.get("diff")
        if event.ok and isinstance(diff, str) and diff:
            content, places = tool_calls.diff_content(diff, self._root)
        done = ToolCallProgress(
            session_update="tool_call_update",
            tool_call_id=event.call,
            status="completed" if event.ok else "failed",
            content=content,
            locations=places or tool_calls.locations(arguments, self._root),
        )
        return [done]

    def _verification_started(self, command: str) -> ToolCallStart:
        self._verification = f"verify-{secrets.token_hex(4)}"
        return ToolCallStart(
            session_update="tool_call",
            tool_call_id=self._verification,
            title=tool_calls.title("verify", {"command": command}),
            kind="execute",
            status="in_progress",
        )

    def _verified(self, exit_code: int | None, output: str) -> ToolCallProgress:
        code = as_told("it did not finish" if exit_code is None else f"exit code {exit_code}")
        verification, self._verification = self._verification, ""
        return ToolCallProgress(
            session_update="tool_call_update",
            tool_call_id=verification,
            status="completed" if exit_code == 0 else "failed",
            content=tool_calls.text_content(f"{visible(output)[-_OUTPUT_CHARACTERS:]}\n{code}".strip()),
        )

    def _usage(self) -> list[Update]:
        status = self._status
        if not status.context_tokens:
            return []
        cost = None if status.cost is None else Cost(amount=round(status.cost, 6), currency="CNY")
        used = status.used_tokens
        size = max(status.context_tokens, used)
        return [UsageUpdate(session_update="usage_update", used=used, size=size, cost=cost)]

    def _ended(self, event: events.SessionFinished) -> list[Update]:
        """What the end says that the model did not: why it came, and the evidence."""
        said = "".join(self._said).strip()
        rest = event.message.strip().removeprefix(said).strip()
        stopped = [self._verified(None, "")] if self._verification else []
        return [*stopped, message(f"\n\n{as_told(rest)}")] if rest else [*stopped]
