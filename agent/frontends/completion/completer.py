"""Answers what goes at the cursor: from the cache, from a request under way, or from the model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing
from types import MappingProxyType

from seedsmith.agent.frontends.completion.cache import Cache, typed_since
from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.agent.frontends.completion.hourly_budget import HourBudget
from seedsmith.agent.frontends.completion.prompt import (
    CHAT_RELATED,
    CHAT_WINDOW,
    LOCAL_RELATED,
    LOCAL_WINDOW,
    as_gap,
    in_words,
)
from seedsmith.agent.frontends.completion.related_definitions import Read, Related, related
from seedsmith.agent.frontends.completion.syntax import breaks
from seedsmith.agent.frontends.completion.trim import Trimmer
from seedsmith.agent.frontends.completion.window import window
from seedsmith.agent.models.base import Answer, Model, Request, Retrying, Spent, TextDelta, Usage
from seedsmith.agent.models.service.estimate import item_tokens, text_tokens
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.text import holds_hidden

LINGER_SECONDS = 1.0
"""How long a request goes on that nobody waits for any more: the next key may be what it predicts."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What goes at the cursor."""

    text: str
    seconds: float
    first_seconds: float | None
    """Until the model's first token; None where it was not asked."""


class _Running:
    """A request under way, and what has come of it."""

    def __init__(self, hole: Hole) -> None:
        self.hole = hole
        self.text = ""
        self.first_seconds: float | None = None
        self.task: asyncio.Task[str] | None = None
        self.waiting = 0

    def predicts(self, hole: Hole) -> bool:
        """Whether its answer may still serve ``hole``, which lies a few keys further."""
        if self.task is None or self.task.done():
            return False
        since = typed_since(self.hole, hole)
        return since is not None and (self.text.startswith(since) or since.startswith(self.text))


class Completer:
    """One model's completions; use it from one event loop. At most one request is under way."""

    def __init__(self, model: Model, read: Read, budget: HourBudget) -> None:
        """``read`` reads files of the workspace."""
        self._model, self._read, self._budget = model, read, budget
        self._local = model.provider == "local"
        self._cache = Cache()
        self._running: _Running | None = None
        self._definitions: tuple[object, tuple[Related, ...]] = (None, ())

    def known(self, hole: Hole) -> str | None:
        """What is offered without asking; None where the model has to be asked."""
        return self._cache.find(hole)

    async def complete(
        self, hole: Hole, opened: Mapping[str, str] = MappingProxyType({})
    ) -> Suggestion | None:
        """What goes at the cursor; None where nothing does, or a later call was for another place.

        ``opened`` are the texts of other open files by their paths.
        Raises :class:`ModelError` and :class:`HourSpent`.
        """
        began = time.monotonic()
        if hole.holds_secrets:
            return None
        first = None
        text = self._cache.find(hole)
        running = self._running
        if text is None and running is not None and running.predicts(hole):
            await self._wait(running)
            text, first = self._cache.find(hole), running.first_seconds
        if text is None:
            self._stop()
            self._budget.check()
            self._running = running = _Running(hole)
            running.task = asyncio.create_task(self._ask(running, opened))
            text = await self._wait(running)
            first = running.first_seconds
        return Suggestion(text, time.monotonic() - began, first) if text else None

    async def aclose(self) -> None:
        """End what is under way; the model is its owner's to close."""
        running = self._running
        self._stop()
        if running is not None and running.task is not None:
            await asyncio.wait({running.task})

    def _stop(self) -> None:
        running, self._running = self._running, None
        if running is not None and running.task is not None:
            running.task.cancel()

    async def _wait(self, running: _Running) -> str | None:
        """The request's outcome; None where it was given up for another place."""
        assert running.task is not None
        running.waiting += 1
        try:
            await asyncio.wait({running.task})
        except asyncio.CancelledError:
            if running.waiting == 1:
                asyncio.get_running_loop().call_later(LINGER_SECONDS, self._give_up, running)
            raise
        finally:
            running.waiting -= 1
        return None if running.task.cancelled() else running.task.result()

    def _give_up(self, running: _Running) -> None:
        if not running.waiting and running.task is not None:
            running.task.cancel()

    async def _ask(self, running: _Running, opened: Mapping[str, str]) -> str:
        """Ask the model, up to where the rest would be cut off; the answer is kept in the cache."""
        hole, began = running.hole, time.monotonic()
        definitions = self._related(hole, opened)
        word = as_gap if self._local else in_words
        question = word(hole, definitions)
        trimmer = Trimmer(hole)
        said, answer, usage = "", "", None
        try:
            async with aclosing(self._model.stream(question.request)) as parts:
                async for part in parts:
                    match part:
                        case TextDelta(text):
                            said += text
                            answer = said[len(question.repeats) :]
                            if answer and running.first_seconds is None:
                                running.first_seconds = time.monotonic() - began
                            running.text = trimmer.trimmed(answer)
                            if trimmer.finished(answer):
                                break
                        case Retrying():
                            said = answer = running.text = ""
                        case Answer(usage=counted):
                            usage = counted
                        case Spent(usage=lost):
                            self._budget.spend(lost)
        finally:
            if said or usage:
                self._budget.spend(usage or _estimate(question.request, said))
        text = trimmer.trimmed(answer)
        if text and (holds_hidden(text) or breaks(hole, text)):
            text = ""
        self._cache.keep(hole, text)
        return text

    def _related(self, hole: Hole, opened: Mapping[str, str]) -> tuple[Related, ...]:
        """Definitions from elsewhere, the same as before while somebody types in one place.

        They stand first in a request: where they change, nothing of it comes from a server's cache. The local
        model is shown the same ones as long as its window begins at the same line.
        """
        most, bounds = (LOCAL_RELATED, LOCAL_WINDOW) if self._local else (CHAT_RELATED, CHAT_WINDOW)
        place = (hole.path, window(hole, *bounds).first, "" if self._local else hole.suffix)
        if self._definitions[0] != place:
            self._definitions = (place, related(hole, self._read, opened, most))
        return self._definitions[1]


def _estimate(request: Request, answer: str) -> Usage:
    """What a request took whose answer was not read to its end."""
    asked = sum(map(item_tokens, request.items)) + text_tokens(request.continue_text)
    return Usage(input_tokens=asked, output_tokens=text_tokens(answer))
