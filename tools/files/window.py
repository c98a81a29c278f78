"""Some lines out of a text of any size, in bounded time and memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.content.encodings import Encoding
from seedsmith.tools.text import LINE_CHARACTERS, clamp

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Window:
    """Consecutive lines, long ones clamped, and where they stand in the whole."""

    first: int
    """1-based number of the first line."""
    lines: tuple[str, ...]
    total: int | None
    """How many lines the whole has; None where it was not read to its end."""

    @property
    def last(self) -> int:
        """Number of the last line shown; ``first - 1`` where there is none."""
        return self.first + len(self.lines) - 1


def decoded(file: BinaryIO, encoding: Encoding, budget_bytes: int) -> Iterator[str]:
    """Yield the text of ``file`` in chunks, reading at most ``budget_bytes``; bytes that don't fit are shown.

    Raises :class:`TextTooLong` where the budget ends before the file does.
    """
    errors = "surrogateescape" if encoding.codec == "utf-8" else "replace"
    decoder = codecs.getincrementaldecoder(encoding.codec)(errors)
    file.seek(len(encoding.bom))
    while chunk := file.read(_CHUNK_BYTES):
        budget_bytes -= len(chunk)
        if budget_bytes < 0:
            raise TextTooLong
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def in_chunks(text: str) -> Iterator[str]:
    """Yield ``text`` in pieces, for :func:`cut`."""
    return (text[start : start + _CHUNK_BYTES] for start in range(0, len(text), _CHUNK_BYTES))


class TextTooLong(Exception):
    """The lines asked for lie further on than is reasonable to search."""


def cut(chunks: Iterable[str], first: int, limit: int, budget_bytes: int) -> Window:
    r"""Return up to ``limit`` lines from line ``first`` on, stopping once they exceed ``budget_bytes``.

    Lines end with ``\n``, a ``\r`` before it belongs to the line end. At least one line is returned if
    there is any. Chunks after the last line wanted are not asked for.
    """
    lines: list[str] = []
    number, head, length, spent = 1, "", 0, 0
    for chunk in chunks:
        if number < first:
            newlines = chunk.count("\n")
            if number + newlines < first:
                number += newlines
                # Only whether the line goes on matters while skipping.
                length = (length if not newlines else 0) + len(chunk) - (chunk.rfind("\n") + 1)
                continue
            chunk, length = _after_newlines(chunk, first - number), 0
            number = first
        *complete, rest = chunk.split("\n")
        for line in complete:
            if len(lines) == limit or (lines and spent > budget_bytes):
                return Window(first, tuple(lines), None)
            head += line[: LINE_CHARACTERS + 1 - len(head)]
            shown = _finish(head, length + len(line))
            lines.append(shown)
            spent += len(shown.encode("utf-8", "surrogatepass")) + 8
            number, head, length = number + 1, "", 0
        head += rest[: LINE_CHARACTERS + 1 - len(head)]
        length += len(rest)
        if length and (len(lines) == limit or (lines and spent > budget_bytes)):
            return Window(first, tuple(lines), None)
    total = number - (length == 0)
    if length and number >= first:
        lines.append(_finish(head, length))
    return Window(first, tuple(lines), total)


def _after_newlines(chunk: str, newlines: int) -> str:
    position = 0
    for _ in range(newlines):
        position = chunk.index("\n", position) + 1
    return chunk[position:]


def _finish(head: str, length: int) -> str:
    if length <= LINE_CHARACTERS + 1 and head.endswith("\r"):
        head, length = head[:-1], length - 1
    return clamp(head, length=length)
