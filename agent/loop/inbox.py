"""What a person says while the model works."""

from __future__ import annotations


class Inbox:
    """Messages that wait until the model is asked again; the loop takes them, a front end puts them in."""

    def __init__(self) -> None:
        self._waiting: list[str] = []

    @property
    def waiting(self) -> tuple[str, ...]:
        """The messages that nobody has taken yet, oldest first."""
        return tuple(self._waiting)

    def put(self, message: str) -> None:
        """Let ``message`` wait for the next question."""
        self._waiting.append(message)

    def take_back(self) -> str:
        """Remove and return the newest message, '' where none waits."""
        return self._waiting.pop() if self._waiting else ""

    def take_all(self) -> tuple[str, ...]:
        """Remove and return all messages, oldest first."""
        taken = tuple(self._waiting)
        self._waiting.clear()
        return taken
