"""Decides whether shortening a conversation saves money, once it is in a dearer tier of the price list."""

from __future__ import annotations

from seedsmith.agent.models.catalog.prices import Price
from seedsmith.sandbox.lazy_dataclass import dataclass

WELL_BELOW = 0.75
"""Of the boundary; a conversation closer to it would be beyond it again after a few turns."""
MOST_TURNS = 20
"""At most so many further turns are assumed, since most tasks are done by then."""
TURNS_LOST = 2
"""The model asks for some of what was left out again, which costs about so many turns."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A request beyond a boundary, and the same one shortened."""

    before: int
    """Its input tokens as it stands."""
    after: int
    """Its input tokens, shortened."""
    growth: float
    """Input tokens that a turn adds."""
    answer: float
    """Output tokens of a turn."""
    cached: bool = False
    """Whether the service reads the prefix from a cache at a price of its own."""


def boundaries_below(price: Price, tokens: int) -> list[int]:
    """The boundaries that a request of so many input tokens lies beyond, the highest first."""
    return [tier.up_to for tier in reversed(price.tiers) if tier.up_to is not None and tier.up_to < tokens]


def worth_shortening(price: Price, boundary: int, crossing: Crossing) -> bool:
    """Whether shortening now costs less than going on beyond ``boundary``.

    The input's length prices a whole request, its output too (docs/model-service.md, "Prices"). So each turn
    that stays below saves the dearer rate on everything, and that the input is shorter besides. Shortening
    costs twice: the prefix is broken, so nothing of the next request is read from a cache, and the model
    asks again for some of what was left out. It pays only where the shorter conversation is well below the
    boundary, since it goes on growing, and saves more in the turns until it is there than it costs.
    """
    if crossing.after > boundary * WELL_BELOW:
        return False
    dear, cheap = price.tier(crossing.before), price.tier(crossing.after)
    turn_beyond = crossing.before * dear.input_cny + crossing.answer * dear.output_cny
    turn_below = crossing.after * cheap.input_cny + crossing.answer * cheap.output_cny
    turns = min((boundary - crossing.after) / max(crossing.growth, 1.0), MOST_TURNS)
    lost = turn_below * (TURNS_LOST + (1 if crossing.cached else 0))
    return (turn_beyond - turn_below) * turns > lost
