"""Checking a final message in a process of its own: a regular expression of the schema may never end.

It would hold the interpreter's lock, and so the loop, Ctrl-C and every deadline; a process can be ended. Run
as a program it is that process: schema and text come as JSON on stdin, and the errors go to stdout.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

from seedsmith.agent.loop.output_schema import OutputSchema, checked_schema, parsed
from seedsmith.agent.subprocesses import kill

DEADLINE_SECONDS = 10
"""Of the whole check, the process's start included."""
_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from seedsmith.agent.loop.output_check_process import main
main()
"""
"""Finds modules where this process does, and nowhere else."""


async def read_apart(schema: OutputSchema, text: str) -> tuple[Any, list[str]]:
    """As :meth:`OutputSchema.read`; what takes longer than ``DEADLINE_SECONDS`` counts as not valid.

    Cancelling ends the process.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-E", "-P", "-c", _PROGRAM, json.dumps(sys.path)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    asked = json.dumps({"schema": dict(schema.schema), "text": text, "seconds": DEADLINE_SECONDS})
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            said, _ = await process.communicate(asked.encode("ascii"))
    except TimeoutError:
        return None, [f"it could not be checked in {DEADLINE_SECONDS} s"]
    finally:
        await kill(process)
    try:
        errors = [str(error) for error in json.loads(said)]
    except ValueError:
        return None, ["it could not be checked: the process that checks it failed"]
    return (None, errors) if errors else (parsed(text), [])


def main() -> None:
    """Check what stdin holds; the system ends what outlives the one who asked."""
    asked = json.load(sys.stdin.buffer)
    with suppress(ImportError, OSError, ValueError):  # Windows has none
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (asked["seconds"] + 1, asked["seconds"] + 1))
    _, errors = checked_schema(asked["schema"]).read(asked["text"])
    json.dump(errors, sys.stdout)
