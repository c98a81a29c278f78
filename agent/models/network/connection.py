"""The HTTP connection of a model: httpcore2 with our own headers, proxies, and bounded answers."""

from __future__ import annotations

import asyncio
import ssl
import threading
import zlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from seedsmith.agent.models.address import ascii_url, is_loopback, proxy_for
from seedsmith.agent.models.network.certificates import Certificates
from seedsmith.agent.models.network.transport import read_all
from seedsmith.agent.models.network.unreachable import Route, explain, network_login, proxy_refused
from seedsmith.agent.models.tries.refusals import parse_refusal
from seedsmith.agent.models.tries.retry import BrokenAnswer, FailedTry, RetryPolicy, ServiceRefused
from seedsmith.agent.version import VERSION

if TYPE_CHECKING:
    import httpcore2

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
_PIECE_BYTES = 2**20
"""At most this much of a packed body is unpacked at once."""


def import_in_background() -> None:
    """Begin to import what sends requests, in a thread."""
    threading.Thread(target=import_module, args=("httpcore2",), name="import-httpcore2", daemon=True).start()


class Response:
    """An answer whose head has come; its failures are :class:`BrokenAnswer`."""

    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response
        self._headers = _headers_of(response)
        self._chunks = _unpacked(response, self._headers)
        self._size = 0

    @property
    def content_type(self) -> str:
        """Lower case, without parameters; '' where none was sent."""
        return self._headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def request_id(self) -> str:
        """The service's name for the request, '' where it gave none."""
        return self._headers.get("x-request-id", "")

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
        await self._chunks.aclose()
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
        self._url = ascii_url(base_url)
        self._retry = retry
        self._kept_connections = None if keep_alive else 0
        self._route = Route(base_url, proxy_for(base_url, environment), CONNECT_SECONDS)
        plain = base_url.startswith("http:") and not (self._route.proxy or "").startswith("https:")
        self._certificates = None if plain else Certificates(ca_bundle, environment)
        self._connected = 0
        self._sent = 0
        self._headers = {
            "Host": urlsplit(self._url).netloc,
            "Connection": "keep-alive",
            "Accept": "application/json, text/event-stream",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": f"seedsmith/{VERSION}",
        }
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._pool: httpcore2.AsyncConnectionPool | None = None

    async def post(self, path: str, body: bytes) -> Response:
        """Send ``body`` and return once the answer's head is there; raises :class:`FailedTry`.

        A kept connection that the service closed just then is no failure: ``body`` is sent once more.
        """
        if self._pool is None:
            self._pool = await asyncio.to_thread(self._open)
        connected = self._connected
        try:
            return await self._send(self._pool, path, body)
        except BrokenAnswer:
            if self._connected != connected:
                raise
            return await self._send(self._pool, path, body)

    async def _send(self, pool: httpcore2.AsyncConnectionPool, path: str, body: bytes) -> Response:
        import httpcore2

        sent = self._sent
        request = httpcore2.Request(
            "POST",
            self._url + path,
            headers=[*self._headers.items(), ("Content-Length", str(len(body)))],
            content=body,
            extensions=self._watched(),
        )
        try:
            response = await pool.handle_async_request(request)
        except Exception as error:  # a proxy of another kind makes the libraries raise whatever they like
            raise self._failed(error, sent) from None
        if response.status >= 300:
            raise await self._refused(response)
        return Response(response)

    async def aclose(self) -> None:
        """Close it; a later :meth:`post` opens it anew."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    def _open(self) -> httpcore2.AsyncConnectionPool:
        import httpcore2

        host = urlsplit(self._base_url).hostname or ""
        kept: dict[str, Any] = {
            "ssl_context": self._verification(),
            "max_connections": None,
            "max_keepalive_connections": self._kept_connections,
            "keepalive_expiry": LOOPBACK_KEEP_ALIVE_SECONDS if is_loopback(host) else KEEP_ALIVE_SECONDS,
        }
        if self._route.proxy is None:
            return httpcore2.AsyncConnectionPool(**kept)
        proxy = urlsplit(self._route.proxy)
        login = (unquote(proxy.username or "").encode(), unquote(proxy.password or "").encode())
        kept |= {"proxy_url": ascii_url(self._route.proxy), "proxy_auth": login if any(login) else None}
        if proxy.scheme.startswith("socks"):
            return httpcore2.AsyncSOCKSProxy(**kept)
        return httpcore2.AsyncHTTPProxy(**kept)

    def _watched(self) -> dict[str, Any]:
        """What has the connections opened and the requests sent counted, and bounds a proxy's word before."""
        waits: dict[str, float | None] = {"connect": CONNECT_SECONDS, "read": CONNECT_SECONDS}

        async def note(event: str, details: Mapping[str, Any]) -> None:
            if event.endswith(".connect_tcp.started"):
                self._connected += 1
            elif event == "http11.send_request_headers.started" and details["request"].method != b"CONNECT":
                self._sent += 1
                waits["read"] = None  # how long an answer may take is the model's to say

        return {"timeout": waits, "trace": note}

    def _verification(self) -> ssl.SSLContext:
        if self._certificates is None:
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody; loading authorities costs 20 ms
        return self._certificates.context()

    async def _refused(self, response: httpcore2.Response) -> FailedTry:
        headers = _headers_of(response)
        try:
            content = await _beginning(response, headers)
        finally:
            await response.aclose()
        if response.status == 407:
            return proxy_refused("407", self._route)
        if response.status == 511:
            return network_login()
        refusal = parse_refusal(response.status, content, headers.get("location", ""))
        return ServiceRefused(refusal, self._retry.retry_after(headers))

    def _failed(self, error: BaseException, sent: int) -> FailedTry:
        """Tell a request that never went out from an answer that broke off before its head."""
        if self._sent == sent:
            return explain(error, self._route)
        return BrokenAnswer(f"broke off early ({str(error) or type(error).__name__})")


def _headers_of(response: httpcore2.Response) -> dict[str, str]:
    """The head's fields, their names in lower case."""
    return {
        name.decode("latin-1").lower(): value.decode("utf-8", errors="replace")
        for name, value in response.headers
    }


async def _unpacked(response: httpcore2.Response, headers: Mapping[str, str]) -> AsyncGenerator[bytes, None]:
    """The body piece by piece, unpacked should a service compress what was asked plain."""
    packed = headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip", "deflate")
    unpack = zlib.decompressobj(_GZIP_OR_ZLIB) if packed else None
    async with aclosing(response.aiter_stream()) as chunks:
        async for chunk in chunks:
            if unpack is None:
                yield chunk
                continue
            while chunk:
                yield unpack.decompress(chunk, _PIECE_BYTES)
                chunk = unpack.unconsumed_tail
    if unpack is not None:
        yield unpack.flush()


async def _beginning(response: httpcore2.Response, headers: Mapping[str, str]) -> bytes:
    """The first :data:`ERROR_LIMIT_BYTES` of an error's body, or what came of them."""
    read = b""
    try:
        async with aclosing(_unpacked(response, headers)) as chunks:
            async for chunk in chunks:
                read += chunk
                if len(read) >= ERROR_LIMIT_BYTES:
                    break
    except _wire_errors():
        pass
    return read[:ERROR_LIMIT_BYTES]


def _wire_errors() -> tuple[type[Exception], ...]:
    """What reading an answer may raise."""
    import httpcore2

    known = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException)
    return (*known, zlib.error, OSError)
