"""The limits of a run (money, tokens, turns and time), and what it has used of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from seedsmith.agent.models.base import Answer, Spent, Usage
from seedsmith.agent.models.catalog.prices import PriceTier
from seedsmith.agent.models.errors import NotAskable
from seedsmith.sandbox.lazy_dataclass import dataclass


class BudgetExhausted(Exception):
    """A limit was reached; the message is a sentence that names the flag by which to raise it."""


class UnknownPrice(NotAskable):
    """A cost limit was set, but the model's price is unknown (wrong usage, exit code 2)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. Every run has limits, whether the user set any or not.

    See docs/decisions.md, "Every run has limits".
    """

    turns: int = 200
    tokens: int = 10_000_000
    """Input and output tokens of all requests together."""
    cost: float | None = None
    """Yuan; None if the price is unknown or the model is free."""
    seconds: float = 3600.0

    def to_json(self) -> dict[str, Any]:
        """The limits as the event ``session.started`` has them."""
        return asdict(self)


DEFAULT_COST = 50.0
"""Yuan; the limit if a price is known and the user set no other."""


def choose_limits(
    *,
    turns: int | None,
    tokens: int | None,
    cost: float | None,
    seconds: float | None,
    priced: bool,
    free: bool = False,
) -> Limits:
    """Fill in defaults for limits that the user did not set; raises :class:`UnknownPrice`.

    A model that is ``free`` gets no default cost limit.
    """
    if cost is not None and not priced:
        raise UnknownPrice(
            "--max-cost needs a model whose price is known; use --max-tokens or --max-turns instead."
        )
    default = Limits()
    return Limits(
        turns=turns or default.turns,
        tokens=tokens or default.tokens,
        cost=cost if cost is not None or free or not priced else DEFAULT_COST,
        seconds=seconds or default.seconds,
    )


class Budget:
    """Counts what a run uses against its limits.

    Call ``reserve`` before a request and ``commit`` after it. Reserved is what the last request used, which
    the next one repeats and adds to, or the estimate for the next prompt if that is more. So the run ends
    before it exceeds a limit, not after.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._start = clock()
        self._turns = 0
        self._usage = Usage()
        self._cost: float | None = None
        self._cost_estimated = False
        self._unpriced = False
        self._last_tokens = 0
        self._last_cost = 0.0
        self._under_way = 0.0

    @property
    def turns(self) -> int:
        """Requests reserved so far."""
        return self._turns

    @property
    def usage(self) -> Usage:
        """Tokens used so far."""
        return self._usage

    @property
    def cost(self) -> float | None:
        """Yuan spent so far; None while no price is known."""
        return self._cost

    @property
    def under_way(self) -> float:
        """Yuan that a question takes at least, by estimate, which nothing was booked of yet."""
        return self._under_way

    @property
    def cost_estimated(self) -> bool:
        """Whether any part of :attr:`cost` is an estimate or missing, e.g. after a change of the model."""
        return self._cost is not None and (self._cost_estimated or self._unpriced)

    @property
    def seconds_left(self) -> float:
        """Seconds until the time limit, never negative."""
        return max(0.0, self._limits.seconds - (self._clock() - self._start))

    @property
    def left(self) -> Limits:
        """What may still be used."""
        limits = self._limits
        return Limits(
            turns=max(limits.turns - self._turns, 0),
            tokens=max(limits.tokens - self._usage.total_tokens, 0),
            cost=None if limits.cost is None else max(limits.cost - (self._cost or 0.0), 0.0),
            seconds=self.seconds_left,
        )

    def reserve(self, least_tokens: int = 0, least_cost: float = 0.0) -> int:
        """Make room for one more request and return its number; raises :class:`BudgetExhausted`.

        ``least_tokens`` and ``least_cost`` (yuan) estimate what it uses with the shortest possible answer.
        """
        limits = self._limits
        if self._turns >= limits.turns:
            raise BudgetExhausted(f"The limit of {limits.turns} turns is reached (--max-turns).")
        if self._usage.total_tokens + max(self._last_tokens, least_tokens) >= limits.tokens:
            raise BudgetExhausted(f"The limit of {limits.tokens} tokens leaves no room (--max-tokens).")
        spent = self._cost or 0.0
        if limits.cost is not None and spent + max(self._last_cost, least_cost) >= limits.cost:
            raise BudgetExhausted(
                f"The limit of {limits.cost:g} yuan leaves no room (--max-cost): {spent:.4f} are spent, and "
                f"the next question takes about {max(self._last_cost, least_cost):.4f}."
            )
        if self.seconds_left <= 0:
            raise self.out_of_time()
        self._turns += 1
        self._under_way = least_cost
        return self._turns

    def answer_tokens(self, prompt_tokens: int, tier: PriceTier | None) -> int:
        """How many tokens the answer to such a prompt may have; ``tier`` is its price, if known."""
        left = float(self._limits.tokens - self._usage.total_tokens - prompt_tokens)
        if tier is not None and tier.output_cny > 0 and self._limits.cost is not None:
            money = self._limits.cost - (self._cost or 0.0) - prompt_tokens * tier.input_cny / 1000
            left = min(left, money * 1000 / tier.output_cny)
        return max(1, int(left))

    def book(self, taken: Answer | Spent) -> None:
        """Commit what an answer used, or a failed attempt."""
        self.commit(taken.usage, taken.cost_cny, estimated=taken.cost_estimated)

    def commit(self, usage: Usage | None, cost: float | None = None, *, estimated: bool = False) -> None:
        """Record what the request used; None if the service did not say."""
        usage = usage or Usage()
        self._under_way = 0.0
        self._last_tokens = usage.total_tokens
        self._last_cost = cost or 0.0
        self.add(usage, cost, estimated=estimated)

    def add(self, usage: Usage, cost: float | None, *, estimated: bool = False) -> None:
        """Count what a helper's request used, which says nothing of this run's next one."""
        self._usage += usage
        if cost is None:
            self._unpriced = self._unpriced or usage.total_tokens > 0
        else:
            self._cost = (self._cost or 0.0) + cost
            self._cost_estimated = self._cost_estimated or estimated

    def out_of_time(self) -> BudgetExhausted:
        """The error that says the time is up."""
        return BudgetExhausted(f"The limit of {self._limits.seconds:g} seconds is reached (--max-time).")
