"""Runs the calls of one answer, records them, and appends one result for each, in call order.

See docs/decisions.md, "One way of a call".

A call is recorded as *intended* only after the calls it conflicts with have ended. So *intended* means that
it was about to run, and a resumed session can still run calls that had only been waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from seedsmith.agent.calls.prepared_call import FinishedCall
from seedsmith.agent.calls.runner import CallRunner
from seedsmith.agent.calls.scheduler import run_scheduled
from seedsmith.agent.conversation import ToolCall, ToolOutput
from seedsmith.agent.events import TAKE_BACK, TRY
from seedsmith.agent.sessions.session import Session
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import EVERYTHING, Access, Effect, ToolResult

INTERRUPTED = "interrupted before it was done; it may have taken effect in part."
NOT_STARTED = "interrupted before it began; nothing was done."


@dataclass(frozen=True, slots=True)
class Dispatched:
    """The outcome of one answer's calls, in call order."""

    results: tuple[ToolResult, ...]
    changing: tuple[ToolCall, ...]
    """The calls that may have changed something: commands that ran, and file tools that succeeded."""
    touched: tuple[Access, ...]
    """What the calls that could be parsed touch, whether they succeeded or not."""


class StartedCalls(Protocol):
    """Calls that were started before their answer was complete."""

    def take(self, call: ToolCall) -> asyncio.Task[FinishedCall] | None:
        """Return the running task of ``call`` and forget it; None if it was not started."""


class Dispatcher:
    """Runs the calls of one session's answers, and counts them."""

    def __init__(
        self,
        runner: CallRunner,
        session: Session,
        *,
        before_effects: Callable[[Collection[str]], Awaitable[None]] | None = None,
        after_effects: Callable[[], None] | None = None,
        while_recorded: Callable[[], None] | None = None,
        parallel: bool = True,
    ) -> None:
        """``before_effects`` is awaited before any call that can change something, with the paths it writes.

        ``after_effects`` is called once all calls of an answer that had one are done, but for those that a
        search tries and takes back. ``while_recorded`` is called while it is on its way to the disk that a
        call may change anything, as a command may; it changes nothing itself.
        """
        self.runner = runner
        self._session = session
        self._before_effects = before_effects
        self._after_effects = after_effects
        self._while_recorded = while_recorded
        self._parallel = parallel
        self.calls = 0
        """Calls given a result so far."""
        self.effects = 0
        """Calls begun so far that could change the workspace."""

    async def dispatch(self, calls: Sequence[ToolCall], early: StartedCalls | None = None) -> Dispatched:
        """Run the open ``calls`` of the last answer and append one result each, in call order.

        ``early`` holds effect-free calls already started; calls whose result the session knows don't run.
        On cancellation every call still gets a result that says it was interrupted.
        """
        prepared = [self.runner.prepare(call) for call in calls]
        finished: dict[str, FinishedCall] = {}
        begun: set[str] = set()
        effects = self.effects
        durable = _Once(self._session.sync)

        async def one(index: int) -> None:
            each = prepared[index]
            call = each.call
            if self._session.known_result(call.id) is not None:
                return

            async def begin() -> None:
                self._session.record_intended(call, each.access.effect)
                begun.add(call.id)
                if each.access.effect is not Effect.NONE:
                    recorded = durable()
                    if EVERYTHING in each.access.writes and self._while_recorded is not None:
                        self._while_recorded()
                    await recorded
                    await self.ready_for_effects(each.access.writes - {EVERYTHING})
                    self.effects += 1

            started = early.take(call) if early else None
            done = finished[call.id] = await started if started else await self.runner.run(each, begin)
            self._session.record_done(_output(call, done), done.duration_ms)

        try:
            await run_scheduled([each.access for each in prepared], one, parallel=self._parallel)
        finally:
            results = tuple(self._close(call, finished.get(call.id), call.id in begun) for call in calls)
            lasting = any(not call.id.startswith((TRY, TAKE_BACK)) for call in calls)
            if self.effects != effects and lasting and self._after_effects is not None:
                self._after_effects()
        changing = (
            each.call
            for each, result in zip(prepared, results, strict=True)
            if each.call.id in begun and _may_have_changed(each.access, result)
        )
        touched = (each.access for each in prepared if each.tool is not None)
        return Dispatched(results, tuple(changing), tuple(touched))

    async def within(self, call: ToolCall) -> ToolResult:
        """Run ``call`` as a part of one that is under way and was recorded; it passes all gates."""
        writes = self.runner.prepare(call).access.writes - {EVERYTHING}
        return await self.runner.run_within(call, lambda: self.ready_for_effects(writes))

    async def ready_for_effects(self, writes: Collection[str] = ()) -> None:
        """Return once something may be changed: the paths ``writes``, where they are known."""
        if self._before_effects is not None:
            await self._before_effects(writes)

    def _close(self, call: ToolCall, finished: FinishedCall | None, begun: bool) -> ToolResult:
        """Append the call's result to the conversation."""
        self.calls += 1
        output = self._session.known_result(call.id)
        if output is None and finished is not None:
            output = _output(call, finished)
        if output is None:
            output = ToolOutput(call.id, call.name, INTERRUPTED if begun else NOT_STARTED, ok=False)
            self._session.record_done(output)
        self._session.append(output)
        return finished.result if finished else ToolResult(output.ok, output.text)


class _Once:
    """Begins one action once, however many wait for it."""

    def __init__(self, action: Callable[[], asyncio.Future[None]]) -> None:
        self._action = action
        self._task: asyncio.Future[None] | None = None

    def __call__(self) -> asyncio.Future[None]:
        if self._task is None:
            self._task = self._action()
        return asyncio.shield(self._task)


def _output(call: ToolCall, finished: FinishedCall) -> ToolOutput:
    return ToolOutput(call.id, call.name, finished.result.text, finished.result.ok)


def _may_have_changed(access: Access, result: ToolResult) -> bool:
    return EVERYTHING in access.writes or (result.ok and access.effect is not Effect.NONE)
