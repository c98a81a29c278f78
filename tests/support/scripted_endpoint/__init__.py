"""A scripted model service on loopback: chat completions and Responses, over SSE and plain, and texts to go
on with. The same script serves either wire.

``tests/support`` is on the path of tests (``pythonpath`` in pyproject.toml); a started one is the fixture
``endpoint``::

    from scripted_endpoint import calls, error, text

    def test_it(endpoint):
        endpoint.script(calls(("read", {"path": "a.py"})), error(429, "ServerOverloaded"), text("done"))
        ...  # point a client at endpoint.base_url
        assert endpoint.requests[0].body["tools"]

Without pytest (benchmarks), put ``tests/support`` on the path, or start ``serve_endpoint.py`` there as a
process.

Headers and body of an answer leave in one write, so no timing carries a delayed ACK. Standard library only.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .forms import Answer, RecordedRequest, plain_body, stream_events

STALL_LIMIT_SECONDS = 300.0
"""A stalled answer ends at the latest after this."""


@dataclass(frozen=True)
class Raw:
    """Any bytes under any status: errors, broken JSON, recorded streams."""

    body: bytes
    status: int = 200
    content_type: str = "text/event-stream"
    headers: tuple[tuple[str, str], ...] = ()
    chunk: int = 0
    cut_after: int | None = None


Step = Answer | Raw
Script = Callable[[RecordedRequest], Step]


def text(content: str, **options: Any) -> Answer:
    """A plain text answer; ``options`` are fields of :class:`Answer`."""
    return Answer(text=content, **options)


def calls(*asked: tuple[str, Any], **options: Any) -> Answer:
    """An answer of tool calls: ``calls(("read", {"path": "a"}), ("shell", '{"broken'))``."""
    return Answer(calls=tuple(asked), **options)


def reasoning(thought: str, content: str = "", **options: Any) -> Answer:
    """An answer that thinks first (and says nothing besides, unless ``content`` is given)."""
    return Answer(reasoning=thought, text=content, **options)


def error(
    status: int,
    code: str,
    message: str = "refused by the script",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Raw:
    """An error body of the documented shape; ``more`` adds fields such as ``param``."""
    body = json.dumps({"error": {"code": code, "message": message, "param": "", "type": "", **more}})
    return Raw(body.encode(), status, "application/json", tuple((headers or {}).items()))


def raw(body: bytes, **options: Any) -> Raw:
    """Exactly these bytes; ``options`` are fields of :class:`Raw`."""
    return Raw(body, **options)


class Endpoint:
    """The server, in a thread of its own; a context manager."""

    def __init__(self, *steps: Step | Script, tls: ssl.SSLContext | None = None) -> None:
        """With ``tls`` it serves https."""
        self._tls = tls
        self.requests: list[RecordedRequest] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="endpoint", daemon=True)
        self._released = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        self._port = 0
        self.on_request: Callable[[RecordedRequest], None] | None = None
        self.script(*steps)

    def script(self, *steps: Step | Script) -> None:
        """Answer with these steps in order; the last step may be a function and serves all that follow."""
        self._steps = list(steps)

    @property
    def base_url(self) -> str:
        """What a client is pointed at."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}/v1"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    def release(self) -> None:
        """Let every stalled answer go on."""
        self._loop.call_soon_threadsafe(self._released.set)

    def __enter__(self) -> Endpoint:
        self._thread.start()
        start = asyncio.start_server(self._connection, "127.0.0.1", 0, limit=2**26, ssl=self._tls)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        port = writer.get_extra_info("peername")[1]
        try:
            while (request := await self._receive(reader, port)) is not None:
                self.requests.append(request)
                if self.on_request is not None:
                    self.on_request(request)
                if not await self._answer(self._step(request), request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _receive(self, reader: asyncio.StreamReader, port: int) -> RecordedRequest | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        arrived = time.monotonic()
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return RecordedRequest(method, path, headers, body, arrived, len(self.requests), port)

    def _step(self, request: RecordedRequest) -> Step:
        if request.method != "POST" or not request.path.endswith(("/completions", "/responses")):
            return error(404, "NotFound", f"nothing at {request.method} {request.path}")
        if not self._steps:
            return error(400, "ScriptExhausted", f"request {request.number} is one more than the script has")
        step = self._steps[0]
        if callable(step):
            return step(request)
        self._steps.pop(0)
        return step

    async def _answer(
        self, step: Step, request: RecordedRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Send it; returns whether the connection lives on."""
        if isinstance(step, Answer) and request.streaming:
            events = stream_events(step, request)
            if step.stall_after is not None:
                return await self._stall(step, events, reader, writer)
            step = Raw(b"".join(events), 200, "text/event-stream", step.headers, step.chunk, step.cut_after)
        elif isinstance(step, Answer):
            body = plain_body(step, request)
            step = Raw(body, 200, "application/json", step.headers, step.chunk, step.cut_after)
        body = step.body if step.cut_after is None else step.body[: step.cut_after]
        ending = b"0\r\n\r\n" if step.cut_after is None else b""
        writer.write(_head(step) + _chunks(body, step.chunk) + ending)
        await writer.drain()
        return step.cut_after is None

    async def _stall(
        self, answer: Answer, events: list[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        head = _head(Raw(b"", headers=answer.headers))
        writer.write(head + _chunks(b"".join(events[: answer.stall_after]), answer.chunk))
        await writer.drain()
        released = asyncio.ensure_future(self._released.wait())
        gone = asyncio.ensure_future(reader.read(1))
        try:
            waiting = (released, gone)
            await asyncio.wait(waiting, timeout=STALL_LIMIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not released.done():
                return False
        finally:
            released.cancel()
            gone.cancel()
            await asyncio.gather(released, gone, return_exceptions=True)
        writer.write(_chunks(b"".join(events[answer.stall_after :]), answer.chunk) + b"0\r\n\r\n")
        await writer.drain()
        return True


def _head(step: Raw) -> bytes:
    lines = [
        f"HTTP/1.1 {step.status} Scripted",
        f"content-type: {step.content_type}",
        "transfer-encoding: chunked",
    ]
    lines += [f"{name}: {value}" for name, value in step.headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunks(body: bytes, size: int) -> bytes:
    """HTTP chunks of ``size`` bytes, so that a client sees exactly these cuts however TCP joins them."""
    parts: Sequence[bytes] = (
        [body[i : i + size] for i in range(0, len(body), size)] if size else ([body] if body else [])
    )
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
