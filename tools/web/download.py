"""Gets one document over http: bounded in size, time and redirects, from addresses that were looked at."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.network.allowed_hosts import Allowed
from seedsmith.sandbox.workspace.paths import shown
from seedsmith.tools.base import ToolError
from seedsmith.tools.text import human_bytes

if TYPE_CHECKING:
    import httpcore2

MOST_BYTES = 10_000_000
MOST_REDIRECTS = 5
SECONDS = 30.0
_CONNECT_SECONDS = 10.0
_KEPT = "/%:@!$&'()*+,;=~"
_AGENT = b"Mozilla/5.0 (compatible; seedsmith)"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as it came."""

    url: str
    """Where it was in the end."""
    status: int
    content_type: str
    """As the server says, in lower case."""
    data: bytes


async def fetch(url: str, allow: tuple[str, ...]) -> Fetched:
    """Get ``url``; hosts are those that ``allow`` names, or all public ones where it is empty.

    Raises :class:`ToolError` for what can't be had, in one sentence.
    """
    import httpcore2

    gate = _Gate(Allowed(allow), everything=not allow)
    try:
        async with asyncio.timeout(SECONDS):
            async with httpcore2.AsyncConnectionPool(network_backend=_backend(gate)) as pool:
                for _ in range(MOST_REDIRECTS + 1):
                    url = _plain(url)
                    gate.check(url)
                    fetched, further = await _one(pool, url)
                    if fetched is not None:
                        return fetched
                    url = urljoin(url, further)
    except TimeoutError:
        raise ToolError(f"fetch: {shown(url)[:200]} did not come within {SECONDS:g} seconds.") from None
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
        why = f"{error}" or type(error).__name__
        raise ToolError(f"fetch: {shown(url)[:200]} can't be had: {shown(why)[:200]}.") from None
    raise ToolError(f"fetch: {shown(url)[:200]} leads on more than {MOST_REDIRECTS} times.")


def _plain(url: str) -> str:
    """``url`` in ASCII and without its fragment; raises :class:`ToolError` where it is none."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        raise ToolError(f"fetch: {shown(url)[:200]} is no http or https address.") from None
    host = f"[{host}]" if ":" in host else host
    path, query = quote(parts.path or "/", safe=_KEPT), quote(parts.query, safe=_KEPT + "?")
    return urlunsplit((parts.scheme, host + port, path, query, ""))


async def _one(pool: httpcore2.AsyncConnectionPool, url: str) -> tuple[Fetched | None, str]:
    """The document, or where it is to be had instead."""
    headers = [(b"User-Agent", _AGENT), (b"Accept", b"text/html,text/*,*/*")]
    headers.append((b"Accept-Encoding", b"identity"))
    async with pool.stream("GET", url, headers=headers) as response:
        said = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        if response.status in (301, 302, 303, 307, 308) and said.get(b"location"):
            return None, said[b"location"]
        parts, size = [], 0
        async for part in response.aiter_stream():
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise ToolError(f"fetch: {shown(url)[:200]} is larger than {human_bytes(MOST_BYTES)}.")
    kind = said.get(b"content-type", "").lower()
    return Fetched(url, response.status, kind, b"".join(parts)), ""


class _Gate:
    """Which hosts and addresses are reached."""

    def __init__(self, allowed: Allowed, *, everything: bool) -> None:
        self._allowed = allowed
        self._everything = everything

    def check(self, url: str) -> None:
        """Raise :class:`ToolError` for an address that is not fetched."""
        parts = urlsplit(url)
        host = parts.hostname
        if not host or parts.scheme not in ("http", "https"):
            raise ToolError(f"fetch: {shown(url)[:200]} is no http or https address.")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if not self._everything and not self._allowed.names(host, port):
            raise ToolError(f"fetch: {shown(host)}:{port} is not among the hosts that --network allow names.")

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where ``host`` is, public or named by the user."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise ToolError(f"fetch: the host {shown(host)[:200]} is not known.") from None
        every = list(dict.fromkeys(str(each[4][0]) for each in found))
        usable = [address for address in every if self._allowed.may_lead_to(address, port)]
        if not usable:
            where = ", ".join(every[:3])
            raise ToolError(f"fetch: {shown(host)[:200]} leads to {where}, which is private and not fetched.")
        return usable


def _backend(gate: _Gate) -> httpcore2.AsyncNetworkBackend:
    import httpcore2

    class Checked(httpcore2.AsyncNetworkBackend):
        """Connects to addresses that were looked at, never to a name again."""

        def __init__(self) -> None:
            self._inner = httpcore2.AnyIOBackend()

        async def connect_tcp(self, host: str, port: int, *given: Any, **named: Any) -> Any:
            addresses = await gate.addresses(host, port)
            for address in addresses[:-1]:
                try:
                    return await self._inner.connect_tcp(address, port, timeout=_CONNECT_SECONDS)
                except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                    continue
            return await self._inner.connect_tcp(addresses[-1], port, timeout=_CONNECT_SECONDS)

        async def sleep(self, seconds: float) -> None:
            await self._inner.sleep(seconds)

    return Checked()
