"""Built-in tools whose modules are imported at their first call; a start needs only what is told of them."""

from __future__ import annotations

import json
from functools import cache, cached_property
from importlib import import_module, resources
from typing import Any

from seedsmith.tools.base import Access, JsonObject, Tool, ToolContext, ToolResult, ToolSpec

SPECS = "specs.json"
"""What the model is told of each built-in tool; generated, see ``tests/tools/test_deferred.py``."""


class DeferredTool:
    """A :class:`seedsmith.tools.base.Tool` named ``MODULE:CLASS``, below ``seedsmith.tools``."""

    def __init__(self, place: str) -> None:
        self._place = place
        self.spec = ToolSpec(**_specs()[place])

    @cached_property
    def tool(self) -> Tool:
        """The tool itself."""
        return load(self._place)

    def parse(self, arguments: JsonObject) -> Any:
        """As the tool does."""
        return self.tool.parse(arguments)

    def access(self, parsed: Any) -> Access:
        """As the tool does."""
        return self.tool.access(parsed)

    async def run(self, parsed: Any, context: ToolContext) -> ToolResult:
        """As the tool does."""
        return await self.tool.run(parsed, context)


def load(place: str) -> Tool:
    """Import the module of ``MODULE:CLASS`` and make the tool."""
    module, name = place.split(":")
    made: Tool = getattr(import_module(f"seedsmith.tools.{module}"), name)()
    return made


@cache
def _specs() -> dict[str, JsonObject]:
    told: dict[str, JsonObject] = json.loads(
        resources.files("seedsmith.tools").joinpath(SPECS).read_text("utf-8")
    )
    return told
