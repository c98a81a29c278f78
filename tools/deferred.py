"""Built-in tools whose modules are imported at their first call; a start needs only what is told of them."""

from __future__ import annotations

import json
from functools import cache, cached_property
from importlib import import_module, resources
from typing import Any

from seedsmith.tools.base import Access, JsonObject, Tool, ToolContext, ToolResult, ToolSpec

SPECS = "specs.json"
"""A package's file of what the model is told of its tools; generated, see ``tests/test_generated.py``."""


class DeferredTool:
    """A :class:`seedsmith.tools.base.Tool` named ``MODULE:CLASS``, below ``package``, that has its specs."""

    def __init__(
        self, place: str, *arguments: Any, package: str = "seedsmith.tools", offered: bool = True
    ) -> None:
        """``arguments`` are what the tool is made with; ``offered`` says whether the model is told of it."""
        self._place = place
        self._arguments = arguments
        self._package = package
        self.offered = offered
        self.spec = ToolSpec(**_specs(package)[place])

    @cached_property
    def tool(self) -> Tool:
        """The tool itself."""
        return load(self._place, *self._arguments, package=self._package)

    def parse(self, arguments: JsonObject) -> Any:
        """As the tool does."""
        return self.tool.parse(arguments)

    def access(self, parsed: Any) -> Access:
        """As the tool does."""
        return self.tool.access(parsed)

    async def run(self, parsed: Any, context: ToolContext) -> ToolResult:
        """As the tool does."""
        return await self.tool.run(parsed, context)


def load(place: str, *arguments: Any, package: str = "seedsmith.tools") -> Tool:
    """Import the module of ``MODULE:CLASS`` below ``package``, and make the tool with ``arguments``."""
    module, name = place.split(":")
    made: Tool = getattr(import_module(f"{package}.{module}"), name)(*arguments)
    return made


@cache
def _specs(package: str) -> dict[str, JsonObject]:
    specs: dict[str, JsonObject] = json.loads(resources.files(package).joinpath(SPECS).read_text("utf-8"))
    return specs
