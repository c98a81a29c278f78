"""``seedsmith acp`` as an editor starts it: a process of its own, another client's, and what is no editor."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import acp
import pytest
from command import call_here
from scripted_endpoint import calls, reasoning, text
from waiting import appears

PATIENT = {"shutdown_timeout": 60.0}
"""So long the client waits for the program to end by itself, however busy the machine is."""
COMMAND = (sys.executable, "-P", "-m", "seedsmith", "acp")
EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})
DOCUMENT = Path(__file__).parents[2] / "docs/editors.md"


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "a.txt").write_text("one\n")
    return folder


class Silent:
    """An editor that wants to know nothing."""

    async def session_update(self, **_):
        pass


@pytest.mark.slow
async def test_an_editor_starts_it_and_it_ends_with_its_pipe(endpoint, repository, environment):
    endpoint.script(calls(EDIT), text("Done."))
    options = {**PATIENT, "stderr": asyncio.subprocess.PIPE}
    async with acp.spawn_agent_process(
        Silent(), *COMMAND, env=environment, cwd="/", transport_kwargs=options
    ) as (agent, process):
        await agent.initialize(protocol_version=1)
        session = await agent.new_session(cwd=str(repository), mcp_servers=[])
        answer = await agent.prompt(session_id=session.session_id, prompt=[acp.text_block("Change it")])
        assert answer.stop_reason == "end_turn"
    assert process.returncode == 0 and (repository / "a.txt").read_text() == "two\n"
    assert await process.stderr.read() == b""


@pytest.mark.slow
async def test_a_signal_ends_it_with_all_it_began(endpoint, repository, environment, tmp_path):
    endpoint.script(calls(("shell", {"command": "touch begun; sleep 600"})))
    async with acp.spawn_agent_process(Silent(), *COMMAND, env=environment, transport_kwargs=PATIENT) as (
        agent,
        process,
    ):
        await agent.initialize(protocol_version=1)
        session = (await agent.new_session(cwd=str(repository), mcp_servers=[])).session_id
        prompt = asyncio.ensure_future(agent.prompt(session_id=session, prompt=[acp.text_block("Wait")]))
        await appears(repository / "begun")
        process.send_signal(signal.SIGTERM)
        await process.wait()
        assert (await prompt).stop_reason == "cancelled"
    records = tmp_path / "state/sessions" / session / "records.jsonl"
    assert json.loads(records.read_text().splitlines()[-1])["status"] == "interrupted"


@pytest.mark.slow
def test_who_is_no_editor_is_told_what_it_is_for(environment, tmp_path, monkeypatch, capsys):
    file = tmp_path / "file"
    file.touch()
    with file.open() as source:
        options = {"stdin": source, "env": environment, "capture_output": True, "text": True, "timeout": 60}
        done = subprocess.run(COMMAND, **options)
    assert done.returncode == 2 and "over pipes" in done.stderr and not done.stdout
    done = subprocess.run(COMMAND, **{**options, "stdin": subprocess.DEVNULL})
    assert done.returncode == 2 and "over pipes" in done.stderr and "Traceback" not in done.stderr

    def refused(*flags, stdin=b""):
        done = call_here(("acp", *flags), tmp_path, environment, monkeypatch, capsys, stdin)
        assert done.returncode == 2
        return done.stderr

    leader, follower = pty.openpty()
    with os.fdopen(leader, "rb"), os.fdopen(follower) as terminal:
        assert "docs/editors.md" in refused(stdin=terminal)
    assert "--max-turns" in refused("--max-turns", "none")
    monkeypatch.setitem(sys.modules, "acp", None)
    assert "pip install 'seedsmith[acp]'" in refused()


def test_the_documents_name_a_command_that_there_is():
    samples = re.findall(r"^```json\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.M | re.S)
    servers = [json.loads(sample)["agent_servers"]["Seedsmith"] for sample in samples]
    assert [(each["command"], each["args"]) for each in servers] == [("seedsmith", ["acp"])] * 2


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("acpx") is None, reason="needs acpx: it is another client, of npm")
@pytest.mark.parametrize(("says", "written"), [("--approve-all", True), ("--deny-all", False)])
def test_another_client_drives_it(endpoint, repository, environment, says, written):
    todo = ("todo", {"items": [{"text": "Change it", "state": "active"}]})
    envrc = ("write", {"path": ".envrc", "content": "A=1\n"})
    endpoint.script(calls(todo, EDIT), calls(envrc), reasoning("Well.", "All done."))
    command = ("acpx", "--agent", " ".join(COMMAND), says, "--cwd", str(repository), "exec", "Change it")
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 100}
    done = subprocess.run(command, env=environment, cwd=repository, **options)
    assert done.returncode == 0 or not written, done.stderr
    assert "All done." in done.stdout and "edit a.txt" in done.stdout and "end_turn" in done.stdout
    assert (repository / "a.txt").read_text() == "two\n" and (repository / ".envrc").exists() == written
