"""The task tool: the model has a helper find something out, or change it, in a context of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property

from pydantic import Field

from seedsmith.agent.context.agent_kinds import AgentKind
from seedsmith.tools.base import (
    EVERYTHING,
    Access,
    InvalidArguments,
    JsonObject,
    ToolContext,
    ToolResult,
    ToolSpec,
)
from seedsmith.tools.flat_schema import flatten_schema
from seedsmith.tools.pydantic_tool import NotBlank, Parameters, PydanticTool, Text

NAME = "task"
_DESCRIPTION_CHARACTERS = 200
Start = Callable[[AgentKind, str, ToolContext], Awaitable[ToolResult]]
"""Has a helper of a kind carry out a task; gives back what it reports. With the caller's context."""


class TaskParameters(Parameters):
    """What is to be done, and by whom."""

    task: NotBlank = Field(max_length=20_000)
    kind: Text = ""


class TaskTool(PydanticTool[TaskParameters]):
    """Helpers work side by side; each costs a share of the run's budget and ends with the run."""

    name = NAME
    description = (
        "Have a helper with a context of its own find something out, or make a change; its last message is "
        "the result. It knows nothing of this conversation: say all it needs. Several calls at once run side "
        "by side."
    )
    parameters = TaskParameters

    def __init__(self, kinds: Sequence[AgentKind], start: Start) -> None:
        """``kinds``: the first is the one that is meant where none is named; it should be one that reads."""
        self._kinds = {kind.name: kind for kind in kinds}
        self._start = start

    @cached_property
    def spec(self) -> ToolSpec:
        """Name, description with the kinds, and schema."""
        kinds = "; ".join(
            f"{kind.name}: {kind.description[:_DESCRIPTION_CHARACTERS]}" for kind in self._kinds.values()
        )
        description = f"{self.description} Kinds: {kinds}."
        return ToolSpec(self.name, description, flatten_schema(self.parameters))

    def parse(self, arguments: JsonObject) -> TaskParameters:
        """Check ``arguments``; a kind that there is not is told with those that there are."""
        parsed = super().parse(arguments)
        if parsed.kind and parsed.kind not in self._kinds:
            raise InvalidArguments(
                f"There is no kind {parsed.kind!r:.80}: the kinds are {', '.join(self._kinds)}."
            )
        return parsed

    def access(self, parsed: TaskParameters) -> Access:
        """Reads anything, or may write it, and never begins before the answer is complete: it costs."""
        everything = frozenset({EVERYTHING})
        writes = everything if self._kind(parsed).writes else frozenset[str]()
        return Access(reads=everything, writes=writes, early=False)

    async def run(self, parsed: TaskParameters, context: ToolContext) -> ToolResult:
        """Return what the helper says last, and what became of its change."""
        return await self._start(self._kind(parsed), parsed.task, context)

    def _kind(self, parsed: TaskParameters) -> AgentKind:
        return self._kinds.get(parsed.kind) or next(iter(self._kinds.values()))
