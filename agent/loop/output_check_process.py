"""Checks a final message in a process of its own, because a regular expression of the schema may never end.

In this process it would hold the interpreter's lock, and so block the event loop, Ctrl-C and every deadline.
Run as a program, this module is that process: it reads schema and text as JSON from stdin and writes the
errors to stdout.
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
"""For the whole check, including the start of the process."""
_PROGRAM = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from seedsmith.agent.loop.output_check_process import main
main()
"""
"""Finds modules where this process does, and nowhere else."""


async def read_apart(schema: OutputSchema, text: str) -> tuple[Any, list[str]]:
    """Do what :meth:`OutputSchema.read` does; a check longer than ``DEADLINE_SECONDS`` counts as failed.

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
    """Check what stdin holds; a CPU limit ends this process if the parent does not."""
    asked = json.load(sys.stdin.buffer)
    with suppress(ImportError, OSError, ValueError):  # Windows has none
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (asked["seconds"] + 1, asked["seconds"] + 1))
    _, errors = checked_schema(asked["schema"]).read(asked["text"])
    json.dump(errors, sys.stdout)
