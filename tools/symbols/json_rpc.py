"""JSON-RPC with a started language server: a library's endpoint over the sandbox's conversation, bounded."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from seedsmith.sandbox.errors import SandboxError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from seedsmith.sandbox.commands.server_process import ServerProcess

Handlers = Mapping[str, Callable[[Any], Any]]
"""What answers the server's own requests and hears its notifications, by method."""
MOST_MESSAGE_BYTES = 16 << 20
MOST_HEADER_BYTES = 4 << 10
"""More without a message is no header."""
MOST_UNASKED = 20_000
"""So many messages between two of ours are a flood."""
MOST_FAULTS = 100
"""So many messages that are none, or that nobody here understands, are passed over."""
_SEND_SECONDS = 10.0
_STOPPED = "Stopped: its session no longer needs it."


class NoAnswer(Exception):
    """The server refused, ended, or said what is no answer; ``code`` is what it calls that, if anything."""

    def __init__(self, said: str, code: int = 0) -> None:
        super().__init__(said)
        self.code = code


class Peer:
    """One conversation; whoever makes it awaits :meth:`close`."""

    def __init__(self, talk: ServerProcess, handlers: Handlers) -> None:
        from pylsp_jsonrpc.endpoint import Endpoint

        logging.getLogger("pylsp_jsonrpc").setLevel(logging.CRITICAL + 1)  # it prints what servers get wrong
        self._talk = talk
        self._numbers = count(1)
        self._last = 0
        self._endpoint = Endpoint(dict(handlers), self._send, id_generator=self._number)
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._waiting: set[asyncio.Future[Any]] = set()
        self._unasked = 0
        self._faults = 0
        self.gone = False
        """Whether it ended, or was given up."""
        self._tasks = [asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._write())]

    async def request(self, method: str, params: Any) -> Any:
        """What the server answers; raises :class:`NoAnswer`. Cancelling tells the server so."""
        if self.gone:
            raise NoAnswer("it has ended")
        self._unasked = 0
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        self._endpoint.request(method, params).add_done_callback(lambda done: _hand_on(done, waiting))
        number = self._last
        try:
            return await waiting
        except asyncio.CancelledError:
            self.notify("$/cancelRequest", {"id": number})
            raise
        finally:
            self._waiting.discard(waiting)

    def notify(self, method: str, params: Any) -> None:
        """Say something that has no answer."""
        if not self.gone:
            self._unasked = 0
            self._endpoint.notify(method, params)

    async def close(self) -> None:
        """End the server, whatever it does; cancelling waits until then all the same."""
        from seedsmith.sandbox.commands.command import finish

        self._end()
        await finish(self._closed())

    async def _closed(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        self._endpoint.shutdown()
        await self._talk.stop(_STOPPED)

    def _number(self) -> int:
        self._last = next(self._numbers)
        return self._last

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps(message).encode()
        self._outgoing.put_nowait(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    async def _write(self) -> None:
        with contextlib.suppress(SandboxError, OSError):
            while await self._talk.send(await self._outgoing.get(), _SEND_SECONDS):
                pass
        self._end()

    async def _receive(self) -> None:
        buffer = bytearray()
        with contextlib.suppress(SandboxError, OSError, ValueError):
            while self._faults <= MOST_FAULTS and (data := await self._talk.receive()):
                buffer += data
                while (body := _framed(buffer)) is not None:
                    self._take(body)
        self._end()

    def _take(self, body: bytes) -> None:
        """Hand one message to the endpoint; raises ValueError for a flood."""
        self._unasked += 1
        if self._unasked > MOST_UNASKED:
            raise ValueError("a flood")
        try:
            self._endpoint.consume(json.loads(body))
        except Exception:  # the endpoint takes the form of messages on trust
            self._faults += 1

    def _end(self) -> None:
        self.gone = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(NoAnswer("it has ended"))


def _hand_on(done: Future[Any], waiting: asyncio.Future[Any]) -> None:
    if waiting.done():
        return
    error = done.exception()
    if error is None:
        waiting.set_result(done.result())
        return
    code = getattr(error, "code", 0)
    waiting.set_exception(NoAnswer(str(error)[:300], code if isinstance(code, int) else 0))


def _framed(buffer: bytearray) -> bytes | None:
    """Take the first whole message out of ``buffer``; None where there is none yet.

    Raises ValueError for what is no message, or too long for one.
    """
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > MOST_HEADER_BYTES:
            raise ValueError("no header")
        return None
    fields = (line.partition(b":") for line in bytes(buffer[:end]).split(b"\r\n"))
    sizes = [int(value) for name, _, value in fields if name.strip().lower() == b"content-length"]
    if len(sizes) != 1 or not 0 <= sizes[0] <= MOST_MESSAGE_BYTES:
        raise ValueError("no length")
    start = end + 4
    if len(buffer) < start + sizes[0]:
        return None
    body = bytes(buffer[start : start + sizes[0]])
    del buffer[: start + sizes[0]]
    return body
