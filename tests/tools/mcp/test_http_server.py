"""A server by streamable HTTP, on loopback."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import SERVER

SERVE = "import runpy, sys; runpy.run_path(sys.argv[1])['server'].run(sys.argv[3], port=int(sys.argv[2]))"


@pytest.mark.slow
async def test_a_server_with_a_url_is_called_and_one_that_is_gone_costs_one_call(mcp, kept_port):
    mcp.open(example={"type": "http", "url": f"http://127.0.0.1:{kept_port}/mcp", "timeout": 60})
    assert "can't be used" in await mcp.refused("add", a=1, b=1), "nothing listens yet"
    argv = (sys.executable, "-c", SERVE, str(SERVER), str(kept_port), "streamable-http")
    with subprocess.Popen(argv, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            while b"running on" not in process.stderr.readline():
                assert process.poll() is None
            assert (await mcp.call("add", a=20, b=22)).text.endswith("42")
            assert "milk" in (await mcp.call("note://today", action="read")).text
        finally:
            process.kill()
    assert await mcp.refused("add", a=1, b=1)
