"""The one way of a call: parse, policy, approver, record, run, redact, truncate, record.

See docs/decisions.md, "One way of a call".

Whatever a call asks for and whatever a tool does, the call gets exactly one result and the run goes on.
A call waits for those it conflicts with before it is recorded as *intended*: so *intended* says that it was
about to run, and a resumed session still runs the calls that had only been waiting.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from seedsmith.agent.calls.approval import ApprovalRequest, Approver, CallPolicy, Refused, Verdict
from seedsmith.agent.calls.scheduler import run_scheduled
from seedsmith.agent.calls.truncation import bounded, escaped
from seedsmith.agent.context.instructions import Found, NestedInstructions
from seedsmith.agent.conversation import ToolCall, ToolOutput, UserMessage
from seedsmith.agent.events import ApprovalRequested, EventSink, NoticeGiven, ToolFinished, ToolStarted
from seedsmith.agent.redact import Redactor, nested_too_deeply
from seedsmith.agent.sessions.session import Session
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.workspace.paths import shown
from seedsmith.tools.base import (
    EVERYTHING,
    Access,
    Effect,
    JsonObject,
    Tool,
    ToolContext,
    ToolError,
    ToolResult,
)

if TYPE_CHECKING:
    from seedsmith.agent.calls.hooks import Hooks

INTERRUPTED = "interrupted before it was done; it may have taken effect in part."
NOT_STARTED = "interrupted before it began; nothing was done."


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that was understood (``tool`` set), or what to tell the model instead (``refusal``)."""

    call: ToolCall
    arguments: Any
    """The arguments as JSON, or the raw text where they are none."""
    access: Access = field(default_factory=Access)
    tool: Tool | None = None
    parsed: Any = None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """A call's result and how long it took."""

    result: ToolResult
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What became of one answer's calls, in call order."""

    results: tuple[ToolResult, ...]
    changing: tuple[ToolCall, ...]
    """The calls that may have changed something: commands that ran, and file tools that succeeded."""


class Early(Protocol):
    """Calls that were started before their answer was complete."""

    def take(self, call: ToolCall) -> asyncio.Task[Finished] | None:
        """Hand over the running task of ``call``, if it was started."""


class Dispatcher:
    """Runs the calls of one session's answers against its tools."""

    def __init__(
        self,
        tools: Mapping[str, Tool],
        context: ToolContext,
        session: Session,
        sink: EventSink,
        policy: CallPolicy,
        *,
        approver: Approver | None = None,
        redactor: Redactor | None = None,
        instructions: NestedInstructions | None = None,
        narrowing: Callable[[str], str] | None = None,
        hooks: Hooks | None = None,
        before_effects: Callable[[], Awaitable[None]] | None = None,
        output_bytes: int = 32 << 10,
        parallel: bool = True,
    ) -> None:
        """``before_effects`` is awaited before any call that can change something.

        ``instructions`` are those that follow calls into the folders they touch; ``narrowing`` says why a
        tool may not be called at the moment, '' where it may (a skill's ``tools``).
        """
        self._tools = tools
        self._context = context
        self._session = session
        self._sink = sink
        self._policy = policy
        self._approver = approver
        self._redactor = redactor or Redactor(())
        self._instructions = instructions
        self._narrowing = narrowing
        self._hooks = hooks
        self._before_effects = before_effects
        self._output_bytes = output_bytes
        self._parallel = parallel
        self._asking = asyncio.Lock()
        self.calls = 0
        """Calls given a result so far."""
        self.effects = 0
        """Calls begun so far that could change the workspace."""

    async def dispatch(self, calls: Sequence[ToolCall], early: Early | None = None) -> Dispatched:
        """Run the open ``calls`` of the last answer and append one result each, in call order.

        What the folders they touched are told (``AGENTS.md``) is appended after the results.
        ``early`` holds effect-free calls already started; calls the session has settled don't run. On
        cancellation every call still gets a result that says it was interrupted.
        """
        prepared = [self.prepare(call) for call in calls]
        finished: dict[str, Finished] = {}
        begun: set[str] = set()
        durable = _Once(self._session.sync)

        async def one(index: int) -> None:
            each = prepared[index]
            call = each.call
            if call.id in self._session.settled:
                return

            async def begin() -> None:
                self._session.record_intended(call, each.access.effect)
                begun.add(call.id)
                if each.access.effect is not Effect.NONE:
                    await durable()
                    if self._before_effects is not None:
                        await self._before_effects()
                    self.effects += 1

            started = early.take(call) if early else None
            finished[call.id] = await started if started else await self._run(each, begin)
            self._record(call, finished[call.id])

        try:
            await run_scheduled([each.access for each in prepared], one, parallel=self._parallel)
        finally:
            results = tuple(self._close(call, finished.get(call.id), call.id in begun) for call in calls)
        changing = (
            each.call
            for each, result in zip(prepared, results, strict=True)
            if each.call.id in begun and _may_have_changed(each.access, result)
        )
        if self._instructions is not None:
            understood = (each.access for each in prepared if each.tool is not None)
            self._tell(await self._instructions.touched(understood))
        self._show_images(results)
        return Dispatched(results, tuple(changing))

    def prepare(self, call: ToolCall) -> Prepared:
        """Understand a call; never raises, the refusal says what is wrong and what would fit."""
        tool = self._tools.get(call.name)
        try:
            arguments = _json_object(call.arguments)
        except ValueError as error:
            schema = f" {_schema(tool)}" if tool else ""
            refusal = f"The arguments of {call.name!r} are not a JSON object: {error}.{schema}"
            return Prepared(call, call.arguments, refusal=refusal)
        if tool is None:
            known = ", ".join(self._tools)
            return Prepared(
                call, arguments, refusal=f"There is no tool {call.name!r}. The tools are: {known}."
            )
        if self._narrowing is not None and (refusal := self._narrowing(call.name)):
            return Prepared(call, arguments, refusal=refusal)
        try:
            parsed = tool.parse(arguments)
            access = tool.access(parsed)
            if not isinstance(access, Access):
                raise TypeError(f"its access is {type(access).__name__}, not Access")
            return Prepared(call, arguments, access, tool, parsed)
        except (ToolError, SandboxError) as error:
            return Prepared(call, arguments, refusal=str(error))
        except (Exception, SystemExit) as error:  # a defect of the tool must not end the run
            return Prepared(call, arguments, refusal=self._defect(call, error))

    async def start(self, prepared: Prepared) -> Finished:
        """Run an effect-free call before its answer is complete; nothing is recorded yet."""
        return await self._run(prepared, _nothing)

    async def _run(self, prepared: Prepared, begin: Callable[[], Awaitable[None]]) -> Finished:
        call = prepared.call
        self._sink.emit(ToolStarted(call.id, call.name, self._redactor.data(prepared.arguments)))
        start = time.perf_counter()
        result = ToolResult(ok=False, text="", summary="interrupted")
        try:
            result = self._clean(await self._perform(prepared, begin))
        finally:
            duration = round((time.perf_counter() - start) * 1000, 1)
            summary = result.summary or _first_line(result)
            self._sink.emit(ToolFinished(call.id, result.ok, summary, duration, result.data))
        return Finished(result, duration)

    async def _perform(self, prepared: Prepared, begin: Callable[[], Awaitable[None]]) -> ToolResult:
        if prepared.tool is None:
            return ToolResult(ok=False, text=prepared.refusal)
        hooks, call = self._hooks, prepared.call
        if self._narrowing is not None and (refusal := self._narrowing(call.name)):
            return ToolResult(ok=False, text=refusal)  # a call of the same answer may have narrowed them
        ruling = await hooks.before_tool(call.name, prepared.arguments) if hooks else None
        if ruling is not None and ruling.denied:
            refusal = f"Refused by a hook: {ruling.denied}"
            return ToolResult(ok=False, text=refusal, summary="refused by a hook")
        if refusal := await self._refusal(prepared):
            return ToolResult(ok=False, text=refusal, summary="refused")
        await begin()
        try:
            result = _checked(await prepared.tool.run(prepared.parsed, self._context))
        except (ToolError, SandboxError) as error:
            result = ToolResult(ok=False, text=str(error))
        except (Exception, SystemExit) as error:  # a defect of the tool must not end the run
            result = ToolResult(ok=False, text=self._defect(call, error))
        if hooks is None or ruling is None:
            return result
        told = await hooks.after_tool(call.name, prepared.arguments, result.ok, result.text)
        words = "".join(f"\n\n[hook] {each}" for each in (*ruling.messages, *told))
        return replace(result, text=result.text + words) if words else result

    async def _refusal(self, prepared: Prepared) -> str:
        """Why the call may not run; empty where it may."""
        decision = self._policy.decide(prepared.access)
        if decision.verdict is Verdict.ALLOW:
            return ""
        if self._approver is None or not self._policy.can_ask:
            return f"Refused: {decision.why}, and there is nobody to ask (--approve auto)."
        call = prepared.call
        async with self._asking:
            self._sink.emit(ApprovalRequested(call.id, call.arguments, decision.why))
            request = ApprovalRequest(call.id, call.name, call.arguments, decision.why)
            allowed = await self._approver.approve(request)
        if allowed:
            return ""
        words = allowed.words if isinstance(allowed, Refused) else ""
        return f"Refused by the user: {decision.why}." + (f" The user says: {words}" if words else "")

    def _tell(self, found: Iterable[Found]) -> None:
        """Append instructions that hold from here on; people are told of them, and of what was refused."""
        for each in found:
            if each.message is None:
                self._sink.emit(NoticeGiven("instructions_refused", each.refusal))
                continue
            text = self._redactor.text(each.message.text)
            self._session.append(replace(each.message, text=text))
            told = f"{shown(each.message.source)} is told to the model from here on."
            self._sink.emit(NoticeGiven("instructions", told))
            if each.cut:
                self._sink.emit(NoticeGiven("instructions_cut", each.cut))

    def _show_images(self, results: Iterable[ToolResult]) -> None:
        """Append what results show as one message: neither wire takes pictures in a result."""
        images = tuple(image for result in results for image in result.images)
        if images:
            names = ", ".join(shown(image.name) for image in images)
            self._session.append(UserMessage(f"Shown by the calls above: {names}", "images", images=images))

    def _clean(self, result: ToolResult) -> ToolResult:
        text = self._redactor.text(escaped(result.text))
        return ToolResult(
            ok=result.ok,
            text=bounded(text, self._output_bytes, self._context.spills) or "(no output)",
            data=self._redactor.data(result.data),
            summary=self._redactor.text(escaped(result.summary)),
            pending=result.pending,
            images=result.images,
        )

    def _defect(self, call: ToolCall, error: BaseException) -> str:
        what = f"{type(error).__name__}: {error}"
        self._sink.emit(
            NoticeGiven("tool_failed", self._redactor.text(f"The tool {call.name} broke: {what}"))
        )
        return f"failed: {what}"

    def _record(self, call: ToolCall, finished: Finished) -> None:
        result = finished.result
        self._session.record_done(
            ToolOutput(call.id, call.name, result.text, result.ok), finished.duration_ms
        )

    def _close(self, call: ToolCall, finished: Finished | None, begun: bool) -> ToolResult:
        """Append the call's result to the conversation."""
        self.calls += 1
        output = self._session.settled.pop(call.id, None)
        if output is None and finished is not None:
            output = ToolOutput(call.id, call.name, finished.result.text, finished.result.ok)
        if output is None:
            output = ToolOutput(call.id, call.name, INTERRUPTED if begun else NOT_STARTED, ok=False)
            self._session.record_done(output)
        self._session.append(output)
        return finished.result if finished else ToolResult(output.ok, output.text)


class _Once:
    """Awaits one action once, however many wait for it."""

    def __init__(self, action: Callable[[], Awaitable[None]]) -> None:
        self._action = action
        self._task: asyncio.Future[None] | None = None

    async def __call__(self) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._action())
        await asyncio.shield(self._task)


def _checked(result: ToolResult) -> ToolResult:
    """``result`` as it is; a tool of others may give back anything."""
    if not isinstance(result, ToolResult) or not isinstance(result.text, str):
        raise TypeError(f"it gave back {type(result).__name__}, not a ToolResult with text")
    return result


def _may_have_changed(access: Access, result: ToolResult) -> bool:
    return EVERYTHING in access.writes or (result.ok and access.effect is not Effect.NONE)


async def _nothing() -> None:
    pass


def _json_object(text: str) -> JsonObject:
    try:
        value = json.loads(text) if text.strip() else {}
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"it is {type(value).__name__}")
    if nested_too_deeply(value):
        raise ValueError("nested too deeply")
    return value


def _schema(tool: Tool) -> str:
    return "The schema is: " + json.dumps(tool.spec.parameters, ensure_ascii=False, separators=(",", ":"))


def _first_line(result: ToolResult) -> str:
    line = result.text.strip().partition("\n")[0]
    return line if len(line) <= 120 else line[:117] + "..."
