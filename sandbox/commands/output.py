"""The output of one command, read as it comes and handed out piece by piece in bounded memory."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from seedsmith.sandbox.commands.capture import Captured, HeadTailCapture, whole_characters
from seedsmith.sandbox.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from seedsmith.sandbox.workspace.spill import Spill, SpillStore

_READ_BYTES = 1 << 16
PIPE_BYTES = 1 << 18
"""Four times the usual, so that a chatty command waits less for us."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What was written between two looks, and the spill that holds all of it where bytes were elided."""

    captured: Captured
    spill_id: str | None


def output_pipe() -> tuple[int, int]:
    """The end of a new pipe that is read, and the one that a command writes to."""
    reader, writer = os.pipe()
    with contextlib.suppress(OSError):  # The user's share of pipe memory may be used up.
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return reader, writer


class CommandOutput:
    """The one pipe both output streams of a command go to, read without ever waiting for its end.

    Every piece that :meth:`take` hands out has a head, a tail and a spill of its own. It takes over the
    descriptor ``reader``; after ``most_bytes`` in all, :attr:`overflowed` is done and reading ends.
    """

    def __init__(
        self, reader: int, head_bytes: int, tail_bytes: int, spills: SpillStore | None, most_bytes: int | None
    ) -> None:
        self._reader = reader
        self._sizes = (head_bytes, tail_bytes)
        self._spills = spills
        self._spill: Spill | None = None
        self._loop = asyncio.get_running_loop()
        self._capture = self._new_capture()
        self._held = b""
        self.read_bytes = 0
        """How much was written so far."""
        self.most_bytes = most_bytes
        self.overflowed: asyncio.Future[None] = self._loop.create_future()
        self.news = asyncio.Event()
        """Set while there is something to take."""
        os.set_blocking(reader, False)
        self._loop.add_reader(reader, self._read_some)

    def take(self) -> Piece:
        """Hand out what came since the last time; where a character is still incomplete, without it."""
        spill = self._spill
        if spill is not None:
            spill.close()
        piece = Piece(self._capture.finish(), spill.id if spill else None)
        self._spill = None
        self._capture = self._new_capture()
        self.news.clear()
        return piece

    def end(self, most: int) -> bytes:
        """The end of what nobody took yet, at most ``most`` bytes; it may be taken all the same."""
        return self._capture.end(most)

    def close(self) -> None:
        """Take what was written before the command ended, and end the reading.

        Bounded, so that a survivor elsewhere can't keep this going.
        """
        self._loop.remove_reader(self._reader)
        limit = self.read_bytes + 2 * PIPE_BYTES
        while self.read_bytes < limit and (data := self._available()):
            self._feed(data)
        self._keep(self._held)
        self._held = b""
        if self._spill is not None:
            self._spill.close()
        os.close(self._reader)
        self.overflowed.cancel()

    def _read_some(self) -> None:
        """Take what the pipe holds; called by the loop."""
        data = self._available()
        if data:
            self._feed(data)
        if data == b"":
            self._loop.remove_reader(self._reader)
        if self.most_bytes is not None and self.read_bytes > self.most_bytes:
            self._loop.remove_reader(self._reader)
            if not self.overflowed.done():
                self.overflowed.set_result(None)

    def _available(self) -> bytes | None:
        """The pipe's next bytes, empty at its end, None where there are none yet."""
        try:
            return os.read(self._reader, _READ_BYTES)
        except BlockingIOError:
            return None

    def _feed(self, data: bytes) -> None:
        """Keep ``data``, but hold back a character cut off at its end: a piece might end there."""
        self.read_bytes += len(data)
        data = self._held + data
        whole = whole_characters(data)
        self._held = data[whole:]
        self._keep(data[:whole])

    def _keep(self, data: bytes) -> None:
        if data:
            self._capture.feed(data)
            self.news.set()

    def _new_capture(self) -> HeadTailCapture:
        return HeadTailCapture(*self._sizes, self._open_spill if self._spills else None)

    def _open_spill(self) -> Spill:
        assert self._spills is not None
        self._spill = self._spills.create()
        return self._spill
