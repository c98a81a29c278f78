"""Going on with a session, by its own model and wire or by others: conversations are neutral."""

from __future__ import annotations

from typing import Any

from agent.events import NoticeGiven
from agent.session import SessionStart
from agent.settings import Settings


def gone_on_with(settings: Settings, start: SessionStart) -> Settings:
    """``settings`` with the session's own model, and its wire unless another model is asked for.

    With its skill, too, unless another is named.
    """
    same = settings.model in (None, start.model)
    wire = settings.wire or (start.wire if same else None)
    told: dict[str, Any] = {"model": settings.model or start.model, "wire": wire}
    if settings.skill is None and start.skill:
        told |= {"skill": start.skill, "skill_with": settings.skill_with or start.skill_with}
    return settings.model_copy(update=told)


def changes(start: SessionStart, model: str, wire: str) -> tuple[NoticeGiven, ...]:
    """What a person should know where a session goes on otherwise than it began: no cache helps then."""
    notices = []
    if model != start.model:
        notices.append(NoticeGiven("model_changed", f"The session began with {start.model}: now {model}."))
    if wire != start.wire:
        notices.append(NoticeGiven("wire_changed", f"The session began over {start.wire}: now {wire}."))
    return tuple(notices)
