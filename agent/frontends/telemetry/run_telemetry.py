"""The events of runs as spans and metrics."""

from __future__ import annotations

import json
from typing import Any

from opentelemetry.context import Context
from opentelemetry.metrics import Meter
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context

from seedsmith.agent.events import (
    Envelope,
    SessionFinished,
    SessionStarted,
    Text,
    ToolFinished,
    ToolStarted,
    TurnStarted,
    UsageReported,
    VerifyFinished,
    VerifyStarted,
)
from seedsmith.agent.frontends.telemetry.instruments import Instruments, series
from seedsmith.agent.frontends.telemetry.open_span import Attributes, OpenSpan

_AGENT = "seedsmith"
_CUT_OFF = "cut_off"
"""The error of what was still going on when its run ended."""


class RunTelemetry:
    """A front end that makes a trace of each run it sees; several may be under way.

    ``content`` says whether what models and tools said is sent, too.
    """

    def __init__(self, tracer: Tracer, meter: Meter, *, content: bool = False) -> None:
        self._tracer = tracer
        self._instruments = Instruments.of(meter)
        self._content = content
        self._runs: dict[str, _Run] = {}

    def show(self, envelope: Envelope) -> None:
        """Begin, fill or end the span that an event is about; what no run began is left out."""
        session, event = envelope.session, envelope.event
        if isinstance(event, SessionStarted):
            self._end(session)
            self._runs[session] = _Run(self._tracer, self._instruments, self._content, envelope)
        elif (run := self._runs.get(session)) is not None:
            run.show(envelope)
            if isinstance(event, SessionFinished):
                del self._runs[session]

    def close(self) -> None:
        """End the runs that said no last word."""
        for session in tuple(self._runs):
            self._end(session)

    def _end(self, session: str) -> None:
        if (run := self._runs.pop(session, None)) is not None:
            run.cut_off()


class _Run:
    """The spans of one run."""

    def __init__(self, tracer: Tracer, instruments: Instruments, content: bool, first: Envelope) -> None:
        """``first`` tells that the run began."""
        assert isinstance(first.event, SessionStarted)
        self._tracer = tracer
        self._instruments = instruments
        self._content = content
        self._model = first.event.model
        self._common: Attributes = {
            "gen_ai.provider.name": first.event.provider,
            "gen_ai.request.model": first.event.model,
            "gen_ai.conversation.id": first.session,
        }
        self._chat: OpenSpan | None = None
        self._verification: OpenSpan | None = None
        self._calls: dict[str, OpenSpan] = {}
        self._said: list[str] = []
        self._last = first.time
        self._parent = Context()
        self._whole = self._begin("invoke_agent", _AGENT)
        self._whole.put({"gen_ai.agent.name": _AGENT, "seedsmith.sandbox": first.event.sandbox})
        self._parent = set_span_in_context(self._whole.span, Context())

    def show(self, envelope: Envelope) -> None:
        """Begin, fill or end the span that an event is about."""
        self._last = envelope.time
        match envelope.event:
            case SessionFinished() as event:
                self._finish(event)
            case TurnStarted() as event:
                self._end_chat()
                self._chat = self._begin("chat", self._model)
                self._chat.put({"seedsmith.turn": event.turn})
            case Text() as event if self._content:
                self._said.append(event.delta)
            case UsageReported() as event:
                self._count(event)
            case ToolStarted() as event:
                self._begin_call(event)
            case ToolFinished() as event:
                self._end_call(event)
            case VerifyStarted() as event:
                self._verification = self._begin("verify")
                self._put_content(self._verification, {"seedsmith.verify.command": event.command})
            case VerifyFinished() as event:
                self._end_verification(event)

    def cut_off(self) -> None:
        """End a run that said no last word, with all that was going on."""
        self._end_open()
        self._end(self._whole, _CUT_OFF)

    def _finish(self, event: SessionFinished) -> None:
        self._end_open()
        kinds = ("input_tokens", "output_tokens")
        self._whole.put({f"gen_ai.usage.{kind}": event.usage.get(kind, 0) for kind in kinds})
        self._whole.put(
            {
                "seedsmith.status": event.status,
                "seedsmith.turns": event.turns,
                "seedsmith.tool_calls": event.tool_calls,
                "seedsmith.files_changed": len(event.files_changed),
                "seedsmith.cost_cny": event.cost_cny,
            }
        )
        self._put_content(self._whole, {"gen_ai.output.messages": _message(event.message)})
        self._end(self._whole, event.status if event.exit_code else "")

    def _end_open(self) -> None:
        """End what is still going on: nothing outlives its run."""
        self._end_chat(error=_CUT_OFF)
        for each in (*self._calls.values(), *([self._verification] if self._verification else [])):
            self._end(each, _CUT_OFF)
        self._calls.clear()
        self._verification = None

    def _count(self, event: UsageReported) -> None:
        """A request's tokens; one that was tried again reports several times."""
        if self._chat is None:
            return
        chat, model = self._chat, {"gen_ai.response.model": event.served_model or None}
        chat.answered = self._last
        chat.put(model | {"gen_ai.response.id": event.request_id or None})
        chat.add("gen_ai.usage.input_tokens", event.input_tokens)
        chat.add("gen_ai.usage.output_tokens", event.output_tokens)
        chat.add("gen_ai.usage.cache_read.input_tokens", event.cached_tokens)
        chat.add("gen_ai.usage.reasoning.output_tokens", event.reasoning_tokens)
        chat.add("seedsmith.cost_cny", event.cost_cny)
        for kind, count in (("input", event.input_tokens), ("output", event.output_tokens)):
            self._instruments.tokens.record(count, series(chat) | {"gen_ai.token.type": kind})

    def _end_chat(self, error: str = "") -> None:
        """A chat ended with its last answer: calls may have begun before it was whole."""
        if self._chat is None:
            return
        if self._said:
            self._put_content(self._chat, {"gen_ai.output.messages": _message("".join(self._said))})
        self._said.clear()
        answered = self._chat.answered
        self._end(self._chat, error if answered is None else "", answered)
        self._chat = None

    def _begin_call(self, event: ToolStarted) -> None:
        call = self._begin("execute_tool", event.name)
        call.put({"gen_ai.tool.name": event.name, "gen_ai.tool.call.id": event.call})
        call.put({"gen_ai.tool.type": "function"})
        self._put_content(call, {"gen_ai.tool.call.arguments": _json(event.arguments)})
        self._calls[event.call] = call

    def _end_call(self, event: ToolFinished) -> None:
        if (call := self._calls.pop(event.call, None)) is not None:
            self._put_content(call, {"gen_ai.tool.call.result": event.text})
            self._end(call, "" if event.ok else "tool_error")

    def _end_verification(self, event: VerifyFinished) -> None:
        if self._verification is not None:
            self._verification.put({"seedsmith.verify.exit_code": event.exit_code})
            self._put_content(self._verification, {"seedsmith.verify.output": event.output})
            self._end(self._verification, "" if event.exit_code == 0 else "failed")
            self._verification = None

    def _begin(self, operation: str, name: str = "") -> OpenSpan:
        """A span that begins now, below its run's."""
        span = self._tracer.start_span(
            f"{operation} {name}".strip(),
            self._parent,
            SpanKind.CLIENT if operation == "chat" else SpanKind.INTERNAL,
            start_time=round(self._last * 1e9),
        )
        opened = OpenSpan(span, self._last, operation)
        opened.put({"gen_ai.operation.name": operation if operation in self._instruments.durations else None})
        opened.put(self._common)
        return opened

    def _end(self, opened: OpenSpan, error: str = "", time: float | None = None) -> None:
        """End a span, with its duration as a metric."""
        end = self._last if time is None else time
        if error:
            opened.put({"error.type": error})
            opened.span.set_status(Status(StatusCode.ERROR))
        opened.span.end(round(end * 1e9))
        if (durations := self._instruments.durations.get(opened.operation)) is not None:
            durations.record(max(0.0, end - opened.start), series(opened))

    def _put_content(self, opened: OpenSpan, attributes: Attributes) -> None:
        if self._content:
            opened.put(attributes)


def _message(text: str) -> str:
    """What the model said, in the form of the conventions."""
    return _json([{"role": "assistant", "parts": [{"type": "text", "content": text}]}])


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
