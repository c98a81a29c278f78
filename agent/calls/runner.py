"""Runs one call, from raw arguments to a result that can be sent: parse, gates, run, redact, shorten.

Whatever the call asks for and whatever the tool does, there is exactly one result.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from seedsmith.agent.calls.gates import Gate
from seedsmith.agent.calls.prepared_call import FinishedCall, PreparedCall, json_object
from seedsmith.agent.calls.truncation import bounded, escaped
from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.events import REFUSED, NoticeGiven, Sink, ToolFinished, ToolStarted
from seedsmith.agent.redact import Redactor
from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import Access, Tool, ToolContext, ToolError, ToolResult, ToolSpec

MOST_AT_ONCE = 8
"""So many calls of an answer run at once, however many it holds: each takes processes and descriptors."""


class CallRunner:
    """Runs single calls of one session against its tools; it knows neither the conversation nor records."""

    def __init__(
        self,
        tools: Mapping[str, Tool],
        context: ToolContext,
        sink: Sink,
        redactor: Redactor,
        *,
        gates: Sequence[Gate] = (),
        output_bytes: int = 32 << 10,
    ) -> None:
        """``gates`` are asked in order; ``output_bytes`` limits how much of a result the model reads."""
        self._tools = tools
        self._context = context
        self._sink = sink
        self._redactor = redactor
        self._gates = gates
        self._output_bytes = output_bytes
        self._room = asyncio.Semaphore(MOST_AT_ONCE)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The specifications of the tools, in the order in which the model gets them.

        A tool whose ``offered`` is false can serve nobody here: the model isn't told of it, but it answers.
        """
        return tuple(tool.spec for tool in self._tools.values() if getattr(tool, "offered", True))

    def prepare(self, call: ToolCall) -> PreparedCall:
        """Parse a call. Never raises: the refusal says what is wrong and what would be right."""
        tool = self._tools.get(call.name)
        try:
            arguments = json_object(call.arguments)
        except ValueError as error:
            schema = f" {_schema(tool)}" if tool else ""
            refusal = f"The arguments of {call.name!r} are not a JSON object: {error}.{schema}"
            return PreparedCall(call, call.arguments, refusal=refusal)
        if tool is None:
            known = ", ".join(self._tools)
            return PreparedCall(
                call, arguments, refusal=f"There is no tool {call.name!r}. The tools are: {known}."
            )
        for gate in self._gates:
            if refusal := gate.closed_to(call.name):
                return PreparedCall(call, arguments, refusal=refusal)
        try:
            parsed = tool.parse(arguments)
            access = tool.access(parsed)
            if not isinstance(access, Access):
                raise TypeError(f"its access is {type(access).__name__}, not Access")
            return self._as_it_is_meant(PreparedCall(call, arguments, access, tool, parsed))
        except (ToolError, SandboxError) as error:
            return PreparedCall(call, arguments, refusal=str(error))
        except (Exception, SystemExit) as error:  # a defect of the tool must not end the run
            return PreparedCall(call, arguments, refusal=self._defect(call, error))

    def _as_it_is_meant(self, prepared: PreparedCall) -> PreparedCall:
        """``prepared``, or what it comes to where it calls by the shell what is a tool here."""
        if prepared.call.name != "shell" or "patch" not in prepared.call.arguments:
            return prepared
        from seedsmith.agent.calls.patch_in_shell import with_patch

        meant = with_patch(prepared, self._tools)
        if meant.call.name == prepared.call.name:
            return meant
        closed = next(filter(None, (gate.closed_to(meant.call.name) for gate in self._gates)), "")
        return PreparedCall(meant.call, meant.arguments, refusal=closed) if closed else meant

    async def run(self, prepared: PreparedCall, begin: Callable[[], Awaitable[None]]) -> FinishedCall:
        """Run a call and report its start and end; ``begin`` is awaited when all gates have let it pass.

        Where :data:`MOST_AT_ONCE` run, it waits for its turn first.
        """
        async with self._room:
            return await self._run(prepared, begin)

    async def _run(self, prepared: PreparedCall, begin: Callable[[], Awaitable[None]]) -> FinishedCall:
        call = prepared.call
        self._sink.emit(ToolStarted(call.id, call.name, self._redactor.data(prepared.arguments)))
        start = time.perf_counter()
        result = ToolResult(ok=False, text="", summary="interrupted")
        try:
            result = self._clean(await self._perform(prepared, begin))
        finally:
            duration = round((time.perf_counter() - start) * 1000, 1)
            summary = result.summary or _first_line(result)
            self._sink.emit(ToolFinished(call.id, result.ok, summary, duration, result.data, result.text))
        return FinishedCall(result, duration)

    def tell_tried(self, call: ToolCall, seconds: float) -> None:
        """Show ``call`` as one that ran: a search tried what it would do in a copy of the workspace."""
        prepared = self.prepare(call)
        self._sink.emit(ToolStarted(call.id, call.name, self._redactor.data(prepared.arguments)))
        self._sink.emit(ToolFinished(call.id, True, "tried in a copy", round(seconds * 1000, 1), {}))

    async def run_within(self, call: ToolCall, begin: Callable[[], Awaitable[None]]) -> ToolResult:
        """Run ``call`` as part of one that is under way, through the same gates; it is not recorded."""
        return (await self._run(self.prepare(call), begin)).result

    async def run_early(self, prepared: PreparedCall) -> FinishedCall:
        """Run a call without effects before the model's answer is complete; nothing is recorded yet."""
        return await self.run(prepared, _nothing)

    async def _perform(self, prepared: PreparedCall, begin: Callable[[], Awaitable[None]]) -> ToolResult:
        if prepared.tool is None:
            return ToolResult(ok=False, text=prepared.refusal)
        additions: list[str] = []
        approved: frozenset[str] = frozenset()
        for gate in self._gates:
            passage = await gate.before(prepared)
            if passage.refusal:
                return ToolResult(False, passage.refusal, {REFUSED: True}, passage.summary)
            additions += passage.additions
            approved |= passage.approved
        await begin()
        with self._context.approving(approved):
            result = await self._result(prepared, prepared.tool)
        for gate in self._gates:
            additions += await gate.after(prepared, result)
        return replace(result, text="\n\n".join((result.text, *additions))) if additions else result

    async def _result(self, prepared: PreparedCall, tool: Tool) -> ToolResult:
        try:
            return _checked(await tool.run(prepared.parsed, self._context))
        except (ToolError, SandboxError) as error:
            return ToolResult(ok=False, text=str(error))
        except (Exception, SystemExit) as error:  # a defect of the tool must not end the run
            return ToolResult(ok=False, text=self._defect(prepared.call, error))

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
        root = self._context.workspace.root
        if not os.path.isdir(root):  # noqa: PTH112
            return f"The workspace {root} is gone: it was moved or deleted."
        what = f"{type(error).__name__}: {error}"
        self._sink.emit(
            NoticeGiven("tool_failed", self._redactor.text(f"The tool {call.name} broke: {what}"))
        )
        return f"failed: {what}"


async def _nothing() -> None:
    pass


def _checked(result: ToolResult) -> ToolResult:
    """Return ``result``; raises TypeError if it is none, since a third party's tool may return anything."""
    if not isinstance(result, ToolResult) or not isinstance(result.text, str):
        raise TypeError(f"it gave back {type(result).__name__}, not a ToolResult with text")
    return result


def _schema(tool: Tool) -> str:
    return "The schema is: " + json.dumps(tool.spec.parameters, ensure_ascii=False, separators=(",", ":"))


def _first_line(result: ToolResult) -> str:
    line = result.text.strip().partition("\n")[0]
    return line if len(line) <= 120 else line[:117] + "..."
