"""Searches large UTF-8 files block by block, and changes them without holding them in memory.

This is a fast path for simple cases. A place is found here, and then the code for whole texts works on an
:class:`Excerpt`: whole lines around the place, which are all that this code needs. Everything else (other
encodings, text that is not found exactly or more than once, refusals) raises :class:`NotPlain`, which leaves
the file to the general code.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from threading import Thread

from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.block_rewrite import BLOCK_BYTES, Splice, SteadyFile, Stretch
from seedsmith.sandbox.workspace.workspace import digest, file_stat
from seedsmith.tools.base import Seen, ToolContext
from seedsmith.tools.content.difference import Part, Replacement
from seedsmith.tools.content.encodings import UTF_8, Encoding
from seedsmith.tools.content.loading import MAX_TEXT_BYTES, TextFile, is_as_seen, version

LARGE_BYTES = 2 << 20
"""For smaller files the general code is fast enough."""
_WINDOW_BYTES = 128 << 10
"""An excerpt reaches so far above and below a place; where lines are longer the general way is taken."""
_EXCERPT_BYTES = 1 << 20
_MARGIN_LINES = 4
"""Lines on either side of a place: more than a diff shows, and enough to tell the line end in use."""


class NotPlain(Exception):
    """The file or the change is not simple enough for this module; the general code decides."""


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from ``start`` up to ``end``, and the index of the line they begin in."""

    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Whole lines of a file from byte ``start`` on, with ``lines_before`` lines above them."""

    start: int
    lines_before: int
    data: bytes

    @property
    def end(self) -> int:
        """The offset of the first byte that is not in it."""
        return self.start + len(self.data)

    @property
    def text(self) -> str:
        """The lines themselves."""
        return self.data.decode()

    def holds(self, span: Span) -> bool:
        """Whether ``span``, for which excerpts were made, lies in this one."""
        return self.start <= span.start < self.end


@dataclass(frozen=True, slots=True)
class Changed:
    """An excerpt and what becomes of it; replacements are counted in its characters."""

    excerpt: Excerpt
    replacements: tuple[Replacement, ...]

    @property
    def part(self) -> Part:
        """The excerpt as a part of a diff."""
        return Part(self.excerpt.text, self.replacements, self.excerpt.lines_before)

    @property
    def data(self) -> bytes:
        """The new content of the excerpt."""
        excerpt = self.excerpt
        return TextFile("", excerpt.data, UTF_8, excerpt.text).splice(self.replacements)


@contextmanager
def opened(context: ToolContext, path: str, *, as_seen: bool = True) -> Iterator[SteadyFile]:
    """Open the large file at the workspace-relative ``path``, which must be ``as_seen`` by the model last.

    Raises :class:`NotPlain` for any other, and where the body raises a :class:`SandboxError`.
    """
    try:
        if not LARGE_BYTES <= context.workspace.stat(path).size <= MAX_TEXT_BYTES:
            raise NotPlain
        file = context.workspace.open_steady(path)
        if file is None:
            raise NotPlain
        with file:
            if as_seen and not is_as_seen(context, path, file_stat(file.found), _blocks(file)):
                raise NotPlain
            yield file
    except SandboxError:
        raise NotPlain from None


def encoding_of(file: SteadyFile) -> Encoding:
    """Return UTF-8 with the BOM that ``file`` begins with; whether the rest is UTF-8 the search says."""
    has_mark = file.read(0, len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    return Encoding("utf-8", codecs.BOM_UTF8) if has_mark else UTF_8


def find_once(file: SteadyFile, needles: Sequence[bytes]) -> list[Span]:
    """Return where each of ``needles`` is; raises :class:`NotPlain` unless each is there just once."""
    overlap = max(map(len, needles)) - 1
    if overlap > _WINDOW_BYTES:
        raise NotPlain
    spans: dict[int, Span] = {}
    line = 0
    for start, block in _plain_blocks(file, overlap):
        for index, needle in enumerate(needles):
            stop = BLOCK_BYTES + len(needle) - 1
            at = block.find(needle, 0, stop)
            if at < 0:
                continue
            if index in spans or block.find(needle, at + 1, stop) >= 0:
                raise NotPlain
            begin = start + at
            spans[index] = Span(begin, begin + len(needle), line + block.count(b"\n", 0, at))
        if len(spans) < len(needles):
            line += block.count(b"\n", 0, BLOCK_BYTES)
    if len(spans) < len(needles):
        raise NotPlain
    return [spans[index] for index in range(len(needles))]


def find_lines(file: SteadyFile, lines: Sequence[int]) -> list[int]:
    """Return where the lines with the indices ``lines``, in ascending order, begin.

    Raises :class:`NotPlain` if the file has fewer.
    """
    offsets: list[int] = []
    passed = 0
    for start, block in _plain_blocks(file):
        if len(offsets) == len(lines):
            continue  # what is left is only looked at for being plain
        newlines = block.count(b"\n")
        while len(offsets) < len(lines) and lines[len(offsets)] <= passed + newlines:
            offsets.append(start + _after_newlines(block, lines[len(offsets)] - passed))
        passed += newlines
    if len(offsets) < len(lines):
        raise NotPlain
    return offsets


@dataclass(frozen=True, slots=True)
class Survey:
    """How many lines a file has, and the offset at which the one asked for begins."""

    lines: int
    start: int


def look_through(file: SteadyFile, line: int) -> Survey:
    """Count the file's lines and find the one with the index ``line``, if there is one.

    Raises :class:`NotPlain` where there is a carriage return, too: line ends need a closer look then.
    """
    passed = start = 0
    last = b""
    for offset, block in _plain_blocks(file):
        if b"\r" in block:
            raise NotPlain
        newlines = block.count(b"\n")
        if passed < line <= passed + newlines:
            start = offset + _after_newlines(block, line - passed)
        passed += newlines
        last = block
    return Survey(passed + (not last.endswith(b"\n")), start)


def decoded_from(file: SteadyFile, start: int) -> Iterator[str]:
    """Yield the text of ``file``, known to be plain, from byte ``start`` on in chunks."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for at in range(start, file.size, BLOCK_BYTES):
        yield decoder.decode(file.read(at, at + BLOCK_BYTES))


def excerpts(file: SteadyFile, begin: int, spans: Sequence[Span]) -> list[Excerpt]:
    """Return the lines around ``spans``; those close to each other share an excerpt.

    No excerpt reaches before byte ``begin``. Raises :class:`NotPlain` unless the spans are in order, apart,
    not empty, and between ``begin`` and the file's end, and where lines are very long.
    """
    if any(one.end > other.start for one, other in pairwise(spans)):
        raise NotPlain
    if any(not begin <= span.start < span.end <= file.size for span in spans):
        raise NotPlain
    found: list[Excerpt] = []
    for span in spans:
        start, lines_before = _margin_above(file, begin, span)
        stop = _margin_below(file, span.end)
        if found and start <= found[-1].end:
            start, lines_before = found[-1].start, found.pop().lines_before
        if stop - start > _EXCERPT_BYTES:
            raise NotPlain
        found.append(Excerpt(start, lines_before, file.read(start, stop)))
    return found


def spliced(file: SteadyFile, changes: Sequence[Changed]) -> Splice:
    """Return the file's new content: ``changes``, in order, and all that lies between them as it is."""
    parts: list[bytes | Stretch] = []
    position = 0
    for change in changes:
        parts += [Stretch(position, change.excerpt.start), change.data]
        position = change.excerpt.end
    return Splice(file, (*parts, Stretch(position, file.size)))


def write(context: ToolContext, path: str, file: SteadyFile, changes: Sequence[Changed]) -> None:
    """Write ``changes`` into ``file``, which is at ``path``; where the model has seen it, so it has now."""
    content = spliced(file, changes)
    written = context.workspace.write_bytes(path, content)
    if path in context.seen:
        context.seen[path] = Seen(_digest_beside(content), version(written))


def note_seen(context: ToolContext, path: str, file: SteadyFile) -> None:
    """Note that the model has now seen ``file``, which is at ``path``."""
    whole = Splice(file, (Stretch(0, file.size),))
    context.seen[path] = Seen(_digest_beside(whole), version(file_stat(file.found)))


def _digest_beside(content: Splice) -> Future[str]:
    """Work out the digest of ``content`` in a thread of its own; empty if that fails.

    It is asked for only where a file's version is another, so that no call waits for it.
    """
    kept = replace(content, source=content.source.duplicate())
    future: Future[str] = Future()

    def work() -> None:
        found = ""
        with kept.source, suppress(SandboxError, OSError):
            known = digest(kept.blocks())
            found = known if kept.source.is_unwritten() else ""
        future.set_result(found)

    Thread(target=work, name="digest", daemon=True).start()
    return future


def _blocks(file: SteadyFile, overlap: int = 0) -> Iterator[bytes]:
    for start in range(0, file.size, BLOCK_BYTES):
        yield file.read(start, start + BLOCK_BYTES + overlap)


def _plain_blocks(file: SteadyFile, overlap: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield the file's blocks, each with its offset and the first ``overlap`` bytes of what follows it.

    Raises :class:`NotPlain` on the first block that shows the file not to be UTF-8, or to hold a NUL.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_whole = True
    for index, block in enumerate(_blocks(file, overlap)):
        if b"\0" in block:
            raise NotPlain
        if not (is_whole and block.isascii()):
            try:
                decoder.decode(block[:BLOCK_BYTES], (index + 1) * BLOCK_BYTES >= file.size)
            except UnicodeDecodeError:
                raise NotPlain from None
            is_whole = not decoder.getstate()[0]
        yield index * BLOCK_BYTES, block


def _after_newlines(block: bytes, newlines: int) -> int:
    """Return the offset in ``block`` behind so many newlines, which are there."""
    return len(block) - len(block.split(b"\n", newlines)[-1]) if newlines else 0


def _margin_above(file: SteadyFile, begin: int, span: Span) -> tuple[int, int]:
    """Return where the lines above ``span`` that matter begin, and how many lines are above those."""
    floor = max(begin, span.start - _WINDOW_BYTES)
    above = file.read(floor, span.start)
    at = len(above)
    for _ in range(_MARGIN_LINES + 1):
        at = above.rfind(b"\n", 0, at)
        if at < 0:
            if floor > begin:
                raise NotPlain
            return floor, span.line - above.count(b"\n")
    return floor + at + 1, span.line - _MARGIN_LINES


def _margin_below(file: SteadyFile, end: int) -> int:
    """Return where the lines below ``end`` that matter end."""
    below = file.read(end, end + _WINDOW_BYTES)
    at = -1
    for _ in range(_MARGIN_LINES + 1):
        at = below.find(b"\n", at + 1)
        if at < 0:
            if end + len(below) < file.size:
                raise NotPlain
            return file.size
    return end + at + 1
