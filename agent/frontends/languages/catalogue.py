"""Reads the file of a language: ``words`` by their keys, and ``reports`` by what they are in English."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any


def section(language: str, name: str) -> dict[str, str]:
    """The part ``name`` of the file of ``language``; empty where it has none."""
    found: dict[str, str] = _read(language).get(name, {})
    return found


@lru_cache
def _read(language: str) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where it was built
    text = (files(__package__) / f"{language}.yaml").read_text(encoding="utf-8")
    read: dict[str, Any] = yaml.load(text, loader)
    return read
