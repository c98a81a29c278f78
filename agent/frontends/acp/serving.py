"""Serves one editor over two pipes until it closes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from acp.agent import AgentSideConnection

from seedsmith.agent.events import FrontEnd
from seedsmith.agent.frontends.acp.editor_agent import EditorAgent
from seedsmith.agent.frontends.acp.line_transport import open_lines


async def serve(
    flags: Mapping[str, Any],
    environment: Mapping[str, str],
    incoming: BinaryIO,
    outgoing: BinaryIO,
    watchers: tuple[FrontEnd, ...] = (),
) -> None:
    """Answer the editor's requests; returns when it has gone and nothing goes on any more.

    ``watchers`` see the events of every session.
    """
    lines = await open_lines(incoming, outgoing)
    agent = EditorAgent(flags, environment, watchers)
    connection = AgentSideConnection(
        agent,  # type: ignore[arg-type]
        lines,
        listening=False,
        use_unstable_protocol=True,  # the library counts closing and resuming sessions among it
    )
    try:
        await connection.listen()
        await agent.end()
    finally:
        await connection.close()
