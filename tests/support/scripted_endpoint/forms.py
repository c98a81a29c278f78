"""What a scripted answer looks like on either wire: chat completions and Responses.

See docs/model-service.md, "Streaming".
The package offers its names. Standard library only.
"""

from __future__ import annotations

import functools
import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RecordedRequest:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    raw: bytes
    """The body as sent."""
    arrived: float
    """Seconds of the monotonic clock (on Linux the same in every process)."""
    number: int
    """0 for the first."""
    client_port: int = 0
    """The other end of its connection: the same for requests over one connection."""

    @functools.cached_property
    def body(self) -> Any:
        """The body parsed as JSON."""
        return json.loads(self.raw)

    @property
    def model(self) -> str:
        """The model asked for."""
        found = re.search(rb'"model"\s*:\s*"([^"\\]*)"', self.raw)
        return found[1].decode() if found else ""

    @property
    def streaming(self) -> bool:
        """Whether an SSE stream was asked for."""
        return self.says("stream")

    def says(self, field: str) -> bool:
        """Whether ``field`` is true, without parsing: a long history would tell in the client's timings.

        Inside a JSON text the quotes would be escaped, so nothing else can look like it.
        """
        return re.search(rb'"%b"\s*:\s*true' % field.encode(), self.raw) is not None


@dataclass(frozen=True)
class Answer:
    """One answer and how it travels, over either wire. Byte and event counts are those of the SSE body."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    """(name, arguments): arguments are dumped as JSON, or sent as they are where they are a string."""
    finish_reason: str | None = ""
    """'': ``tool_calls`` where there are calls, else ``stop``. None: none is sent, nor a terminal status."""
    usage: dict[str, Any] | None = field(default_factory=dict)
    """Merged over plausible numbers, by the chat wire's names; None: none is sent."""
    model: str = ""
    """The served model; '': the one asked for."""
    delta: int = 0
    """Characters of text, reasoning or arguments an event carries; 0: all in one."""
    chunk: int = 0
    """Bytes an HTTP chunk carries, cutting through events, lines and UTF-8; 0: the body is one chunk."""
    comments: bool = False
    """An SSE comment before every event."""
    done: bool = True
    """End with ``[DONE]``, on the chat wire."""
    cut_after: int | None = None
    """Close the connection after this many bytes of the body."""
    stall_after: int | None = None
    """After this many events wait for :meth:`Endpoint.release`, or until the client leaves."""
    headers: tuple[tuple[str, str], ...] = ()
    call_ids: bool = True
    """Whether calls carry an id."""
    call_index: bool = True
    """Whether call deltas, or the Responses wire's events, carry an index."""

    def message(self) -> dict[str, Any]:
        """The plain answer's message."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.calls:
            message["tool_calls"] = [self._call(i, _arguments(a)) for i, (_, a) in enumerate(self.calls)]
        return message

    def finish(self) -> str | None:
        """The finish reason that is sent."""
        return ("tool_calls" if self.calls else "stop") if self.finish_reason == "" else self.finish_reason

    def deltas(self) -> Iterable[dict[str, Any]]:
        """The stream's deltas in order."""
        yield {"role": "assistant", "content": ""}
        for piece in _pieces(self.reasoning, self.delta):
            yield {"reasoning_content": piece}
        for piece in _pieces(self.text, self.delta):
            yield {"content": piece}
        for index, (_, arguments) in enumerate(self.calls):
            first, *rest = _pieces(_arguments(arguments), self.delta) or [""]
            yield {"tool_calls": [self._call(index, first)]}
            for piece in rest:
                more: dict[str, Any] = {"function": {"arguments": piece}}
                yield {"tool_calls": [{"index": index, **more} if self.call_index else more]}

    def _call(self, index: int, arguments: str) -> dict[str, Any]:
        name = self.calls[index][0]
        call: dict[str, Any] = {"type": "function", "function": {"name": name, "arguments": arguments}}
        if self.call_ids:
            call["id"] = f"call_{abs(hash((name, arguments, index))) % 10**8:08d}_{time.monotonic_ns()}"
        if self.call_index:
            call["index"] = index
        return call


def plain_body(answer: Answer, request: RecordedRequest) -> bytes:
    """The answer as one JSON object."""
    if request.path.endswith("/responses"):
        return json.dumps(_response(answer, request, _output(answer)), ensure_ascii=False).encode()
    return _chat_body(answer, request)


def stream_events(answer: Answer, request: RecordedRequest) -> list[bytes]:
    """The answer as SSE events."""
    responses = request.path.endswith("/responses")
    events = _response_events(answer, request) if responses else _chat_events(answer, request)
    return [b": keep-alive\n\n" + event for event in events] if answer.comments else events


def _envelope(answer: Answer, request: RecordedRequest, kind: str) -> dict[str, Any]:
    """What every completion object carries."""
    return {
        "id": f"chatcmpl-{request.number}",
        "object": kind,
        "created": 1771133210,
        "model": answer.model or request.model,
        "service_tier": "default",
    }


def _usage(answer: Answer, request: RecordedRequest) -> dict[str, Any]:
    """Four bytes a token, the script's own numbers over it."""
    said = answer.text + answer.reasoning + "".join(_arguments(a) for _, a in answer.calls)
    numbers = {
        "prompt_tokens": len(request.raw) // 4,
        "completion_tokens": len(said) // 4 + 1,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": len(answer.reasoning) // 4},
    } | (answer.usage or {})
    return {"total_tokens": numbers["prompt_tokens"] + numbers["completion_tokens"]} | numbers


def _chat_body(answer: Answer, request: RecordedRequest) -> bytes:
    choice = {"index": 0, "message": answer.message(), "finish_reason": answer.finish(), "logprobs": None}
    whole = _envelope(answer, request, "chat.completion") | {"choices": [choice]}
    if answer.usage is not None:
        whole["usage"] = _usage(answer, request)
    return json.dumps(whole, ensure_ascii=False).encode()


def _chat_events(answer: Answer, request: RecordedRequest) -> list[bytes]:
    head = _envelope(answer, request, "chat.completion.chunk")
    choices: list[list[dict[str, Any]]]
    if request.path.endswith("/chat/completions"):
        choices = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in answer.deltas()]
    else:
        pieces = (delta.get("content") or "" for delta in answer.deltas())
        choices = [[{"index": 0, "text": piece, "finish_reason": None}] for piece in pieces]
    if answer.finish() is not None:
        choices.append([{"index": 0, "delta": {}, "finish_reason": answer.finish()}])
    objects: list[dict[str, Any]] = [head | {"choices": choice} for choice in choices]
    if answer.usage is not None and request.says("include_usage"):
        objects.append(head | {"choices": [], "usage": _usage(answer, request)})
    events = [b"data: " + json.dumps(each, ensure_ascii=False).encode() + b"\n\n" for each in objects]
    if answer.done:
        events.append(b"data: [DONE]\n\n")
    return events


def _arguments(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _pieces(whole: str, size: int) -> list[str]:
    return [whole[i : i + size] for i in range(0, len(whole), size)] if size else ([whole] if whole else [])


def _status(answer: Answer) -> str:
    if answer.finish() is None:
        return "in_progress"
    return "completed" if answer.finish() in ("stop", "tool_calls") else "incomplete"


def _response(answer: Answer, request: RecordedRequest, output: list[dict[str, Any]]) -> dict[str, Any]:
    """The response object, with the fields of the document's sample."""
    whole: dict[str, Any] = {
        "id": f"resp_{request.number}",
        "object": "response",
        "created_at": 1771486674,
        "model": answer.model or request.model,
        "status": _status(answer),
        "output": output,
        "service_tier": "default",
        "max_output_tokens": 32768,
        "caching": {"type": "enabled"},
        "store": True,
        "expire_at": 1771745874,
        "error": {},
    }
    if whole["status"] == "incomplete":
        reason = "content_filter" if answer.finish() == "content_filter" else "max_output_tokens"
        whole["incomplete_details"] = {"reason": reason}
    if answer.usage is not None:
        usage = _usage(answer, request)
        whole["usage"] = {
            "input_tokens": usage["prompt_tokens"],
            "input_tokens_details": usage["prompt_tokens_details"],
            "output_tokens": usage["completion_tokens"],
            "output_tokens_details": usage["completion_tokens_details"],
            "total_tokens": usage["total_tokens"],
        }
    return whole


def _output(answer: Answer) -> list[dict[str, Any]]:
    """The items of an answer: thinking, text, calls."""
    items: list[dict[str, Any]] = []
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        items.append({"id": "rs_0", "type": "reasoning", "summary": summary, "status": "completed"})
    if answer.text:
        content = [{"type": "output_text", "text": answer.text, "annotations": []}]
        message = {"id": "msg_0", "type": "message", "role": "assistant", "status": "completed"}
        items.append(message | {"content": content})
    for index, (name, arguments) in enumerate(answer.calls):
        whole = _arguments(arguments)
        call = {"type": "function_call", "name": name, "arguments": whole, "status": "completed"}
        if answer.call_ids:
            identity = f"{abs(hash((name, whole, index))) % 10**8:08d}_{time.monotonic_ns()}"
            call |= {"id": f"fc_{identity}", "call_id": f"call_{identity}"}
        items.append(call)
    return items


def _response_events(answer: Answer, request: RecordedRequest) -> list[bytes]:
    output = _output(answer)
    begun = _response(answer, request, []) | {"status": "in_progress"}
    begun.pop("usage", None)
    objects: list[dict[str, Any]] = [
        {"type": f"response.{name}", "response": begun} for name in ("created", "in_progress")
    ]
    for index, item in enumerate(output):
        objects += _item_events(answer, item, {"output_index": index} if answer.call_index else {})
    if answer.finish() is not None:
        whole = _response(answer, request, output)
        objects.append({"type": f"response.{whole['status']}", "response": whole})
    return [
        b"event: %b\ndata: %b\n\n"
        % (each["type"].encode(), json.dumps(each | {"sequence_number": number}, ensure_ascii=False).encode())
        for number, each in enumerate(objects)
    ]


def _item_events(answer: Answer, item: dict[str, Any], place: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """One item from its first event to its last."""
    empty = {"reasoning": {"summary": []}, "message": {"content": []}, "function_call": {"arguments": ""}}
    kind = item["type"]
    opened = item | empty[kind] | {"status": "in_progress"}
    yield {"type": "response.output_item.added", "item": opened} | place
    where = place | ({"item_id": item["id"]} if "id" in item else {})
    ending: dict[str, Any] = {}
    if kind == "function_call":
        stem, key, whole = "response.function_call_arguments", "arguments", item["arguments"]
        ending = {"name": item["name"]}
    elif kind == "message":
        stem, key, whole = "response.output_text", "text", answer.text
        where |= {"content_index": 0}
        part = {"type": "output_text", "text": "", "annotations": []}
        yield {"type": "response.content_part.added", "part": part} | where
        where |= {"logprobs": []}
    else:
        stem, key, whole = "response.reasoning_summary_text", "text", answer.reasoning
        where |= {"summary_index": 0}
        part = {"type": "summary_text", "text": ""}
        yield {"type": "response.reasoning_summary_part.added", "part": part} | where
    for piece in _pieces(whole, answer.delta):
        yield {"type": f"{stem}.delta", "delta": piece} | where
    yield {"type": f"{stem}.done", key: whole} | where | ending
    yield {"type": "response.output_item.done", "item": item} | place
