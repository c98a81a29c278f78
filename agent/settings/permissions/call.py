"""A call as rules and grants see it."""

from __future__ import annotations

import json
from typing import Any

from seedsmith.agent.settings.permissions.patterns import UNKNOWN
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import BACKGROUND, EVERYTHING, OUTSIDE, Access

_NO_PATHS = (OUTSIDE, BACKGROUND, "skill:")
_BISECTS = ("git", "bisect", "run")


@dataclass(frozen=True, slots=True)
class RuledCall:
    """What of a call rules speak about."""

    tool: str
    arguments: str = "{}"
    """All of them, as JSON in one order."""
    command: str | None = None
    """What the shell is to run; None where it is no shell's call."""
    words: tuple[str, ...] = ()
    """The git command that a call of the git tool comes to."""
    writes: frozenset[str] = frozenset()
    """The files it changes, relative to the workspace."""
    server: str = ""
    """The MCP server it asks, or '' for all of them."""
    offered: str = ""
    """What it asks it for: a tool, a prompt or a resource; '' for what all there is."""


def ruled_call(tool: str, arguments: Any, parsed: Any, access: Access) -> RuledCall:
    """The call of ``tool`` with ``arguments``, JSON, which were read as ``parsed``."""
    text = json.dumps(arguments, ensure_ascii=False, sort_keys=True)
    writes = frozenset(
        path for path in access.writes if path != EVERYTHING and not path.startswith(_NO_PATHS)
    )
    command = getattr(parsed, "command", None) if tool == "shell" else None
    words: tuple[str, ...] = ()
    server = offered = ""
    if tool == "git":
        words = _git_words(parsed)
        command = getattr(parsed, "message", None) if words[:3] == _BISECTS else None
    elif tool == "mcp" and getattr(parsed, "action", "") in ("call", "prompt", "read"):
        server = str(getattr(parsed, "server", "") or "")
        offered = str(getattr(parsed, "name", "") or "")
    return RuledCall(tool, text, command, words, writes, server, offered)


def _git_words(parsed: Any) -> tuple[str, ...]:
    """How one would type what the git tool is asked to do, as far as rules go."""
    under_way = getattr(parsed, "under_way", False)
    words = ["git", UNKNOWN if under_way else str(getattr(parsed, "action", ""))]
    for name in ("name", "ref"):
        if isinstance(value := getattr(parsed, name, None), str) and value:
            words.append(value)
    if isinstance(paths := getattr(parsed, "paths", None), list | tuple):
        words += map(str, paths)
    return tuple(words)
