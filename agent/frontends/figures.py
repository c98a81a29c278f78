"""Figures of a run in the words that people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedsmith.agent import events


def limit(name: str, value: Any) -> str:
    """One of a run's limits."""
    unit = {"cost": "yuan"}.get(name, name)
    return f"{value:,.15g} {unit}" if isinstance(value, int | float) else f"{name} {value}"


def usage(event: events.UsageReported, *, paid: bool) -> str:
    """What a question took."""
    cached = f" ({event.cached_tokens:,} cached)" if event.cached_tokens else ""
    thinking = f" ({event.reasoning_tokens:,} thinking)" if event.reasoning_tokens else ""
    parts = [f"{event.input_tokens:,} in{cached}", f"{event.output_tokens:,} out{thinking}"]
    if paid and event.cost_cny is not None:
        parts.append(yuan(event.cost_cny, event.cost_estimated))
    if event.tier:
        parts.append(f"tier {event.tier}")
    return " · ".join(parts)


def tokens(usage: Mapping[str, int]) -> str:
    """A run's tokens: all of them, and of what they were."""
    each = {
        "in": usage.get("input_tokens", 0),
        "cached": usage.get("cached_tokens", 0),
        "out": usage.get("output_tokens", 0),
        "thinking": usage.get("reasoning_tokens", 0),
    }
    parts = ", ".join(f"{tokens:,} {kind}" for kind, tokens in each.items() if tokens)
    return f"{usage.get('total_tokens', 0):,} tokens{f' ({parts})' if parts else ''}"


def yuan(cost: float, estimated: bool) -> str:
    """An amount of money."""
    return f"{'about ' if estimated else ''}¥{cost:.4f}"


def duration(milliseconds: float) -> str:
    """A time that passed."""
    return f"{milliseconds:.0f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
