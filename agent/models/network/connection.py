"""The HTTP connection of a model: the openai SDK without its environment variables, with bounded answers."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from seedsmith.agent.models.address import is_loopback, proxy_for
from seedsmith.agent.models.network.certificates import Certificates
from seedsmith.agent.models.network.sdk import load_sdk
from seedsmith.agent.models.network.transport import read_all
from seedsmith.agent.models.network.unreachable import Route, explain, network_login, proxy_refused
from seedsmith.agent.models.tries.refusal_reader import parse_refusal
from seedsmith.agent.models.tries.retry import BrokenAnswer, FailedTry, RetryPolicy, ServiceRefused
from seedsmith.agent.version import VERSION

if TYPE_CHECKING:
    import httpx2
    import openai

RESPONSE_LIMIT_BYTES = 64 * 2**20
_GZIP_OR_ZLIB = 32 + 15
"""Of ``zlib``: either kind of head, the largest window."""
ERROR_LIMIT_BYTES = 64 * 2**10
"""At most this much of an error's body is read; its message is at the beginning."""
CONNECT_SECONDS = 20.0
KEEP_ALIVE_SECONDS = 30.0
LOOPBACK_KEEP_ALIVE_SECONDS = 1.0
"""Connecting is cheap there, and llama.cpp's server closes connections after five idle seconds."""
DRAIN_SECONDS = 0.1
"""How long to wait for the end of a body, without which the connection can't be used again."""


class _Begun:
    """A request that is made before its body is known, and sent with it; what became of it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.body: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.connected = False
        """Whether a connection was opened for it."""
        self.went_out = False
        self.task: asyncio.Task[Response]

    async def sent(self, body: bytes) -> Response:
        """What answers it, with ``body``."""
        self.body.set_result(body)
        task = self.task
        del self.task  # Its answer leads back here by what watches the request.
        return await task

    async def end(self) -> None:
        """End it, which was not sent."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


_BEGUN: ContextVar[_Begun] = ContextVar("_BEGUN")
"""Which one the SDK is at."""


class Response:
    """An answer whose head has come; its failures are :class:`BrokenAnswer`."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._chunks = response.aiter_bytes()  # decoded, should a service compress what was asked plain
        self._size = 0

    @property
    def content_type(self) -> str:
        """Lower case, without parameters; '' where none was sent."""
        kind: str = self._response.headers.get("content-type", "")
        return kind.partition(";")[0].strip().lower()

    @property
    def request_id(self) -> str:
        """The service's name for the request, '' where it gave none."""
        identity: str = self._response.headers.get("x-request-id", "")
        return identity

    async def chunk(self) -> bytes | None:
        """The next piece of the body; None at its end."""
        try:
            chunk = await anext(self._chunks, None)
        except _wire_errors() as error:
            raise BrokenAnswer(f"broke off ({str(error) or type(error).__name__})") from None
        self._size += len(chunk or b"")
        if self._size > RESPONSE_LIMIT_BYTES:
            raise BrokenAnswer(f"holds more than {RESPONSE_LIMIT_BYTES >> 20} MiB", "answer_too_large")
        return chunk

    async def read(self) -> bytes:
        """All of the body that is left."""
        return await read_all(self)

    async def finish(self) -> None:
        """Read on to the end, if it is near, so that the connection can be used again."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.read()
        except (TimeoutError, BrokenAnswer):
            pass  # closing it is all that is left to do

    async def aclose(self) -> None:
        """Let go of it, read or not."""
        await self._response.aclose()


class Connection:
    """One provider's address and key; opened on first use."""

    def __init__(
        self,
        base_url: str,
        key: str,
        environment: Mapping[str, str],
        retry: RetryPolicy,
        *,
        keep_alive: bool = True,
        ca_bundle: Path | None = None,
    ) -> None:
        """``environment`` is looked up for proxies and certificates, ``ca_bundle`` is trusted besides.

        Without ``keep_alive`` each request has a connection of its own. Raises
        :class:`seedsmith.agent.errors.UsageError` where one of them can't be used.
        """
        self._base_url = base_url
        self._retry = retry
        self._kept_connections = None if keep_alive else 0
        self._route = Route(base_url, proxy_for(base_url, environment), CONNECT_SECONDS)
        plain = base_url.startswith("http:") and not (self._route.proxy or "").startswith("https:")
        self._certificates = None if plain else Certificates(ca_bundle, environment)
        self._next: _Begun | None = None
        self._headers = {
            "Accept": "application/json, text/event-stream",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": f"seedsmith/{VERSION}",
        }
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._client: openai.AsyncOpenAI | None = None

    async def post(self, path: str, body: bytes) -> Response:
        """Send ``body`` and return once the answer's head is there; raises :class:`FailedTry`.

        A kept connection that the service closed just then is no failure: ``body`` is sent once more.
        """
        if self._client is None:
            self._client = await asyncio.to_thread(self._open)
        client = self._client
        if self._next is not None and self._next.path != path:
            await self._end_next()
        begun, self._next = self._next or self._begin(client, path), None
        try:
            return await begun.sent(body)
        except BrokenAnswer:
            if begun.connected:
                raise
            return await self._begin(client, path).sent(body)

    def _begin(self, client: openai.AsyncOpenAI, path: str) -> _Begun:
        """Have the SDK make a request, which takes it longer than to send one."""
        begun = _Begun(path)
        begun.task = asyncio.create_task(self._send(client, begun))
        return begun

    async def _end_next(self) -> None:
        begun, self._next = self._next, None
        if begun is not None:
            await begun.end()

    async def _send(self, client: openai.AsyncOpenAI, begun: _Begun) -> Response:
        import httpx2
        import openai

        _BEGUN.set(begun)
        try:
            # the raw response: the SDK's own walk over messages and events grows with them
            response: Any = await client.post(
                begun.path,
                cast_to=httpx2.Response,
                content=b"",
                options={"headers": self._headers},
                stream=True,
                stream_cls=openai.AsyncStream[Any],
            )
        except openai.APIStatusError as error:
            raise self._refused(error.response) from None
        except openai.APIConnectionError as error:
            raise self._failed(error.__cause__ or error, begun) from None
        except (*_wire_errors(), *_socks_errors()) as error:
            raise self._failed(error, begun) from None
        return Response(response)

    async def aclose(self) -> None:
        """Close it; a later :meth:`post` opens it anew."""
        await self._end_next()
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    def _open(self) -> openai.AsyncOpenAI:
        load_sdk()
        import httpx2
        import openai

        host = urlsplit(self._base_url).hostname or ""
        idle = LOOPBACK_KEEP_ALIVE_SECONDS if is_loopback(host) else KEEP_ALIVE_SECONDS
        client = httpx2.AsyncClient(
            transport=_bounded(
                httpx2.AsyncHTTPTransport(
                    verify=self._verification(),
                    proxy=self._route.proxy,
                    limits=httpx2.Limits(
                        max_keepalive_connections=self._kept_connections, keepalive_expiry=idle
                    ),
                    trust_env=False,
                )
            ),
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            trust_env=False,
            follow_redirects=False,
            event_hooks={"request": [self._complete, self._watch]},
        )
        sdk = openai.AsyncOpenAI(base_url=self._base_url, api_key="unused", max_retries=0, http_client=client)
        # else it runs uname before its first request, for a header that we take away again
        sdk._platform = "Unknown"
        return sdk

    async def _complete(self, request: httpx2.Request) -> None:
        """Wait for its body; undo what the SDK adds of itself and from ``OPENAI_CUSTOM_HEADERS`` and such."""
        import httpx2

        body = await _BEGUN.get().body
        request.stream = httpx2.ByteStream(body)
        request.headers = httpx2.Headers(
            {
                "Host": request.url.netloc.decode("ascii"),
                "Connection": "keep-alive",
                "Content-Length": str(len(body)),
                **self._headers,
            }
        )

    async def _watch(self, request: httpx2.Request) -> None:
        """Note what becomes of it, bound a proxy's word, and begin the next while this one is answered."""
        begun = _BEGUN.get()
        waits = request.extensions["timeout"] = {**request.extensions["timeout"], "read": CONNECT_SECONDS}

        async def note(event: str, details: Mapping[str, Any]) -> None:
            if event.endswith(".connect_tcp.started"):
                begun.connected = True
            elif event == "http11.send_request_headers.started" and details["request"].method != b"CONNECT":
                begun.went_out = True
                waits["read"] = None  # how long an answer may take is the model's to say
            elif event == "http11.send_request_body.complete" and begun.went_out and self._client is not None:
                self._next = self._next or self._begin(self._client, begun.path)

        request.extensions["trace"] = note

    def _verification(self) -> Any:
        """What httpx verifies by; None where nothing is secured: to make it takes 1 ms and 0.5 MB."""
        return None if self._certificates is None else self._certificates.context()

    def _refused(self, response: httpx2.Response) -> FailedTry:
        if response.status_code == 407:
            return proxy_refused("407", self._route)
        if response.status_code == 511:
            return network_login()
        refusal = parse_refusal(response.status_code, response.content, response.headers.get("location", ""))
        return ServiceRefused(refusal, self._retry.retry_after(response.headers))

    def _failed(self, error: BaseException, begun: _Begun) -> FailedTry:
        """Tell a request that never went out from an answer that broke off before its head."""
        if not begun.went_out:
            return explain(error, self._route)
        return BrokenAnswer(f"broke off early ({str(error) or type(error).__name__})")


def _wire_errors() -> tuple[type[Exception], ...]:
    import anyio
    import httpx2

    return (httpx2.HTTPError, httpx2.StreamError, ssl.SSLError, anyio.EndOfStream, OSError)


def _socks_errors() -> tuple[type[Exception], ...]:
    """The exceptions that a proxy causes which doesn't speak SOCKS."""
    import socksio

    return (socksio.SOCKSError, AssertionError)


def _bounded(inner: httpx2.AsyncHTTPTransport) -> httpx2.AsyncBaseTransport:
    """``inner`` with errors' bodies cut off at :data:`ERROR_LIMIT_BYTES`: the SDK reads them whole."""
    import httpx2

    class BoundedStream(httpx2.AsyncByteStream):
        def __init__(self, stream: httpx2.AsyncByteStream, *, packed: bool) -> None:
            self._stream = stream
            self._unpack = zlib.decompressobj(_GZIP_OR_ZLIB).decompress if packed else None

        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = ERROR_LIMIT_BYTES
            async for chunk in self._stream:
                try:
                    piece = self._unpack(chunk, left) if self._unpack else chunk
                except zlib.error:
                    return
                yield piece[:left]
                left -= len(piece)
                if left <= 0:
                    return

        async def aclose(self) -> None:
            await self._stream.aclose()

    class BoundedTransport(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await inner.handle_async_request(request)
            if response.status_code >= 300:
                assert isinstance(response.stream, httpx2.AsyncByteStream)
                packed = response.headers.get("content-encoding", "").strip().lower() in ("gzip", "deflate")
                if packed:  # Unpacked here, where it is bounded, and not again.
                    del response.headers["content-encoding"]
                response.stream = BoundedStream(response.stream, packed=packed)
            return response

        async def aclose(self) -> None:
            await inner.aclose()

    return BoundedTransport()
