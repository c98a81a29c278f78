"""The shell_kill tool: ends a background command with everything it started."""

from __future__ import annotations

from pydantic import Field

from seedsmith.tools.base import BACKGROUND, Access, ToolContext, ToolResult
from seedsmith.tools.content import command_text
from seedsmith.tools.pydantic_tool import ArgumentText, Parameters, PydanticTool


class ShellKillParameters(Parameters):
    """Which command."""

    id: ArgumentText = Field(min_length=1)


class ShellKillTool(PydanticTool[ShellKillParameters]):
    """Ends background commands; one that has ended already is no fault."""

    name = "shell_kill"
    description = "End a background command and all it started."
    parameters = ShellKillParameters

    def access(self, parsed: ShellKillParameters) -> Access:
        """The command alone."""
        return Access(writes=frozenset({BACKGROUND + parsed.id}))

    async def run(self, parsed: ShellKillParameters, context: ToolContext) -> ToolResult:
        """Ask it to end (SIGTERM), then kill it; return when nothing is left."""
        command = context.background.get(parsed.id)
        already = "had ended already: " if command.running.ended else ""
        await command.running.stop("Ended by shell_kill, with everything it had started.")
        result = command.running.look()
        ending = f"{command.id}: {already}{command_text.ending(result)}"
        text = command_text.lines(command_text.output(result), result.note, ending)
        return ToolResult(True, text, {"id": command.id, **command_text.data(result)}, summary=ending)
