"""A connection that returns recorded answers, without waiting and without a network."""

from __future__ import annotations

from collections.abc import Callable

from seedsmith.agent.models.network.transport import Reply, read_all
from seedsmith.agent.models.tries.retry import BrokenAnswer, ServiceRefused, Unreachable
from seedsmith.agent.recording.format import ResponseLine

Choose = Callable[[str, str], ResponseLine]
"""Finds the answer to a path and a body; raises :class:`seedsmith.agent.recording.errors.RecordingEnded`."""


class ReplayTransport:
    """Implements :class:`seedsmith.agent.models.network.transport.Transport`."""

    def __init__(self, choose: Choose) -> None:
        self._choose = choose

    async def post(self, path: str, body: bytes) -> Reply:
        """Fail as the recorded request failed, or return the answer it got."""
        response = self._choose(path, body.decode("utf-8", "surrogateescape"))
        if response.refusal is not None:
            raise ServiceRefused(response.refusal, response.retry_after)
        if response.end == "unreachable":
            raise Unreachable(response.message, response.code or "unreachable", lasting=response.lasting)
        if response.status is None and response.end == "broken":
            raise BrokenAnswer(response.message, response.code)
        if response.status is None:
            raise TimeoutError
        return ReplayReply(response)

    async def aclose(self) -> None:
        """Nothing is held."""


class ReplayReply:
    """Implements :class:`seedsmith.agent.models.network.transport.Reply`."""

    def __init__(self, response: ResponseLine) -> None:
        self._response = response
        self._pieces = iter(response.pieces)

    @property
    def content_type(self) -> str:
        """As recorded."""
        return self._response.headers.get("content-type", "")

    @property
    def request_id(self) -> str:
        """As recorded."""
        return self._response.headers.get("x-request-id", "")

    async def chunk(self) -> bytes | None:
        """The next piece; at the end of the pieces, what happened there."""
        piece = next(self._pieces, None)
        if piece is not None:
            return piece[1].encode("utf-8", "surrogateescape")
        if self._response.end == "broken":
            raise BrokenAnswer(self._response.message, self._response.code)
        if self._response.end == "waiting":
            raise TimeoutError
        return None

    async def read(self) -> bytes:
        """All of the body that is left."""
        return await read_all(self)

    async def finish(self) -> None:
        """There is no connection to use again."""

    async def aclose(self) -> None:
        """Nothing is held."""
