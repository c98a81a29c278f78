"""Skills at the top floor: which are here, and what one that the user names does to a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agent.session import prepare_state, state_folder
from agent.settings import Settings
from skills.folder import read_skill
from skills.loader import Library, load, roots
from skills.skill import Origin, Skill
from skills.trust import TrustStore


def open_library(settings: Settings, environment: Mapping[str, str]) -> Library:
    """Every skill that is built in, installed, the user's or the repository's."""
    home = environment.get("HOME")
    state = state_folder(settings.home, environment)
    return load(roots(settings.workspace.absolute(), Path(home) if home else None), TrustStore(state))


def trust_store(settings: Settings, environment: Mapping[str, str]) -> TrustStore:
    """Where trust is kept; its folder is made. Raises UsageError where that can't be."""
    state = state_folder(settings.home, environment)
    return TrustStore(prepare_state(state, settings.workspace))


def trust_own(settings: Settings, environment: Mapping[str, str], folder: Path) -> None:
    """Trust a skill that was just written by ourselves into the repository."""
    skill = read_skill(folder, Origin.REPOSITORY)
    if isinstance(skill, Skill):
        trust_store(settings, environment).trust(skill)


def tool_names() -> tuple[str, ...]:
    """The names a manifest's ``tools`` may hold."""
    from tools.registry import default_tools

    return (*(tool.spec.name for tool in default_tools()), "ask", "skill")
