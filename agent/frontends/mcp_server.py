"""Other agents as front ends: an MCP server whose tools are a run, a fix, and what there is to look at.

Standard output belongs to the protocol. The SDK hears messages and cancellation; a call that is cancelled
ends its run as an interrupt does.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from seedsmith.agent.events import Envelope, FrontEnd, NoticeGiven, ToolFinished, TurnStarted
from seedsmith.agent.frontends.jsonl import encode
from seedsmith.agent.frontends.mcp_lines import checked_lines
from seedsmith.agent.version import VERSION
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import JsonObject, ToolSpec

if TYPE_CHECKING:
    from anyio import AsyncFile
    from mcp.server import ServerRequestContext
    from mcp_types import CallToolRequestParams, CallToolResult, JSONRPCError, ListToolsResult

Perform = Callable[[Mapping[str, Any], tuple[FrontEnd, ...]], Awaitable["Answered"]]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call gives back."""

    ok: bool
    text: str
    data: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """One tool that is offered to other agents."""

    spec: ToolSpec
    perform: Perform
    """Does it, its events seen by the front ends."""
    reads_only: bool = False


class _Progress:
    """A front end that tells whoever asked how far a call is, one step at each turn, call and notice."""

    def __init__(self, report: Callable[[float, float | None, str | None], Awaitable[None]]) -> None:
        self._report = report
        self._steps = 0
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._task = asyncio.ensure_future(self._send())

    def show(self, envelope: Envelope) -> None:
        """Take one event."""
        match envelope.event:
            case TurnStarted(turn=turn):
                self._waiting.put_nowait(f"turn {turn}")
            case ToolFinished(summary=said) | NoticeGiven(message=said):
                self._waiting.put_nowait(said[:200])
            case _:
                pass

    def close(self) -> None:
        """Tell nothing more."""
        self._task.cancel()

    async def _send(self) -> None:
        while True:
            said = await self._waiting.get()
            self._steps += 1
            await self._report(self._steps, None, _sendable(said))


async def serve_stdio(offered: tuple[Offered, ...]) -> None:
    """Serve ``offered`` on standard input and output until the input ends."""
    with _standard_input() as incoming:
        await serve(offered, incoming)


async def serve(
    offered: tuple[Offered, ...], incoming: BinaryIO, outgoing: AsyncFile[str] | None = None
) -> None:
    """Serve ``offered`` on two streams until the first ends; without ``outgoing`` on standard output."""
    from anyio import BrokenResourceError, ClosedResourceError
    from mcp.server.stdio import stdio_server
    from mcp.shared.message import SessionMessage

    async def refuse(answer: JSONRPCError) -> None:
        with suppress(BrokenResourceError, ClosedResourceError):  # nobody listens any more
            await write.send(SessionMessage(answer))

    server = _server(offered)
    lines: Any = checked_lines(incoming, refuse)
    async with stdio_server(lines, outgoing) as (read, write):
        await server.run(read, write, server.create_initialization_options())


@contextmanager
def _standard_input() -> Iterator[BinaryIO]:
    """Standard input for the protocol alone: commands and stray reads find it empty meanwhile."""
    own = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    try:
        yield os.fdopen(own, "rb", closefd=False)  # a thread may be reading still
    finally:
        os.dup2(own, 0)


def _server(offered: tuple[Offered, ...]) -> Any:
    from mcp.server import Server

    by_name = {each.spec.name: each for each in offered}
    one_at_a_time = asyncio.Lock()

    async def list_tools(context: ServerRequestContext[Any], params: Any) -> ListToolsResult:
        from mcp_types import ListToolsResult

        return ListToolsResult(tools=[_as_mcp_tool(each) for each in offered])

    async def call_tool(context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        found = by_name.get(params.name)
        if found is None:
            return _result(Answered(False, f"There is no tool {params.name!r:.80}."))
        progress = _Progress(context.session.report_progress)
        try:
            if found.reads_only:
                return _result(await found.perform(params.arguments or {}, (progress,)))
            async with one_at_a_time:  # they change the same folder
                return _result(await found.perform(params.arguments or {}, (progress,)))
        except Exception as error:
            return _result(Answered(False, str(error) or type(error).__name__))
        finally:
            progress.close()

    return Server("seedsmith", version=VERSION, on_list_tools=list_tools, on_call_tool=call_tool)


def _as_mcp_tool(each: Offered) -> Any:
    from mcp_types import Tool, ToolAnnotations

    return Tool(
        name=each.spec.name,
        description=each.spec.description,
        input_schema=each.spec.parameters,
        annotations=ToolAnnotations(read_only_hint=each.reads_only),
    )


def _result(answered: Answered) -> CallToolResult:
    from mcp_types import CallToolResult, TextContent

    data = json.loads(encode(answered.data)) if answered.data is not None else None
    return CallToolResult(
        content=[TextContent(type="text", text=_sendable(answered.text))],
        structured_content=data,
        is_error=not answered.ok,
    )


def _sendable(text: str) -> str:
    """``text`` without half characters, with which no message can be written."""
    return text.encode("utf-8", "replace").decode()
