"""What a person chooses for a session in the editor: the mode, the model, how hard it thinks."""

from __future__ import annotations

from typing import Literal

from acp.schema import (
    SessionConfigOptionBoolean,
    SessionConfigOptionSelect,
    SessionConfigSelectOption,
    SessionMode,
    SessionModeState,
)

from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.acp.editor_session import MODES, EditorSession
from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.open import default_model, keys_at_hand

_DEFAULT = "default"
_EFFORTS = ("minimal", "low", "medium", "high")


def mode_state(session: EditorSession) -> SessionModeState:
    """The modes, and the one that holds."""
    modes = [
        SessionMode(id=each, name=as_told(name), description=as_told(what))
        for each, (name, what) in MODES.items()
    ]
    return SessionModeState(current_mode_id=session.mode, available_modes=modes)


def config_options(session: EditorSession) -> list[SessionConfigOptionSelect | SessionConfigOptionBoolean]:
    """The choices besides, with what holds now."""
    known = catalog.load(session.environment)
    model = session.settings.model or default_model(known, session.environment)
    at_hand = set(keys_at_hand(known, session.environment).values())
    names = [
        f"{provider.name}/{entry.name}"
        for provider in known.providers.values()
        for entry in provider.models.values()
        if provider.name in at_hand or not provider.key_variables
    ]
    effort = session.settings.effort or _DEFAULT
    return [
        _select("model", "Model", "model", model, list(dict.fromkeys([model, *names]))),
        _select("effort", "Effort", "thought_level", effort, [_DEFAULT, *_EFFORTS]),
    ]


def set_choice(session: EditorSession, choice: str, value: str | bool) -> None:
    """Let ``value`` hold from the next prompt on. Raises :class:`UsageError` for what is none."""
    if not isinstance(value, str) or choice not in ("model", "effort"):
        raise UsageError(f"There is no option {choice!r:.80}: the options are model and effort.")
    if choice == "model":
        catalog.load(session.environment).resolve(value)
        session.set(model=value)
    else:
        session.set(effort=None if value == _DEFAULT else value)


def _select(
    option: str, name: str, category: Literal["model", "thought_level"], current: str, values: list[str]
) -> SessionConfigOptionSelect:
    offered = [SessionConfigSelectOption(value=value, name=value) for value in values]
    return SessionConfigOptionSelect(
        id=option,
        name=as_told(name),
        category=category,
        type="select",
        current_value=current,
        options=offered,
    )
