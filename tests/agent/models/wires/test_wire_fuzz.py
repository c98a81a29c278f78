"""Whatever arrives over either wire is an answer or a clean failure: random events, and mutated real ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_endpoint import RecordedRequest, calls, plain_body, stream_events

from seedsmith.agent.models.base import CallReady
from seedsmith.agent.models.stream.stream import DONE, SseDecoder
from seedsmith.agent.models.tries.retry import FailedTry
from seedsmith.agent.models.wires.chat_assemble import ChatAssembler
from seedsmith.agent.models.wires.responses_assemble import ResponsesAssembler

WIRES = {
    "chat": ("/v1/chat/completions", ChatAssembler),
    "responses": ("/v1/responses", ResponsesAssembler),
}
ANSWER = calls(("read", {"path": "汉字"}), ("shell", '{"broken'), text="a🙂 b", reasoning="thought", delta=4)
EXAMPLES = examples(350)


def request(wire):
    return RecordedRequest(
        "POST", WIRES[wire][0], {}, b'{"model":"m","stream_options":{"include_usage":true}}', 0.0, 0
    )


RECORDED = {
    wire: [
        json.loads(line[6:])
        for event in stream_events(ANSWER, request(wire))
        for line in event.decode().splitlines()
        if line.startswith("data: {")
    ]
    for wire in WIRES
}
PLAIN = {wire: plain_body(ANSWER, request(wire)) for wire in WIRES}
WORDS = sorted(
    {
        word
        for events in RECORDED.values()
        for event in events
        for word in json.dumps(event, ensure_ascii=False).split('"')[1::2]
    }
    | {"refusal", "error", "code", "logprobs", "incomplete", "failed", "incomplete_details", "status", "text"}
)


def survives(wire, chunks, plain=None):
    """Feed a fresh assembler; what comes out is usable, or a FailedTry."""
    decoder, assembler, parts = SseDecoder(), WIRES[wire][1](), []
    try:
        if plain is not None:
            parts += assembler.feed_plain(plain)
        for event in [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.close():
            if event == DONE:
                break
            parts += assembler.feed(event)
        parts += assembler.close()
    except FailedTry:
        return
    answer = assembler.calls
    (assembler.text + assembler.reasoning + "".join(each.arguments for each in answer)).encode()
    json.dumps(assembler.extra)
    assert assembler.usage is None or assembler.usage.total_tokens >= 0
    if assembler.finish_reason in ("stop", "tool_calls"):
        assert len({each.id for each in answer}) == len(answer) and all(each.id for each in answer)
        assert {part.call for part in parts if isinstance(part, CallReady)} <= set(answer)
        for part in parts:
            assert not isinstance(part, CallReady) or isinstance(json.loads(part.call.arguments), dict)


def sse(events):
    return [b"data: " + json.dumps(event).encode() + b"\n\n" for event in events]


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=4)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=15,
)
SHAPED = {
    "chat": JSON.map(lambda value: {"choices": [{"delta": value, "finish_reason": "stop"}]}),
    "responses": st.one_of(
        st.builds(
            lambda name, fields: {**fields, "type": name},
            st.sampled_from([word for word in WORDS if word.startswith("response.")]),
            st.dictionaries(st.sampled_from(WORDS), JSON, max_size=5),
        ),
        st.builds(
            lambda end, item, index: {
                "type": f"response.output_item.{end}",
                "item": item,
                "output_index": index,
            },
            st.sampled_from(["added", "done"]),
            st.dictionaries(st.sampled_from(WORDS), JSON, max_size=5),
            st.integers(0, 2) | st.none(),
        ),
    ),
}


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inside:
        yield from places(each, (*path, key))


def put(value, path, new):
    if not path:
        return new
    changed = dict(value) if isinstance(value, dict) else list(value)
    if new is put and len(path) == 1:
        del changed[path[0]]
    else:
        changed[path[0]] = put(value[path[0]], path[1:], new)
    return changed


@st.composite
def mutated(draw, wire):
    """The recorded events, some of them changed, left out, repeated or moved."""
    events = list(RECORDED[wire])
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(events) - 1))
        match draw(st.sampled_from(["put", "put", "delete", "drop", "repeat", "swap"])):
            case "put":
                path = draw(st.sampled_from(list(places(events[place]))))
                events[place] = put(events[place], path, draw(SCALARS | JSON))
            case "delete":
                path = draw(st.sampled_from([path for path in places(events[place]) if path] or [()]))
                events[place] = put(events[place], path, put) if path else {}
            case "drop" if len(events) > 1:
                del events[place]
            case "repeat":
                events.insert(draw(st.integers(0, len(events))), events[place])
            case _:
                other = draw(st.integers(0, len(events) - 1))
                events[place], events[other] = events[other], events[place]
    return events


@pytest.mark.parametrize("wire", WIRES)
def test_what_is_fuzzed_is_a_whole_answer(wire):
    assembler = WIRES[wire][1]()
    for event in RECORDED[wire]:
        list(assembler.feed(json.dumps(event).encode()))
    assert [each.name for each in assembler.calls] == ["read", "shell"] and assembler.text == "a🙂 b"


@pytest.mark.parametrize(
    ("wire", "terminal"), [("chat", b'"finish_reason":"stop"'), ("responses", b'response.completed",')]
)
def test_a_stream_of_a_real_server_cut_at_every_byte_is_whole_or_broken(wire, terminal):
    recorded = (Path(__file__).parent / "data" / f"llama-{wire}.sse").read_bytes()
    whole = recorded.index(terminal)
    texts = set()
    for place in range(len(recorded) + 1):
        decoder, assembler = SseDecoder(), WIRES[wire][1]()
        try:
            for event in decoder.feed(recorded[:place]) + decoder.close():
                if event != DONE:
                    list(assembler.feed(event))
            list(assembler.close())
        except FailedTry:
            continue
        assert place > whole
        texts.add(assembler.text)
    (text,) = texts
    assert text and assembler.usage.output_tokens > 0 and assembler.extra["timings"]


@pytest.mark.slow
@pytest.mark.parametrize("wire", WIRES)
def test_random_events_never_crash(wire):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(st.lists(JSON | SHAPED[wire], max_size=5))
    def check(events):
        survives(wire, sse(events))

    check()


@pytest.mark.parametrize("wire", WIRES)
def test_mutated_answers_never_crash(wire):
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(mutated(wire))
    def check(events):
        survives(wire, sse(events))

    check()


@pytest.mark.parametrize("wire", WIRES)
def test_flipped_bytes_never_crash(wire):
    whole = b"".join(sse(RECORDED[wire]))

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.binary(max_size=3)), min_size=1, max_size=3))
    def check(edits):
        body = whole
        for place, new in edits:
            body = body[:place] + new + body[place + 1 :]
        survives(wire, [body])

    check()


@pytest.mark.parametrize("wire", WIRES)
def test_changed_plain_answers_never_crash(wire):
    whole = json.loads(PLAIN[wire])

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(st.sampled_from(list(places(whole))), SCALARS | JSON)
    def check(path, new):
        survives(wire, [], plain=json.dumps(put(whole, path, new)).encode())

    check()
