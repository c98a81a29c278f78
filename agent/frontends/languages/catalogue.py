"""Reads the file of a language, which has two documents: what runs and commands say, and what help says.

The first has ``words`` by their keys and ``reports`` by what they are in English, the second ``help``.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

_HELP = "help"
_BETWEEN = "\n---\n"


def section(language: str, name: str) -> dict[str, str]:
    """The part ``name`` of the file of ``language``; empty where it has none."""
    found: dict[str, str] = _read(language, name == _HELP).get(name, {})
    return found


@lru_cache
def _read(language: str, helps: bool) -> dict[str, Any]:
    """One of the two documents: help is seldom shown, and what is said doesn't wait for it."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where it was built
    said, _, help_said = (
        (files(__package__) / f"{language}.yaml").read_text(encoding="utf-8").partition(_BETWEEN)
    )
    read: dict[str, Any] = yaml.load(help_said if helps else said, loader) or {}
    return read
