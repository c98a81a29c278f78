"""The Responses wire end to end: real HTTP against the scripted service."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from scripted_endpoint import calls, error, raw, reasoning, text

from seedsmith.agent.conversation import AssistantMessage, SystemMessage, ToolOutput, UserMessage
from seedsmith.agent.models.base import CallReady, Notice, ReasoningDelta, Retrying, TextDelta, Usage
from seedsmith.agent.models.errors import ContentFiltered, InvalidRequest, StreamBroken

DATA = Path(__file__).parent / "data"
EVOLINK = "evolink/doubao-seed-2.0-code"


@pytest.fixture
def model(asking):
    return asking.model(wire="responses")


def notices(parts):
    return [part.code for part in parts if isinstance(part, Notice)]


async def converse(asking, model, turns, items=None):
    """Take turns as the loop does: each answer and its results are appended; gives all parts."""
    items, parts = items or [SystemMessage("s"), UserMessage("fix")], []
    for _ in range(turns):
        told = await asking.parts(model, asking.request(*items))
        parts += told
        answer = told[-1]
        items.append(AssistantMessage(answer.text, answer.reasoning, answer.calls))
        items += [ToolOutput(call.id, call.name, "content") for call in answer.calls]
        if not answer.calls:
            items.append(UserMessage("go on"))
    return parts


async def test_an_answer_streams_and_says_what_the_service_keeps(asking, endpoint):
    usage = {
        "prompt_tokens": 32001,
        "completion_tokens": 1000,
        "completion_tokens_details": {"reasoning_tokens": 400},
    }
    endpoint.script(reasoning("Look first. ", "Done 汉字.", delta=2, usage=usage, model="served"))
    parts = await asking.parts(asking.model(EVOLINK, "responses"))
    answer = parts[-1]
    assert endpoint.requests[0].path == "/v1/responses"
    assert "".join(part.text for part in parts if isinstance(part, TextDelta)) == answer.text == "Done 汉字."
    assert "".join(part.text for part in parts if isinstance(part, ReasoningDelta)) == answer.reasoning
    assert answer.usage == Usage(32001, 0, 1000, 400) and answer.finish_reason == "stop"
    assert (answer.model, answer.request_id, answer.service_tier) == ("served", "resp_0", "default")
    assert answer.cost_cny == pytest.approx(32.001 * 0.00485 + 0.0245) and answer.cost_estimated
    assert answer.extra == {
        "max_output_tokens": 32768,
        "caching": {"type": "enabled"},
        "store": True,
        "expire_at": 1771745874,
    }


async def test_parallel_calls_are_ready_before_the_answer_ends(asking, endpoint, model):
    asked = calls(("read", {"path": "a"}), ("read", {"path": "b"}), delta=4, stall_after=9)
    endpoint.script(asked)
    stream = model.stream(asking.request())
    async for part in stream:
        if isinstance(part, CallReady):
            break
    assert json.loads(part.call.arguments) == {"path": "a"}
    endpoint.release()
    rest = [each async for each in stream]
    assert [each.call for each in rest if isinstance(each, CallReady)] == [rest[-1].calls[1]]
    assert rest[-1].calls[0] == part.call and rest[-1].finish_reason == "tool_calls"


@pytest.mark.parametrize("options", [{"call_index": False}, {"call_ids": False}])
async def test_services_that_leave_out_ids_or_indices(asking, endpoint, model, options):
    endpoint.script(calls(("read", {"path": "a"}), ("read", {"path": "b"}), text="t", delta=3, **options))
    answer = await asking.answer(model)
    assert [json.loads(call.arguments)["path"] for call in answer.calls] == ["a", "b"] and answer.text == "t"
    assert len({call.id for call in answer.calls} - {""}) == 2


async def test_a_conversation_is_sent_whole_and_begins_with_the_one_before(asking, endpoint, model):
    endpoint.script(
        lambda request: calls(("read", {"path": "a"}), text="I look", reasoning=f"thought {request.number}")
    )
    await converse(asking, model, 4)
    bodies = [request.raw for request in endpoint.requests]
    for before, after in zip(bodies, bodies[1:]):
        assert after.startswith(before.removesuffix(b"]}"))
    kinds = [item["type"] for item in endpoint.requests[1].body["input"]]
    assert kinds == ["message", "message", "reasoning", "message", "function_call", "function_call_output"]
    assert "previous_response_id" not in endpoint.requests[1].body


async def test_a_429_and_a_cut_stream_are_asked_again(asking, endpoint, model):
    whole = calls(("read", {"path": "b"}), text="whole", delta=2)
    endpoint.script(
        error(429, "ServerOverloaded", headers={"retry-after": "3"}), replace(whole, cut_after=2500), whole
    )
    parts = await asking.parts(model)
    assert [part.code for part in parts if isinstance(part, Retrying)] == [
        "ServerOverloaded",
        "broken_stream",
    ]
    assert asking.pauses[0] == 3.0 and parts[-1].text == "whole" and len(parts[-1].calls) == 1


async def test_cut_anywhere_it_is_asked_again_until_whole(asking, endpoint, model):
    answer = calls(("read", {"path": "汉字"}), ("read", {"path": "b"}), text="a", delta=3)
    cuts = range(0, 6000, 400)
    endpoint.script(*(step for cut in cuts for step in (replace(answer, cut_after=cut), answer)))
    for _ in cuts:
        whole = await asking.answer(model)
        assert [json.loads(call.arguments)["path"] for call in whole.calls] == ["汉字", "b"]
    assert len(asking.pauses) == len(endpoint.requests) - len(cuts) == len(cuts)


@pytest.mark.parametrize("finish", [None, "length", "content_filter"])
async def test_how_an_answer_can_end_otherwise(asking, endpoint, model, finish):
    asked = calls(("read", {"path": "a"}), text="half", finish_reason=finish)
    endpoint.script(asked, text("whole"))
    if finish == "content_filter":
        with pytest.raises(ContentFiltered):
            await asking.answer(model)
        return
    parts = await asking.parts(model)
    if finish is None:
        told = next(part.message for part in parts if isinstance(part, Retrying))
        assert "terminal status" in told and parts[-1].text == "whole"
    else:
        assert (parts[-1].calls, parts[-1].finish_reason, notices(parts)) == ((), "length", ["calls_cut"])


async def test_a_plain_answer_in_progress_is_asked_again(asking, endpoint, model):
    def serve(request):
        if request.streaming:
            return error(400, "InvalidParameter", "stream is not supported")
        return text("half", finish_reason=None) if request.number == 1 else text("whole")

    endpoint.script(serve)
    parts = await asking.parts(model)
    assert notices(parts) == ["stream_refused"] and parts[-1].text == "whole"
    assert "in_progress" in next(part.message for part in parts if isinstance(part, Retrying))


@pytest.mark.parametrize(
    "refusal",
    [
        error(400, "InvalidParameter.UnknownField", 'json: unknown field "summary"'),
        error(400, "InvalidParameter", "bad input", param="input[2].type"),
        error(400, "", "item['content'] is not an array"),  # llama.cpp's server
        error(404, "not_found", "Item with id 'rs_1' not found.", param="input"),
    ],
)
async def test_reasoning_is_dropped_from_the_history_where_it_is_refused(asking, endpoint, model, refusal):
    endpoint.script(refusal, text("ok"), text("ok"))
    history = [UserMessage("q"), AssistantMessage("a", "thought"), UserMessage("more")]
    parts = await asking.parts(model, asking.request(*history, effort="low"))
    await asking.answer(model, asking.request(*history, effort="low"))
    assert notices(parts) == ["field_dropped"]
    assert [b"rs_1" in request.raw for request in endpoint.requests] == [True, False, False]
    assert all(request.body["reasoning"] == {"effort": "low"} for request in endpoint.requests)


@pytest.mark.parametrize(
    ("refusal", "sampling", "gone"),
    [
        (
            error(400, "unknown_parameter", "Unknown parameter: 'text.verbosity'"),
            {"verbosity": "low"},
            "text",
        ),
        (error(400, "InvalidParameter", "no", param="reasoning.effort"), {}, "reasoning"),
        (error(400, "InvalidParameter", 'json: unknown field "caching"'), {"caching": "enabled"}, "caching"),
        (error(400, "InvalidParameter", "no", param="include[0]"), {"logprobs": True}, "include"),
    ],
)
async def test_a_refused_field_is_known_by_its_name_on_this_wire(
    asking, endpoint, model, refusal, sampling, gone
):
    endpoint.script(refusal, text("a"))
    parts = await asking.parts(model, asking.request(effort="low", sampling=sampling))
    assert notices(parts) == ["field_dropped"]
    assert [gone in request.body for request in endpoint.requests] == [True, False]


async def test_a_refused_strict_leaves_the_tools(asking, endpoint, model):
    endpoint.script(error(400, "InvalidParameter", 'json: unknown field "strict"'), text("a"))
    await asking.answer(model)
    assert ["strict" in request.body["tools"][0] for request in endpoint.requests] == [True, False]


async def test_an_input_that_is_too_long_drops_no_field(asking, endpoint, model):
    endpoint.script(error(400, "InvalidParameter", "the input text is too long for the format"))
    request = asking.request(sampling={"response_format": {"type": "json_object"}})
    with pytest.raises(InvalidRequest, match="too long"):
        await asking.answer(model, request)


async def test_leaked_calls_are_recovered_on_this_wire_too(asking, endpoint, model):
    endpoint.script(text('I look.\n```json\n{"name": "read", "arguments": {"path": "a"}}\n```'))
    parts = await asking.parts(model)
    assert parts[-1].text == "I look." and parts[-1].calls[0].name == "read"
    assert notices(parts) == ["call_recovered"]


async def test_a_chained_round_sends_only_what_is_new(asking, endpoint):
    endpoint.script(lambda request: calls(("read", {"path": "a"}), reasoning="r"))
    parts = await converse(asking, asking.model(wire="responses", chain=True), 3)
    bodies = [request.body for request in endpoint.requests]
    assert [body.get("previous_response_id") for body in bodies] == [None, "resp_0", "resp_1"]
    assert [[item["type"] for item in body["input"]] for body in bodies[1:]] == [["function_call_output"]] * 2
    assert [0 < pause <= 0.1 for pause in asking.pauses] == [True, True] and notices(parts) == []


async def test_a_changed_history_is_sent_whole_and_said_once(asking, endpoint):
    endpoint.script(lambda request: text("answer"))
    model = asking.model(wire="responses", chain=True)
    await converse(asking, model, 2)
    parts = await converse(asking, model, 2, [SystemMessage("s"), UserMessage("summary of it all")])
    assert notices(parts) == ["chain_broken"]
    ids = [request.body.get("previous_response_id") for request in endpoint.requests]
    assert ids == [None, "resp_0", None, "resp_2"]


async def test_an_answer_whose_calls_had_to_be_named_here_is_not_continued(asking, endpoint):
    endpoint.script(calls(("read", {}), call_ids=False), text("done"))
    await converse(asking, asking.model(wire="responses", chain=True), 2)
    assert "previous_response_id" not in endpoint.requests[1].body


async def test_a_recovered_call_is_none_the_service_knows(asking, endpoint):
    endpoint.script(text('{"name": "read", "arguments": {}}'), text("done"))
    parts = await converse(asking, asking.model(wire="responses", chain=True), 2)
    assert notices(parts) == ["call_recovered", "chain_broken"]
    assert "previous_response_id" not in endpoint.requests[1].body


@pytest.mark.parametrize(
    "refusal",
    [
        error(
            400,
            "previous_response_not_found",
            "Previous response with id 'resp_0' not found.",
            param="previous_response_id",
        ),
        error(404, "NotFound", "the response has expired"),
        error(400, "InvalidParameter", "resp_0"),
    ],
)
async def test_an_unknown_id_falls_back_to_the_whole_history_once(asking, endpoint, refusal):
    endpoint.script(text("one"), refusal, text("two"), text("three"))
    parts = await converse(asking, asking.model(wire="responses", chain=True), 3)
    assert notices(parts) == ["chain_broken"]
    ids = [request.body.get("previous_response_id") for request in endpoint.requests]
    assert ids == [None, "resp_0", None, "resp_2"] and len(endpoint.requests[2].body["input"]) == 4


async def test_ids_refused_again_and_again_are_given_up(asking, endpoint):
    def serve(request):
        chained = b"previous_response_id" in request.raw
        return error(400, "", "llama.cpp does not support 'previous_response_id'.") if chained else text("ok")

    endpoint.script(serve)
    parts = await converse(asking, asking.model(wire="responses", chain=True), 5)
    assert notices(parts) == ["chain_broken", "chain_broken"]
    assert [b"previous_response_id" in request.raw for request in endpoint.requests].count(True) == 2


async def test_chaining_is_withheld_where_the_wire_has_none(asking, endpoint):
    endpoint.script(lambda request: text("ok"))
    parts = await converse(asking, asking.model("wcode/doubao-seed-2.0-code", chain=True), 2)
    assert notices(parts) == ["field_dropped"]


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
async def test_the_document_s_own_sample_answer_is_taken_byte_for_byte(asking, endpoint, content_type):
    body = (DATA / "seed-response.json").read_bytes()
    if content_type == "text/event-stream":
        body = b'data: {"type":"response.completed","response":' + body.replace(b"\n", b"") + b"}\n\n"
    endpoint.script(raw(body, content_type=content_type))
    answer = await asking.answer(asking.model("evolink/doubao-seed-2.0-pro", "responses"))
    assert (answer.text, answer.reasoning, answer.calls, answer.finish_reason) == ("", "<string>", (), "stop")
    assert answer.usage == Usage(88, 0, 230, 211)
    assert answer.request_id.startswith("resp_0217714866") and answer.service_tier == "default"
    assert answer.model == "doubao-seed-2-0-code-preview-260215"
    assert (answer.extra["max_output_tokens"], answer.extra["expire_at"]) == (32768, 1771745874)


@pytest.mark.parametrize(
    ("sample", "wire"), [("seed-answer.json", "responses"), ("seed-response.json", "chat")]
)
async def test_an_answer_of_the_other_wire_is_none(asking, endpoint, sample, wire):
    endpoint.script(lambda request: raw((DATA / sample).read_bytes(), content_type="application/json"))
    with pytest.raises(StreamBroken):
        await asking.answer(asking.model(wire=wire))


@pytest.mark.parametrize("body", [b"", b"data: [1, 2\n\n", b"data: []\n\n", b"\xff\xfe\x00"])
async def test_nonsense_ends_as_an_error_after_all_tries(asking, endpoint, model, body):
    endpoint.script(lambda request: raw(body))
    with pytest.raises(StreamBroken, match="no complete answer in 6 tries"):
        await asking.answer(model)
