"""Whether the program has an environment of its own, as an application should."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution
from pathlib import Path

from seedsmith.tools.text import first_of

_OWN = "seedsmith"
_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv"})
_OFFERED = ("seedsmith.tools", "seedsmith.skills")
"""Entry points of packages that extend it, which belong beside it."""
_MOST_NAMED = 3
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?")
_ONLY_WITH = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")


def why_shared(prefix: Path, workspace: Path, installed: Iterable[Distribution]) -> str:
    """Whose environment the one at ``prefix`` is, completing "it is installed"; '' where it is its own.

    Another's is one in the workspace, or where somebody asked for other packages by name or for editing. What
    the program, with any of its extras, or an extension of it needs is none of these: some installers note
    of every package that it was asked for.
    """
    if prefix.resolve().is_relative_to(workspace.resolve()):
        return f"in this project's environment, {prefix}"
    packages = list(installed)
    needed = _needed(packages)
    others = sorted({name for each in packages if (name := _wanted(each)) and _plain(name) not in needed})
    if not others:
        return ""
    return f"in {prefix} beside {first_of(others, _MOST_NAMED)}"


def _needed(installed: Iterable[Distribution]) -> set[str]:
    """The names of what the program and its extensions need, and what that needs in turn."""
    known = {_plain(each.metadata["Name"] or ""): each for each in installed}
    every = frozenset(known[_OWN].metadata.get_all("Provides-Extra") or ()) if _OWN in known else frozenset()
    waiting = [(_OWN, every), *((name, frozenset()) for name, each in known.items() if _extends(each))]
    seen = set(waiting)
    while waiting:
        name, extras = waiting.pop()
        if name in known:
            found = set(_requirements(known[name], extras)) - seen
            seen |= found
            waiting += found
    return {name for name, _ in seen}


def _requirements(package: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """What ``package`` needs with ``extras``, on whatever machine: names, each with the extras it is for."""
    for line in package.requires or ():
        only_with = _ONLY_WITH.search(line)
        if (only_with is None or only_with[1] in extras) and (found := _REQUIREMENT.match(line)):
            yield _plain(found[1]), frozenset(filter(None, re.split(r"[\s,]+", found[2] or "")))


def _plain(name: str) -> str:
    """A package's name as all its spellings have it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _extends(package: Distribution) -> bool:
    return any(point.group in _OFFERED for point in package.entry_points)


def _wanted(installed: Distribution) -> str:
    """The name of what somebody installed for its own sake; '' for what came along with something."""
    name = (installed.metadata["Name"] or "").lower()
    if not name or name == _OWN or name in _TOOLS:
        return ""
    if _extends(installed):
        return ""
    asked = installed.read_text("REQUESTED") is not None
    return name if asked or _is_edited(installed) else ""


def _is_edited(installed: Distribution) -> bool:
    try:
        origin = json.loads(installed.read_text("direct_url.json") or "{}")
    except ValueError:
        return False
    return isinstance(origin, dict) and bool((origin.get("dir_info") or {}).get("editable"))
