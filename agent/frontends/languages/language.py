"""The languages there are: which one a person reads, and the conversation's own sentences in each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from seedsmith.agent.frontends.languages.reports import Reports

LANGUAGES = ("en", "zh")
_CHOSEN = "SEEDSMITH_LANG"
_LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The first that is set says which language a person reads."""


class Words:
    """The conversation's sentences in one language by their keys."""

    def __init__(self, language: str = "en") -> None:
        """``language`` is one of :data:`LANGUAGES`."""
        self.language = language
        self._sentences = catalogue(language)
        self.told = Reports(language)
        """Tells what runs and commands report."""

    def __call__(self, key: str, /, **values: Any) -> str:
        """The sentence ``key``, with ``values`` in their places."""
        return self._sentences[key].format(**values)


@lru_cache
def catalogue(language: str) -> dict[str, str]:
    """The conversation's sentences in ``language`` by their keys."""
    from seedsmith.agent.frontends.languages.catalogue import section

    return section(language, "words")


def language_of(chosen: str | None, environment: Mapping[str, str]) -> str:
    """The language a person ``chose``, else the one of the ``environment``, else English."""
    chosen = chosen or environment.get(_CHOSEN)
    if chosen in LANGUAGES:
        return chosen
    locale = next((environment[name] for name in _LOCALES if environment.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"
