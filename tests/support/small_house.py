"""A real session, workspace and dispatcher around small tools, and a model that plays answers.

The fixture ``house`` of ``tests/agent/conftest.py`` is one in a temporary folder.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from seedsmith.agent.calls.approval import Approver, CallPolicy
from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.calls.gates import ActiveSkillsGate, ApprovalGate, HookGate
from seedsmith.agent.calls.hooks import Hooks
from seedsmith.agent.calls.runner import CallRunner
from seedsmith.agent.context.instructions import NestedInstructions
from seedsmith.agent.conversation import AssistantMessage, SystemMessage, ToolCall, UserMessage
from seedsmith.agent.events import EventSink
from seedsmith.agent.loop.budget import Budget
from seedsmith.agent.loop.run_context import RunContext
from seedsmith.agent.loop.turn_calls import TurnCalls
from seedsmith.agent.models.base import Answer, CallReady, Part, Request, Usage
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.session import Session, SessionStart
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import Access, InvalidArguments, ToolContext, ToolResult, ToolSpec


@dataclass
class Collected:
    """A front end that keeps what it was shown."""

    events: list = field(default_factory=list)

    def show(self, envelope: Any) -> None:
        self.events.append(envelope.event)

    def close(self) -> None:
        pass

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


class SmallTool:
    """A tool of one string argument, ``path``, that does what the test says."""

    def __init__(self, name: str, access: Callable[[str], Access], body: Callable[[str, ToolContext], Any]):
        self.spec = ToolSpec(
            name, f"Test tool {name}.", {"type": "object", "properties": {"path": {"type": "string"}}}
        )
        self._access = access
        self._body = body

    def parse(self, arguments: dict[str, Any]) -> str:
        if not isinstance(arguments.get("path"), str):
            raise InvalidArguments("path must be a string.")
        return arguments["path"]

    def access(self, parsed: str) -> Access:
        return self._access(parsed)

    async def run(self, parsed: str, context: ToolContext) -> ToolResult:
        result = self._body(parsed, context)
        result = await result if asyncio.iscoroutine(result) else result
        return result if isinstance(result, ToolResult) else ToolResult(ok=True, text=str(result))


def reads(path: str) -> Access:
    return Access(reads=frozenset({path}))


def writes(path: str) -> Access:
    return Access(writes=frozenset({path}))


def everything(path: str) -> Access:
    return Access(reads=frozenset({"*"}), writes=frozenset({"*"}))


class PlayedModel:
    """A model that plays its answers in order and keeps the requests; an item may also be raised."""

    provider, name, wire, context_tokens, priced, vision = "test", "played", "chat", 1000, False, True

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    async def stream(self, request: Request) -> AsyncIterator[Part]:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        parts = answer if isinstance(answer, list) else [*map(CallReady, answer.calls), answer]
        for part in parts:
            yield part
            await asyncio.sleep(0)

    def prepare(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


def answer(
    text: str = "", *calls: ToolCall, finish: str = "", reasoning: str = "", tokens: int = 10
) -> Answer:
    reason = finish or ("tool_calls" if calls else "stop")
    return Answer(text, reasoning, calls, reason, Usage(tokens, 0, 0, 0))


@dataclass
class House:
    """One session's rooms, small enough to see through."""

    root: Path
    home: Path
    seen: Collected = field(default_factory=Collected)
    redactor: Redactor = field(default_factory=lambda: Redactor(()))
    accepted: list[str] = field(default_factory=list)
    """Protected files that a person let be written."""

    def __post_init__(self) -> None:
        self.workspace = Workspace(self.root)
        self.session = Session.create(self.home, self.start(), self.redactor)
        self.session.append(SystemMessage("system"))
        self.session.append(UserMessage("task"))
        self.sink = EventSink(self.session.id, (self.seen,))

    def start(self) -> SessionStart:
        return SessionStart(str(self.workspace.root), "test/played", "chat", "full", "task")

    def reopen(self) -> Session:
        """The session as another process would find it."""
        self.session.close()
        self.session = Session.resume(self.home, self.session.id, self.workspace.root, self.redactor)
        return self.session

    def dispatcher(
        self,
        *tools: SmallTool,
        policy: CallPolicy | None = None,
        approver: Approver | None = None,
        hooks: Hooks | None = None,
        narrowing: Callable[[str], str] | None = None,
        output_bytes: int = 32 << 10,
        **options: Any,
    ) -> Dispatcher:
        """A dispatcher with the gates of a run in their order; ``options`` are its own."""
        policy = policy or CallPolicy(confined=True, can_ask=False)
        gates = (
            *((ActiveSkillsGate(narrowing),) if narrowing else ()),
            *((HookGate(hooks),) if hooks else ()),
            ApprovalGate(policy, self.sink, approver),
        )
        processes = SimpleNamespace(accept=lambda paths: self.accepted.extend(sorted(paths)))
        context = ToolContext(self.workspace, processes, SpillStore(self.session.folder / "spills"))
        named = {tool.spec.name: tool for tool in tools}
        runner = CallRunner(named, context, self.sink, self.redactor, gates=gates, output_bytes=output_bytes)
        return Dispatcher(runner, self.session, **options)

    def calls(
        self, *tools: SmallTool, instructions: NestedInstructions | None = None, **options: Any
    ) -> TurnCalls:
        """What dispatches calls as a run does: what follows from them is appended, too."""
        dispatcher = self.dispatcher(*tools, **options)
        return TurnCalls(dispatcher, self.session, self.sink, self.redactor, instructions)

    def run_context(self, model: Any, budget: Budget) -> RunContext:
        """What a run of ``model`` in this session works with."""
        return RunContext(self.session, model, budget, self.sink)

    def ask(self, *calls: ToolCall) -> tuple[ToolCall, ...]:
        """Let the model have asked for ``calls``."""
        self.session.append(AssistantMessage(calls=calls))
        return calls

    @property
    def outputs(self) -> list:
        return [item for item in self.session.conversation if hasattr(item, "call_id")]
