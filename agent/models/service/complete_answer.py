"""Computes the calls, the usage and the cost of a complete answer. Pure functions."""

from __future__ import annotations

from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.models.base import Answer, CallReady, Notice, Part, Request, Spent, Usage
from seedsmith.agent.models.catalog.entries import ModelEntry
from seedsmith.agent.models.catalog.prices import cost
from seedsmith.agent.models.service.estimate import item_tokens, text_tokens, tool_tokens
from seedsmith.agent.models.stream.stream import AnswerAssembler
from seedsmith.tools.text import count


def conclude(request: Request, assembler: AnswerAssembler, entry: ModelEntry, header_id: str) -> list[Part]:
    """The parts that end a complete answer to ``request``, the :class:`Answer` last.

    ``header_id`` is the request's id from the reply's headers. Calls in an answer that was cut off at its
    length limit are left out; calls that the model wrote as text are included.
    """
    from seedsmith.agent.models.leaks.recover import recover  # no start needs it

    reason = assembler.finish_reason
    assert reason is not None
    if assembler.inferred and _fills_its_limit(request, assembler, entry):
        reason = "length"
    parts: list[Part] = []
    calls = assembler.calls
    if assembler.damaged:
        parts.append(Notice("invalid_utf8", "The answer held invalid UTF-8, shown as U+FFFD."))
    if reason == "length" and calls:
        names = ", ".join(call.name for call in calls)
        parts.append(Notice("calls_cut", f"The answer was cut by its length limit; not run: {names}."))
        calls = ()
    recovered = recover(assembler.text, request.tools if not calls and reason != "length" else ())
    if recovered.calls:
        calls = tuple(ToolCall(assembler.new_id(), each.name, each.arguments) for each in recovered.calls)
        reason = "tool_calls"
        written = count(len(calls), "call")
        message = f"The model wrote {written} as text ({recovered.dialect}): taken as calls."
        parts += [Notice("call_recovered", message), *(CallReady(call) for call in calls)]
    usage, estimated = usage_of(request, assembler)
    paid = cost(entry.price, usage)
    answer = Answer(
        text=recovered.text,
        attempted=recovered.attempted if request.tool_choice != "none" else "",
        reasoning=assembler.reasoning + recovered.reasoning,
        calls=calls,
        finish_reason=reason,
        usage=usage,
        model=assembler.model or entry.name,
        request_id=assembler.request_id or header_id,
        service_tier=assembler.service_tier,
        cost_cny=paid.cny if paid else None,
        price_tier=paid.tier if paid else "",
        cost_estimated=estimated or (paid is not None and paid.estimated),
        extra=assembler.extra,
        usage_estimated=estimated,
    )
    return [*parts, answer]


def spent(assembler: AnswerAssembler, entry: ModelEntry, header_id: str) -> list[Spent]:
    """What an attempt without an answer used, as counted by the service; empty without a count."""
    if assembler.usage is None or not assembler.usage.total_tokens:
        return []
    paid = cost(entry.price, assembler.usage)
    return [
        Spent(
            usage=assembler.usage,
            model=assembler.model or entry.name,
            request_id=assembler.request_id or header_id,
            service_tier=assembler.service_tier,
            cost_cny=paid.cny if paid else None,
            price_tier=paid.tier if paid else "",
            cost_estimated=paid.estimated if paid else False,
        )
    ]


def usage_of(request: Request, assembler: AnswerAssembler) -> tuple[Usage, bool]:
    """The usage of a complete answer, and whether it is an estimate.

    A service that counts nothing would leave a run without its limits of tokens and money.
    """
    counted = assembler.usage or Usage()
    calls = sum(text_tokens(call.name) + text_tokens(call.arguments) for call in assembler.calls)
    thought = text_tokens(assembler.reasoning)
    answered = text_tokens(assembler.text) + thought + calls
    if counted.input_tokens and (counted.output_tokens or not answered):
        return counted, False
    asked = sum(item_tokens(item) for item in request.items) + text_tokens(request.continue_text)
    if request.tools:
        asked += tool_tokens(request.tools)
    return Usage(
        input_tokens=counted.input_tokens or max(1, asked),
        cached_tokens=counted.cached_tokens,
        output_tokens=counted.output_tokens or max(1, answered),
        reasoning_tokens=counted.reasoning_tokens or thought,
    ), True


def _fills_its_limit(request: Request, assembler: AnswerAssembler, entry: ModelEntry) -> bool:
    limit = request.max_completion_tokens or request.max_output_tokens or entry.output_tokens
    return assembler.usage is not None and assembler.usage.output_tokens >= limit
