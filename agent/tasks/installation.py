"""Whether the program has an environment of its own, as an application should."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import Distribution
from pathlib import Path

_OWN = "seedsmith"
_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv"})
_OFFERED = ("seedsmith.tools", "seedsmith.skills")
"""Entry points of packages that extend it, which belong beside it."""
_MOST_NAMED = 3


def why_shared(prefix: Path, workspace: Path, installed: Iterable[Distribution]) -> str:
    """Whose environment the one at ``prefix`` is, completing "it is installed"; '' where it is its own.

    Another's is one in the workspace, or where somebody asked for other packages by name or for editing.
    """
    if prefix.resolve().is_relative_to(workspace.resolve()):
        return f"in this project's environment, {prefix}"
    others = sorted({name for each in installed if (name := _wanted(each))})
    if not others:
        return ""
    more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
    return f"in {prefix} beside {', '.join(others[:_MOST_NAMED])}{more}"


def _wanted(installed: Distribution) -> str:
    """The name of what somebody installed for its own sake; '' for what came along with something."""
    name = (installed.metadata["Name"] or "").lower()
    if not name or name == _OWN or name in _TOOLS:
        return ""
    if any(point.group in _OFFERED for point in installed.entry_points):
        return ""
    asked = installed.read_text("REQUESTED") is not None
    return name if asked or _is_edited(installed) else ""


def _is_edited(installed: Distribution) -> bool:
    try:
        origin = json.loads(installed.read_text("direct_url.json") or "{}")
    except ValueError:
        return False
    return isinstance(origin, dict) and bool((origin.get("dir_info") or {}).get("editable"))
