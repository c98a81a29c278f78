"""The user's own proxy where it speaks SOCKS 5 (RFC 1928), with a login where it wants one (RFC 1929)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import field

from seedsmith.sandbox.errors import ProxyRefusedError
from seedsmith.sandbox.lazy_dataclass import dataclass

_SECONDS = 30.0
_LENGTHS = {1: 4, 4: 16}
"""How long an address of each kind is; a name begins with its length."""
_NAME = 3

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class SocksProxy:
    """One proxy of the user's, which makes connections and reads nothing of what goes through them."""

    host: str
    port: int
    looks_names_up: bool = False
    """Whether names are left to it even where they are known here."""
    login: tuple[bytes, bytes] | None = field(default=None, repr=False)

    async def tunnel(self, host: str, port: int, addresses: Sequence[str]) -> Streams:
        """A connection through it to ``host``, at the first of ``addresses`` where there are any.

        Raises :class:`OSError` where it makes none.
        """
        there = addresses[0].partition("%")[0] if addresses and not self.looks_names_up else host
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            async with asyncio.timeout(_SECONDS):
                await self._greet(reader, writer)
                await _connect(reader, writer, there, port)
        except BaseException as error:
            writer.close()
            if isinstance(error, EOFError):
                raise ProxyRefusedError("no answer") from error
            raise
        return reader, writer

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from socksio import ProtocolError
        from socksio.socks5 import (
            SOCKS5AuthMethod,
            SOCKS5AuthMethodsRequest,
            SOCKS5AuthReply,
            SOCKS5UsernamePasswordReply,
            SOCKS5UsernamePasswordRequest,
        )

        methods = [SOCKS5AuthMethod.NO_AUTH_REQUIRED]
        methods += [SOCKS5AuthMethod.USERNAME_PASSWORD] if self.login is not None else []
        writer.write(SOCKS5AuthMethodsRequest(methods).dumps())
        said = await reader.readexactly(2)
        try:
            chosen = SOCKS5AuthReply.loads(said).method
        except ProtocolError:
            chosen = None
        if said[0] != 5 or chosen is None:
            raise ProxyRefusedError("it doesn't speak SOCKS 5")
        if chosen not in methods:
            raise ProxyRefusedError("it wants another login")
        if chosen is SOCKS5AuthMethod.USERNAME_PASSWORD and self.login is not None:
            writer.write(SOCKS5UsernamePasswordRequest(*self.login).dumps())
            if not SOCKS5UsernamePasswordReply.loads(await reader.readexactly(2)).success:
                raise ProxyRefusedError("it refused the login")


async def _connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
    """Ask for a connection; not a byte is read beyond the answer."""
    from socksio import ProtocolError
    from socksio.socks5 import SOCKS5Command, SOCKS5CommandRequest, SOCKS5Reply, SOCKS5ReplyCode

    writer.write(SOCKS5CommandRequest.from_address(SOCKS5Command.CONNECT, (host, port)).dumps())
    head = await reader.readexactly(4)
    kind = head[3]
    if kind != _NAME and kind not in _LENGTHS:
        raise ProxyRefusedError("it doesn't speak SOCKS 5")
    more = await reader.readexactly(1) if kind == _NAME else b""
    bound = await reader.readexactly((more[0] if more else _LENGTHS[kind]) + 2)
    try:
        code = SOCKS5Reply.loads(head + bound).reply_code
    except (ProtocolError, UnicodeError):
        raise ProxyRefusedError("it doesn't speak SOCKS 5") from None
    if code is not SOCKS5ReplyCode.SUCCEEDED:
        raise ProxyRefusedError(code.name.lower().replace("_", " "))
