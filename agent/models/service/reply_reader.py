"""Reads the bytes of one reply, a stream or a plain answer, into the parts of an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from seedsmith.agent.models.network.transport import Reply
from seedsmith.agent.models.stream.body_kind import SniffedReply
from seedsmith.agent.models.stream.stream import DONE, AnswerAssembler, Delta, SseDecoder
from seedsmith.agent.models.tries.retry import BrokenAnswer

PLAIN_SECONDS = 600.0
"""How long an answer that is not streamed may take; nothing of it arrives before it is complete."""
USAGE_SECONDS = 5.0
"""How long to wait for the usage once the answer itself is complete."""


async def read_reply(
    reply: Reply, assembler: AnswerAssembler, *, streamed: bool, stall_seconds: float
) -> AsyncGenerator[Delta, None]:
    """Feed ``reply`` to ``assembler`` and yield what it makes of it.

    ``streamed`` says that a stream was asked for; whether one came is seen by its first byte, else by its
    label. A stream may stay ``stall_seconds`` without data. Raises :class:`BrokenAnswer` where the reply
    ends or stalls before the answer is whole.
    """
    kind = reply.content_type
    labelled_plain = kind.endswith("json") or (not streamed and kind != "text/event-stream")
    sniffed = SniffedReply(reply)
    seconds = stall_seconds if streamed else PLAIN_SECONDS
    try:
        async with asyncio.timeout(seconds):
            seen_plain = await sniffed.is_json()
    except TimeoutError:
        raise _late(seconds, streamed=streamed) from None
    plain = labelled_plain if seen_plain is None else seen_plain
    deltas = _read_plain(sniffed, assembler) if plain else _read_stream(sniffed, assembler, stall_seconds)
    async with aclosing(deltas):
        async for delta in deltas:
            yield delta


async def _read_plain(reply: Reply, assembler: AnswerAssembler) -> AsyncGenerator[Delta, None]:
    try:
        async with asyncio.timeout(PLAIN_SECONDS):
            body = await reply.read()
    except TimeoutError:
        raise _late(PLAIN_SECONDS, streamed=False) from None
    for delta in assembler.feed_plain(body):
        yield delta
    for delta in assembler.close():
        yield delta


async def _read_stream(
    reply: Reply, assembler: AnswerAssembler, stall_seconds: float
) -> AsyncGenerator[Delta, None]:
    decoder = SseDecoder()
    clock = asyncio.get_running_loop().time
    deadline = clock() + stall_seconds
    ended = False
    settled: float | None = None  # when the answer was seen complete
    while not ended:
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await reply.chunk()
        except (TimeoutError, BrokenAnswer) as error:
            if assembler.settled:
                break  # only the usage or the end mark is missing
            if isinstance(error, BrokenAnswer):
                raise
            raise _late(stall_seconds, streamed=True) from None
        ended = chunk is None
        events = decoder.close() if chunk is None else decoder.feed(chunk)
        for event in events:
            if event.strip() == DONE:
                ended = assembler.end_marked = True
                break
            for delta in assembler.feed(event):
                yield delta
        ended = ended or assembler.ended
        if events or decoder.receiving:  # comments are no data
            deadline = clock() + stall_seconds
        if assembler.settled:  # however much more comes
            settled = clock() if settled is None else settled
            deadline = settled + min(USAGE_SECONDS, stall_seconds)
            ended = ended or clock() > deadline
    await reply.finish()
    for delta in assembler.close():
        yield delta


def _late(seconds: float, *, streamed: bool) -> BrokenAnswer:
    return BrokenAnswer(f"stalled for {seconds:g} s" if streamed else "did not end in time", "stalled")
