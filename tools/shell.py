"""The shell tool: one command in the sandbox, its output's head and tail, and how it ended."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from pydantic import Field

from tools.base import EVERYTHING, Access, ToolContext, ToolResult
from tools.encodings import decode_output
from tools.parameters import ArgumentText, Parameters, PydanticTool
from tools.text import clamp_lines, clean_output, count

if TYPE_CHECKING:
    from sandbox.process import CommandResult

_DEFAULT_SECONDS = 120
_MOST_SECONDS = 3600


class ShellParameters(Parameters):
    """The command line and how long it may take."""

    command: ArgumentText = Field(min_length=1)
    timeout: int = Field(
        _DEFAULT_SECONDS, ge=1, le=_MOST_SECONDS, description=f"Seconds; default {_DEFAULT_SECONDS}."
    )


class ShellTool(PydanticTool[ShellParameters]):
    """Runs commands; a result is good when the command exits with 0."""

    name = "shell"
    description = (
        "Run a bash command in the sandbox. Each call starts anew in the workspace root: no state stays but "
        "files, nothing runs on in the background, stdin is closed."
    )
    parameters = ShellParameters

    def access(self, parsed: ShellParameters) -> Access:
        """Everything: nobody can tell what a command touches."""
        return Access(reads=frozenset({EVERYTHING}), writes=frozenset({EVERYTHING}))

    async def run(self, parsed: ShellParameters, context: ToolContext) -> ToolResult:
        """Run the command to its end or to its deadline."""
        result = await context.processes.run(
            parsed.command, timeout=parsed.timeout, env=context.environment or None
        )
        ending = _ending(result, parsed.timeout)
        parts = [_output(result), result.note, ending]
        data = {
            "exit_code": result.exit_code,
            "signal": result.signal,
            "timed_out": result.timed_out,
            "duration_ms": round(result.duration_seconds * 1000),
            "spill": result.spill_id,
        }
        return ToolResult(result.ok, "\n".join(filter(None, parts)), data, summary=ending)


def _output(result: CommandResult) -> str:
    if not result.elided_bytes:
        return _readable(result.head + result.tail).rstrip("\n")
    head, tail = _readable(result.head), _readable(result.tail)
    whole = f"; the whole: spill:{result.spill_id}" if result.spill_id else ""
    elided = f"{count(result.elided_bytes, 'byte')}, {count(result.elided_lines, 'line')} elided{whole}"
    newline = "" if head.endswith("\n") else "\n"
    return f"{head}{newline}… [{elided}] …\n{tail}".rstrip("\n")


def _readable(output: bytes) -> str:
    return clamp_lines(clean_output(decode_output(output)))


def _ending(result: CommandResult, timeout: int) -> str:
    if result.timed_out:
        return f"timed out after {count(timeout, 'second')}; everything it started was ended"
    if result.signal is not None:
        try:
            name = signal.Signals(result.signal).name
        except ValueError:
            name = str(result.signal)
        return f"ended by signal {name}"
    return f"exit code {result.exit_code}"
