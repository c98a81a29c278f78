"""An event loop that ends when it is told to, whatever a name server does."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any


class EventLoop(asyncio.SelectorEventLoop):
    """Looks names up in threads that nobody waits for.

    A lookup can't be cancelled and takes up to a minute where no name server answers. On the loop's own
    executor it would hold up the end of a program that was interrupted.
    """

    async def getaddrinfo(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        """As :func:`socket.getaddrinfo`, of which it has the arguments, the result and the errors."""
        found: asyncio.Future[Any] = self.create_future()

        def look_up() -> None:
            try:
                result, error = socket.getaddrinfo(host, port, family, type, proto, flags), None
            except Exception as failure:
                result, error = [], failure
            with suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
                self.call_soon_threadsafe(_settle, found, result, error)

        threading.Thread(target=look_up, name="look-up", daemon=True).start()
        return await found


def _settle(found: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if found.done():
        return
    if error is None:
        found.set_result(result)
    else:
        found.set_exception(error)
