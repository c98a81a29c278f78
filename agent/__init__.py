"""Seedsmith: a coding agent for the terminal.

Nothing is imported here, not even from the standard library: ``python -m agent`` puts the current
folder first on the module path, and only ``agent/__main__.py`` takes it away again.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent.library import Agent, Outcome

__version__ = "0.1.0"
__all__ = ["Agent", "Outcome", "__version__"]


def __getattr__(name: str) -> "Any":
    """Import the library interface only when it is asked for: the command must start fast."""
    if name in ("Agent", "Outcome"):
        from agent import library

        return getattr(library, name)
    raise AttributeError(f"module 'agent' has no attribute {name!r}")
