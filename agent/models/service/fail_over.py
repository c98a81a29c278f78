"""Lets other models take over when a service is down, out of quota, or refuses the key."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from seedsmith.agent.models.base import Model, Notice, Part, Request, Retrying, Spent
from seedsmith.agent.models.errors import (
    AuthenticationFailed,
    ModelError,
    ModelNotAvailable,
    QuotaExceeded,
    ServiceUnavailable,
    StreamBroken,
)

CODE = "fail_over"
_ELSEWHERE = (AuthenticationFailed, ModelNotAvailable, QuotaExceeded, ServiceUnavailable, StreamBroken)
"""Errors that another service may not have; an invalid, filtered or too long request would fail there too."""


class FailOverModel:
    """Implements :class:`seedsmith.agent.models.base.Model` by the first of several models that answers.

    A model that took over stays in use. Switching back and forth would change the style of the answers and
    lose the service's prefix cache each time.
    """

    def __init__(self, models: tuple[Model, ...]) -> None:
        """``models`` in the order in which they take over, at least one."""
        self._models = models
        self._place = 0

    @property
    def _current(self) -> Model:
        return self._models[self._place]

    @property
    def provider(self) -> str:
        """The provider of the model that is asked now."""
        return self._current.provider

    @property
    def name(self) -> str:
        """The name of the model that is asked now."""
        return self._current.name

    @property
    def wire(self) -> str:
        """How it is asked."""
        return self._current.wire

    @property
    def context_tokens(self) -> int:
        """How much it can take, input and output together."""
        return self._current.context_tokens

    @property
    def priced(self) -> bool:
        """Whether its price is known."""
        return self._current.priced

    @property
    def vision(self) -> bool:
        """Whether it takes pictures."""
        return self._current.vision

    def prepare(self) -> None:
        """Prepare the first; the others only when their turn comes."""
        self._current.prepare()

    async def aclose(self) -> None:
        """Give back what any of them holds."""
        for model in self._models:
            await model.aclose()

    async def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        """Ask the current model, or else the next; raises the last one's :class:`ModelError`."""
        while True:
            begun = False
            try:
                async with aclosing(self._current.stream(request)) as parts:
                    async for part in parts:
                        begun = not isinstance(part, Retrying) and (
                            begun or not isinstance(part, Notice | Spent)
                        )
                        yield part
                return
            except _ELSEWHERE as error:
                failure, place = error, self._next_for(request)
                if place is None:
                    raise
            self._place = place
            if begun:
                yield Retrying(CODE, "What came of the answer is dropped.", 0.0, 1)
            yield Notice(CODE, self._announcement(failure))

    def _next_for(self, request: Request) -> int | None:
        """Who is to take over: the next that can see, where the conversation holds pictures."""
        later = range(self._place + 1, len(self._models))
        return next(
            (place for place in later if self._models[place].vision or not request.holds_images), None
        )

    def _announcement(self, failure: ModelError) -> str:
        return f"{failure} {self.provider}/{self.name} takes over from here."
