"""Seedsmith: a coding agent for the terminal.

The floors are ``seedsmith.agent``, ``seedsmith.skills``, ``seedsmith.tools`` and ``seedsmith.sandbox``, which
stand as folders at the repository's top. Nothing is imported here, not even from the standard library:
``python -m seedsmith`` puts the current folder first on the module path, and only ``__main__.py`` takes it
away again.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seedsmith.agent.frontends.python_api import Agent, Outcome

    __version__: str

__all__ = ["Agent", "Outcome", "__version__"]


def __getattr__(name: str) -> "Any":
    """Import the library interface only when it is asked for: the command must start fast."""
    if name in ("Agent", "Outcome"):
        from seedsmith.agent.frontends import python_api

        return getattr(python_api, name)
    if name == "__version__":
        from seedsmith.agent.version import VERSION

        return VERSION
    raise AttributeError(f"module 'seedsmith' has no attribute {name!r}")
