"""What a request costs in yuan: tiers chosen by its input length (docs/model-service.md, "Prices")."""

from __future__ import annotations

from seedsmith.agent.models.base import Usage
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class PriceTier:
    """Yuan per 1,000 tokens while the input is at most ``up_to`` tokens (None: any length)."""

    up_to: int | None
    input_cny: float
    output_cny: float
    cached_cny: float | None = None
    """For input that the service had cached; None: as other input, since wcode documents no discount."""


@dataclass(frozen=True, slots=True)
class Price:
    """A model's price list; ``tiers`` rise, and the last one has no bound."""

    tiers: tuple[PriceTier, ...]
    source: str
    estimated: bool = False
    """Known from another provider of the same model."""

    def tier(self, input_tokens: int) -> PriceTier:
        """The tier a request of this many input tokens falls in."""
        return next(tier for tier in self.tiers if tier.up_to is None or input_tokens <= tier.up_to)

    @property
    def free(self) -> bool:
        """Whether nothing is ever paid."""
        return not any(tier.input_cny or tier.output_cny or tier.cached_cny for tier in self.tiers)

    def label(self, tier: PriceTier) -> str:
        """The tier in words, e.g. ``<=32k``, ``32k-128k``, ``>128k``; '' where there is only one."""
        place = self.tiers.index(tier)
        lower = self.tiers[place - 1].up_to if place else None
        if tier.up_to is None:
            return "" if lower is None else f">{_thousands(lower)}"
        return (
            f"<={_thousands(tier.up_to)}"
            if lower is None
            else f"{_thousands(lower)}-{_thousands(tier.up_to)}"
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request cost."""

    cny: float
    """Yuan."""
    tier: str
    """The tier in words, as :meth:`Price.label` has it."""
    estimated: bool


def cost(price: Price | None, usage: Usage | None) -> Cost | None:
    """The cost of one request; None where price or usage is unknown.

    The input length prices the whole request, its output (thinking included) too
    (docs/model-service.md, "Prices").
    """
    if price is None or usage is None:
        return None
    tier = price.tier(usage.input_tokens)
    cached = min(usage.cached_tokens, usage.input_tokens) if tier.cached_cny is not None else 0
    cny = (usage.input_tokens - cached) * tier.input_cny + usage.output_tokens * tier.output_cny
    cny = (cny + cached * (tier.cached_cny or 0.0)) / 1000
    return Cost(cny, price.label(tier), price.estimated)


def _thousands(tokens: int) -> str:
    return f"{tokens // 1000}k" if tokens % 1000 == 0 else str(tokens)
