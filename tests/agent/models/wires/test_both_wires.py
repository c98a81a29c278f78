"""Random conversations in either wire's form: valid by the SDK's own types, and read back without loss."""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterator, Mapping

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from seedsmith.agent.conversation import AssistantMessage, SystemMessage, ToolCall, ToolOutput, UserMessage
from seedsmith.agent.models.base import Request
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.wires.chat_encode import ChatEncoder
from seedsmith.agent.models.wires.responses_encode import ResponsesEncoder
from seedsmith.tools.base import Image, ToolSpec

TOOL = ToolSpec("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
WIRES = {"chat": ChatEncoder, "responses": ResponsesEncoder}

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
IMAGES = st.builds(
    Image,
    st.binary(max_size=6),
    st.sampled_from(["image/png", "image/gif"]),
    detail=st.sampled_from(["", "low"]),
)
ARGUMENTS = st.dictionaries(TEXTS.filter(lambda key: key != "invalid_json"), TEXTS, max_size=2).map(
    json.dumps
)
BROKEN = st.sampled_from(['{"path": ', "", "[1]", "rm -rf"])


@st.composite
def conversations(draw):
    """A system prompt, then user messages, answers and results in an order a session can have."""
    items = [SystemMessage(draw(TEXTS)), UserMessage(draw(TEXTS))]
    for turn in range(draw(st.integers(0, 4))):
        calls = tuple(
            ToolCall(f"call_{turn}_{number}", draw(st.sampled_from(["read", "shell"])), arguments)
            for number, arguments in enumerate(draw(st.lists(ARGUMENTS | BROKEN, max_size=3)))
        )
        said = draw(TEXTS) if calls else draw(TEXTS.filter(bool))
        items.append(AssistantMessage(said, draw(TEXTS), calls))
        items += [ToolOutput(call.id, call.name, draw(TEXTS)) for call in calls]
        if not calls or draw(st.booleans()):
            items.append(UserMessage(draw(TEXTS), images=tuple(draw(st.lists(IMAGES, max_size=2)))))
    return tuple(items)


FORMATS = st.sampled_from(
    [
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True}},
    ]
)
SAMPLING = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "top_p": st.floats(0, 1),
        "response_format": FORMATS,
        "verbosity": st.sampled_from(["low", "medium", "high"]),
        "logprobs": st.booleans(),
        "top_logprobs": st.integers(0, 20),
        "store": st.booleans(),
    },
)
REQUESTS = st.builds(
    Request,
    conversations(),
    st.sampled_from([(), (TOOL,)]),
    st.sampled_from(["auto", "none", "required", "read"]),
    st.booleans(),
    st.none() | st.integers(1, 9),
    st.none() | st.integers(1, 9),
    effort=st.sampled_from([None, "minimal", "low", "medium", "high"]),
    sampling=SAMPLING,
)


def encoder(wire, name="openai/any"):
    provider, entry = catalog.resolve(name)
    return WIRES[wire](entry, provider.wires[wire])


def encode(wire, request, **options):
    return json.loads(encoder(wire).encode(request, **{"stream": True} | options).content)


def calls_read(found, function):
    """The calls of one assistant message; broken arguments stand in an object of their own."""
    calls = []
    for each in found:
        inside = function(each)
        arguments = json.loads(inside["arguments"])
        raw = arguments["invalid_json"] if set(arguments) == {"invalid_json"} else inside["arguments"]
        calls.append(ToolCall(each.get("call_id") or each["id"], inside["name"], raw))
    return tuple(calls)


def image_read(url, detail):
    kind, _, data = url.removeprefix("data:").partition(";base64,")
    return Image(base64.b64decode(data), kind, detail="" if detail == "auto" else detail)


def chat_read(body):
    """The conversation that the chat wire's messages tell."""
    items, names = [], {}
    for message in body["messages"]:
        content = message["content"]
        match message["role"]:
            case "system":
                items.append(SystemMessage(content))
            case "user" if isinstance(content, str):
                items.append(UserMessage(content))
            case "user":
                said = [part["text"] for part in content if part["type"] == "text"]
                shown = [part["image_url"] for part in content if part["type"] == "image_url"]
                images = tuple(image_read(each["url"], each.get("detail", "")) for each in shown)
                items.append(UserMessage("".join(said), images=images))
            case "assistant":
                calls = calls_read(message.get("tool_calls", ()), lambda call: call["function"])
                names |= {call.id: call.name for call in calls}
                items.append(AssistantMessage(content, message.get("reasoning_content", ""), calls))
            case "tool":
                identity = message["tool_call_id"]
                items.append(ToolOutput(identity, names[identity], content))
    return tuple(items)


def responses_read(body):
    """The conversation that the Responses wire's input items tell."""
    if isinstance(body["input"], str):
        return (UserMessage(body["input"]),)
    items, names, said = [], {}, None
    for item in (*body["input"], {"type": "end"}):
        kind = "assistant" if item.get("role") == "assistant" else item["type"]
        if kind in ("reasoning", "assistant", "function_call"):
            said = said or {"text": "", "reasoning": "", "calls": []}
        elif said is not None:
            calls = calls_read(said["calls"], lambda call: call)
            names |= {call.id: call.name for call in calls}
            items.append(AssistantMessage(said["text"], said["reasoning"], calls))
            said = None
        match kind:
            case "reasoning":
                (part,) = item["summary"]
                said["reasoning"] = part["text"]
            case "assistant":
                (part,) = item["content"]
                said["text"] = part["text"]
            case "function_call":
                said["calls"].append(item)
            case "function_call_output":
                items.append(ToolOutput(item["call_id"], names[item["call_id"]], item["output"]))
            case "message" if item["role"] == "system":
                items.append(SystemMessage(item["content"][0]["text"]))
            case "message":
                text = "".join(part["text"] for part in item["content"] if part["type"] == "input_text")
                shown = [part for part in item["content"] if part["type"] == "input_image"]
                images = tuple(image_read(part["image_url"], part["detail"]) for part in shown)
                items.append(UserMessage(text, images=images))
    return tuple(items)


READ = {"chat": chat_read, "responses": responses_read}


@pytest.mark.parametrize("wire", WIRES)
@settings(max_examples=examples(150), deadline=None)
@given(items=conversations())
def test_what_is_sent_tells_the_whole_conversation(wire, items):
    assert READ[wire](encode(wire, Request(items))) == items


@settings(max_examples=examples(50), deadline=None)
@given(items=conversations())
def test_both_wires_tell_the_same(items):
    assert chat_read(encode("chat", Request(items))) == responses_read(encode("responses", Request(items)))


@functools.cache
def sdk_type(wire, stream):
    if wire == "chat":
        from openai.types.chat import completion_create_params as types

        streaming, plain = types.CompletionCreateParamsStreaming, types.CompletionCreateParamsNonStreaming
    else:
        from openai.types.responses import response_create_params as types

        streaming, plain = types.ResponseCreateParamsStreaming, types.ResponseCreateParamsNonStreaming
    return TypeAdapter(streaming if stream else plain)


def walk(value):
    """Look at everything: pydantic validates what an ``Iterable`` holds only then."""
    if isinstance(value, Mapping):
        for each in value.values():
            walk(each)
    elif isinstance(value, Iterator | list):
        for each in value:
            walk(each)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("wire", WIRES)
@settings(max_examples=examples(50), deadline=None)
@given(request=REQUESTS)
def test_what_is_sent_fits_the_sdk_s_own_types(wire, stream, request):
    body = encode(wire, request, stream=stream)
    walk(sdk_type(wire, stream).validate_python(body))
    known = set(sdk_type(wire, stream)._type.__annotations__) | _inherited(sdk_type(wire, stream)._type)
    assert set(body) <= known


def _inherited(kind):
    return {name for base in kind.__orig_bases__ for name in getattr(base, "__annotations__", ())}


@pytest.mark.parametrize("wire", WIRES)
@settings(max_examples=examples(50), deadline=None)
@given(items=conversations())
def test_each_body_begins_with_the_whole_of_the_one_before(wire, items):
    subject, before = encoder(wire), b""
    for end in range(2, len(items) + 1):
        body = subject.encode(Request(items[:end], (TOOL,)), stream=True).content
        assert body.startswith(before)
        before = body.removesuffix(b"]}")


@pytest.mark.parametrize("wire", WIRES)
def test_what_was_encoded_is_not_encoded_again(wire):
    history = [SystemMessage("s"), UserMessage("u"), AssistantMessage("a", "r"), UserMessage("u")]
    subject = encoder(wire)
    subject.encode(Request(history), stream=True)
    fragments = [id(fragment) for _, fragment in subject._items]
    subject.encode(Request([*history, AssistantMessage("more")]), stream=True)
    assert [id(fragment) for _, fragment in subject._items][: len(history)] == fragments


def test_fields_have_their_own_names_and_places_on_the_responses_wire():
    sampling = {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": {}, "strict": True},
        },
        "verbosity": "low",
        "logprobs": True,
        "thinking": {"type": "disabled"},
        "caching": "enabled",
        "expire_at": 7,
    }
    request = Request((UserMessage("u"),), (TOOL,), "read", effort="high", sampling=sampling)
    body = encode("responses", request)
    assert body["text"] == {
        "format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True},
        "verbosity": "low",
    }
    assert body["reasoning"] == {"effort": "high"} and body["tool_choice"] == {
        "type": "function",
        "name": "read",
    }
    assert body["include"] == ["message.output_text.logprobs"] and body["thinking"] == {"type": "disabled"}
    assert (body["caching"], body["expire_at"], body["max_output_tokens"]) == ({"type": "enabled"}, 7, 8192)
    assert body["tools"][0]["name"] == "read" and "instructions" not in body and "stream_options" not in body


def test_a_lone_question_is_sent_as_text():
    assert encode("responses", Request((UserMessage("你好"),)))["input"] == "你好"


def test_ark_s_responses_gets_no_field_it_does_not_know():
    sampling = {"top_k": 3, "stop": ["x"], "temperature": 0.5, "verbosity": "low"}
    subject = encoder("responses", "ark/ep-1")
    body = subject.encode(Request((SystemMessage("s"), UserMessage("u")), sampling=sampling), stream=True)
    assert set(json.loads(body.content)) == {"model", "stream", "max_output_tokens", "temperature", "input"}
    assert body.withheld == {"top_k", "stop", "verbosity"}


def test_fields_of_the_responses_wire_stay_off_the_chat_wire():
    subject = encoder("chat")
    body = subject.encode(
        Request((UserMessage("u"),), sampling={"caching": "enabled", "expire_at": 7}), stream=True
    )
    assert body.withheld == {"caching", "expire_at"}
    assert not {"caching", "expire_at"} & json.loads(body.content).keys()


def test_the_limit_with_thinking_takes_the_place_of_the_other():
    request = Request((UserMessage("u"),), max_output_tokens=5, max_completion_tokens=9)
    chat = encode("chat", request)
    assert chat["max_completion_tokens"] == 9 and "max_tokens" not in chat
    assert encode("responses", request)["max_output_tokens"] == 9
