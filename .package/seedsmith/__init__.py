"""Seedsmith: a coding agent for the terminal.

The floors are ``seedsmith.agent``, ``seedsmith.skills``, ``seedsmith.tools`` and ``seedsmith.sandbox``, which
stand as folders at the repository's top. Nothing is imported here, not even from the standard library:
``python -m seedsmith`` puts the current folder first on the module path, and only ``__main__.py`` takes it
away again.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seedsmith.agent.library import Agent, Outcome

__version__ = "0.1.0"
__all__ = ["Agent", "Outcome", "__version__"]


def __getattr__(name: str) -> "Any":
    """Import the library interface only when it is asked for: the command must start fast."""
    if name in ("Agent", "Outcome"):
        from seedsmith.agent import library

        return getattr(library, name)
    raise AttributeError(f"module 'seedsmith' has no attribute {name!r}")
