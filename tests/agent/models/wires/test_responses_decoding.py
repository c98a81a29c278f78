"""The Responses wire's decoder and assembler alone: every cut, and the ways services differ."""

from __future__ import annotations

import json

import pytest
from examples import places
from scripted_endpoint import RecordedRequest, calls, plain_body, stream_events

from seedsmith.agent.models.base import CallReady, ReasoningDelta, TextDelta
from seedsmith.agent.models.stream.stream import SseDecoder
from seedsmith.agent.models.tries.retry import BrokenAnswer, FailedTry, ServiceRefused
from seedsmith.agent.models.wires.responses_assemble import ResponsesAssembler

REQUEST = RecordedRequest("POST", "/v1/responses", {}, b'{"model":"m"}', 0.0, 0)
ANSWER = calls(("read", {"path": "汉字"}), ("read", {"path": "b"}), text="a🙂", reasoning="r汉", delta=8)
RECORDED = b"".join(stream_events(ANSWER, REQUEST))


def assemble(*chunks):
    """All parts and the assembler; raises FailedTry."""
    decoder, assembler, parts = SseDecoder(), ResponsesAssembler(), []
    for event in [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.close():
        parts += assembler.feed(event)
    parts += assembler.close()
    return parts, assembler


def sse(*events):
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def item(kind, event="done", index=None, **fields):
    place = {} if index is None else {"output_index": index}
    return {"type": f"response.output_item.{event}", "item": {"type": kind, **fields}, **place}


def call(name, arguments, call_id="", **more):
    given = {"call_id": call_id} if call_id else {}
    return item("function_call", name=name, arguments=arguments, **given, **more)


def arguments(end, text, index=None, **more):
    place = {} if index is None else {"output_index": index}
    key = "delta" if end == "delta" else "arguments"
    return {"type": f"response.function_call_arguments.{end}", key: text, **place, **more}


def said(stem, end, text, **more):
    key = "delta" if end == "delta" else "text"
    return {"type": f"response.{stem}.{end}", key: text, **more}


def completed(output=(), **more):
    return {"type": "response.completed", "response": {"status": "completed", "output": list(output), **more}}


def names(assembler):
    return [(each.name, each.arguments) for each in assembler.calls]


def ready(parts):
    return [part.call for part in parts if isinstance(part, CallReady)]


WHOLE = assemble(RECORDED)[1]


def test_the_recorded_answer_is_whole():
    parts, assembler = assemble(RECORDED)
    assert names(assembler) == [("read", '{"path": "汉字"}'), ("read", '{"path": "b"}')]
    assert (assembler.text, assembler.reasoning, assembler.finish_reason) == ("a🙂", "r汉", "tool_calls")
    assert "".join(part.text for part in parts if isinstance(part, TextDelta)) == "a🙂"
    assert "".join(part.text for part in parts if isinstance(part, ReasoningDelta)) == "r汉"
    assert ready(parts) == list(assembler.calls)


@pytest.mark.counted
def test_cut_at_every_byte_it_is_whole_or_broken():
    terminal = RECORDED.index(b'{"type": "response.completed"')
    for place in places(len(RECORDED) + 1, 7):
        try:
            _, assembler = assemble(RECORDED[:place])
        except FailedTry:
            continue
        assert place > terminal, place
        assert (names(assembler), assembler.text) == (names(WHOLE), "a🙂")


@pytest.mark.counted
def test_a_call_ready_in_a_cut_stream_is_one_of_the_whole():
    for place in places(len(RECORDED), 7):
        decoder, assembler = SseDecoder(), ResponsesAssembler()
        for event in decoder.feed(RECORDED[:place]):
            for each in ready(assembler.feed(event)):
                assert (each.name, each.arguments) in names(WHOLE)


@pytest.mark.counted
def test_split_in_two_anywhere_it_is_the_same():
    for place in places(len(RECORDED), 11):
        assert names(assemble(RECORDED[:place], RECORDED[place:])[1]) == names(WHOLE)


def test_a_plain_answer_is_the_same():
    assembler = ResponsesAssembler()
    parts = [*assembler.feed_plain(plain_body(ANSWER, REQUEST)), *assembler.close()]
    assert (names(assembler), assembler.text, assembler.reasoning) == (names(WHOLE), "a🙂", "r汉")
    assert ready(parts) == list(assembler.calls)


def test_a_call_is_ready_as_soon_as_its_item_is_done():
    assembler, ends = ResponsesAssembler(), []
    for event in stream_events(ANSWER, REQUEST):
        decoded = SseDecoder().feed(event)
        ends += [b"output_item.done" in data for data in decoded for _ in ready(assembler.feed(data))]
    assert ends == [True, True]


def test_items_out_of_order_are_put_in_order():
    events = [
        item("message", index=1, content=[{"type": "output_text", "text": "second"}]),
        call("b", "{}", "y", index=3),
        item("message", index=0, content=[{"type": "output_text", "text": "first"}]),
        call("a", "{}", "x", index=2),
    ]
    parts, assembler = assemble(sse(*events, completed()))
    assert assembler.text == "first\n\nsecond" and [each.id for each in assembler.calls] == ["x", "y"]
    assert len(ready(parts)) == 2


def test_events_without_index_or_id_go_by_order():
    events = [
        item("function_call", "added", name="f", arguments=""),
        arguments("delta", '{"a"'),
        arguments("delta", ":1}"),
        call("f", "", "x"),
        item("function_call", "added", name="g", arguments=""),
        arguments("done", "{}"),
        call("g", "{}", "y"),
        said("output_text", "delta", "hi"),
        said("output_text", "done", "hi"),
    ]
    parts, assembler = assemble(sse(*events, completed()))
    assert names(assembler) == [("f", '{"a":1}'), ("g", "{}")] and assembler.text == "hi"
    assert [each.id for each in ready(parts)] == ["x", "y"]


def test_calls_that_all_have_index_0():
    events = [
        item("function_call", "added", 0, name="f", arguments="", id="i", call_id="x"),
        item("function_call", "added", 0, name="g", arguments="", id="j", call_id="y"),
        arguments("delta", '{"a":1}', 0, item_id="i"),
        arguments("delta", "{}", 0, item_id="j"),
        call("f", '{"a":1}', "x", index=0, id="i"),
        call("g", "{}", "y", index=0, id="j"),
    ]
    assert names(assemble(sse(*events, completed()))[1]) == [("f", '{"a":1}'), ("g", "{}")]


def test_done_items_after_all_were_begun_are_told_apart_by_name_and_call_id():
    begun = [item("function_call", "added", name="f", arguments="", call_id=each) for each in "xy"]
    events = [*begun, call("f", '{"n":1}', "x"), call("f", '{"n":2}', "y")]
    parts, assembler = assemble(sse(*events, completed()))
    assert [(each.id, each.arguments) for each in assembler.calls] == [("x", '{"n":1}'), ("y", '{"n":2}')]
    assert ready(parts) == list(assembler.calls)


def test_ids_that_differ_from_event_to_event_are_matched_by_index():
    events = [
        item("function_call", "added", 0, id="one", name="f", arguments=""),
        arguments("delta", '{"a":1}', 0, item_id="two"),
        call("f", '{"a":1}', "x", index=0, id="three"),
    ]
    _, assembler = assemble(sse(*events, completed([{"type": "function_call", "id": "four", "name": "f"}])))
    assert names(assembler) == [("f", '{"a":1}')]


def test_done_without_deltas_and_deltas_without_done():
    events = [
        said("output_text", "done", "whole", output_index=0),
        said("reasoning_summary_text", "delta", "thought", output_index=1),
        item("function_call", "added", 2, name="f", call_id="x"),
        arguments("delta", '{"a":1}', 2),
    ]
    parts, assembler = assemble(sse(*events, completed()))
    assert (assembler.text, assembler.reasoning, names(assembler)) == ("whole", "thought", [("f", '{"a":1}')])
    assert ready(parts) == list(assembler.calls)


def test_the_last_event_alone_carries_the_answer():
    output = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "one"}, {"text": "two"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "hi"}]},
        {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "x"},
    ]
    parts, assembler = assemble(sse(completed(output)))
    assert (assembler.text, assembler.reasoning, names(assembler)) == ("hi", "one\n\ntwo", [("f", "{}")])
    assert TextDelta("hi") in parts and ready(parts) == list(assembler.calls)


def test_a_whole_text_adds_what_its_deltas_left_out():
    events = [
        said("output_text", "delta", "ab"),
        said("output_text", "done", "abc"),
        said("output_text", "done", "x"),
    ]
    parts, assembler = assemble(sse(*events, completed()))
    assert assembler.text == "abc" and [part.text for part in parts] == ["ab", "c"]


def test_characters_halved_by_json_escapes_are_joined():
    half = rb'data: {"type":"response.output_text.delta","delta":"%b"}' + b"\n\n"
    stream = half % rb"\ud83d" + half % rb"\ude00\ud83d" + sse(completed())
    parts, assembler = assemble(stream)
    assert [part.text for part in parts] == ["😀", "\ufffd"] and assembler.text == "😀\ufffd"


def test_nothing_follows_the_end():
    late = [said("output_text", "delta", " more"), call("f", "{}", "x"), {"type": "error", "code": "late"}]
    parts, assembler = assemble(sse(said("output_text", "delta", "hi"), completed(), *late))
    assert (assembler.text, assembler.calls, assembler.finish_reason) == ("hi", (), "stop")
    assert parts == [TextDelta("hi")]


def test_unknown_events_and_items_are_passed_over():
    events = [
        {"type": "response.queued", "response": {"id": "r"}},
        {"type": "response.web_search_call.searching", "output_index": 0},
        item("web_search_call", index=0, id="ws"),
        {"type": "response.output_text.annotation.added", "annotation": {}},
        said("output_text", "delta", "hi", output_index=1),
        {"no": "type"},
    ]
    _, assembler = assemble(sse(*events, completed()))
    assert (assembler.text, assembler.request_id) == ("hi", "r")


def test_a_call_that_is_left_half_is_no_answer():
    begun = item("function_call", "added", 0, name="f", call_id="x")
    with pytest.raises(BrokenAnswer, match="not complete"):
        assemble(sse(begun, arguments("delta", '{"a"', 0), completed()))
    with pytest.raises(BrokenAnswer, match="not complete"):
        assemble(sse(begun, call("f", "{}", "x", index=0, status="incomplete"), completed()))
    with pytest.raises(BrokenAnswer, match="not complete"):
        assemble(sse(call("", "{}", "x"), completed()))


def test_malformed_arguments_of_a_done_call_are_returned_but_never_early():
    parts, assembler = assemble(sse(call("f", '{"a', "x"), completed()))
    assert names(assembler) == [("f", '{"a')] and not ready(parts)


def test_a_complete_call_that_changes_is_broken():
    for after in (arguments("delta", "{}", 0), call("f", '{"b":2}', "x", index=0)):
        with pytest.raises(BrokenAnswer, match="was complete"):
            assemble(sse(call("f", '{"a":1}', "x", index=0), after, completed()))


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"reason": "max_output_tokens"}, "length"),
        ({"reason": "content_filter"}, "content_filter"),
        (None, "length"),
    ],
)
def test_an_incomplete_response_says_why(details, reason):
    events = [
        call("f", '{"a', "x", index=0, status="incomplete"),
        said("output_text", "delta", "ha", output_index=1),
    ]
    end = {"type": "response.incomplete", "response": {"status": "incomplete", "incomplete_details": details}}
    parts, assembler = assemble(sse(*events, end))
    assert (assembler.finish_reason, assembler.text) == (reason, "ha") and not ready(parts)


@pytest.mark.parametrize("status", ["in_progress", "queued", None, 7])
def test_a_plain_answer_that_is_not_over_is_broken(status):
    body = json.dumps({"status": status, "output": [{"type": "message", "content": "half"}]}).encode()
    with pytest.raises(BrokenAnswer, match="is not complete"):
        list(ResponsesAssembler().feed_plain(body))


@pytest.mark.parametrize("error", [{}, None, {"code": "x"}])
def test_the_status_decides_and_not_the_error_object(error):
    assert assemble(sse(completed(error=error)))[1].finish_reason == "stop"


def test_failures_are_refusals_by_their_code():
    error = {"code": "ServerOverloaded", "message": "busy"}
    failed = {"type": "response.failed", "response": {"status": "failed", "error": error}}
    for event in (failed, {"type": "error", **error}, {"type": "error", "error": error}, {"error": error}):
        with pytest.raises(ServiceRefused) as refused:
            assemble(sse(event))
        assert (refused.value.refusal.code, refused.value.refusal.message) == ("ServerOverloaded", "busy")
    with pytest.raises(BrokenAnswer, match="failed without a reason"):
        assemble(sse({"type": "response.failed", "response": {"status": "failed", "error": {}}}))


def test_invalid_utf8_in_a_call_is_refused_and_in_text_shown():
    with pytest.raises(BrokenAnswer, match="UTF-8"):
        assemble(sse(call("f", "{}", "x")).replace(b"{}", b"\xff"), sse(completed()))
    _, assembler = assemble(sse(said("output_text", "delta", "aZ")).replace(b"Z", b"\xff"), sse(completed()))
    assert assembler.text == "a\ufffd" and assembler.damaged


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.completed"},
        {"type": "response.completed", "response": {"status": "completed", "output": {"a": 1}}},
        {"type": "response.output_item.done", "item": 7},
        {"type": "response.output_text.delta", "delta": 7},
        {"type": "response.function_call_arguments.delta", "delta": 7},
        item("message", content=[7]),
    ],
)
def test_absurd_types_are_broken_answers(event):
    with pytest.raises(BrokenAnswer):
        assemble(sse(event, completed()))


def test_log_probabilities_are_kept_once():
    logprobs = [{"token": "a", "logprob": -0.1}]
    content = [{"type": "output_text", "text": "a", "logprobs": logprobs}]
    message = item("message", index=0, content=content)
    streamed = said("output_text", "delta", "a", output_index=0, logprobs=logprobs)
    for events in ([streamed, message], [message]):
        assert assemble(sse(*events, completed([message["item"]])))[1].extra["logprobs"] == logprobs
