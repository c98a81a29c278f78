"""A conversation with a person played by a coroutine: keys go in, the screen is read."""

from __future__ import annotations

import io
import json

from waiting import until

from seedsmith.agent.frontends.conversation.conversation import Conversation

ESCAPE, CONTROL_B, CONTROL_C, CONTROL_O, CONTROL_T = "\x1b", "\x02", "\x03", "\x0f", "\x14"
SHIFT_TAB = "\x1b[Z"
EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})


class Person:
    """Types, waits for what the screen shows, and leaves."""

    def __init__(self, talk: Conversation, keyboard, screen: io.StringIO) -> None:
        self.talk = talk
        self._keyboard = keyboard
        self._screen = screen

    @property
    def seen(self) -> str:
        return self._screen.getvalue()

    @property
    def is_asked(self) -> bool:
        """Whether a question stands on the screen: what is typed before is no answer."""
        return self.talk.questions.waiting and not self.talk.input.asks_unseen

    def type(self, keys: str) -> None:
        self._keyboard.send_text(keys)

    async def answers(self, keys: str) -> None:
        """Type once a question stands there."""
        await until(lambda: self.is_asked, lambda: f"a question in {self.seen!r}")
        self.type(keys)

    async def sees(self, words: str, times: int = 1) -> None:
        await until(lambda: self.seen.count(words) >= times, lambda: f"{words!r} in {self.seen!r}")

    async def says(self, message: str) -> None:
        self.type(message + "\r")
        await self.sees(message.splitlines()[0])


def bodies(endpoint) -> list[dict]:
    return [json.loads(request.raw) for request in endpoint.requests]


def said_by_user(endpoint, number: int) -> list[str]:
    return [each["content"] for each in bodies(endpoint)[number]["messages"] if each["role"] == "user"]
