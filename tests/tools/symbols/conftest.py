"""Language servers that are started for a test: real ones, and programs that only say they are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import ToolError
from seedsmith.tools.symbols.pool import LanguageServers
from seedsmith.tools.symbols.servers import KnownServer, Server, find_servers
from seedsmith.tools.symbols.symbols_tool import SymbolsTool

PROGRAMS = Path(sys.executable).parent
"""Where the tests' own extra puts its servers."""
FRAMES = """
import json, sys
def send(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
    sys.stdout.buffer.flush()
def receive():
    size = 0
    while line := sys.stdin.buffer.readline().strip():
        name, _, value = line.partition(b":")
        size = int(value) if name.lower() == b"content-length" else size
    return json.loads(sys.stdin.buffer.read(size)) if size else sys.exit()
def serve(capabilities, answer):
    while True:
        message = receive()
        if message["method"] == "initialize":
            send(id=message["id"], result={"capabilities": capabilities})
        else:
            answer(message)
"""
"""Begins the program of a server that is made for a test."""


class SymbolsBench:
    """The servers of a workspace, their tool, and calls as the gate makes them."""

    def __init__(self, bench):
        self.bench, self.context, self.put, self.bytes = bench, bench.context, bench.put, bench.bytes
        self.pools = []

    def open(self, *servers):
        """The workspace's own servers, or those that are given."""
        environment = {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"}
        self.servers = LanguageServers(servers or find_servers(self.bench.root, environment), self.context)
        self.pools.append(self.servers)
        self.tool = SymbolsTool(self.servers)
        return self.servers

    async def call(self, action, path, **arguments):
        return await self.tool.run(
            self.tool.parse({"action": action, "path": path, **arguments}), self.context
        )

    async def refused(self, action, path, **arguments):
        with pytest.raises((ToolError, SandboxError)) as caught:
            await self.call(action, path, **arguments)
        return str(caught.value)

    async def told(self, *changes):
        """What the servers say once files were written, each a (path, content); None takes one away."""
        watched = self.servers.watch([path for path, _ in changes])
        for path, content in changes:
            if content is None:
                (self.bench.root / path).unlink()
            else:
                self.put(path, content)
        return await self.servers.new_problems(watched)


def made(text, **more):
    """A server of Python files that is the program ``text``."""
    argv = (sys.executable, "-c", FRAMES + text)
    return Server(KnownServer("made", argv, {".py": "python"}, (), **more), argv)


@pytest.fixture
async def symbols(bench, monkeypatch):
    monkeypatch.setattr("seedsmith.tools.symbols.pool.ANSWER_SECONDS", 60)
    opened = SymbolsBench(bench)
    yield opened
    for pool in opened.pools:
        await pool.close()
