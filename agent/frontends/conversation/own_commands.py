"""What the person does beside the turns: commands of their own (``!COMMAND``), and ``/`` commands."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from seedsmith.agent.frontends.conversation.commands import Talk
from seedsmith.agent.frontends.conversation.live_output import activity


async def stoppable(work: Coroutine[Any, Any, None], talk: Talk) -> None:
    """Do ``work`` while no prompt stands that would read the key: then Ctrl-C is a signal, and stops it."""
    task = asyncio.ensure_future(work)
    with suppress(RuntimeError, ValueError):  # not the main thread
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
    if task.cancelled():
        talk.say(talk.words("stopped"), "yellow")
    else:
        task.result()


class OwnCommands:
    """The person's commands that run now, and what the model has not read of those that ran."""

    def __init__(self, talk: Talk, changed: Callable[[], None]) -> None:
        """``changed`` is called when :meth:`under_way` says something else."""
        self._talk = talk
        self._changed = changed
        self._running: dict[asyncio.Task[None], tuple[str, float]] = {}
        self._outputs: list[str] = []

    def begin(self, command: str) -> None:
        """Run ``command`` as the tool ``shell`` does, the prompt staying open."""
        task = asyncio.create_task(self._run(command))
        self._running[task] = command, time.monotonic()
        task.add_done_callback(self._ended)

    def stop(self) -> bool:
        """Stop the newest; False where none runs."""
        for task in reversed(self._running):
            return task.cancel()
        return False

    async def outputs(self) -> list[str]:
        """What the commands so far gave, for the model, once they have ended; each is given once."""
        while self._running:
            await asyncio.wait(self._running)
        outputs, self._outputs = self._outputs, []
        return outputs

    async def end(self) -> None:
        """Stop them all."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)

    def under_way(self, width: int) -> list[str]:
        """A line of at most ``width`` columns for each that runs."""
        words = self._talk.words
        return [activity(words, f"$ {command}", since, width) for command, since in self._running.values()]

    async def _run(self, command: str) -> None:
        self._talk.say(f"$ {command}", "bold")
        try:
            with self._talk.errors_shown():
                result = await self._talk.run_tool("shell", json.dumps({"command": command}))
                self._talk.say(result.text)
                self._outputs.append(f"The user ran `{command}`:\n{result.text}")
        except asyncio.CancelledError:
            self._talk.say(self._talk.words("stopped"), "yellow")

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._changed()
