"""What a request of the scripted service asked for, and calls for its script."""

from __future__ import annotations

from typing import Any


def shell(command: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """A call of the tool ``shell``."""
    return ("shell", {"command": command, **more})


def messages(request: Any) -> list[dict[str, Any]]:
    """All that the model was told."""
    return request.body["messages"]


def tool_texts(request: Any) -> list[str]:
    """The results of its calls."""
    return [message["content"] for message in messages(request) if message["role"] == "tool"]


def task_of(request: Any) -> str:
    """The task of a helper's request; '' where the request is the caller's."""
    texts = [each["content"] for each in messages(request) if each["role"] == "user"]
    asked = "Your task comes from another agent"
    return next((each.partition("The task:")[2].strip() for each in texts if asked in each), "")
