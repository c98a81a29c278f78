"""Going on with a session, by its own model, wire and address or by others: conversations are neutral."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.sessions.session import SessionStart
from seedsmith.agent.settings.settings import Settings


def gone_on_with(settings: Settings, start: SessionStart) -> Settings:
    """``settings`` with the session's own model, and its wire unless another model is asked for.

    With its address, too, unless another is given or the model is another provider's: what was said to a
    service of the user's own is not for the provider's public one. With its skill, unless another is named.
    """
    same = settings.model in (None, start.model)
    wire = settings.wire or (start.wire if same else None)
    model = settings.model or start.model
    told: dict[str, Any] = {"model": model, "wire": wire}
    if settings.base_url is None and start.base_url and _provider(model) == _provider(start.model):
        told["base_url"] = start.base_url
    if settings.skill is None and start.skill:
        told |= {"skill": start.skill, "skill_with": settings.skill_with or start.skill_with}
    return settings.model_copy(update=told)


def changes(start: SessionStart, model: str, wire: str, base_url: str) -> tuple[NoticeGiven, ...]:
    """What a person should know where a session goes on otherwise than it began: no cache helps then.

    ``base_url`` is the address as it is shown, '' for the provider's own.
    """
    notices = []
    if model != start.model:
        notices.append(NoticeGiven("model_changed", f"The session began with {start.model}: now {model}."))
    if wire != start.wire:
        notices.append(NoticeGiven("wire_changed", f"The session began over {start.wire}: now {wire}."))
    if start.base_url and base_url != start.base_url:
        now = base_url or "the provider's own address"
        notices.append(
            NoticeGiven("address_changed", f"The session began at {start.base_url}: now it goes to {now}.")
        )
    return tuple(notices)


def limits_dropped(
    start: SessionStart, settings: Settings, limits: Mapping[str, Any]
) -> tuple[NoticeGiven, ...]:
    """What a person should know of limits that were set for the session and hold no longer, ``limits`` do."""
    dropped = [
        f"{flag} was {start.limits[name]:,.10g} and is {_limit(limits[name])} now"
        for name, (flag, field) in _LIMITS.items()
        if name in start.limits and getattr(settings, field) is None and start.limits[name] != limits[name]
    ]
    told = f"Limits are not kept when a session is gone on with: {', '.join(dropped)}."
    return (NoticeGiven("limits", told),) if dropped else ()


def limits_set(settings: Settings) -> dict[str, float]:
    """The limits that were set, as :attr:`SessionStart.limits` keeps them."""
    told = {name: getattr(settings, field) for name, (_, field) in _LIMITS.items()}
    return {name: value for name, value in told.items() if value is not None}


_LIMITS = {
    "turns": ("--max-turns", "max_turns"),
    "tokens": ("--max-tokens", "max_tokens"),
    "cost": ("--max-cost", "max_cost"),
    "seconds": ("--max-time", "max_time"),
}


def _limit(value: float | None) -> str:
    return "none" if value is None else f"{value:,g}" if value % 1 else f"{value:,.0f}"


def _provider(model: str) -> str:
    return model.partition("/")[0]
