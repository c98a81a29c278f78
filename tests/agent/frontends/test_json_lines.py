import io
import json

from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from seedsmith.agent import events
from seedsmith.agent.frontends.jsonl import JsonLines, encode

ANY_TEXT = st.text(st.characters(codec=None), max_size=30)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)


def shown(event):
    stream = io.BytesIO()
    sink = events.EventSink("s1", (JsonLines(stream),), clock=lambda: 12.5)
    sink.emit(event)
    return stream.getvalue()


def test_head_and_fields():
    line = shown(events.TurnStarted(3))
    assert line.endswith(b"\n")
    assert json.loads(line) == {
        "version": 1,
        "type": "turn.started",
        "seq": 1,
        "time": 12.5,
        "session": "s1",
        "turn": 3,
    }


@settings(max_examples=examples(150), deadline=None)
@given(ANY_TEXT, ANY_JSON)
def test_every_event_is_one_line_of_strict_json(text, data):
    line = shown(events.ToolFinished("c1", True, text, 1.5, {"data": data}))
    assert len(line.decode("utf-8").splitlines()) == 1
    parsed = json.loads(line, parse_constant=lambda name: (_ for _ in ()).throw(AssertionError(name)))
    parsed["summary"].encode("utf-8")
    if all(not 0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        assert parsed["summary"] == text


def test_bytes_that_were_not_text_stay_visible():
    assert json.loads(encode({"path": "caf\udce9"})) == {"path": "caf\\udce9"}


def test_chinese_text_is_not_escaped():
    assert "修复".encode() in encode({"text": "修复"})


def test_unknown_objects_and_keys_do_not_stop_the_run():
    assert json.loads(encode({1: {2}, "o": object, "n": float("nan")}))["n"] is None


def test_a_reader_that_has_gone_is_not_an_error():
    class Gone(io.RawIOBase):
        writes = 0

        def write(self, data):
            self.writes += 1
            raise BrokenPipeError

    stream = Gone()
    sink = events.EventSink("s1", (JsonLines(stream),))
    sink.emit(events.TurnStarted(1))
    sink.emit(events.TurnStarted(2))
    assert stream.writes == 1
