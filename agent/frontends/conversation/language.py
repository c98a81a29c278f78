"""The conversation's own words, a catalogue file for each language."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from seedsmith.agent.frontends.conversation.reports import Reports

LANGUAGES = ("en", "zh")
_LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The first that is set says which language a person reads."""


class Words:
    """The sentences of one language by their keys."""

    def __init__(self, language: str = "en") -> None:
        """``language`` is one of :data:`LANGUAGES`."""
        self.language = language
        self._sentences = catalogue(language)
        self.told = Reports(language)
        """Tells what runs and commands report."""

    def __call__(self, key: str, /, **values: Any) -> str:
        """The sentence ``key``, with ``values`` in their places."""
        return self._sentences[key].format(**values)


def catalogue(language: str) -> dict[str, str]:
    """All sentences of ``language`` by their keys."""
    import yaml

    text = (files(__package__) / "words" / f"{language}.yaml").read_text(encoding="utf-8")
    sentences: dict[str, str] = yaml.safe_load(text)
    return sentences


def language_of(chosen: str | None, environment: Mapping[str, str]) -> str:
    """The language a person ``chose``, else the one of the locale, else English."""
    if chosen:
        return chosen
    locale = next((environment[name] for name in _LOCALES if environment.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"
