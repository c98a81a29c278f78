"""A small model that is asked: each request is a turn, and nothing of its answers is shown."""

from __future__ import annotations

from dataclasses import replace

from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.events import Event, EventSink, Text, TurnStarted, UsageReported
from seedsmith.agent.loop.early_calls import EarlyCalls
from seedsmith.agent.loop.run_context import RunContext
from seedsmith.agent.loop.streaming import stream_answer
from seedsmith.agent.models.base import Answer, Request
from seedsmith.agent.repair.alternatives import TOLD, other_beginnings

_LOGPROBS = "logprobs"


class AskedModel:
    """The model of a run, for questions that stand by themselves."""

    def __init__(self, run: RunContext, dispatcher: Dispatcher) -> None:
        self._run = run
        self._dispatcher = dispatcher

    async def texts(self, request: Request, others: slice) -> list[str]:
        """Its answer, and those of ``others`` that begin with what it thought next likeliest.

        Raises what ends the budget, and :class:`ModelError`.
        """
        if others.stop == 0:
            return [(await self._answer(request)).text]
        first = await self._answer(replace(request, sampling={**request.sampling, _LOGPROBS: TOLD}))
        texts = [first.text]
        for beginning in other_beginnings(first.extra.get(_LOGPROBS, ()))[others]:
            going_on = replace(request, continue_text=request.continue_text + beginning)
            texts.append(beginning + (await self._answer(going_on)).text)
        return texts

    async def _answer(self, request: Request) -> Answer:
        budget, sink = self._run.budget, self._run.sink
        sink.emit(TurnStarted(budget.reserve()))
        early = EarlyCalls(self._dispatcher.runner, parallel=False)
        answer = await stream_answer(self._run.model, request, _Unspoken(sink), early, budget)
        budget.book(answer)
        return answer


class _Unspoken:
    """A sink that drops the raw answers and how likely they were: what is tried is shown as an edit."""

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink

    def emit(self, event: Event) -> None:
        """Pass on everything else."""
        if isinstance(event, UsageReported):
            event = replace(event, extra={k: v for k, v in event.extra.items() if k != _LOGPROBS})
        if not isinstance(event, Text):
            self._sink.emit(event)
