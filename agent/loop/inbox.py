"""What a person says while the model works: messages, and that the history be shortened."""

from __future__ import annotations


class Inbox:
    """Messages that wait until the model is asked again; the loop takes them, a front end puts them in."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._shortening: str | None = None

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

    @property
    def shortening(self) -> bool:
        """Whether the history is to be shortened before the next question."""
        return self._shortening is not None

    def shorten(self, keep: str = "") -> None:
        """Let the history be shortened before the next question; ``keep`` is what to keep above all."""
        self._shortening = keep

    def take_shortening(self) -> str | None:
        """Remove and return what to keep; None where nobody asked for a shorter history."""
        keep, self._shortening = self._shortening, None
        return keep

    def take_all(self) -> tuple[str, ...]:
        """Remove and return all messages, oldest first."""
        taken = tuple(self._waiting)
        self._waiting.clear()
        return taken
