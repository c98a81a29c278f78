"""Tools that installed packages offer through the entry points ``seedsmith.tools``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from importlib.metadata import EntryPoint
from typing import Any

from seedsmith.agent.events import NoticeGiven
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import Tool, ToolSpec
from seedsmith.tools.entry_points import entry_points_of

ENTRY_POINTS = "seedsmith.tools"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What services take as a function's name (docs/model-service.md, "Tools")."""


@dataclass(frozen=True, slots=True)
class Extensions:
    """The usable tools of installed packages, and notices about those that can't be used."""

    tools: tuple[Tool, ...] = ()
    notices: tuple[NoticeGiven, ...] = ()


class _Unusable(Exception):
    """The entry point offers no usable tool; the message completes a sentence."""


def load_extensions(taken: Callable[[], Collection[str]]) -> Extensions:
    """The tools of every installed package, sorted by the names of their entry points.

    ``taken`` returns the names of the tools that no package may replace; it is called only if there are
    packages. A broken package does not keep the others from being loaded.
    """
    points = entry_points_of(ENTRY_POINTS)
    names = set(taken() if points else ())
    tools: list[Tool] = []
    notices: list[NoticeGiven] = []
    for point in points:
        try:
            tool = _load(point, names)
        except (Exception, SystemExit) as error:
            why = str(error) if isinstance(error, _Unusable) else f"broke: {type(error).__name__}: {error}"
            package = point.dist.name if point.dist else point.value
            said = f"The tool {point.name!r} of the package {package} is left out: it {why}."
            notices.append(NoticeGiven("extension", said))
            continue
        names.add(tool.spec.name)
        tools.append(tool)
    return Extensions(tuple(tools), tuple(notices))


def _load(point: EntryPoint, taken: Collection[str]) -> Tool:
    offered: Any = point.load()
    tool = offered() if isinstance(offered, type) or not hasattr(offered, "spec") else offered
    lacking = [name for name in ("parse", "access", "run") if not callable(getattr(tool, name, None))]
    spec = getattr(tool, "spec", None)
    if lacking or not isinstance(spec, ToolSpec):
        raise _Unusable(f"is no tool ({type(tool).__name__} lacks {', '.join(lacking) or 'a ToolSpec'})")
    if not _NAME.fullmatch(spec.name):
        raise _Unusable(f"is called {spec.name!r:.80}: use up to 64 letters, digits, '_' and '-'")
    if spec.name in taken:
        raise _Unusable(f"is called {spec.name!r}, as another tool is already")
    if not isinstance(spec.parameters, dict) or spec.parameters.get("type") != "object":
        raise _Unusable("has parameters that are no JSON Schema of an object")
    json.dumps(spec.parameters)
    found: Tool = tool
    return found
