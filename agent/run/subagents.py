"""The helpers of a run: each is a run of its own, in the workspace, where it only reads, or in a copy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.calls.task_tool import TaskTool
from seedsmith.agent.context.agent_kinds import AgentKind, with_built_in
from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.errors import AgentError
from seedsmith.agent.events import Envelope, UsageReported
from seedsmith.agent.loop.budget import Budget
from seedsmith.agent.models.base import Usage
from seedsmith.agent.models.errors import ModelError
from seedsmith.agent.run.open_run import OpenedRun
from seedsmith.agent.run.workspace_copy import WorkspaceCopy, copied
from seedsmith.agent.sessions.outcome import Outcome
from seedsmith.agent.settings.run_request import CopyOf, RunRequest
from seedsmith.sandbox.errors import GitError, SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.skills.loader import Library
from seedsmith.tools.base import ToolContext, ToolError, ToolResult
from seedsmith.tools.text import count

TOOLS = frozenset({"read", "glob", "grep", "git", "view_image"})
"""What a helper is offered; what of it would change something is refused where it only reads."""
WRITING_TOOLS = TOOLS | {"edit", "write", "patch", "shell", "shell_output", "shell_input", "shell_kill"}
"""What one is offered that works in a copy."""
_SHARE = 8
"""A helper may use this part of what is left: so many may run at once (``calls/runner``)."""
_MOST_TURNS = 50
_NOT_KEPT = {
    **dict.fromkeys(("resume", "fork", "skill", "skill_with", "verify", "output_schema", "image")),
    **dict.fromkeys(("record", "replay", "tool_choice", "response_format", "approve", "report")),
    "subagents": False,
    "chain": False,
}
"""Settings of the parent that are not a helper's."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The run whose helpers they are."""

    opened: OpenedRun
    run: Callable[..., Awaitable[Outcome]]
    """Carries out a request."""
    budget: Budget
    calls: Callable[[], Dispatcher | None]
    """What runs its calls, once that is open."""


def helper_tool(caller: Caller, kinds: tuple[AgentKind, ...]) -> TaskTool:
    """The tool by which the model asks for helpers of the user's ``kinds``, or of those there always are."""
    return TaskTool(with_built_in(kinds), _Helpers(caller).start)


class _Helpers:
    """Starts the helpers of one run."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._one_at_a_time = asyncio.Lock()

    async def start(self, kind: AgentKind, task: str, context: ToolContext) -> ToolResult:
        """Have a helper carry out ``task``. Raises :class:`ToolError` where it can't begin."""
        self._share()
        if kind.writes:
            return await self._in_copy(kind, task, context)
        request = self._request(kind, task, self._caller.opened.place.workspace.root)
        return _reported(kind, await self._outcome(replace(request, only=TOOLS)))

    async def _in_copy(self, kind: AgentKind, task: str, context: ToolContext) -> ToolResult:
        """Have a helper work in a copy, and bring in what it changed there."""
        from seedsmith.agent.run.subagent_change import brought_in

        calls = self._caller.calls()
        assert calls is not None
        opened = self._caller.opened
        try:
            async with copied(opened.place, opened.session, opened.request, context) as copy:
                outcome = await self._outcome(self._request_in(copy, kind, task))
                async with self._one_at_a_time:
                    return await brought_in(_reported(kind, outcome), copy.clone, calls, context)
        except GitError as error:
            raise ToolError(f"The helper could not begin: {error}") from None

    async def _outcome(self, request: RunRequest) -> Outcome:
        try:
            counted = (_Counted(self._caller.budget),)
            return await self._caller.run(request, counted, None, library=Library({}))
        except (AgentError, ModelError, SandboxError) as error:
            raise ToolError(f"The helper could not begin: {error}") from None

    def _request_in(self, copy: WorkspaceCopy, kind: AgentKind, task: str) -> RunRequest:
        """The run of a helper that works in ``copy``."""
        request = self._request(kind, task, copy.clone.work)
        original = CopyOf(self._caller.opened.place.workspace.root, copy.shared)
        return replace(request, only=WRITING_TOOLS, borrowed=copy.clone.borrowed, copy_of=original)

    def _request(self, kind: AgentKind, task: str, workspace: Path) -> RunRequest:
        opened = self._caller.opened
        changed = {**_NOT_KEPT, "workspace": workspace, **self._share()}
        words = "subagent-writing.md" if kind.writes else "subagent.md"
        return RunRequest(
            settings=opened.request.settings.model_copy(update=changed),
            prompt=prompt(words, instructions=kind.instructions, task=task).strip(),
            environment=opened.request.environment,
            parent=opened.session.id,
        )

    def _share(self) -> dict[str, Any]:
        """The limits of one helper. Raises :class:`ToolError` where nothing is left."""
        left = self._caller.budget.left
        if not left.turns or not left.tokens // _SHARE or left.seconds <= 0 or left.cost == 0.0:
            raise ToolError("Nothing is left of the budget for a helper.")
        return {
            "max_turns": min(left.turns, _MOST_TURNS),
            "max_tokens": left.tokens // _SHARE,
            "max_cost": left.cost / _SHARE if left.cost is not None else None,
            "max_time": left.seconds,
        }


class _Counted:
    """A front end that shows nothing: what a helper takes counts in its parent's budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def show(self, envelope: Envelope) -> None:
        """Count what one request took."""
        match envelope.event:
            case UsageReported() as took:
                usage = Usage(
                    input_tokens=took.input_tokens,
                    cached_tokens=took.cached_tokens,
                    output_tokens=took.output_tokens,
                    reasoning_tokens=took.reasoning_tokens,
                )
                self._budget.add(usage, took.cost_cny, estimated=took.cost_estimated)

    def close(self) -> None:
        """Nothing is held."""


def _reported(kind: AgentKind, outcome: Outcome) -> ToolResult:
    """A helper's last message, and how it ended where it was not done."""
    ok = outcome.status == "done"
    took = f"{kind.name}: {count(outcome.turns, 'turn')}, {count(outcome.tool_calls, 'call')}"
    data = {
        "session": outcome.session,
        "kind": kind.name,
        "status": outcome.status,
        "turns": outcome.turns,
        "tool_calls": outcome.tool_calls,
        "tokens": outcome.usage.total_tokens,
        "cost_cny": outcome.cost_cny,
    }
    text = outcome.message if ok else f"The helper was not done ({outcome.status}).\n{outcome.message}"
    return ToolResult(ok, text, data, took)
