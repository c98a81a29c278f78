"""Messages as lines over pipes; what is no message is answered with an error, and the connection lives on."""

from __future__ import annotations

import asyncio
import json
from typing import Any, BinaryIO

from seedsmith.agent.frontends.jsonl import encode

MOST_BYTES = 64 << 20
"""A longer line is no message; a few pictures are some megabytes."""
_READ_AT_ONCE = 1 << 20
_PARSE_ERROR, _INVALID_REQUEST, _INTERNAL_ERROR = -32700, -32600, -32603
_AS_EXTENSIONS = frozenset({"session/delete"})
"""Methods that the library does not hand on by themselves; as extensions, with ``_`` before, it does."""
Message = dict[str, Any]


class Lines:
    """The library's ``Transport``; the library's own ends at the first line that is no object."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, message: Message) -> None:
        """Write ``message`` whole before anything else is done, so that messages keep their order."""
        self._writer.write(encode(message))
        await self._writer.drain()

    async def receive(self) -> Message | None:
        """The next message; None once the other side has closed."""
        while True:
            line = await self._line()
            if line is None:
                await self._refuse(_INVALID_REQUEST, f"A message holds at most {MOST_BYTES >> 20} MB")
                continue
            if not line:
                return None
            if not line.strip():
                continue
            try:
                message = _parsed(line)
            except (ValueError, RecursionError):
                await self._refuse(_PARSE_ERROR, "Parse error")
                continue
            fault = _fault(message)
            if not fault:
                return _answer(message) if "method" not in message else _request(message)
            own = message.get("id") if isinstance(message, dict) else None
            await self._refuse(_INVALID_REQUEST, fault, own if isinstance(own, str | int) else None)

    async def close(self) -> None:
        """Let go of the pipe, whether or not anybody reads it still."""
        if not self._writer.transport.is_closing():  # an editor that is gone has closed it
            self._writer.transport.abort()

    async def _line(self) -> bytes | None:
        """The next line, b'' at the end; None for one that is too long, which is read and forgotten."""
        parts: list[bytes] = []
        size = 0
        while True:
            try:
                part = await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                part = await self._reader.readexactly(error.consumed)
            except asyncio.IncompleteReadError as error:
                part = error.partial
                if not part:
                    return b"".join(parts)
            size += len(part)
            parts = [*parts, part] if size <= MOST_BYTES else []
            if part.endswith(b"\n"):
                return b"".join(parts) if size <= MOST_BYTES else None

    async def _refuse(self, code: int, message: str, request: str | int | None = None) -> None:
        error = {"code": code, "message": message}
        await self.send({"jsonrpc": "2.0", "id": request, "error": error})


def _parsed(line: bytes) -> Any:
    """The value of a line of JSON; half a character becomes ``?``, since nothing can be done with it."""
    value = json.loads(line)
    if b"\\ud" in line.lower():
        value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    return value


def _fault(message: Any) -> str:
    """What keeps ``message`` from being a request, a notification or an answer; '' where nothing does."""
    if not isinstance(message, dict):
        return "A message is one JSON object"
    if "method" in message:
        if not isinstance(message["method"], str):
            return "method is a text"
        if not isinstance(message.get("id"), str | int | None):
            return "id is a text or a number"
        return ""
    if isinstance(message.get("id"), int) and not isinstance(message["id"], bool):
        return ""
    return "A message has a method, or is an answer with the id of a request"


def _request(message: Message) -> Message:
    method = message["method"]
    return {**message, "method": f"_{method}" if method in _AS_EXTENSIONS else method}


def _answer(message: Message) -> Message:
    """An answer as the library can take it: what is wrong with an error must not end the connection."""
    error = message.get("error")
    if error is None or "result" in message:
        return message
    details = error if isinstance(error, dict) else {}
    code, words = details.get("code"), details.get("message")
    kept = {
        "code": code if isinstance(code, int) else _INTERNAL_ERROR,
        "message": words if isinstance(words, str) else "Error",
    }
    return {"id": message["id"], "error": kept}


async def open_lines(incoming: BinaryIO, outgoing: BinaryIO) -> Lines:
    """Messages over two pipes."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_READ_AT_ONCE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), incoming)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, outgoing)
    return Lines(reader, asyncio.StreamWriter(transport, protocol, None, loop))
