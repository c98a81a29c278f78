"""Calls without effects that run while the answer they belong to still streams.

See docs/decisions.md, "Early start, safe retry".
"""

from __future__ import annotations

import asyncio

from seedsmith.agent.calls.prepared_call import FinishedCall
from seedsmith.agent.calls.runner import CallRunner
from seedsmith.agent.calls.scheduler import must_wait
from seedsmith.agent.conversation import ToolCall
from seedsmith.tools.base import Access, Effect


class EarlyCalls:
    """The early calls of one answer; calls must be offered in call order."""

    def __init__(self, runner: CallRunner, *, parallel: bool = True) -> None:
        self._runner = runner
        self._parallel = parallel
        self._seen: list[Access] = []
        self._tasks: dict[ToolCall, asyncio.Task[FinishedCall]] = {}

    def offer(self, call: ToolCall) -> None:
        """Start ``call`` if it has no effects, may start early and need not wait for an earlier call."""
        prepared = self._runner.prepare(call)
        waits = any(not self._parallel or must_wait(access, prepared.access) for access in self._seen)
        self._seen.append(prepared.access)
        access = prepared.access
        if prepared.tool is None or access.effect is not Effect.NONE or not access.early or waits:
            return
        if call not in self._tasks:
            self._tasks[call] = asyncio.create_task(self._runner.run_early(prepared))

    def take(self, call: ToolCall) -> asyncio.Task[FinishedCall] | None:
        """Return the running task of ``call`` and forget it; None if it was not started."""
        return self._tasks.pop(call, None)

    async def discard(self) -> None:
        """Cancel and forget the calls that were not taken."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        self._seen.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
