"""The user's own proxy between this machine and the internet; the way out goes through it.

``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy`` of the user's environment, in small letters or
capitals, as other programs read them; proxies of HTTP, over TLS or not, and of SOCKS 5.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from seedsmith.sandbox.errors import ProxyRefusedError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.network.socks_proxy import SocksProxy, Streams

_HEAD_SECONDS = 30.0
_PORTS = {"http": 80, "https": 443, "socks": 1080, "socks5": 1080, "socks5h": 1080}
_LONGEST_LOGIN = 255


@dataclass(frozen=True, slots=True)
class HttpProxy:
    """One proxy of the user's that speaks HTTP."""

    host: str
    port: int
    over_tls: bool = False
    authorization: bytes = b""
    """The header line, with its end, that it wants to see."""

    async def connect(self) -> Streams:
        """A connection to the proxy itself."""
        return await asyncio.open_connection(self.host, self.port, ssl=self.over_tls or None)

    async def tunnel(self, host: str, port: int, addresses: Sequence[str]) -> Streams:
        """A connection through it to ``host``, which it looks up; raises OSError where it makes none."""
        place = place_of(host, port)
        reader, writer = await self.connect()
        try:
            asked = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n".encode()
            writer.write(asked + self.authorization + b"\r\n")
            async with asyncio.timeout(_HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            status = head.partition(b"\r\n")[0].decode("ascii", "replace")
            if status.split(" ")[1:2] != ["200"]:
                raise ProxyRefusedError(status)
        except BaseException as error:
            writer.close()
            if isinstance(error, EOFError | asyncio.LimitOverrunError):
                raise ProxyRefusedError("no answer") from error
            raise
        return reader, writer


UpstreamProxy = HttpProxy | SocksProxy


def place_of(host: str, port: int) -> str:
    """Host and port as they stand in a request."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class UserProxies:
    """Which proxy a connection goes through, by the variables of ``environ``."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._for_tunnels = _first(environ, "https_proxy", "all_proxy")
        self._for_requests = _first(environ, "http_proxy", "all_proxy")
        self._without = {"no": _value(environ, "no_proxy")}

    def of(self, host: str, port: int, *, tunnel: bool) -> UpstreamProxy | None:
        """What a tunnel or a plain request to ``host`` goes through; None where it goes there directly."""
        proxy = self._for_tunnels if tunnel else self._for_requests
        if proxy is None or _is_loopback(host):
            return None
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

        return None if proxy_bypass_environment(f"{host}:{port}", self._without) else proxy


def _value(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper(), "")


def _first(environ: Mapping[str, str], *names: str) -> UpstreamProxy | None:
    for name in names:
        text = _value(environ, name)
        if text:
            return _read(text)
    return None


def _read(text: str) -> UpstreamProxy | None:
    """The proxy that ``text`` names; None where it is none of HTTP's or SOCKS 5's."""
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        if parts.scheme not in _PORTS or not parts.hostname:
            return None
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:
        return None
    login = _login(parts)
    if parts.scheme.startswith("socks"):
        if login is not None and max(map(len, login)) > _LONGEST_LOGIN:
            return None
        return SocksProxy(parts.hostname, port, parts.scheme == "socks5h", login)
    authorization = b""
    if login is not None:
        authorization = b"Proxy-Authorization: Basic " + base64.b64encode(b":".join(login)) + b"\r\n"
    return HttpProxy(parts.hostname, port, parts.scheme == "https", authorization)


def _login(parts: SplitResult) -> tuple[bytes, bytes] | None:
    if parts.username is None:
        return None
    return unquote_to_bytes(parts.username), unquote_to_bytes(parts.password or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
