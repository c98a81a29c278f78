"""The shell_output tool: what a background command wrote since the last look, and whether it still runs."""

from __future__ import annotations

from pydantic import Field

from seedsmith.tools.base import BACKGROUND, Access, ToolContext, ToolResult
from seedsmith.tools.content import command_text
from seedsmith.tools.pydantic_tool import ArgumentText, Parameters, PydanticTool

_MOST_SECONDS = 600


class ShellOutputParameters(Parameters):
    """Which command, and how long to wait for something new."""

    id: ArgumentText = Field(min_length=1)
    wait: int = Field(
        0,
        ge=0,
        le=_MOST_SECONDS,
        description=f"Seconds to wait for output or its end, at most {_MOST_SECONDS}.",
    )


class ShellOutputTool(PydanticTool[ShellOutputParameters]):
    """Looks at background commands; a result is good while one runs, and when it exited with 0."""

    name = "shell_output"
    description = "What a background command wrote since you last looked, and whether it runs."
    parameters = ShellOutputParameters

    def access(self, parsed: ShellOutputParameters) -> Access:
        """Changes the command: what was shown is not shown again, so it never starts early."""
        return Access(writes=frozenset({BACKGROUND + parsed.id}))

    async def run(self, parsed: ShellOutputParameters, context: ToolContext) -> ToolResult:
        """Wait as long as asked for, then look."""
        command = context.background.get(parsed.id)
        if parsed.wait:
            await command.running.wait_for_news(parsed.wait)
        result = command.running.look()
        ending = command_text.ending(result)
        nothing = "" if result.total_bytes else "(no new output)"
        text = command_text.lines(
            command_text.output(result), nothing, result.note, f"{command.id}: {ending}"
        )
        return ToolResult(
            result.ok or result.running,
            text,
            {"id": command.id, **command_text.data(result)},
            summary=f"{command.id} {ending}",
            pending=result.running and bool(parsed.wait or result.total_bytes),
        )
