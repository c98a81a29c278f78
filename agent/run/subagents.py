"""The helpers of a run: each is a run of its own, in the workspace, where it only reads, or in a copy.

They are started by calls of the tool ``task``, and of the tool ``skill`` for skills that ask for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.calls.task_tool import TaskTool
from seedsmith.agent.context.agent_kinds import CHANGE, EXPLORE, AgentKind, with_built_in
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
from seedsmith.skills.active import CHANGING
from seedsmith.skills.errors import SkillError
from seedsmith.skills.hook_specs import HookSpecs
from seedsmith.skills.loader import Library
from seedsmith.skills.manifest import BudgetWishes
from seedsmith.skills.skill import Skill
from seedsmith.tools.base import ToolContext, ToolError, ToolResult
from seedsmith.tools.text import count

TOOLS = frozenset({"read", "glob", "grep", "git", "view_image"})
"""What a helper is offered; what of it would change something is refused where it only reads."""
WRITING_TOOLS = TOOLS | {"edit", "write", "patch", "shell", "shell_output", "shell_input", "shell_kill"}
"""What one is offered that works in a copy."""
_SHARE = 8
"""A helper may use this part of what is left: so many may run at once (``calls/runner``)."""
_SHARE_OF_NAMED = 2
"""One that carries out the skill that the user named may use this part: nothing else is to be done."""
_MOST_TURNS = 50
_NOT_KEPT = {
    **dict.fromkeys(("resume", "fork", "skill", "skill_with", "verify", "output_schema", "image")),
    **dict.fromkeys(("record", "replay", "tool_choice", "response_format", "approve", "report")),
    "subagents": False,
    "chain": False,
}
"""Settings of the parent that are not a helper's."""
_NAMES_ELSEWHERE = {"general-purpose": CHANGE, "plan": EXPLORE}
"""What other agents call such kinds as there always are."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The run whose helpers they are."""

    opened: OpenedRun
    run: Callable[..., Awaitable[Outcome]]
    """Carries out a request."""
    budget: Budget
    calls: Callable[[], Dispatcher | None]
    """What runs its calls, once that is open."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What a helper is to do."""

    kind: AgentKind
    task: str
    skill: Skill | None = None
    """The skill it carries out."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """That skill's parameters."""
    share: int = _SHARE
    """It may use this part of what is left."""

    @property
    def name(self) -> str:
        """What it is told by."""
        return self.skill.name if self.skill else self.kind.name

    @property
    def tools(self) -> frozenset[str]:
        """What it is offered; a skill's files and commands come by the tool for skills."""
        tools = WRITING_TOOLS if self.kind.writes else TOOLS
        return tools | {"skill"} if self.skill else tools

    @property
    def library(self) -> Library:
        """The skills it has; of one that only reads neither hooks nor a command of proof run."""
        if self.skill is None:
            return Library({})
        reads = replace(self.skill, verify="", hooks=HookSpecs())
        return Library({self.skill.name: self.skill if self.kind.writes else reads})


class Subagents:
    """Starts the helpers of one run, of the user's kinds and those that there always are."""

    def __init__(self, caller: Caller, kinds: tuple[AgentKind, ...]) -> None:
        self._caller = caller
        self._kinds = with_built_in(kinds)
        self._one_at_a_time = asyncio.Lock()

    @property
    def tool(self) -> TaskTool:
        """The tool by which the model asks for helpers."""
        return TaskTool(self._kinds, lambda kind, task, context: self._start(_Work(kind, task), context))

    def writes(self, skill: Skill) -> bool:
        """Whether the helper that carries ``skill`` out changes files."""
        return self._kind_for(skill)[0].writes

    async def carry_out(
        self, skill: Skill, given: Mapping[str, Any], words: str, context: ToolContext
    ) -> ToolResult:
        """Have a helper carry ``skill`` out. Raises :class:`ToolError` where it can't begin."""
        kind, doubt = self._kind_for(skill)
        named = self._caller.opened.skills.named
        share = _SHARE_OF_NAMED if named is not None and named.skill is skill else _SHARE
        task = words.strip() or "What the skill above says."
        result = await self._start(_Work(kind, task, skill, given, share), context)
        return replace(result, text=f"{result.text}\n\n[{doubt}]") if doubt else result

    def _kind_for(self, skill: Skill) -> tuple[AgentKind, str]:
        """The kind of helper that carries ``skill`` out, and a sentence where it asks for another.

        Where it names none, one that only reads does where that is all its tools do.
        """
        kinds = {kind.name.lower(): kind for kind in self._kinds}
        reads = skill.tools is not None and not CHANGING.union({"shell"}).intersection(skill.tools)
        otherwise = kinds[EXPLORE if reads else CHANGE]
        asked = skill.agent.lower()
        found = kinds.get(asked) or kinds.get(_NAMES_ELSEWHERE.get(asked, ""))
        if found is not None or not asked:
            return found or otherwise, ""
        return otherwise, f"There is no kind of helper {skill.agent!r:.80} here: {otherwise.name} was taken."

    async def _start(self, work: _Work, context: ToolContext) -> ToolResult:
        """Have a helper do ``work``. Raises :class:`ToolError` where it can't begin."""
        self._share(work)
        if work.kind.writes:
            return await self._in_copy(work, context)
        request = self._request(work, self._caller.opened.place.workspace.root)
        return _reported(work, await self._outcome(work, request))

    async def _in_copy(self, work: _Work, context: ToolContext) -> ToolResult:
        """Have a helper work in a copy, and bring in what it changed there."""
        from seedsmith.agent.run.subagent_change import brought_in

        calls = self._caller.calls()
        assert calls is not None
        opened = self._caller.opened
        try:
            async with copied(opened.place, opened.session, opened.request, context) as copy:
                outcome = await self._outcome(work, self._request_in(copy, work))
                async with self._one_at_a_time:
                    return await brought_in(_reported(work, outcome), copy.clone, calls, context)
        except GitError as error:
            raise ToolError(f"The helper could not begin: {error}") from None

    async def _outcome(self, work: _Work, request: RunRequest) -> Outcome:
        try:
            counted = (_CallerBudget(self._caller.budget),)
            return await self._caller.run(request, counted, None, library=work.library)
        except (AgentError, ModelError, SandboxError, SkillError) as error:
            raise ToolError(f"The helper could not begin: {error}") from None

    def _request_in(self, copy: WorkspaceCopy, work: _Work) -> RunRequest:
        """The run of a helper that works in ``copy``."""
        request = self._request(work, copy.clone.work)
        original = CopyOf(self._caller.opened.place.workspace.root, copy.shared)
        return replace(request, borrowed=copy.clone.borrowed, copy_of=original)

    def _request(self, work: _Work, workspace: Path) -> RunRequest:
        opened = self._caller.opened
        changed = {**_NOT_KEPT, "workspace": workspace, **self._share(work)}
        if work.skill is not None:
            changed |= {"skill": work.skill.name, "skill_with": dict(work.given)}
        words = "subagent-writing.md" if work.kind.writes else "subagent.md"
        return RunRequest(
            settings=opened.request.settings.model_copy(update=changed),
            prompt=prompt(words, instructions=work.kind.instructions, task=work.task).strip(),
            environment=opened.request.environment,
            parent=opened.session.id,
            offered_tools=work.tools,
        )

    def _share(self, work: _Work) -> dict[str, Any]:
        """The limits of one helper: its share, or less where its skill wishes for less.

        Raises :class:`ToolError` where nothing is left.
        """
        left, share = self._caller.budget.left, work.share
        if not left.turns or not left.tokens // share or left.seconds <= 0 or left.cost == 0.0:
            raise ToolError("Nothing is left of the budget for a helper.")
        wishes = work.skill.budget if work.skill else BudgetWishes()
        cost = left.cost / share if left.cost is not None else None
        return {
            "max_turns": min(left.turns, wishes.turns or _MOST_TURNS),
            "max_tokens": min(left.tokens // share, wishes.tokens or left.tokens),
            "max_cost": min(cost, wishes.cost or cost) if cost is not None else None,
            "max_time": min(left.seconds, wishes.seconds or left.seconds),
        }


class _CallerBudget:
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


def _reported(work: _Work, outcome: Outcome) -> ToolResult:
    """A helper's last message, and how it ended where it was not done."""
    ok = outcome.status == "done"
    took = f"{work.name}: {count(outcome.turns, 'turn')}, {count(outcome.tool_calls, 'call')}"
    data = {
        "session": outcome.session,
        "kind": work.kind.name,
        "status": outcome.status,
        "turns": outcome.turns,
        "tool_calls": outcome.tool_calls,
        "tokens": outcome.usage.total_tokens,
        "cost_cny": outcome.cost_cny,
    }
    if work.skill is not None:
        data["skill"] = work.skill.name
    text = outcome.message if ok else f"The helper was not done ({outcome.status}).\n{outcome.message}"
    return ToolResult(ok, text, data, took)
