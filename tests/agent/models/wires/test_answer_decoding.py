"""The decoder and the assembler alone: every cut, every split, and bytes from nowhere."""

from __future__ import annotations

import json

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_endpoint import RecordedRequest, calls, stream_events

from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.models.base import CallReady, TextDelta, Usage
from seedsmith.agent.models.stream.stream import DONE, EVENT_LIMIT_BYTES, SseDecoder, heal
from seedsmith.agent.models.tries.retry import BrokenAnswer, FailedTry
from seedsmith.agent.models.wires.chat_assemble import ChatAssembler
from seedsmith.agent.models.wires.responses_assemble import ResponsesAssembler

BODY = b'{"model":"m","stream_options":{"include_usage":true}}'
REQUEST = RecordedRequest("POST", "/v1/chat/completions", {}, BODY, 0.0, 0)
RECORDED = b"".join(
    stream_events(
        calls(
            ("read", {"path": "汉字"}),
            ("read", {"path": "b"}),
            text="a🙂",
            reasoning="r",
            delta=5,
            comments=True,
        ),
        REQUEST,
    )
)


def assemble(*chunks):
    """All parts and the assembler; raises FailedTry."""
    decoder, assembler, parts = SseDecoder(), ChatAssembler(), []
    events = [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.close()
    for event in events:
        if event == DONE:
            break
        parts += assembler.feed(event)
    parts += assembler.close()
    return parts, assembler


def stream(*deltas, finish="tool_calls"):
    objects = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    objects.append({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in objects)


def call(arguments=None, **more):
    function = {key: more.pop(key) for key in ("name",) if key in more}
    return {"tool_calls": [{**more, "function": {**function, "arguments": arguments}}]}


def names(assembler):
    return [(each.name, each.arguments) for each in assembler.calls]


WHOLE = assemble(RECORDED)[1]
assert len(WHOLE.calls) == 2


def test_cut_at_every_byte_it_is_whole_or_broken():
    finished = RECORDED.index(b'"finish_reason": "tool_calls"')
    for place in range(len(RECORDED) + 1):
        try:
            _, assembler = assemble(RECORDED[:place])
        except BrokenAnswer:
            continue
        assert place > finished, place
        assert names(assembler) == names(WHOLE) and assembler.text == "a🙂"


def test_a_call_ready_early_is_never_changed_by_what_follows():
    for place in range(len(RECORDED)):
        decoder, assembler = SseDecoder(), ChatAssembler()
        for event in decoder.feed(RECORDED[:place]):
            for part in [] if event == DONE else assembler.feed(event):
                if isinstance(part, CallReady):
                    assert (part.call.name, part.call.arguments) in names(WHOLE)


@pytest.mark.slow
def test_split_at_every_byte_it_is_the_same():
    for place in range(len(RECORDED)):
        _, assembler = assemble(RECORDED[:place], RECORDED[place:])
        assert names(assembler) == names(WHOLE)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_line_end_of_the_standard(end, size):
    body = RECORDED.replace(b"\n", end)
    _, assembler = assemble(*(body[i : i + size] for i in range(0, len(body), size)))
    assert names(assembler) == names(WHOLE)


def test_data_over_several_lines_and_other_fields():
    decoder = SseDecoder()
    assert decoder.feed(b"event: x\nid: 1\ndata:a\ndata: b\nretry: 5\n\n: c\n\n") == [b"a\nb"]


def test_a_line_end_cut_in_two_is_one_line_end():
    decoder = SseDecoder()
    events = [decoder.feed(chunk) for chunk in (b"data: a\r", b"\ndata: b\r", b"", b"\n\r", b"\n")]
    assert [event for each in events for event in each] == [b"a\nb"]


def test_an_endless_event_is_refused():
    decoder = SseDecoder()
    with pytest.raises(BrokenAnswer, match="more than"):
        for _ in range(EVENT_LIMIT_BYTES // 2**20 + 1):
            decoder.feed(b"x" * 2**20)


def test_calls_without_an_index_are_told_apart_by_id_then_by_order():
    deltas = [call('{"a"', id="x", name="f"), call(":1}"), call("{}", id="y", name="g"), call(" ", id="x")]
    assert names(assemble(stream(*deltas))[1]) == [("f", '{"a":1} '), ("g", "{}")]


def test_calls_that_all_have_index_0():
    deltas = [call("{}", index=0, id="x", name="f"), call("{", index=0, id="y", name="g"), call("}", index=0)]
    assert names(assemble(stream(*deltas))[1]) == [("f", "{}"), ("g", "{}")]


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        ([call('{"a":1}', name="f"), call("{}", name="g")], [("f", '{"a":1}'), ("g", "{}")]),
        ([call('{"a":1}', name="f"), call('{"a":2}', name="f")], [("f", '{"a":1}'), ("f", '{"a":2}')]),
        (
            [call("", name="f"), call('{"a"'), call(":1}"), call("", name="g"), call("{}")],
            [("f", '{"a":1}'), ("g", "{}")],
        ),
        (
            [call("", name="f"), call('{"a":1}'), call("", name="f"), call('{"a":2}')],
            [("f", '{"a":1}'), ("f", '{"a":2}')],
        ),
        ([call("", name="f"), call('{"a":1}'), call("", name="f"), call(" ")], [("f", '{"a":1} ')]),
        ([call('{"a":', name="f"), call('{"b":1}', name="f"), call("}", name="f")], [("f", '{"a":{"b":1}}')]),
        ([call("", name="re"), call("{}", name="ad")], [("read", "{}")]),
        ([call("", id="x", name="f"), call("", id="y", name="g")], [("f", "{}"), ("g", "{}")]),
    ],
)
def test_calls_that_all_have_index_0_and_no_ids(deltas, expected):
    for delta in deltas:
        delta["tool_calls"][0]["index"] = 0
    parts, assembler = assemble(stream(*deltas))
    assert names(assembler) == expected and len({each.id for each in assembler.calls}) == len(expected)
    in_one = {"tool_calls": [each for delta in deltas for each in delta["tool_calls"]]}
    assert names(assemble(stream(in_one))[1]) == expected


def test_interleaved_calls_and_a_name_sent_again():
    deltas = [
        call("", index=0, id="x", name="f"),
        call("", index=1, id="y", name="g"),
        call('{"a":', index=0, name="f"),
        call("{}", index=1),
        call("1}", index=0),
    ]
    parts, assembler = assemble(stream(*deltas))
    assert names(assembler) == [("f", '{"a":1}'), ("g", "{}")]
    assert [part.call.name for part in parts if isinstance(part, CallReady)] == ["f", "g"]


def test_a_complete_call_that_goes_on_is_broken():
    deltas = [call("{}", index=0, name="f"), call("{}", index=1, name="g"), call("{}", index=0)]
    with pytest.raises(BrokenAnswer, match="was complete"):
        assemble(stream(*deltas))


def test_half_arguments_are_not_ready_when_the_next_call_starts():
    deltas = [call('{"a', index=0, name="f"), call("{}", index=1, name="g"), call('":1}', index=0)]
    parts, _ = assemble(stream(*deltas))
    assert [part.call.arguments for part in parts if isinstance(part, CallReady)] == ['{"a":1}', "{}"]


def test_a_call_without_arguments_has_an_empty_object():
    assert names(assemble(stream(call(None, index=0, name="f")))[1]) == [("f", "{}")]


def test_characters_halved_by_json_escapes_are_joined():
    events = rb'data: {"choices":[{"delta":{"content":"\ud83d"}}]}' + b"\n\n"
    events += rb'data: {"choices":[{"delta":{"content":"\ude00\ud83d"},"finish_reason":"stop"}]}' + b"\n\n"
    parts, assembler = assemble(events)
    assert [part.text for part in parts if isinstance(part, TextDelta)] == ["😀", "\ufffd"]
    assert assembler.text == "😀\ufffd"
    assert heal("a\udc80") == "a\ufffd"


@pytest.mark.parametrize(
    "event",
    [
        {"choices": 5},
        {"choices": ["x"]},
        {"choices": [{"delta": "x"}]},
        {"choices": [{"delta": {"content": 5}}]},
        {"choices": [{"delta": {"tool_calls": {"a": 1}}}]},
        {"choices": [{"delta": {"tool_calls": [7]}}]},
        {"choices": [{"delta": {"tool_calls": [{"function": 7}]}}]},
        {"choices": [{"delta": {"tool_calls": [{"function": {"name": "f", "arguments": 7}}]}}]},
    ],
)
def test_absurd_types_are_broken_answers(event):
    with pytest.raises(BrokenAnswer):
        list(ChatAssembler().feed(json.dumps(event).encode()))


def test_absurd_usage_counts_as_nothing():
    usage = {"prompt_tokens": "many", "completion_tokens": -1, "prompt_tokens_details": 3}
    _, assembler = assemble(
        b"data: " + json.dumps({"usage": usage}).encode() + b"\n\n" + stream(finish="stop")
    )
    assert assembler.usage is not None and assembler.usage.total_tokens == 0


def test_arguments_sent_as_an_object_and_content_sent_as_parts():
    deltas = [call({"path": "a"}, index=0, name="f"), {"content": [{"type": "text", "text": "hi"}]}]
    _, assembler = assemble(stream(*deltas))
    assert names(assembler) == [("f", '{"path": "a"}')] and assembler.text == "hi"


def test_ids_used_before_are_replaced():
    assembler = ChatAssembler(["x"])
    list(assembler.feed(json.dumps({"choices": [{"delta": call("{}", id="x", name="f")}]}).encode()))
    assert assembler.calls[0] != ToolCall("x", "f", "{}") and assembler.calls[0].name == "f"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "content",
                    "reasoning_content",
                    "tool_calls",
                    "function",
                    "name",
                    "arguments",
                ]
                + [
                    "index",
                    "id",
                    "finish_reason",
                    "usage",
                    "prompt_tokens",
                    "error",
                    "code",
                    "logprobs",
                    "message",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)
CHOICES = JSON.map(lambda value: {"choices": [{"delta": value, "finish_reason": "stop"}]})
EVENTS = st.lists(
    st.one_of(JSON, CHOICES).map(lambda value: b"data: " + json.dumps(value).encode() + b"\n\n")
)


def survives(chunks):
    try:
        _, assembler = assemble(*chunks)
    except FailedTry:
        return
    (assembler.text + assembler.reasoning + "".join(each.arguments for each in assembler.calls)).encode()
    assert len({each.id for each in assembler.calls}) == len(assembler.calls)


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(
        st.binary(max_size=60) | st.sampled_from([b"data: ", b"\n\n", b"\r", RECORDED[:200]]), max_size=12
    )
)
def test_random_bytes_never_crash(chunks):
    survives(chunks)


@settings(max_examples=examples(150), deadline=None)
@given(EVENTS)
def test_random_events_never_crash(events):
    survives(events)


@pytest.mark.slow
@pytest.mark.parametrize(
    "whole",
    [b"\xef\xbb\xbf" + RECORDED, b"\xef\xbb\xbf" + stream({"content": "a"}, finish="stop")],
    ids=["recorded", "small"],  # the bytes themselves hold the time, and workers must agree on the names
)
def test_a_byte_order_mark_before_the_stream_is_no_part_of_it(whole):
    parts, assembler = assemble(whole[3:])
    for cut in range(len(whole)):
        again, other = assemble(whole[:cut], whole[cut:])
        assert (other.text, names(other)) == (assembler.text, names(assembler))
        assert [type(part) for part in again] == [type(part) for part in parts]
    single, _ = assemble(*(whole[at : at + 1] for at in range(len(whole))))
    assert len(single) == len(parts)


def test_only_one_mark_and_only_at_the_beginning_is_taken_away():
    mark = b"\xef\xbb\xbf"
    assert SseDecoder().feed(mark + mark + b"data: a\n\n") == []
    assert SseDecoder().feed(b"\n" + mark + b"data: a\n\n") == []
    assert SseDecoder().feed(b"data: " + mark + b"a\n\n") == [mark + b"a"]
    decoder = SseDecoder()
    assert decoder.feed(mark + b"dat") == [] and not decoder.receiving
    assert decoder.feed(b"a: x") == [] and decoder.receiving


@pytest.mark.parametrize("assembler", [ChatAssembler, ResponsesAssembler])
def test_usage_that_contradicts_itself_is_put_right(assembler):
    chat = {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 50}}
    chat |= {"completion_tokens": 4, "completion_tokens_details": {"reasoning_tokens": 9}}
    response = {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 50}}
    response |= {"output_tokens": 4, "output_tokens_details": {"reasoning_tokens": 9}}

    def usage(**changed):
        fresh = assembler()
        if assembler is ChatAssembler:
            names = {"input_tokens": "prompt_tokens", "output_tokens": "completion_tokens"}
            document = {
                "choices": [],
                "usage": chat | {names[name]: value for name, value in changed.items()},
            }
        else:
            document = {
                "type": "response.completed",
                "response": {"status": "completed", "usage": response | changed},
            }
        list(fresh.feed(json.dumps(document).encode()))
        return fresh.usage

    assert usage() == Usage(10, 10, 4, 4)
    assert usage(input_tokens=10**9 + 1, output_tokens=10**30) == Usage(0, 0, 0, 0)
    assert usage(input_tokens=-1, output_tokens=True) == Usage(0, 0, 0, 0)
    assert usage(input_tokens=10**9, output_tokens=1e308) == Usage(10**9, 50, 0, 0)
    assert usage(input_tokens=float("nan"), output_tokens=float("inf")) == Usage(0, 0, 0, 0)


@pytest.mark.parametrize("depth", [150, 900, 975, 985, 5000])
@pytest.mark.parametrize(
    "event",
    [
        '{"choices":[],"timings":{"a":%s}}',
        '{"choices":[{"delta":{},"logprobs":{"content":[%s]}}]}',
        '{"choices":[{"delta":{"tool_calls":[{"function":{"name":"a","arguments":{"a":%s}}}]}}]}',
    ],
)
def test_an_event_nested_too_deeply_is_none(depth, event):
    with pytest.raises(BrokenAnswer):
        list(ChatAssembler().feed((event % ("[" * depth + "]" * depth)).encode()))


def test_arguments_as_text_and_many_shallow_brackets_are_no_nesting():
    assembler = ChatAssembler()
    event = {"choices": [{"delta": call("[" * 500, name="a")}], "timings": {"all": [[]] * 500}}
    list(assembler.feed(json.dumps(event).encode()))
    assert names(assembler) == [("a", "[" * 500)]
