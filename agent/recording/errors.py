"""Errors about recordings; each message is a sentence that says what a person can do."""

from seedsmith.agent.errors import UsageError
from seedsmith.agent.models.errors import ModelError


class RecordingError(UsageError):
    """A recording can't be written, read or replayed as asked (exit code 2)."""


class RecordingEnded(ModelError):
    """A replay asks for an answer that the recording does not hold."""
