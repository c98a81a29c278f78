"""The helpers of a run: each is a run of its own in the same workspace that only reads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from seedsmith.agent.calls.task_tool import TaskTool
from seedsmith.agent.context.agent_kinds import AgentKind, explore
from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.errors import AgentError
from seedsmith.agent.events import Envelope, UsageReported
from seedsmith.agent.loop.budget import Budget
from seedsmith.agent.models.base import Usage
from seedsmith.agent.models.errors import ModelError
from seedsmith.agent.run.open_run import OpenedRun
from seedsmith.agent.sessions.outcome import Outcome
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.sandbox.errors import SandboxError
from seedsmith.skills.loader import Library
from seedsmith.tools.base import ToolError, ToolResult
from seedsmith.tools.text import count

TOOLS = frozenset({"read", "glob", "grep", "git", "view_image"})
"""What a helper is offered; what of it would change something is refused."""
_SHARE = 8
"""A helper may use this part of what is left: so many may run at once (``calls/runner``)."""
_MOST_TURNS = 50
_NOT_KEPT = {
    **dict.fromkeys(("resume", "fork", "skill", "skill_with", "verify", "output_schema", "image")),
    **dict.fromkeys(("record", "replay", "tool_choice", "response_format", "approve")),
    "subagents": False,
    "chain": False,
}
"""Settings of the parent that are not a helper's."""
Run = Callable[..., Awaitable[Outcome]]


def helper_tool(opened: OpenedRun, run: Run, budget: Budget, kinds: tuple[AgentKind, ...]) -> TaskTool:
    """The tool by which the model asks for helpers of the user's ``kinds``, or for one that explores."""
    own = explore()
    every = kinds if own.name in {kind.name for kind in kinds} else (own, *kinds)
    return TaskTool(every, _Helpers(opened, run, budget).start)


class _Helpers:
    """Starts the helpers of one run."""

    def __init__(self, opened: OpenedRun, run: Run, budget: Budget) -> None:
        self._opened = opened
        self._run = run
        self._budget = budget

    async def start(self, kind: AgentKind, task: str) -> ToolResult:
        """Have a helper carry out ``task``. Raises :class:`ToolError` where it can't begin."""
        request = self._opened.request
        changed = {**_NOT_KEPT, "workspace": self._opened.place.workspace.root, **self._share()}
        asked = RunRequest(
            settings=request.settings.model_copy(update=changed),
            prompt=prompt("subagent.md", instructions=kind.instructions, task=task).strip(),
            environment=request.environment,
            parent=self._opened.session.id,
            only=TOOLS,
        )
        try:
            outcome = await self._run(asked, (_Counted(self._budget),), None, library=Library({}))
        except (AgentError, ModelError, SandboxError) as error:
            raise ToolError(f"The helper could not begin: {error}") from None
        return _reported(kind, outcome)

    def _share(self) -> dict[str, Any]:
        """The limits of one helper. Raises :class:`ToolError` where nothing is left."""
        left = self._budget.left
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
