"""Going on with a session, by its own model, wire and address or by others: conversations are neutral."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from seedsmith.agent.errors import SessionError
from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.sessions.session import Session, SessionStart
from seedsmith.agent.settings.config import flag_name
from seedsmith.agent.settings.settings import KEPT, Settings

_BY_RULES = frozenset({"model", "wire", "base_url", "skill", "skill_with"})
"""Settings that :func:`resumed_settings` has rules of their own for."""
_OF_ONE_QUESTION = frozenset({"none", "auto"})
"""Choices of a tool that hold for more than a run's first question."""


def resumed_settings(settings: Settings, start: SessionStart) -> Settings:
    """``settings`` with all the session was told, unless it is given again.

    Its own model, and its wire unless another model is asked for. Its address, too, unless another is given
    or the model is another provider's: what was said to a service of the user's own is not for the
    provider's public one. Its skill, unless another is named. Its limits, its schema, its check and how the
    model is asked, over what files and the environment say. Raises :class:`SessionError` where the session
    holds a setting that can't be used.
    """
    same = settings.model in (None, start.model)
    wire = settings.wire or (start.wire if same else None)
    model = settings.model or start.model
    chosen: dict[str, Any] = {"model": model, "wire": wire}
    if settings.base_url is None and start.base_url and _provider(model) == _provider(start.model):
        chosen["base_url"] = start.base_url
    if settings.skill is None and start.skill:
        chosen |= {"skill": start.skill, "skill_with": settings.skill_with or start.skill_with}
    kept = _kept(settings, start)
    resumed = settings.model_copy(update=chosen | kept)
    own = start.own_verify and "verify" in kept
    return resumed.in_own_words(resumed.verify or "") if own else resumed


def kept_settings(settings: Settings, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """All that ``settings`` tell a session to keep, as JSON has it; ``schema`` is what its file holds."""
    kept = settings.model_dump(mode="json", include=set(KEPT & settings.model_fields_set), exclude_none=True)
    kept.pop("base_url", None)  # stands in the head as it may be shown
    return kept | ({"output_schema": dict(schema)} if schema is not None else {})


def changed_settings(
    settings: Settings, schema: Mapping[str, Any] | None, start: SessionStart
) -> dict[str, Any]:
    """What was given for going on with the session and differs from what it was told."""
    kept = kept_settings(settings, schema)
    names = sorted(settings.given & kept.keys())
    return {name: kept[name] for name in names if _differs(name, kept, start)}


def notices_of(session: Session, asked: Settings, model: str, wire: str, base_url: str) -> list[NoticeGiven]:
    """What a person should know of a session that is gone on with as ``asked``.

    Where it goes on otherwise than it began no cache helps. ``base_url`` is the address as it is shown, ''
    for the provider's own.
    """
    start = session.start
    notices = []
    if session.cut_bytes:
        what = f"The end of the records was torn: {session.cut_bytes:,} bytes were left out."
        notices.append(NoticeGiven("records_cut", what))
    if model != start.model:
        notices.append(NoticeGiven("model_changed", f"The session began with {start.model}: now {model}."))
    if wire != start.wire:
        notices.append(NoticeGiven("wire_changed", f"The session began over {start.wire}: now {wire}."))
    if start.base_url and base_url != start.base_url:
        now = base_url or "the provider's own address"
        notices.append(
            NoticeGiven("address_changed", f"The session began at {start.base_url}: now it goes to {now}.")
        )
    kept = [_flag(name, start.settings.get(name, start.verify)) for name in sorted(_kept(asked, start))]
    if kept:
        notices.append(NoticeGiven("kept", f"Kept from the session: {', '.join(kept)}."))
    return notices


def _kept(settings: Settings, start: SessionStart) -> dict[str, Any]:
    """The settings of the session that hold still, ready to be used."""
    recorded = {
        name: value
        for name, value in start.settings.items()
        if name in KEPT - _BY_RULES - settings.given and _holds(name, value)
    }
    if start.verify and "verify" not in settings.given:
        recorded.setdefault("verify", start.verify)
    try:
        known = Settings.model_validate(recorded)
    except ValidationError as error:
        name = error.errors(include_url=False)[0]["loc"][0]
        raise SessionError(f"The session can't be gone on with: its setting {name} can't be used.") from None
    return {name: getattr(known, name) for name in recorded}


def _holds(name: str, value: Any) -> bool:
    """Whether a setting holds for a run after the one it was given to."""
    if name == "tool_choice":
        return value in _OF_ONE_QUESTION
    if name == "expire_at":
        try:
            Settings.model_validate({name: value})
        except ValidationError:  # it has passed
            return False
    return True


def _differs(name: str, kept: Mapping[str, Any], start: SessionStart) -> bool:
    before = start.settings.get(name, getattr(start, name, None) if name in _BY_RULES else None)
    return bool(kept[name] != before)


def _flag(name: str, value: Any) -> str:
    """A setting as it would be typed, in few words."""
    if isinstance(value, bool):
        return flag_name(name) if value else f"--no-{flag_name(name)[2:]}"
    if isinstance(value, dict | list):
        return flag_name(name)
    return f"{flag_name(name)} {shlex.quote(f'{value:g}' if isinstance(value, float) else str(value))}"


def _provider(model: str) -> str:
    return model.partition("/")[0]
