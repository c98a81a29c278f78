"""Wraps a connection and passes every request and answer to the recorder."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Protocol

from seedsmith.agent.models.network.transport import Reply, Transport, WrappedReply
from seedsmith.agent.models.tries.retry import BrokenAnswer, ServiceRefused, Unreachable
from seedsmith.agent.recording.format import Ending, ResponseLine

_OK = 200


class Listener(Protocol):
    """Receives the requests and answers."""

    def request(self, path: str, body: bytes) -> int:
        """Take a request and give it a number."""

    def response(self, response: ResponseLine) -> None:
        """Take an answer, or the failure to get one."""


class RecordTransport:
    """Implements :class:`seedsmith.agent.models.network.transport.Transport` over another one."""

    def __init__(self, inner: Transport, listener: Listener) -> None:
        self._inner = inner
        self._listener = listener

    async def post(self, path: str, body: bytes) -> Reply:
        """As the inner one does."""
        number = self._listener.request(path, body)
        start = time.monotonic()
        try:
            reply = await self._inner.post(path, body)
        except ServiceRefused as error:
            refusal = error.refusal
            self._listener.response(
                ResponseLine(
                    number,
                    "refused",
                    refusal.status,
                    message=str(error),
                    refusal=refusal,
                    retry_after=error.retry_after,
                )
            )
            raise
        except BrokenAnswer as error:
            self._listener.response(ResponseLine(number, "broken", message=str(error), code=error.code))
            raise
        except Unreachable as error:
            self._listener.response(
                ResponseLine(
                    number, "unreachable", message=str(error), code=error.code, lasting=error.lasting
                )
            )
            raise
        except asyncio.CancelledError:
            self._listener.response(ResponseLine(number, "waiting"))
            raise
        return RecordReply(reply, self._listener, number, start)

    async def aclose(self) -> None:
        """Close the inner one."""
        await self._inner.aclose()


class RecordReply(WrappedReply):
    """A reply that tells the listener what was read of it, and how it ended."""

    def __init__(self, inner: Reply, listener: Listener, number: int, start: float) -> None:
        super().__init__(inner)
        self._listener = listener
        self._start = start
        self._read: list[tuple[int, bytes]] = []
        headers = {"content-type": inner.content_type, "x-request-id": inner.request_id}
        self._line = ResponseLine(
            number, "left", _OK, {name: value for name, value in headers.items() if value}
        )
        self._reported = False

    async def chunk(self) -> bytes | None:
        """As the inner one does."""
        try:
            piece = await self._inner.chunk()
        except BrokenAnswer as error:
            self._report("broken", str(error), error.code)
            raise
        except asyncio.CancelledError:
            self._report("waiting")
            raise
        if piece is None:
            self._report("complete")
        elif piece:
            self._read.append((round((time.monotonic() - self._start) * 1000), piece))
        return piece

    async def finish(self) -> None:
        """As the inner one does; what comes after the answer is not recorded."""
        self._report("left")
        await super().finish()

    async def aclose(self) -> None:
        """Let go of the inner one."""
        self._report("left")
        await super().aclose()

    def _report(self, end: Ending, message: str = "", code: str = "") -> None:
        if not self._reported:
            self._reported = True
            pieces = tuple(at_line_ends(self._read))
            self._listener.response(replace(self._line, end=end, pieces=pieces, message=message, code=code))


def at_line_ends(chunks: list[tuple[int, bytes]]) -> list[tuple[int, str]]:
    """``chunks`` divided at line ends instead of where the network did, each with its time of arrival."""
    pieces, rest, at = [], b"", 0
    for at, chunk in chunks:
        whole, end, left = chunk.rpartition(b"\n")
        if end:
            pieces.append((at, (rest + whole + end).decode("utf-8", "surrogateescape")))
            rest = left
        else:
            rest += chunk
    if rest:
        pieces.append((at, rest.decode("utf-8", "surrogateescape")))
    return pieces
