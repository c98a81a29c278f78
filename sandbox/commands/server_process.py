"""A command that is talked with over its input and output for as long as it runs, as a server is."""

from __future__ import annotations

import asyncio
from collections import deque

from seedsmith.sandbox.commands.command import RunningCommand
from seedsmith.sandbox.commands.output import CommandOutput

_MOST_WAITING = 1 << 20
"""So many bytes wait to be taken; the command waits with any more."""


class StreamedOutput(CommandOutput):
    """The output of a command as it comes, nothing of it kept once it was taken."""

    def __init__(self, reader: int) -> None:
        super().__init__(reader, 0, 0, None, None)
        self._pieces: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._paused = False
        self._ended = False
        self._came = asyncio.Event()

    async def receive(self) -> bytes:
        """The next bytes, empty at the end."""
        while not self._pieces and not self._ended:
            self._came.clear()
            await self._came.wait()
        if not self._pieces:
            return b""
        piece = self._pieces.popleft()
        self._waiting_bytes -= len(piece)
        if self._paused and self._waiting_bytes < _MOST_WAITING:
            self._paused = False
            self._loop.add_reader(self._reader, self._read_some)
        return piece

    def close(self) -> None:
        """Take what was written before the command ended; that is the end."""
        super().close()
        self._paused = False
        self._end()

    def _read_some(self) -> None:
        data = self._available()
        if data:
            self._feed(data)
        if data == b"":
            self._loop.remove_reader(self._reader)
            self._end()
        elif self._waiting_bytes >= _MOST_WAITING:
            self._loop.remove_reader(self._reader)
            self._paused = True

    def _feed(self, data: bytes) -> None:
        self.read_bytes += len(data)
        self._pieces.append(data)
        self._waiting_bytes += len(data)
        self._came.set()

    def _end(self) -> None:
        self._ended = True
        self._came.set()


class ServerProcess:
    """A started command, what it writes, and what it says on its standard error."""

    def __init__(self, running: RunningCommand, output: StreamedOutput, said: CommandOutput) -> None:
        self.running = running
        self._output = output
        self._said = said

    async def receive(self) -> bytes:
        """The next bytes of its output, empty at the end."""
        return await self._output.receive()

    async def send(self, data: bytes, seconds: float) -> bool:
        """Write all of ``data`` to its input within ``seconds``; whether it took it.

        Raises :class:`seedsmith.sandbox.errors.InputClosed`.
        """
        return await self.running.write(data, seconds) == len(data)

    def said(self) -> str:
        """The last of what came on its standard error since this was asked before."""
        return self._said.take().captured.tail.decode("utf-8", "replace").strip()

    async def stop(self, why: str) -> None:
        """End its input, then the command with everything it had started."""
        self.running.close_input()
        await self.running.wait(_GRACE_SECONDS)
        await self.running.stop(why)


_GRACE_SECONDS = 0.5
"""How long a server may take to end by itself once its input has ended."""
