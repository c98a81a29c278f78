"""The interface of a connection, so that another can replace it (``agent/recording``)."""

from __future__ import annotations

from typing import Protocol

from seedsmith.agent.models.tries.retry import RetryPolicy


class Reply(Protocol):
    """An answer whose head has come; its failures are :class:`BrokenAnswer`."""

    @property
    def content_type(self) -> str:
        """Lower case, without parameters; '' where none was sent."""

    @property
    def request_id(self) -> str:
        """The service's name for the request, '' where it gave none."""

    async def chunk(self) -> bytes | None:
        """The next piece of the body; None at its end."""

    async def read(self) -> bytes:
        """All of the body that is left."""

    async def finish(self) -> None:
        """Read on to the end, if it is near, so that the connection can be used again."""

    async def aclose(self) -> None:
        """Let go of it, read or not."""


async def read_all(reply: Reply) -> bytes:
    """Its chunks to the end of the body, as one."""
    pieces = []
    while (piece := await reply.chunk()) is not None:
        pieces.append(piece)
    return b"".join(pieces)


class WrappedReply:
    """Implements :class:`Reply` as another one does; subclasses change some of it."""

    def __init__(self, inner: Reply) -> None:
        self._inner = inner

    @property
    def content_type(self) -> str:
        """As the inner one has it."""
        return self._inner.content_type

    @property
    def request_id(self) -> str:
        """As the inner one has it."""
        return self._inner.request_id

    async def chunk(self) -> bytes | None:
        """As the inner one does."""
        return await self._inner.chunk()

    async def read(self) -> bytes:
        """All of the body that is left, by :meth:`chunk`."""
        return await read_all(self)

    async def finish(self) -> None:
        """As the inner one does."""
        await self._inner.finish()

    async def aclose(self) -> None:
        """Close the inner one."""
        await self._inner.aclose()


class Transport(Protocol):
    """Carries requests to a service and its answers back."""

    async def post(self, path: str, body: bytes) -> Reply:
        """Send ``body`` and return once the answer's head is there.

        Raises :class:`seedsmith.agent.models.tries.retry.FailedTry`.
        """

    async def aclose(self) -> None:
        """Close it; a later :meth:`post` opens it anew."""


class TransportInterceptor(Protocol):
    """What stands between a model and its connection where a run is recorded or replayed."""

    @property
    def replays(self) -> bool:
        """Whether answers come from a recording: then no service, key or weights are needed."""

    def transport(self, inner: Transport) -> Transport:
        """What the model is to use in place of ``inner``."""

    def retry(self, policy: RetryPolicy) -> RetryPolicy:
        """How it is to wait between tries."""
