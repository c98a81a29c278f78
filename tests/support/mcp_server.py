"""A server written with the official SDK, for tests to start: a tool for each thing a server may do."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel

server = MCPServer("example")


@server.tool(
    description=os.environ.get("ADD_IS", "Adds two numbers."),
    annotations=ToolAnnotations(read_only_hint=True),
)
def add(a: int, b: int) -> int:
    return a + b


@server.tool()
def write(path: str, text: str) -> str:
    """Writes a file."""
    Path(path).write_text(text)
    return f"wrote {path}"


@server.tool()
def look(path: str) -> str:
    """Says what is at a path."""
    return Path(path).read_text()


@server.tool()
def variables() -> str:
    """Says which variables it was given."""
    return "\n".join(f"{name}={value}" for name, value in sorted(os.environ.items()))


@server.tool()
def picture() -> Image:
    """Draws a red square."""
    import io

    import PIL.Image

    drawn = io.BytesIO()
    PIL.Image.new("RGB", (32, 32), "red").save(drawn, "PNG")
    return Image(data=drawn.getvalue(), format="png")


class Colour(BaseModel):
    colour: str
    often: int


@server.tool()
async def wish(ctx: Context) -> str:
    """Asks for a colour."""
    answer = await ctx.elicit("Which colour?", Colour)
    return (
        f"{answer.action} {answer.data.colour} {answer.data.often * 2}"
        if answer.action == "accept"
        else answer.action
    )


@server.tool()
async def slow(seconds: float, steps: int, ctx: Context) -> str:
    """Takes its time, and says that it goes on."""
    for step in range(steps):
        await asyncio.sleep(seconds / steps)
        await ctx.report_progress(step, steps)
    return "at last"


@server.tool()
async def hang() -> str:
    """Never answers."""
    await asyncio.sleep(3600)
    return ""


@server.tool()
def die() -> str:
    """Ends the server."""
    print("out of heart", file=sys.stderr, flush=True)
    os._exit(3)


@server.tool()
def fail() -> str:
    """Fails."""
    raise ToolError("no such thing")


@server.tool()
def long() -> str:
    """Answers with a lot."""
    return "x" * 3_000_000


@server.tool()
def noise() -> str:
    """Prints what is no message."""
    os.write(1, b"hello, I am no message\n")
    return "said"


@server.prompt()
def review(what: str) -> str:
    """How to review."""
    return f"Review {what} with care."


@server.resource("note://today")
def today() -> str:
    return "milk"


@server.resource("blob://today", mime_type="application/octet-stream")
def blob() -> bytes:
    return b"\x00\x01\x02"


if __name__ == "__main__":
    server.run()
