"""The shell_input tool: text for a background command's standard input."""

from __future__ import annotations

from pydantic import Field, model_validator

from seedsmith.sandbox.errors import InputClosed
from seedsmith.tools.base import EVERYTHING, Access, ToolContext, ToolError, ToolResult
from seedsmith.tools.pydantic_tool import ArgumentText, Parameters, PydanticTool, Text
from seedsmith.tools.text import count

_WRITE_SECONDS = 5.0
"""A command that takes nothing for so long is not reading."""


class ShellInputParameters(Parameters):
    """Which command, and what to write to it."""

    id: ArgumentText = Field(min_length=1)
    text: Text = Field(description="End a line with a newline.")
    close: bool = Field(False, description="Then close it.")

    @model_validator(mode="after")
    def _says_something(self) -> ShellInputParameters:
        if not self.text and not self.close:
            raise ValueError("'text' is empty and 'close' is not set, so there is nothing to do")
        return self


class ShellInputTool(PydanticTool[ShellInputParameters]):
    """Writes to background commands; those left running from the foreground have no open input."""

    name = "shell_input"
    description = "Write to a background command's stdin."
    parameters = ShellInputParameters

    def access(self, parsed: ShellInputParameters) -> Access:
        """Everything, as for the shell: the command may be one."""
        return Access(reads=frozenset({EVERYTHING}), writes=frozenset({EVERYTHING}))

    async def run(self, parsed: ShellInputParameters, context: ToolContext) -> ToolResult:
        """Write the text, and close the input if that is asked for."""
        command = context.background.get(parsed.id)
        data = parsed.text.encode()
        if command.running.ended:
            raise ToolError(f"{command.id} has ended; shell_output shows how.")
        try:
            written = await command.running.write(data, _WRITE_SECONDS)
        except InputClosed as error:
            raise ToolError(f"{command.id}: {error}") from error
        if written < len(data):
            raise ToolError(
                f"{command.id} is not reading: it took {written:,} of {count(len(data), 'byte')} "
                f"in {_WRITE_SECONDS:g} seconds; the rest was not written."
            )
        if parsed.close:
            command.running.close_input()
        summary = f"{count(written, 'byte')} written to {command.id}" + (
            "; stdin closed" if parsed.close else ""
        )
        return ToolResult(True, summary, {"id": command.id, "bytes": written}, summary=summary)
