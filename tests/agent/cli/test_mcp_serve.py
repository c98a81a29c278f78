"""``seedsmith mcp serve``, driven by the SDK's own client."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from scripted_endpoint import calls, text
from waiting import appears

SEEDSMITH = str(Path(sys.executable).with_name("seedsmith"))


def serving(place, environment, *flags):
    """A client of the command, run in the repository."""
    parameters = StdioServerParameters(
        command=SEEDSMITH, args=["mcp", "serve", *flags], env=environment, cwd=place / "repo"
    )
    return Client(stdio_client(parameters), mode="legacy")


@pytest.mark.slow  # a whole start
async def test_another_agent_uses_the_tools_and_has_a_task_done(place, environment, endpoint):
    endpoint.script(
        calls(("write", {"path": "b.txt", "content": "two\n"})), text("It is written."), text("unused")
    )
    environment["SEEDSMITH_API_KEY"] = "a-key-for-tests"
    heard = []

    async def progress(steps, total, said):
        heard.append(said)

    async with serving(place, environment, "-m", "openai/x", "--base-url", endpoint.base_url) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {"run", "fix", "skills", "sessions", "read", "edit", "shell", "git"} <= set(listed)
        assert listed["read"].annotations.read_only_hint and not listed["shell"].annotations.read_only_hint
        read = await client.call_tool("read", {"path": "a.txt"})
        assert not read.is_error and "one" in read.content[0].text
        done = await client.call_tool("run", {"prompt": "Write b"}, progress_callback=progress)
        assert not done.is_error, done.content[0].text
        assert done.structured_content["files_changed"] == ["b.txt"]
        assert (place / "repo/b.txt").read_text() == "two\n" and "turn 1" in heard
        known = json.loads((await client.call_tool("sessions", {})).content[0].text)
        assert done.structured_content["session"] in [each["id"] for each in known]
        assert "fix-bug" in (await client.call_tool("skills", {})).content[0].text
        for name, given in (("nobody", {}), ("run", {}), ("run", {"prompt": 3}), ("read", {"path": "/etc"})):
            assert (await client.call_tool(name, given)).is_error


@pytest.mark.slow  # two servers
async def test_a_cancelled_call_ends_its_command_and_plans_change_nothing(place, environment):
    async with serving(place, environment) as client:
        call = asyncio.ensure_future(
            client.call_tool("shell", {"command": "touch begun; sleep 600; touch ended"})
        )
        await appears(place / "repo/begun")
        call.cancel()
        await asyncio.wait({call})
        assert not (await client.call_tool("shell", {"command": "true"})).is_error
    async with serving(place, environment, "--approve", "plan") as client:
        assert (await client.call_tool("shell", {"command": "touch no"})).is_error
    assert not (place / "repo/ended").exists() and not (place / "repo/no").exists()
