"""What the local server is really asked, for requests it would stumble over as they are."""

from __future__ import annotations

import json

import pytest

from seedsmith.agent.conversation import AssistantMessage, SystemMessage, ToolCall, ToolOutput, UserMessage
from seedsmith.agent.models.base import Request
from seedsmith.agent.models.local.tool_call_grammar import constrained, requires_call, with_schema_by_name
from seedsmith.tools.base import ToolSpec

READ = ToolSpec("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
FINISH = ToolSpec("finish", "Say that the work is done.", {"type": "object", "properties": {}})
ITEMS = (SystemMessage("Be brief."), UserMessage("Go."))


def offered(request: Request) -> list[str]:
    schema = request.sampling["response_format"]["json_schema"]["schema"]
    return [call["properties"]["name"]["const"] for call in schema["anyOf"]]


def test_a_required_call_is_one_of_the_tools():
    asked = constrained(Request(ITEMS, (READ, FINISH), tool_choice="required", sampling={"seed": 3}))
    assert offered(asked) == ["read", "finish"]
    assert (asked.tool_choice, asked.tools, asked.sampling["seed"]) == ("none", (READ, FINISH), 3)


def test_a_named_call_is_that_tool():
    assert offered(constrained(Request(ITEMS, (READ, FINISH), tool_choice="finish"))) == ["finish"]


@pytest.mark.parametrize("choice", ["auto", "none"])
def test_a_free_answer_is_left_alone(choice):
    request = Request(ITEMS, (READ,), tool_choice=choice)
    assert constrained(request) is request
    assert not requires_call(request)


@pytest.mark.parametrize("field", ["grammar", "json_schema", "response_format"])
def test_the_callers_own_constraint_wins(field):
    asked = constrained(Request(ITEMS, (READ,), tool_choice="required", sampling={field: "x"}))
    assert dict(asked.sampling) == {field: "x"}
    assert asked.tool_choice == "none"


@pytest.mark.parametrize("arguments", ['{"path', "[1]", "", "[" * 100_000])
def test_arguments_that_are_no_object_are_wrapped(arguments):
    call = ToolCall("1", "read", arguments)
    history = (*ITEMS, AssistantMessage(calls=(call,)), ToolOutput("1", "read", "No.", ok=False))
    asked = constrained(Request(history, (READ,)))
    assert json.loads(asked.items[2].calls[0].arguments) == {"raw": arguments}
    assert [asked.items[place] is history[place] for place in (0, 1, 3)] == [True] * 3


def test_good_history_is_passed_on_as_it_is():
    history = (*ITEMS, AssistantMessage(calls=(ToolCall("1", "read", '{"path": "a"}'),)))
    assert constrained(Request(history, (READ,))).items is history


SCHEMA = {"type": "object", "properties": {"n": {"const": 7}}}


@pytest.mark.parametrize(
    ("form", "schema"),
    [
        ({"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}, SCHEMA),
        ({"type": "json_object"}, {"type": "object"}),
    ],
)
def test_a_form_is_given_to_the_responses_wire_as_the_server_s_own_field(form, schema):
    asked = with_schema_by_name(Request(ITEMS, sampling={"response_format": form, "seed": 3}))
    assert dict(asked.sampling) == {"json_schema": schema, "seed": 3}


def test_a_request_without_a_form_is_passed_on_as_it_is():
    request = Request(ITEMS, sampling={"seed": 3})
    assert with_schema_by_name(request) is request
