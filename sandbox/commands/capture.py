"""The first and last bytes of a stream in bounded memory, with exact counts of what lies between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from seedsmith.sandbox.lazy_dataclass import dataclass

_LONGEST_UTF8_TAIL = 3


class Sink(Protocol):
    """Where the whole stream goes once it no longer fits."""

    def write(self, data: bytes) -> None:
        """Append ``data``."""


@dataclass(frozen=True, slots=True)
class Captured:
    """What was kept of a stream; ``head + tail`` is all of it where nothing was elided."""

    head: bytes
    tail: bytes
    elided_bytes: int
    elided_lines: int
    """Line ends among the elided bytes."""
    total_bytes: int


class HeadTailCapture:
    """Keeps ``head_bytes`` and ``tail_bytes`` of what is fed to it.

    ``open_sink`` is called once, when more arrives than both can hold; the sink gets everything from the
    first byte on. Cuts never split a UTF-8 character.
    """

    def __init__(self, head_bytes: int, tail_bytes: int, open_sink: Callable[[], Sink] | None = None) -> None:
        self._head_bytes = head_bytes
        self._tail_bytes = tail_bytes
        self._open_sink = open_sink
        self._sink: Sink | None = None
        self._head = bytearray()
        self._tail = bytearray()
        self._lines = 0
        self.total_bytes = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        overflows = self.total_bytes + len(data) > self._head_bytes + self._tail_bytes
        if overflows and self._sink is None and self._open_sink is not None:
            self._sink = self._open_sink()
            self._sink.write(bytes(self._head + self._tail))
        if self._sink is not None:
            self._sink.write(data)
        self.total_bytes += len(data)
        self._lines += data.count(b"\n")
        room = self._head_bytes - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data[-self._tail_bytes :] if self._tail_bytes else b""
        if len(self._tail) > 2 * self._tail_bytes + len(data):
            del self._tail[: -self._tail_bytes]

    def end(self, most: int) -> bytes:
        """The last bytes fed so far that are kept, at most ``most``; feeding may go on."""
        tail = self._tail[-most:]
        whole = self.total_bytes == len(self._head) + len(self._tail)
        return bytes((self._head + tail)[-most:] if whole else tail)

    def finish(self) -> Captured:
        """What was kept; feeding afterwards is not meant."""
        head = bytes(self._head)
        tail = bytes(self._tail[-self._tail_bytes :]) if self._tail_bytes else b""
        if len(head) + len(tail) < self.total_bytes:
            head = head[: whole_characters(head)]
            tail = tail[_first_character(tail) :]
        elided = self.total_bytes - len(head) - len(tail)
        lines = self._lines - head.count(b"\n") - tail.count(b"\n") if elided else 0
        return Captured(head, tail, elided, lines, self.total_bytes)


def whole_characters(data: bytes) -> int:
    """The length of ``data`` without a UTF-8 character cut off at its end."""
    for back in range(1, min(_LONGEST_UTF8_TAIL, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        width = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return len(data) - back if width > back else len(data)
    return len(data)


def _first_character(data: bytes) -> int:
    """How many bytes at the start of ``data`` are the rest of a character cut off before it."""
    count = 0
    while count < min(_LONGEST_UTF8_TAIL, len(data)) and data[count] & 0xC0 == 0x80:
        count += 1
    return count
