"""Servers that are started for a test, and the tool that uses them."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from seedsmith.agent.settings.kept_sign_ins import KeptSignIns
from seedsmith.tools.base import ToolError
from seedsmith.tools.mcp.known_offers import KnownOffers
from seedsmith.tools.mcp.mcp_tool import McpTool
from seedsmith.tools.mcp.pool import ServerPool
from seedsmith.tools.mcp.servers import read_entry, server_of

SERVER = Path(__file__).parents[2] / "support" / "mcp_server.py"


class McpBench:
    """The tool over servers by name, its cache lasting over pools as over sessions."""

    def __init__(self, bench, folder):
        self.bench, self.context, self.folder = bench, bench.context, folder
        self.sign_ins = KeptSignIns(folder.parent)
        self.pools = []
        self.told = []
        self.entries = {}

    def open(self, **entries):
        """A new session with ``entries``; ``example`` is the SDK's server."""
        self.entries = entries
        servers = [server_of(name, read_entry(name, entry), "user", {}) for name, entry in entries.items()]
        self.pool = ServerPool(servers, KnownOffers(self.folder), self.sign_ins)
        self.pool.notify = self.told.append
        self.pools.append(self.pool)
        self.tool = McpTool(self.pool, vision=True)
        return self

    async def call(self, name, server="example", action="call", **arguments):
        given = {"action": action, "server": server, "name": name, "arguments": arguments}
        return await self.tool.run(self.tool.parse(given), self.context)

    async def refused(self, name, **arguments):
        with pytest.raises(ToolError) as caught:
            await self.call(name, **arguments)
        return str(caught.value)

    def access(self, **given):
        return self.tool.access(self.tool.parse(given))


def example(**more):
    """The entry of the SDK's server."""
    return {"command": sys.executable, "args": [str(SERVER)], **more}


def script(text, **more):
    """The entry of a server that is the Python program ``text``."""
    return {"command": sys.executable, "args": ["-c", text], **more}


@pytest.fixture
def kept_port():
    """A port nobody gets by chance, on which a server that is told to listens all the same."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


@pytest.fixture
async def mcp(bench, tmp_path, monkeypatch):
    # However busy the machine is, a server that begins is waited for.
    monkeypatch.setattr("seedsmith.tools.mcp.connection.START_SECONDS", 100.0)
    made = McpBench(bench, tmp_path / "known")
    made.open(example=example())
    yield made
    for pool in made.pools:
        await pool.close()
