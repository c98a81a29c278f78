"""Continuing a stored answer by its id instead of sending the history again.

See docs/model-service.md, "State and caching".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from seedsmith.agent.conversation import AssistantMessage, Item
from seedsmith.agent.models.tries.refusal import Refusal
from seedsmith.sandbox.lazy_dataclass import dataclass

PAUSE_SECONDS = 0.1
"""Between a stored answer and the question that continues it
(docs/model-service.md, "State and caching")."""
_ABOUT_THE_ID = re.compile(r"previous_?response|response.{0,80}(not found|not exist|expired)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer the service keeps, and the history up to and with it."""

    id: str
    asked: tuple[Item, ...]
    answer: AssistantMessage


class Chain:
    """Which stored answer the next question can continue."""

    def __init__(self) -> None:
        self._last: Stored | None = None
        self._refusals = 0

    @property
    def hopeless(self) -> bool:
        """Whether ids are refused again and again: the service doesn't chain at all."""
        return self._refusals > 1

    @property
    def begun(self) -> bool:
        """Whether there is an answer to continue."""
        return self._last is not None

    def link(self, items: Sequence[Item]) -> tuple[str, int] | None:
        """The id to continue and how many of ``items`` it covers; None where they go on otherwise."""
        last = self._last
        if last is None or len(items) < len(last.asked) + 2:
            return None
        if any(new is not old for new, old in zip(items, last.asked, strict=False)):
            return None
        covered = len(last.asked) + 1
        return (last.id, covered) if items[covered - 1] == last.answer else None

    def stored(self, stored: Stored, *, chained: bool) -> None:
        """Continue from ``stored``; ``chained`` says that it continued an answer itself."""
        self._last = stored
        if chained:
            self._refusals = 0

    def forget(self) -> None:
        """Continue nothing: the next question carries the whole history."""
        self._last = None

    def refused(self, refusal: Refusal) -> bool:
        """Whether ``refusal`` says that the id continued is unknown or expired; it is then forgotten."""
        words = f"{refusal.code} {refusal.param} {refusal.message}"
        known = self._last is not None and self._last.id in words
        if not known and not _ABOUT_THE_ID.search(words):
            return False
        self.forget()
        self._refusals += 1
        return True
