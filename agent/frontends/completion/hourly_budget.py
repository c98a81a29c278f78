"""What completion may use in any hour, so that an editor left alone can't spend a day's money."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from seedsmith.agent.errors import AgentError
from seedsmith.agent.models.base import Usage
from seedsmith.agent.models.catalog.prices import Price, cost
from seedsmith.tools.text import count

TOKENS = 1_000_000
"""Where nothing else is said, of a model that is not free."""
_HOUR = 3600.0


class HourSpent(AgentError):
    """The hour's budget is used up."""


class HourBudget:
    """Tokens and yuan of the last hour; None: no bound. ``clock`` counts seconds."""

    def __init__(
        self,
        tokens: int | None,
        yuan: float | None = None,
        price: Price | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens, self._yuan, self._price, self._clock = tokens, yuan, price, clock
        self._spent: deque[tuple[float, int, float]] = deque()

    def check(self) -> None:
        """Raise :class:`HourSpent` where nothing more may be asked now."""
        now = self._clock()
        while self._spent and self._spent[0][0] <= now - _HOUR:
            self._spent.popleft()
        tokens = sum(each[1] for each in self._spent)
        yuan = sum(each[2] for each in self._spent)
        if self._tokens is not None and tokens >= self._tokens:
            bound = f"{self._tokens:,} tokens"
        elif self._yuan is not None and yuan >= self._yuan:
            bound = f"{self._yuan:g} yuan"
        else:
            return
        minutes = max(1, round((self._spent[0][0] + _HOUR - now) / 60))
        raise HourSpent(
            f"Completion has used its {bound} of this hour; it goes on in {count(minutes, 'minute')}."
        )

    def spend(self, usage: Usage) -> None:
        """Count one request."""
        paid = cost(self._price, usage)
        self._spent.append((self._clock(), usage.total_tokens, paid.cny if paid else 0.0))
