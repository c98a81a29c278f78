"""The gates a call passes before its tool runs: the active skills, the hooks, the approval.

They are asked in the order of one list; the first gate that refuses ends the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from seedsmith.agent.calls.approval import (
    Allowed,
    ApprovalRequest,
    Approver,
    CallPolicy,
    Decision,
    Refused,
    Verdict,
)
from seedsmith.agent.calls.prepared_call import PreparedCall
from seedsmith.agent.calls.session_permissions import Permissions
from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.events import ApprovalRequested, NoticeGiven, Sink
from seedsmith.agent.settings.permissions.call import RuledCall, ruled_call
from seedsmith.agent.settings.permissions.rules import Ruled
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import EVERYTHING, Effect, ToolResult

if TYPE_CHECKING:
    from seedsmith.agent.calls.hooks import Hooks
    from seedsmith.agent.settings.permissions.decision import Ruling


@dataclass(frozen=True, slots=True)
class Passage:
    """A gate's answer about a call."""

    refusal: str = ""
    """Why the call may not run, as the model reads it; '' where it may."""
    summary: str = ""
    """The refusal as people see it; '' for its first line."""
    additions: tuple[str, ...] = ()
    """Texts that are appended to the result the model reads."""
    approved: frozenset[str] = frozenset()
    """Protected files that a person lets this call write."""


class Gate(Protocol):
    """Asked three times about each call; the methods of this base class let every call pass."""

    def closed_to(self, tool: str) -> str:
        """Why ``tool`` can't be called now, whatever the arguments; '' if it can.

        Called before a call's arguments are parsed.
        """
        return ""

    async def before(self, prepared: PreparedCall) -> Passage:
        """Say whether the call may run, right before it would."""
        return Passage(self.closed_to(prepared.call.name))

    async def after(self, prepared: PreparedCall, result: ToolResult) -> tuple[str, ...]:
        """Take the result; return texts to append to what the model reads."""
        return ()


class SandboxGate(Gate):
    """Lets nothing that may change anything begin before the sandbox was shown to hold, or ends the run."""

    def __init__(self, prove: Callable[[], None]) -> None:
        """``prove`` raises :class:`seedsmith.sandbox.errors.NoIsolation` where it does not."""
        self._prove = prove

    async def before(self, prepared: PreparedCall) -> Passage:
        """Have it shown, once; what only reads need not wait for that."""
        if prepared.access.effect is not Effect.NONE:
            self._prove()
        return Passage()


class ActiveSkillsGate(Gate):
    """Refuses tools that the active skills don't allow.

    It is asked again right before a call runs: a call of the same answer may have made a skill active.
    """

    def __init__(self, refusal: Callable[[str], str]) -> None:
        """``refusal`` takes a tool's name and returns why it can't be called now; '' if it can."""
        self._refusal = refusal

    def closed_to(self, tool: str) -> str:
        """What the active skills say."""
        return self._refusal(tool)


_PLANS = (
    "Refused: this run only plans, nothing may be changed (--approve plan). "
    "Read and search as far as you need, then answer with the plan."
)


class PlanGate(Gate):
    """Lets nothing be changed: the run ends with a plan, or with what it found."""

    def __init__(self, refusal: str = _PLANS) -> None:
        self._refusal = refusal

    async def before(self, prepared: PreparedCall) -> Passage:
        """Refuse what would write, whoever asks for it."""
        if not prepared.access.writes:
            return Passage()
        return _refused(self._refusal)


class HookGate(Gate):
    """Asks the hooks before a call, passes them its result, and appends what they say to the result."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    async def before(self, prepared: PreparedCall) -> Passage:
        """What the ``before_tool`` hooks say."""
        ruling = await self._hooks.before_tool(prepared.call.name, prepared.arguments)
        if ruling.denied:
            return Passage(f"Refused by a hook: {ruling.denied}", "refused by a hook")
        return Passage(additions=_marked(ruling.messages))

    async def after(self, prepared: PreparedCall, result: ToolResult) -> tuple[str, ...]:
        """What the ``after_tool`` hooks say."""
        name, arguments = prepared.call.name, prepared.arguments
        return _marked(await self._hooks.after_tool(name, arguments, result.ok, result.text))


class ApprovalGate(Gate):
    """Decides by rules and policy, and asks the person where these say so, one call at a time."""

    def __init__(
        self,
        policy: CallPolicy,
        sink: Sink,
        approver: Approver | None = None,
        names_of: Callable[[str], frozenset[str]] = lambda path: frozenset((path,)),
        permissions: Permissions | None = None,
    ) -> None:
        """``names_of`` says what a path is called, and where its links lead."""
        self._names_of = names_of
        self._policy = policy
        self._sink = sink
        self._approver = approver
        self._permissions = permissions or Permissions()
        self._one_at_a_time = asyncio.Lock()

    async def before(self, prepared: PreparedCall) -> Passage:
        """What rules, policy, what was granted and, if asked, the person say."""
        named = (self._names_of(path) if path != EVERYTHING else {path} for path in prepared.access.writes)
        access = replace(prepared.access, writes=frozenset().union(*named))
        call = ruled_call(prepared.call.name, prepared.arguments, prepared.parsed, access)
        ruling = self._permissions.judge(call)
        if ruling is not None and ruling.says is Ruled.DENY:
            return _refused(f"Refused: {ruling.why}.")
        decision = _settled(self._policy.decide(access), ruling)
        if decision.verdict is Verdict.ALLOW:
            return Passage(approved=decision.paths)
        files = decision.paths | (ruling.paths if ruling else frozenset())
        async with self._one_at_a_time:
            if self._permissions.granted(call, files):
                return Passage(approved=decision.paths)
            if self._approver is None or not self._policy.can_ask:
                return _refused(f"Refused: {decision.why}, and there is nobody to ask (--approve auto).")
            return await self._ask(prepared.call, call, decision, files)

    async def _ask(
        self, asked: ToolCall, call: RuledCall, decision: Decision, files: frozenset[str]
    ) -> Passage:
        assert self._approver is not None
        self._sink.emit(ApprovalRequested(asked.id, asked.arguments, decision.why))
        grants = self._permissions.offers(call, files)
        request = ApprovalRequest(asked.id, asked.name, asked.arguments, decision.why, files, call, grants)
        answer = await self._approver.approve(request)
        if not answer:
            return refused_by_the_user(decision.why, answer)
        if isinstance(answer, Allowed) and (fault := self._permissions.keep(answer.grant)):
            self._sink.emit(NoticeGiven("grant_not_kept", fault))
        return Passage(approved=decision.paths)


def _settled(decision: Decision, ruling: Ruling | None) -> Decision:
    """The policy's decision once the rules were heard.

    A rule that allows files with a star is no word for those that other programs run.
    """
    if ruling is None:
        return decision
    if ruling.says is Ruled.ASK:
        return replace(
            decision, verdict=Verdict.ASK, why=" and ".join(filter(None, (decision.why, ruling.why)))
        )
    allowed = ruling.says is Ruled.ALLOW and (ruling.literal or not decision.paths)
    return replace(decision, verdict=Verdict.ALLOW) if allowed else decision


def refused_by_the_user(why: str, answer: object) -> Passage:
    """A person's no, with their words where ``answer`` holds some; ``why`` is what they were asked."""
    words = answer.words if isinstance(answer, Refused) else ""
    sentence, summary = f"Refused by the user: {why}.", "refused by you"
    if not words:
        return Passage(sentence, summary)
    return Passage(f"{sentence} The user says: {words}", f"{summary}: {words}")


def _refused(sentence: str) -> Passage:
    return Passage(sentence, "refused")


def _marked(messages: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"[hook] {message}" for message in messages)
