"""The body that is sent: valid by the SDK's own types, stable, and cheap however long the history is."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter

from seedsmith.agent.conversation import AssistantMessage, SystemMessage, ToolCall, ToolOutput, UserMessage
from seedsmith.agent.models.base import Request
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.wires.chat_encode import ChatEncoder
from seedsmith.tools.base import Image, ToolSpec

TOOL = ToolSpec("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
HISTORY = (
    SystemMessage("You fix bugs."),
    UserMessage("修复它"),
    AssistantMessage(
        "", "I think", (ToolCall("c1", "read", '{"path": "a"}'), ToolCall("c2", "read", '{"broken'))
    ),
    ToolOutput("c1", "read", "1\tx"),
    ToolOutput("c2", "read", "invalid JSON", ok=False),
    AssistantMessage("Done."),
    UserMessage("Verify failed.", origin="verify"),
    UserMessage(
        "See.", images=(Image(b"\x89PNG", "image/png", "a.png", "low"), Image(b"\xff", "image/jpeg"))
    ),
)


def encoder(name="wcode/doubao-seed-2.0-code"):
    provider, entry = catalog.resolve(name)
    return ChatEncoder(entry, provider.wires["chat"])


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("choice", ["auto", "none", "required", "read"])
def test_the_body_fits_the_sdk_s_own_types(stream, choice):
    from openai.types.chat import completion_create_params as types

    kind = types.CompletionCreateParamsStreaming if stream else types.CompletionCreateParamsNonStreaming
    sampling = {
        "temperature": 0.1,
        "top_p": 0.5,
        "seed": 3,
        "stop": ["x"],
        "response_format": {"type": "json_object"},
    }
    request = Request(HISTORY, (TOOL,), choice, effort="high", sampling=sampling)
    body = json.loads(encoder().encode(request, stream=stream).content)
    TypeAdapter(kind).validate_python(body, strict=True)
    assert body["parallel_tool_calls"] is True and body["tools"][0]["function"]["name"] == "read"


def test_messages_as_the_wire_writes_them():
    messages = json.loads(encoder().encode(Request(HISTORY), stream=True).content)["messages"]
    assert [message["role"] for message in messages] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
        "assistant",
        "user",
        "user",
    ]
    assert messages[7]["content"][1] == {
        "type": "image_url",
        "image_url": {"url": "data:image/png;base64,iVBORw==", "detail": "low"},
    }
    assert messages[2]["reasoning_content"] == "I think" and messages[3]["tool_call_id"] == "c1"
    assert "reasoning_content" not in messages[5] and "tool_calls" not in messages[5]


def test_broken_arguments_are_sent_back_as_json_that_services_can_parse():
    messages = json.loads(encoder().encode(Request(HISTORY), stream=True).content)["messages"]
    arguments = [call["function"]["arguments"] for call in messages[2]["tool_calls"]]
    assert arguments[0] == '{"path": "a"}' and json.loads(arguments[1]) == {"invalid_json": '{"broken'}


def test_what_was_encoded_is_not_encoded_again():
    subject = encoder()
    subject.encode(Request(HISTORY), stream=True)
    fragments = [id(fragment) for _, fragment in subject._items]
    subject.encode(Request((*HISTORY, AssistantMessage("more"))), stream=True)
    assert [id(fragment) for _, fragment in subject._items][: len(HISTORY)] == fragments


def test_another_history_replaces_the_cached_one():
    subject = encoder()
    subject.encode(Request(HISTORY), stream=True)
    other = (HISTORY[0], UserMessage("other"), *HISTORY[2:3])
    body = json.loads(subject.encode(Request(other), stream=True).content)
    assert [message["content"] for message in body["messages"]] == ["You fix bugs.", "other", ""]
    subject.encode(Request(other[:2]), stream=True)
    assert subject.call_ids == frozenset()


def test_lone_surrogates_and_control_characters_survive_as_valid_utf8():
    body = encoder().encode(Request((UserMessage("a\udc80\x00\u2028"),)), stream=True).content
    assert json.loads(body.decode())["messages"][0]["content"] == "a\ufffd\x00\u2028"


def test_a_limit_is_always_sent_and_swapped_once():
    subject = encoder("openai/x")
    assert json.loads(subject.encode(Request(HISTORY), stream=True).content)["max_tokens"] == 8192
    subject.drop("max_tokens")
    body = subject.encode(Request(HISTORY, max_output_tokens=5), stream=True)
    assert json.loads(body.content)["max_completion_tokens"] == 5
    assert not {"max_tokens", "max_completion_tokens"} & body.optional.keys()
