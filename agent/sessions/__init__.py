"""What stays on disk of a run: its records, its outcome, and how it is gone on with.

Nothing here asks a model or runs a tool. Begin with ``session``, then ``session_file``; what programs use is
``recorded_sessions``, as ``from seedsmith.agent.sessions import Sessions``.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from seedsmith.agent.sessions.recorded_sessions import RecordedSession, Sessions

__all__ = ["RecordedSession", "Sessions"]


def __getattr__(name: str) -> "Any":
    """Import what programs use only when it is asked for."""
    if name in __all__:
        from seedsmith.agent.sessions import recorded_sessions

        return getattr(recorded_sessions, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
