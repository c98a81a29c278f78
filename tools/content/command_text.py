"""Describes a command's output and its end for the model; shared by all tools that show a command."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from seedsmith.tools.base import JsonObject
from seedsmith.tools.content.encodings import decode_output
from seedsmith.tools.text import clamp_lines, clean_output, count

if TYPE_CHECKING:
    from seedsmith.sandbox.commands.command import CommandResult

_END_LINES = 12
"""So much of a failed command's output is shown to people."""


def output(result: CommandResult) -> str:
    """The command's output: head and tail, and between them how much is missing and where it is kept."""
    if not result.elided_bytes:
        return _readable(result.head + result.tail).rstrip("\n")
    head, tail = _readable(result.head), _readable(result.tail)
    whole = f"; the whole: spill:{result.spill_id}" if result.spill_id else ""
    elided = f"{count(result.elided_bytes, 'byte')}, {count(result.elided_lines, 'line')} elided{whole}"
    newline = "" if head.endswith("\n") else "\n"
    return f"{head}{newline}… [{elided}] …\n{tail}".rstrip("\n")


def ending(result: CommandResult, seconds: float | None = None) -> str:
    """How it ended, or that it still runs; ``seconds`` is its time limit, if that is known."""
    if result.running:
        return f"still running after {count(round(result.duration_seconds), 'second')}"
    if result.timed_out:
        after = round(result.duration_seconds if seconds is None else seconds)
        return f"timed out after {count(after, 'second')}; everything it started was ended"
    if result.signal is not None:
        try:
            name = signal.Signals(result.signal).name
        except ValueError:
            name = str(result.signal)
        return f"ended by signal {name}"
    return "stopped" if result.exit_code is None else f"exit code {result.exit_code}"


def lines(*parts: str) -> str:
    """The parts that are not empty, one below the other."""
    return "\n".join(filter(None, parts))


def data(result: CommandResult) -> JsonObject:
    """The same for front ends and tests; of a command that failed the last lines of its output."""
    failed = not result.ok and not result.running
    return {
        "exit_code": result.exit_code,
        "signal": result.signal,
        "timed_out": result.timed_out,
        "running": result.running,
        "duration_ms": round(result.duration_seconds * 1000),
        "spill": result.spill_id,
        **({"output_end": "\n".join(output(result).splitlines()[-_END_LINES:])} if failed else {}),
    }


def _readable(output: bytes) -> str:
    return clamp_lines(clean_output(decode_output(output)))
