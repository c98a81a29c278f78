"""Head and tail of a stream, whatever its bytes and wherever its chunks are cut."""

from __future__ import annotations

import io

from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from seedsmith.sandbox.commands.capture import HeadTailCapture

CHUNKS = st.lists(st.binary(max_size=40) | st.text(max_size=20).map(str.encode), max_size=30)


@settings(max_examples=examples(300), deadline=None)
@given(chunks=CHUNKS, head=st.integers(0, 50), tail=st.integers(0, 50))
def test_nothing_is_lost_and_counts_are_exact(chunks: list[bytes], head: int, tail: int) -> None:
    sinks: list[io.BytesIO] = []

    def open_sink() -> io.BytesIO:
        sinks.append(io.BytesIO())
        return sinks[-1]

    capture = HeadTailCapture(head, tail, open_sink)
    for chunk in chunks:
        capture.feed(chunk)
    kept = capture.finish()
    whole = b"".join(chunks)
    assert kept.total_bytes == len(whole)
    assert whole.startswith(kept.head)
    assert whole.endswith(kept.tail)
    assert kept.elided_bytes == len(whole) - len(kept.head) - len(kept.tail)
    middle = whole[len(kept.head) : len(whole) - len(kept.tail)]
    assert kept.elided_lines == middle.count(b"\n")
    if len(whole) <= head + tail:
        assert (kept.head + kept.tail, sinks) == (whole, [])
    else:
        assert len(kept.head) > head - 4
        assert len(kept.tail) > tail - 4 or len(kept.tail) >= tail
        assert [sink.getvalue() for sink in sinks] == [whole]


@settings(max_examples=examples(200), deadline=None)
@given(text=st.text(alphabet="aé漢😀\n", min_size=30), head=st.integers(4, 20), tail=st.integers(4, 20))
def test_no_character_is_split(text: str, head: int, tail: int) -> None:
    capture = HeadTailCapture(head, tail)
    for byte in text.encode():
        capture.feed(bytes([byte]))
    kept = capture.finish()
    if kept.elided_bytes:
        assert text.startswith(kept.head.decode()) and text.endswith(kept.tail.decode())


def test_memory_stays_bounded() -> None:
    capture = HeadTailCapture(100, 100)
    for _ in range(2000):
        capture.feed(b"x" * 65536)
    assert len(capture._tail) <= 200 + 65536
