"""Slow is not silent: data that trickles is waited for, comments alone are not."""

from __future__ import annotations

import itertools
import threading

import pytest
from relays import Relay

from seedsmith.agent.models.base import TextDelta
from seedsmith.agent.models.errors import StreamBroken
from seedsmith.agent.models.stream.stream import SseDecoder
from seedsmith.agent.models.tries.retry import RetryPolicy

STALL_SECONDS = 1.0
BYTE_SECONDS = 0.01
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
WHOLE = b'data: {"choices": [{"delta": {"content": "%b"}, "finish_reason": "stop"}]}\n\n' % (b"slow " * 20)


class Trickle(Relay):
    """A service that sends its answer one byte at a time."""

    def __init__(self, body):
        super().__init__()
        self._body = body

    def _route(self, client):
        client.recv(65536)
        client.sendall(HEAD)
        for byte in self._body:
            threading.Event().wait(BYTE_SECONDS)
            client.sendall(bytes((byte,)))
        raise OSError("done")


def asked(asking, trickle):
    return asking.model(
        base_url=f"http://127.0.0.1:{trickle.port}/v1",
        stall_seconds=STALL_SECONDS,
        retry=RetryPolicy(attempts=1),
    )


@pytest.mark.slow
async def test_one_event_that_takes_longer_than_the_stall_timer_is_waited_for(asking):
    assert len(WHOLE) * BYTE_SECONDS > 1.5 * STALL_SECONDS
    with Trickle(WHOLE) as trickle:
        parts = await asking.parts(asked(asking, trickle))
    assert TextDelta("slow " * 20) in parts and parts[-1].finish_reason == "stop"


@pytest.mark.slow
@pytest.mark.parametrize("noise", [b": keep-alive\n\n", b"event: ping\n\n", b"\n", b"retry: 1\n"])
async def test_comments_byte_by_byte_stall_out(asking, noise):
    with Trickle(itertools.cycle(noise)) as trickle:
        with pytest.raises(StreamBroken, match="stalled for 1 s") as stopped:
            await asking.answer(asked(asking, trickle))
    assert stopped.value.code == "stalled"


def test_data_on_its_way_is_told_from_comments():
    seen = []
    decoder = SseDecoder()
    for piece in (
        b":",
        b" x\n",
        b"d",
        b"ata",
        b":",
        b" 1",
        b"\n",
        b"event: a\n",
        b"\n",
        b"event: b",
        b"\n\n",
    ):
        decoder.feed(piece)
        seen.append(decoder.receiving)
    assert seen == [False, False, False, False, True, True, True, True, False, False, False]
