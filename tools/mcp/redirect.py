"""The way back from the person's browser: an address on loopback that hears what they were answered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

_PATH = "/callback"
_ASKED = re.compile(rb"GET (/\S*) HTTP/1\.[01]\r\n")
_HEAD_SECONDS = 10.0
_MOST_HEAD = 16 << 10
_PAGE = "<!doctype html><meta charset=utf-8><title>Seedsmith</title><p>{}</p>"
_HEARD = "Seedsmith has the answer. You can close this page."
_NOT_OURS = "This belongs to no sign-in that Seedsmith waits for."


class Redirect:
    """What the browser brings back, once; anything that doesn't carry the ``state`` is turned away."""

    def __init__(self) -> None:
        self.url = ""
        """Where the browser is to come back to."""
        self.state = ""
        """What it must bring; '' until it was sent on its way."""
        self._answer: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

    async def answer(self) -> dict[str, str]:
        """The parameters it came back with."""
        return await self._answer

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        try:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                async with asyncio.timeout(_HEAD_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                    status, said = ("200 OK", _HEARD) if self._take(head) else ("404 Not Found", _NOT_OURS)
                    page = _PAGE.format(said).encode()
                    writer.write(
                        f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n"
                        "Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode()
                        + page
                    )
                    await writer.drain()
        finally:
            writer.close()

    def _take(self, head: bytes) -> bool:
        """Whether a request's head is the awaited answer."""
        asked = _ASKED.match(head)
        target = urlsplit(asked[1].decode("ascii", "replace")) if asked else urlsplit("")
        given = {name: values[0] for name, values in parse_qs(target.query).items()}
        if target.path != _PATH or not self.state or given.get("state") != self.state:
            return False
        if not self._answer.done():
            self._answer.set_result(given)
        return True


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[Redirect]:
    """Wait for the browser on 127.0.0.1, at ``port`` or, for 0, at a free one. Raises OSError."""
    redirect = Redirect()
    server = await asyncio.start_server(redirect.hear, "127.0.0.1", port, limit=_MOST_HEAD)
    redirect.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{_PATH}"
    try:
        yield redirect
    finally:
        server.close()
