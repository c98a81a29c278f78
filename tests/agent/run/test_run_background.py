"""Background commands of a whole run: used, left running, and ended with it."""

from __future__ import annotations

import asyncio
import json
import subprocess

import pytest
from scripted_endpoint import calls, text
from small_house import Collected
from waiting import appears, command_lines, gone, new_mark

from seedsmith import Agent
from seedsmith.agent.events import ToolFinished, VerifyFinished
from seedsmith.agent.run.lasting_commands import LastingCommands, Surroundings
from seedsmith.agent.run.one_tool import run_tool
from seedsmith.agent.run.run import run
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.isolation.base import Policy

TIERS = {"bwrap": "bwrap", "landlock": "Landlock", "off": "off"}


@pytest.fixture(params=TIERS)
def options(request, endpoint, tmp_path):
    for name in ("work", "private", "probed"):
        (tmp_path / name).mkdir()
    try:
        choose(request.param, Policy(tmp_path / "work", tmp_path / "private", tmp_path / "probed"))
    except NoIsolation as why:
        pytest.skip(f"needs {TIERS[request.param]}: {why}")
    return {
        "workspace": tmp_path / "work",
        "model": "openai/scripted",
        "base_url": endpoint.base_url,
        "api_key": "a-key-for-tests",
        "home": tmp_path / "state",
        "sandbox": request.param,
    }


def loop(mark):
    """A server-like command: says that it is up, answers lines, writes on, and never ends by itself."""
    return (
        f": {mark}; (trap '' TERM; while :; do date >> beats; sleep 0.05; done) & "
        "echo ready; while read -r line; do echo got $line; done; wait"
    )


@pytest.mark.slow
async def test_a_server_is_used_and_ends_with_the_session(endpoint, options):
    mark = f"mark{new_mark()}"
    endpoint.script(
        calls(("shell", {"command": loop(mark), "background": True})),
        calls(("shell_output", {"id": "b1", "wait": 20})),
        calls(("shell_input", {"id": "b1", "text": "hello\n"}), ("shell_output", {"id": "b1", "wait": 20})),
        calls(("shell_kill", {"id": "b1"})),
        calls(("shell", {"command": loop(mark), "background": True})),
        text("It runs."),
    )
    seen = Collected()
    outcome = await Agent(**options, front_ends=(seen,)).arun("Try it")
    assert outcome.status == "done" and await gone(mark)
    shown = [m["content"] for m in endpoint.requests[-1].body["messages"] if m["role"] == "tool"]
    assert shown[0].startswith("started in the background as b1")
    assert shown[1].startswith("ready\nb1: still running") and "got hello" in shown[3]
    assert "Ended by shell_kill" in shown[4] and shown[5].startswith("started in the background as b2")
    assert all(event.ok for event in seen.of(ToolFinished))
    # What it wrote counts, to its last line: nothing changed any more once the comparison began.
    beats = (options["workspace"] / "beats").read_text()
    assert outcome.files_changed == ("beats",) and outcome.diff.count("\n+") == beats.count("\n") + 1


@pytest.mark.slow
async def test_the_verification_runs_without_background_commands(endpoint, options):
    mark = f"mark{new_mark()}"
    endpoint.script(
        calls(("shell", {"command": f"touch up; exec -a {mark} sleep 1000", "background": True})),
        text("Done."),
        calls(("shell_output", {"id": "b1"})),
        text("It can't be done."),
        text("No."),
    )
    seen = Collected()
    outcome = await Agent(**options, verify="false", front_ends=(seen,)).arun("Try it")
    assert outcome.status == "unverified" and len(seen.of(VerifyFinished)) >= 2
    told = [m["content"] for m in endpoint.requests[-1].body["messages"] if m["role"] == "tool"][-1]
    assert "Ended before the verification" in told and await gone(mark)


async def test_a_cancelled_run_leaves_no_process(endpoint, options):
    mark = new_mark()
    endpoint.script(
        calls(("shell", {"command": loop(mark), "background": True})),
        calls(("shell", {"command": f"setsid sleep {mark} & touch up; sleep {mark}"})),
    )
    task = asyncio.create_task(run(RunRequest(settings=Settings(**options), prompt="Go")))
    await appears(options["workspace"] / "up")
    assert len(command_lines(mark)) >= 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(mark)


@pytest.mark.slow
async def test_a_single_tool_call_leaves_nothing_running(options):
    mark = f"mark{new_mark()}"
    started = await run_tool(
        Settings(**options), "shell", json.dumps({"command": loop(mark), "background": True})
    )
    assert started.ok and await gone(mark)


@pytest.mark.slow
async def test_commands_of_a_conversation_outlive_their_run(endpoint, options):
    """The next run looks at one, git's files stay watched meanwhile, and the conversation's end ends it."""
    mark = f"mark{new_mark()}"
    subprocess.run(["git", "init", "-q", str(options["workspace"])], check=True)
    hooks = "mkdir -p .git/hooks; echo evil > .git/hooks/pre-commit"
    endpoint.script(
        calls(("shell", {"command": loop(mark), "background": True})),
        text("It runs."),
        calls(("shell_output", {"id": "b1", "wait": 20}), ("shell", {"command": hooks})),
        text("It runs still."),
    )
    lasting, settings = LastingCommands(), Settings(**options)
    first = await run(
        RunRequest(settings=settings, prompt="Start it"), surroundings=Surroundings(commands=lasting)
    )
    assert command_lines(mark) and [each.line for each in lasting.background.running] == [loop(mark)]
    again = settings.model_copy(update={"resume": first.session})
    await run(RunRequest(settings=again, prompt="Look"), surroundings=Surroundings(commands=lasting))
    shown = [m["content"] for m in endpoint.requests[-1].body["messages"] if m["role"] == "tool"]
    assert shown[1].startswith("ready\nb1: still running")
    await lasting.end("Over.")
    assert await gone(mark) and not lasting.background.running
    assert (options["workspace"] / ".git/hooks/pre-commit").exists() == (options["sandbox"] == "off")


async def test_an_awaited_command_is_sent_to_the_background(endpoint, options):
    command = "echo first; read -r never < <(sleep 1000); echo never"
    endpoint.script(calls(("shell", {"command": command, "timeout": 900})), text("It runs."))
    lasting = LastingCommands()
    work = asyncio.create_task(
        run(
            RunRequest(settings=Settings(**options), prompt="Start it"),
            surroundings=Surroundings(commands=lasting),
        )
    )
    while not (awaited := lasting.background.awaited) or not awaited[0].running.output_end(100):
        await asyncio.sleep(0.01)
    assert awaited[0].line == command and awaited[0].running.output_end(3) == b"st\n"
    awaited[0].leave()
    outcome = await work
    assert outcome.status == "done" and not lasting.background.awaited
    shown = [m["content"] for m in endpoint.requests[-1].body["messages"] if m["role"] == "tool"]
    assert shown[0].startswith("first\n") and "left in the background as b1" in shown[0]
    await lasting.end("Over.")
