"""What the editor is told besides answers, in order: updates of sessions."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any

from acp.interfaces import Client
from acp.schema import AgentMessageChunk, AgentThoughtChunk, TextContentBlock

Update = Any
"""One of the library's models of a ``session/update``."""


class Updates:
    """Takes updates at once and sends them one after the other; pieces of text that wait are put together."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: deque[tuple[str, Update]] = deque()
        self._sending: asyncio.Task[None] | None = None

    def put(self, session: str, update: Update) -> None:
        """Let ``update`` of ``session`` be sent."""
        if self._waiting and _joined(self._waiting[-1], session, update):
            return
        self._waiting.append((session, update))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def flushed(self) -> None:
        """Return once all that was put is sent, or nobody takes it any more."""
        if self._sending is not None:
            await asyncio.wait({self._sending})

    async def _send(self) -> None:
        while self._waiting:
            session, update = self._waiting.popleft()
            with suppress(OSError):  # the editor has gone; its pipe's end stops the session
                await self._client.session_update(session_id=session, update=update)


def message(text: str) -> AgentMessageChunk:
    """Words of the model, or of the program's own, in the conversation."""
    return AgentMessageChunk(session_update="agent_message_chunk", content=_block(text))


def thought(text: str) -> AgentThoughtChunk:
    """Words of the model's thinking."""
    return AgentThoughtChunk(session_update="agent_thought_chunk", content=_block(text))


def _block(text: str) -> TextContentBlock:
    return TextContentBlock(type="text", text=text)


def _joined(last: tuple[str, Update], session: str, update: Update) -> bool:
    """Put the text of ``update`` behind that of the ``last`` one, if it goes on with it."""
    if not isinstance(update, AgentMessageChunk | AgentThoughtChunk):
        return False
    if last[0] != session or type(last[1]) is not type(update):
        return False
    before, more = last[1].content, update.content
    if not isinstance(before, TextContentBlock) or not isinstance(more, TextContentBlock):
        return False
    before.text += more.text
    return True
