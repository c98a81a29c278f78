"""The body of a Responses request (docs/model-service.md, "Parameters").

The system prompt stands in ``input``: ``instructions`` conflict with ``caching``
(docs/model-service.md, "State and caching").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seedsmith.agent.conversation import AssistantMessage, Item, SystemMessage, ToolOutput, UserMessage
from seedsmith.agent.models.base import Notice, Request
from seedsmith.agent.models.catalog.entries import ModelEntry, Wire
from seedsmith.agent.models.encode.answer_chain import Chain, Stored
from seedsmith.agent.models.encode.encode import (
    REASONING_FIELD,
    Body,
    RequestEncoder,
    add_array,
    data_url,
    dump,
    parsable_arguments,
)
from seedsmith.agent.models.tries.refusal import Refusal
from seedsmith.tools.base import Image, ToolSpec

_STRICT = "strict"
_CHANGED = Notice("chain_broken", "The history is not the stored one any more: sending it whole.")
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "reasoning_effort": ("effort", "reasoning"),
    "response_format": ("format", "json_schema", "text"),
    "verbosity": ("text",),
    "logprobs": ("include",),
    REASONING_FIELD: ("summary", "summary_text", "reasoning", "item", "input"),
}
"""What a refusal may call a field besides its own name; the first field that was sent has the name."""


class ResponsesEncoder(RequestEncoder):
    """Encodes requests of one conversation for the Responses wire."""

    def __init__(self, entry: ModelEntry, wire: Wire, *, chain: bool = False) -> None:
        super().__init__(entry, wire, chain=chain)
        self._chain = Chain()

    def drop(self, name: str) -> None:
        """Never send the optional field ``name`` again."""
        super().drop(name)
        if name == _STRICT:
            self._tools = ((), b"")

    def chain_refused(self, refusal: Refusal, body: Body) -> bool:
        """See :meth:`RequestEncoder.chain_refused`; refused twice in a row, chaining is given up."""
        if not body.previous_id or not self._chain.refused(refusal):
            return False
        if self._chain.hopeless:
            self.drop("previous_response_id")
        return True

    def answered(self, request: Request, response_id: str, answer: AssistantMessage) -> None:
        """See :meth:`RequestEncoder.answered`."""
        if not response_id:
            self._chain.forget()
            return
        chained = self._chain.link(request.items) is not None
        self._chain.stored(Stored(response_id, tuple(request.items), answer), chained=chained)

    def _wanted(self, request: Request, stream: bool) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if request.tools:
            fields["tool_choice"] = request.tool_choice
            fields["parallel_tool_calls"] = request.parallel_tool_calls
        if request.effort is not None:
            fields["reasoning_effort"] = request.effort
        return fields | dict(request.sampling)

    def _written(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = {}
        text: dict[str, Any] = {}
        for name, value in fields.items():
            match name:
                case "tool_choice":
                    body[name] = _tool_choice(value)
                case "reasoning_effort":
                    body["reasoning"] = {"effort": value}
                case "response_format":
                    text["format"] = _text_format(value)
                case "verbosity":
                    text["verbosity"] = value
                case "logprobs" if value:
                    body["include"] = ["message.output_text.logprobs"]
                case "logprobs":
                    pass  # nothing to ask for
                case "caching" if isinstance(value, str):
                    body[name] = {"type": value}
                case _:
                    body[name] = value
        return body | ({"text": text} if text else {})

    def _names(self, request: Request, allowed: Mapping[str, Any]) -> dict[str, str]:
        sent = list(allowed)
        if self._sends_reasoning and any(
            isinstance(item, AssistantMessage) and item.reasoning for item in request.items
        ):
            sent.append(REASONING_FIELD)
        names = {name: name for name in sent}
        for name in sent:
            for other in _OTHER_NAMES.get(name, ()):
                names.setdefault(other, name)
        if request.tools and _STRICT not in self._dropped:
            names[_STRICT] = _STRICT
        return names

    def _limit(self, request: Request) -> tuple[str, int]:
        """One limit that counts thinking and answer together (docs/model-service.md, "Limits")."""
        asked = request.max_completion_tokens or request.max_output_tokens
        return self._wire.limit_field, asked or self._entry.output_tokens

    def _tool(self, spec: ToolSpec) -> dict[str, Any]:
        tool = {
            "type": "function",
            "name": spec.name,
            "description": spec.description,
            "parameters": spec.parameters,
        }
        return tool if _STRICT in self._dropped else tool | {_STRICT: False}

    def _fragment(self, item: Item, place: int) -> bytes:
        written = input_items(item, place, reasoning=self._sends_reasoning)
        return b"".join(dump(each) + b"," for each in written)

    def _add_history(self, request: Request, parts: list[bytes]) -> tuple[str, tuple[Notice, ...]]:
        fragments = self._encode_items(request.items)
        if (alone := _lone_text(request)) is not None:
            parts.append(b',"input":' + dump(alone) + b"}")
            return "", ()
        link: tuple[str, int] | None = None
        notices: tuple[Notice, ...] = ()
        if self._chain_wanted and self._sends("previous_response_id") and self._chain.begun:
            link = self._chain.link(request.items)
            notices = () if link else (_CHANGED,)
        if link is None:
            self._chain.forget()
            add_array(parts, b"input", fragments)
            return "", notices
        previous_id, covered = link
        parts.append(b',"previous_response_id":' + dump(previous_id))
        add_array(parts, b"input", fragments[covered:])
        return previous_id, ()


def input_items(item: Item, place: int, *, reasoning: bool = True) -> list[dict[str, Any]]:
    """One item as the Responses wire writes it; ``place`` in the conversation makes ids unique.

    See docs/model-service.md, "Thinking" and "Messages".
    """
    match item:
        case SystemMessage(text=text):
            return [_message("system", [_input_text(text)])]
        case UserMessage(text=text, images=images):
            said = [_input_text(text)] if text or not images else []
            return [_message("user", [*said, *(_input_image(image) for image in images)])]
        case ToolOutput(call_id=call_id, text=text):
            return [{"type": "function_call_output", "call_id": call_id, "output": text}]
        case AssistantMessage():
            return _assistant_items(item, place, reasoning=reasoning)


def _assistant_items(item: AssistantMessage, place: int, *, reasoning: bool) -> list[dict[str, Any]]:
    """Thinking, text and calls, in this order, which is the one they came in."""
    written: list[dict[str, Any]] = []
    if item.reasoning and reasoning:
        summary = [{"type": "summary_text", "text": item.reasoning}]
        written.append({"type": "reasoning", "id": f"rs_{place}", "summary": summary})
    if item.text:
        content = [{"type": "output_text", "text": item.text, "annotations": []}]
        message = _message("assistant", content)
        written.append(message | {"id": f"msg_{place}", "status": "completed"})
    for call in item.calls:
        arguments = parsable_arguments(call.arguments)
        written.append(
            {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}
        )
    return written


def _message(role: str, content: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content}


def _input_text(text: str) -> dict[str, Any]:
    return {"type": "input_text", "text": text}


def _input_image(image: Image) -> dict[str, Any]:
    return {"type": "input_image", "image_url": data_url(image), "detail": image.detail or "auto"}


def _lone_text(request: Request) -> str | None:
    """The text of a single question without tools: the wire takes it as it stands."""
    match list(request.items) if not request.tools else []:
        case [UserMessage(text=text, images=())] if text:
            return text
        case _:
            return None


def _tool_choice(choice: Any) -> Any:
    if not isinstance(choice, str) or choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "name": choice}


def _text_format(response_format: Any) -> Any:
    """``response_format`` of the chat wire as ``text.format``: a schema stands one level higher."""
    match response_format:
        case {"type": "json_schema", "json_schema": dict(schema)}:
            return {"type": "json_schema", **schema}
        case _:
            return response_format
