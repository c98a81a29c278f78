"""Seedsmith: a coding agent for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.library import Agent, Outcome

__version__ = "0.1.0"
__all__ = ["Agent", "Outcome", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the library interface only when it is asked for: the command must start fast."""
    if name in ("Agent", "Outcome"):
        from agent import library

        return getattr(library, name)
    raise AttributeError(f"module 'agent' has no attribute {name!r}")
