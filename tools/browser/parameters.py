"""What a call of the browser tool says."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seedsmith.tools.base import OUTSIDE, ToolError
from seedsmith.tools.pydantic_tool import Parameters, PathText, Text

Action = Literal[
    "open",
    "outline",
    "text",
    "screenshot",
    "compare",
    "click",
    "type",
    "press",
    "select",
    "hover",
    "scroll",
    "wait",
    "console",
    "requests",
    "evaluate",
    "close",
]
PAGE = frozenset({OUTSIDE + "browser"})
LOOKS = ("outline", "text", "console", "requests")
"""Actions that leave the page as it is."""


class BrowserParameters(Parameters):
    """One step."""

    action: Action
    url: Text | None = Field(default=None, description="Of open: a workspace file or http://127.0.0.1:PORT/")
    target: Text | None = Field(default=None, description="Reference from the outline (e12) or CSS selector.")
    text: Text | None = Field(
        default=None,
        description="To type; key to press; option to select; text to wait for; up|down|top|bottom; script.",
    )
    width: int | None = Field(default=None, ge=200, le=3840, description="Of the viewport.")
    height: int | None = Field(default=None, ge=200, le=4000)
    dark: bool | None = Field(default=None, description="Dark colour scheme.")
    full: bool = Field(default=False, description="Screenshot of the whole page.")
    path: PathText | None = Field(default=None, description="File to save the screenshot to.")
    first: PathText | None = Field(default=None, description="Compare: screenshot (s1) or picture file.")
    second: PathText | None = Field(default=None, description="Default: a new screenshot.")


def is_shot(name: str) -> bool:
    """Whether ``name`` is one that screenshots get."""
    return name[:1] == "s" and name[1:].isdigit()


_NEEDS: dict[str, tuple[str, ...]] = {
    "open": ("url",),
    "compare": ("first",),
    "click": ("target",),
    "type": ("target", "text"),
    "press": ("text",),
    "select": ("target", "text"),
    "hover": ("target",),
    "evaluate": ("text",),
}


def check(parsed: BrowserParameters) -> None:
    """Raise :class:`ToolError` where the action needs what was not given."""
    missing = [name for name in _NEEDS.get(parsed.action, ()) if getattr(parsed, name) is None]
    if missing:
        raise ToolError(f"browser: {parsed.action} needs {' and '.join(missing)}.")
    if parsed.path and not parsed.path.lower().endswith(".png"):
        raise ToolError("browser: screenshots are PNG: let path end in .png.")
    if parsed.action == "wait" and parsed.text is None and parsed.target is None:
        raise ToolError("browser: wait needs a text or a target to wait for.")
