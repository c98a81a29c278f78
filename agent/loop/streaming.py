"""Streams the answer to one request: shows its parts as they come, starts early calls, returns the answer."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import asdict
from typing import TYPE_CHECKING

from seedsmith.agent.events import NoticeGiven, Reasoning, Sink, Text, UsageReported
from seedsmith.agent.loop.budget import Budget
from seedsmith.agent.loop.early_calls import EarlyCalls
from seedsmith.agent.models.base import (
    Answer,
    CallReady,
    Model,
    Notice,
    ReasoningDelta,
    Request,
    Retrying,
    Spent,
    TextDelta,
    Usage,
)

if TYPE_CHECKING:
    from seedsmith.agent.models.leaks.text_hold import TextHold


class NoAnswer(Exception):
    """A stream ended without an answer, which is always a defect in ``agent/models``."""


async def stream_answer(
    model: Model, request: Request, sink: Sink, early: EarlyCalls, budget: Budget
) -> Answer:
    """Ask ``model``; if a stream breaks, its early calls are discarded before the model is asked again.

    What failed attempts used is recorded in ``budget`` here; the caller records what the answer used. Raises
    what the model raises.
    """
    answer: Answer | None = None
    hold: TextHold | None = None
    async with aclosing(model.stream(request)) as parts:
        async for part in parts:
            match part:
                case TextDelta(text):
                    hold = hold or _hold(request)
                    _show(hold.feed(text), sink)
                case ReasoningDelta(text):
                    sink.emit(Reasoning(text))
                case CallReady(call):
                    early.offer(call)
                case Retrying():
                    await early.discard()
                    hold = None
                    sink.emit(NoticeGiven("retry", part.message))
                case Notice() | Spent():
                    _report(part, sink, budget)
                case Answer():
                    answer = part
                    hold = hold or _hold(request)
                    _show(hold.close(answer.text), sink)
    if answer is None:
        raise NoAnswer(f"The stream of {model.name} ended without an answer.")
    report_usage(answer, sink)
    return answer


async def silent_answer(model: Model, request: Request, sink: Sink, budget: Budget) -> Answer:
    """Ask ``model``; what it used is shown and booked, but nothing of what it says.

    Raises what the model raises.
    """
    answer: Answer | None = None
    async with aclosing(model.stream(request)) as parts:
        async for part in parts:
            match part:
                case Retrying():
                    sink.emit(NoticeGiven("retry", part.message))
                case Notice() | Spent():
                    _report(part, sink, budget)
                case Answer():
                    answer = part
                case _:
                    pass
    if answer is None:
        raise NoAnswer(f"The stream of {model.name} ended without an answer.")
    report_usage(answer, sink)
    budget.book(answer)
    return answer


def _report(part: Notice | Spent, sink: Sink, budget: Budget) -> None:
    """Show a notice, or what a failed attempt used, which is booked."""
    if isinstance(part, Notice):
        sink.emit(NoticeGiven(part.code, part.message))
    else:
        report_usage(part, sink)
        budget.book(part)


def _hold(request: Request) -> TextHold:
    """What holds back markup of one answer; imported when the first one comes."""
    from seedsmith.agent.models.leaks.text_hold import TextHold

    return TextHold(request.tools)


def _show(deltas: Iterable[TextDelta | ReasoningDelta], sink: Sink) -> None:
    for delta in deltas:
        sink.emit(Text(delta.text) if isinstance(delta, TextDelta) else Reasoning(delta.text))


def report_usage(answer: Answer | Spent, sink: Sink) -> None:
    """Report what a request used, or a failed attempt at it."""
    sink.emit(
        UsageReported(
            request_id=answer.request_id,
            served_model=answer.model,
            service_tier=answer.service_tier,
            **asdict(answer.usage or Usage()),
            cost_cny=answer.cost_cny,
            tier=answer.price_tier,
            extra=dict(answer.extra),
            cost_estimated=answer.cost_estimated,
        )
    )
