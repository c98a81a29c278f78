"""What can keep a local model from answering."""

from __future__ import annotations

from seedsmith.agent.models.errors import ModelError


class LocalModelError(ModelError):
    """The weights can't be had or the server can't run; the message says what to do about it."""
