"""The shell in the background as a model uses it: start, look, write, end, from real commands."""

from __future__ import annotations

import asyncio
import re

import pytest

from seedsmith.sandbox.commands.background import MOST_RUNNING
from seedsmith.sandbox.errors import TooManyCommands
from seedsmith.tools.base import ToolError

SERVER = "echo listening; while read -r line; do echo got $line; done; echo bye; exit 3"


@pytest.fixture
async def shells(bench):
    """A bench whose background commands end with the test."""
    yield bench
    await bench.context.background.end("The test is over.")


async def read_until(bench, text, **arguments):
    """Look until ``text`` was shown; all results' texts."""
    shown = ""
    while text not in shown:
        result = await bench.call("shell_output", id="b1", wait=30, **arguments)
        shown += result.text + "\n"
        assert result.data["running"] or text in shown
    return shown


@pytest.mark.slow
async def test_a_server_is_started_read_written_to_and_killed(shells):
    started = await shells.call("shell", command=SERVER, background=True)
    assert started.ok and started.data["id"] == "b1" and started.data["running"]
    assert started.text == "started in the background as b1"
    shown = await read_until(shells, "listening")
    assert "b1: still running after" in shown
    quiet = await shells.call("shell_output", id="b1")
    assert quiet.ok and quiet.text.startswith("(no new output)\nb1: still running")
    written = await shells.call("shell_input", id="b1", text="GET /\n")
    assert written.ok and written.text == "6 bytes written to b1"
    assert "got GET /" in await read_until(shells, "got")
    killed = await shells.call("shell_kill", id="b1")
    assert killed.ok and not killed.data["running"]
    assert "Ended by shell_kill, with everything it had started." in killed.text
    again = await shells.call("shell_kill", id="b1")
    assert again.ok and "b1: had ended already" in again.text


async def test_an_end_by_itself_is_told_with_its_exit_code(shells):
    await shells.call("shell", command=SERVER, background=True)
    closed = await shells.call("shell_input", id="b1", text="last\n", close=True)
    assert closed.text == "5 bytes written to b1; stdin closed"
    shown = await read_until(shells, "exit code")
    assert "got last\nbye\n" in shown and shown.endswith("b1: exit code 3\n")
    ended = await shells.call("shell_output", id="b1")
    assert not ended.ok and ended.text == "(no new output)\nb1: exit code 3"
    with pytest.raises(ToolError, match=r"b1 has ended; shell_output shows how\."):
        await shells.call("shell_input", id="b1", text="more\n")


async def test_a_long_output_is_bounded_and_spilled(shells):
    await shells.call("shell", command="seq 1 100000", background=True)
    await shells.context.background.get("b1").running.wait()
    result = await shells.call("shell_output", id="b1")
    assert result.ok and len(result.text) < 20_000 and "elided; the whole: spill:s1" in result.text
    back = await shells.call("read", path="spill:s1", offset=50_000, limit=1)
    assert back.text.splitlines()[0].endswith("\t50000")


@pytest.mark.slow
async def test_without_a_timeout_a_slow_command_is_left_running(shells):
    shells.context.background_after = 3
    left = await shells.call("shell", command="echo begun; sleep 1000")
    assert left.ok and left.data["running"] and left.data["id"] == "b1"
    assert left.text == "begun\nstill running after 3 seconds; left in the background as b1"
    with pytest.raises(ToolError, match=r"b1: The command's standard input is closed\."):
        await shells.call("shell_input", id="b1", text="x\n")
    assert (await shells.call("shell_kill", id="b1")).ok


@pytest.mark.slow
async def test_a_timeout_ends_a_command_wherever_it_runs(shells):
    foreground = await shells.call("shell", command="echo begun; sleep 1000", timeout=3)
    assert foreground.data["timed_out"] and not foreground.ok
    assert foreground.text.startswith("begun\n") and "timed out after 3 seconds" in foreground.text
    await shells.call("shell", command="sleep 1000", background=True, timeout=1)
    shown = await read_until(shells, "everything it started was ended")
    assert re.search("^b1: timed out after [0-9]+ seconds?; everything", shown, re.MULTILINE)


@pytest.mark.slow
async def test_too_many_are_refused_and_a_slow_one_is_ended_for_want_of_room(shells):
    for _ in range(MOST_RUNNING):
        await shells.call("shell", command="sleep 1000", background=True)
    with pytest.raises(TooManyCommands, match=f"{MOST_RUNNING} background commands run already"):
        await shells.call("shell", command="touch never", background=True)
    assert not (shells.root / "never").exists()
    shells.context.background_after = 1
    slow = await shells.call("shell", command="sleep 1000")
    assert slow.data["timed_out"] and not slow.ok


async def test_input_that_is_not_read_is_said_with_its_count(shells, monkeypatch):
    monkeypatch.setattr("seedsmith.tools.shell.shell_input._WRITE_SECONDS", 0.1)
    await shells.call("shell", command="sleep 1000", background=True)
    with pytest.raises(ToolError, match=r"b1 is not reading: it took [\d,]+ of 500,000 bytes in 0.1 seconds"):
        await shells.call("shell_input", id="b1", text="x" * 500_000)


@pytest.mark.slow
async def test_looking_again_is_progress_only_while_something_goes_on(shells):
    await shells.call("shell", command="read -r x", background=True)
    assert not (await shells.call("shell_output", id="b1")).pending
    assert (await shells.call("shell_output", id="b1", wait=1)).pending
    await shells.call("shell_input", id="b1", text="\n")
    await shells.context.background.get("b1").running.wait()
    assert not (await shells.call("shell_output", id="b1", wait=1)).pending


async def test_a_cancelled_look_loses_nothing(shells):
    await shells.call("shell", command="read -r x; echo $x", background=True)
    looking = asyncio.create_task(shells.call("shell_output", id="b1", wait=600))
    await asyncio.sleep(0)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    await shells.call("shell_input", id="b1", text="kept\n")
    await shells.context.background.get("b1").running.wait()
    assert (await shells.call("shell_output", id="b1")).text == "kept\nb1: exit code 0"


@pytest.mark.slow
async def test_waiting_for_output_goes_on_until_it_is_quiet(shells, monkeypatch):
    monkeypatch.setattr("seedsmith.sandbox.commands.command._QUIET_SECONDS", 3.0)
    await shells.call("shell", command="for i in 1 2 3; do echo $i; sleep 0.2; done; cat", background=True)
    result = await shells.call("shell_output", id="b1", wait=30)
    assert result.text.startswith("1\n2\n3\nb1: still running")
