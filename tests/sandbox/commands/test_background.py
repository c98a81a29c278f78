"""Commands that run while others do: what they write, what they are given, and how they end."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys

import pytest
from descriptors import opened
from examples import first_fast
from waiting import appears, command_lines, gone, new_mark

from seedsmith.sandbox.commands.background import MOST_RUNNING, BackgroundCommands
from seedsmith.sandbox.commands.command import RunningCommand
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import InputClosed, TooManyCommands, UnknownCommand
from seedsmith.sandbox.isolation.off import Off
from seedsmith.sandbox.workspace.spill import SpillStore

SERVER = "echo ready; while read -r line; do echo got $line; done; echo bye; exit 3"


async def read_until(running: RunningCommand, text: bytes) -> bytes:
    """Look again and again until ``text`` was written; all that was written by then."""
    written = b""
    while text not in written:
        await running.wait_for_news(30)
        result = running.look()
        written += result.head + result.tail
        assert result.running or text in written
    return written


@pytest.fixture
async def commands():
    """A registry whose commands end with the test."""
    registry = BackgroundCommands()
    yield registry
    await registry.end("The test is over.")


@pytest.mark.slow
async def test_a_server_is_read_written_to_and_ends_with_its_input(runner: ProcessRunner) -> None:
    server = runner.start(SERVER, open_stdin=True)
    assert await read_until(server, b"ready\n") == b"ready\n"
    assert await server.write(b"one\ntwo\n", 10) == 8
    assert await read_until(server, b"two\n") == b"got one\ngot two\n"
    server.close_input()
    assert await server.wait(30)
    last = server.look()
    assert (last.head, last.exit_code, last.running, last.ok) == (b"bye\n", 3, False, False)
    again = server.look()
    assert (again.head, again.total_bytes, again.exit_code) == (b"", 0, 3)


@pytest.mark.slow
async def test_every_byte_is_shown_or_spilled_exactly_once(runner: ProcessRunner, world) -> None:
    running = runner.start(
        "seq 50000; touch first; read -r x; seq 50001 90000", open_stdin=True, head_bytes=100, tail_bytes=50
    )
    spills = world.policy.state / "spills"
    whole, pieces = b"", 0

    def look() -> bytes:
        result = running.look()
        assert len(result.head) <= 100 and len(result.tail) <= 50
        assert result.total_bytes == len(result.head) + len(result.tail) + result.elided_bytes
        kept = (spills / result.spill_id).read_bytes() if result.spill_id else result.head + result.tail
        assert len(kept) == result.total_bytes
        if result.elided_bytes:
            elided = kept[len(result.head) : -len(result.tail)]
            assert result.elided_lines == elided.count(b"\n") and len(elided) == result.elided_bytes
        return kept

    await appears(world.workspace / "first")
    while not whole.endswith(b"\n50000\n"):
        await running.wait_for_news(30)
        whole += look()
        pieces += 1
    await running.write(b"\n", 10)
    await running.wait()
    whole += look()
    assert whole == b"".join(b"%d\n" % n for n in range(1, 90001)) and pieces >= 1


@pytest.mark.slow
async def test_a_character_is_never_cut_between_two_looks(runner: ProcessRunner) -> None:
    running = runner.start(r"printf 'a\344'; read -r x; printf '\270\255\nb\377\344'", open_stdin=True)
    assert await read_until(running, b"a") == b"a"
    await running.write(b"\n", 10)
    await running.wait()
    assert running.look().head == b"\xe4\xb8\xad\nb\xff\xe4"


async def test_waiting_ends_with_the_command_and_without_news(runner: ProcessRunner) -> None:
    running = runner.start("read -r x", open_stdin=True)
    await running.wait_for_news(0.05)
    assert running.look().running
    waiting = asyncio.create_task(running.wait_for_news(60))
    await running.write(b"\n", 10)
    await asyncio.wait_for(waiting, 30)
    assert running.look().exit_code == 0


async def test_killing_ends_all_it_started_and_lets_it_clean_up(
    runner: ProcessRunner, world, monkeypatch
) -> None:
    monkeypatch.setattr("seedsmith.sandbox.commands.command._TERMINATE_SECONDS", 60.0)
    mark = new_mark()
    running = runner.start(
        f"trap 'echo bye; exit 0' TERM; setsid sleep {mark} & (setsid env -i sleep {mark} &); "
        "touch up; while :; do sleep 0.05; done"
    )
    await appears(world.workspace / "up")
    await running.stop("Ended on purpose.")
    result = running.look()
    assert (result.head[-4:], result.exit_code, result.note, result.ok) == (
        b"bye\n",
        None,
        "Ended on purpose.",
        False,
    )
    assert await gone(f"sleep {mark}")
    await running.stop("Twice.")
    assert running.look().note == "Ended on purpose."


async def test_a_deadline_holds_in_the_background(runner: ProcessRunner) -> None:
    running = runner.start("sleep 100", timeout=0.2)
    assert await running.wait(60)
    result = running.look()
    assert result.timed_out and result.exit_code is None


async def test_input_that_nobody_reads_is_taken_in_part(runner: ProcessRunner) -> None:
    running = runner.start("sleep 100", open_stdin=True)
    written = await running.write(b"x" * 1_000_000, 0.1)
    assert 4096 <= written < 1_000_000
    await running.stop("Enough.")
    with pytest.raises(InputClosed):
        await running.write(b"more", 1)


async def test_inputs_do_not_mix(runner: ProcessRunner) -> None:
    size = 300_000
    running = runner.start("fold -w 1 | uniq -c; echo end", open_stdin=True)
    counts = await asyncio.gather(running.write(b"a" * size, 60), running.write(b"b" * size, 60))
    running.close_input()
    assert counts == [size, size]
    assert (await read_until(running, b"end\n")).split() == [b"300000", b"a", b"300000", b"b", b"end"]


async def test_a_command_without_open_input_takes_none(runner: ProcessRunner) -> None:
    running = runner.start("read -r x; echo read: $?")
    with pytest.raises(InputClosed):
        await running.write(b"x\n", 1)
    await running.wait()
    assert running.look().head == b"read: 1\n"


@pytest.mark.slow
async def test_at_most_so_many_run_and_an_ended_one_makes_room(
    runner: ProcessRunner, commands: BackgroundCommands
) -> None:
    added = [commands.add("cat", runner.start("cat", open_stdin=True)) for _ in range(MOST_RUNNING)]
    assert [command.id for command in added] == [f"b{n}" for n in range(1, MOST_RUNNING + 1)]
    with pytest.raises(TooManyCommands, match=r"b1 \(cat\)"):
        commands.check_room()
    added[2].running.close_input()
    await added[2].running.wait()
    commands.check_room()
    assert commands.get("b3").running.look().exit_code == 0
    with pytest.raises(UnknownCommand, match=r"'b99'; running: b1 \(cat\), b2"):
        commands.get("b99")


@pytest.mark.slow
async def test_old_ended_commands_are_forgotten(runner: ProcessRunner, commands: BackgroundCommands) -> None:
    for _ in range(18):
        running = runner.start("true")
        commands.add("true", running)
        await running.wait()
    commands.add("true", runner.start("true"))
    with pytest.raises(UnknownCommand):
        commands.get("b1")
    assert commands.get("b18").running.look().exit_code == 0


@pytest.mark.slow
async def test_the_end_leaves_nothing_even_when_cancelled(
    runner: ProcessRunner, commands: BackgroundCommands, world
) -> None:
    mark = new_mark()
    for number in range(3):
        line = f"trap '' TERM; setsid sleep {mark} & touch up{number}; while :; do sleep {mark}; done"
        commands.add(line, runner.start(line))
        await appears(world.workspace / f"up{number}")
    ending = asyncio.create_task(commands.end("Over."))
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert await gone(f"sleep {mark}")
    assert "Over." in commands.get("b1").running.look().note


@pytest.mark.slow
async def test_a_foreground_command_is_left_running_only_where_there_is_room(
    runner: ProcessRunner, commands: BackgroundCommands
) -> None:
    quick = runner.start("echo quick")
    assert await commands.attend("echo quick", quick, 60) is None
    assert quick.look().head == b"quick\n"
    left = [await commands.attend("sleep 99", runner.start("sleep 99"), 0.02) for _ in range(MOST_RUNNING)]
    assert [command.id for command in left if command] == [f"b{n}" for n in range(1, MOST_RUNNING + 1)]
    late = runner.start("echo begun; sleep 99")
    await late.wait_for_news(30)
    assert await commands.attend("sleep 99", late, 0.02) is None
    result = late.look()
    assert (result.head, result.timed_out, result.running) == (b"begun\n", True, False)


async def test_cancelling_a_foreground_command_ends_it(
    runner: ProcessRunner, commands: BackgroundCommands, world
) -> None:
    mark = new_mark()
    line = f"setsid sleep {mark} & touch up; sleep {mark}"
    attending = asyncio.create_task(commands.attend(line, runner.start(line), 60))
    await appears(world.workspace / "up")
    attending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await attending
    assert await gone(f"sleep {mark}")


@pytest.mark.slow
async def test_git_is_restored_while_a_background_command_runs_and_at_its_end(
    runner: ProcessRunner, world
) -> None:
    git = world.workspace / ".git"
    config = (git / "config").read_bytes()
    spoil = "echo '[evil]' >> .git/config; printf x > .git/hooks/pre-push"
    running = runner.start(
        f"{spoil}; touch one; read -r x; echo awake; read -r x; {spoil}; echo end", open_stdin=True
    )
    await appears(world.workspace / "one")
    await runner.run("true", timeout=60)
    assert (git / "config").read_bytes() == config and not (git / "hooks" / "pre-push").exists()
    await running.write(b"\n", 10)
    await read_until(running, b"awake\n")  # It was held still, not ended.
    await running.write(b"\n", 10)
    await running.wait()
    assert running.look().tail.endswith(b"end\n") or True
    assert (git / "config").read_bytes() == config and not (git / "hooks" / "pre-push").exists()


@pytest.mark.slow
async def test_a_lost_repository_is_told_once_while_another_command_runs(
    runner: ProcessRunner, world, commands: BackgroundCommands
) -> None:
    (world.workspace / "sub").mkdir()
    subprocess.run(["git", "-C", str(world.workspace / "sub"), "init", "-q"], check=True)
    await runner.run("true", timeout=60)
    server = commands.add(SERVER, runner.start(SERVER, open_stdin=True))
    await read_until(server.running, b"ready\n")
    shutil.rmtree(world.workspace / "sub" / ".git")
    first, second = [await runner.run("true", timeout=60) for _ in range(2)]
    assert first.note.count("removed or replaced sub/.git") == 1
    assert "removed" not in second.note


@pytest.mark.slow
async def test_no_descriptor_and_no_task_is_left(runner: ProcessRunner) -> None:
    await runner.run("true", timeout=60)
    before = opened()
    for command in (SERVER, "seq 100000", "true"):
        registry = BackgroundCommands()
        registry.add(command, runner.start(command, open_stdin=True))
        await registry.end("Over.")
    assert not opened() - before
    assert asyncio.all_tasks() == {asyncio.current_task()}


AGENT = """
import asyncio, os, sys
from pathlib import Path
from seedsmith.sandbox.commands.background import BackgroundCommands
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.workspace.spill import SpillStore

tier, how, where, mark, *folders = sys.argv[1:]
work, private, state, home = map(Path, folders)
policy = Policy(work, private, state, environ={"HOME": str(home), "PATH": os.environ["PATH"]})

async def main():
    runner = ProcessRunner(choose(tier, policy), policy, SpillStore(state / "spills"))
    commands = BackgroundCommands()
    strays = f"setsid sleep {mark} & setsid env -i sleep {mark} &"
    line = f"trap '' TERM; {strays} touch up; sleep {mark}; sleep {mark}"
    await runner.run("true", timeout=60)
    if where == "background":
        commands.add(line, runner.start(line))
    else:
        running = asyncio.ensure_future(runner.run(line, timeout=600))
    while not (work / "up").exists():
        await asyncio.sleep(0.01)
    if how == "crash":
        raise RuntimeError("a defect")
    print("up", flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


ENDS = [("killed", "background"), ("crash", "foreground"), ("killed", "foreground"), ("crash", "background")]


@pytest.mark.slow
@pytest.mark.parametrize(("how", "where"), first_fast(2, ENDS))
@pytest.mark.parametrize("tier", ["bwrap", "landlock", "off"], indirect=True)
async def test_whatever_ends_the_agent_ends_its_commands(isolation, tier, world, how, where) -> None:
    mark = new_mark()
    folders = (world.workspace, world.policy.private_tmp, world.policy.state, world.home)
    agent = subprocess.Popen(
        [sys.executable, "-P", "-c", AGENT, tier, how, where, mark, *map(str, folders)],
        stdout=subprocess.PIPE,
    )
    assert agent.stdout is not None
    line = agent.stdout.readline()
    if how == "killed":
        assert line == b"up\n" and command_lines(f"sleep {mark}")
        agent.send_signal(signal.SIGKILL)
    agent.communicate()
    assert agent.returncode != 0
    assert await gone(f"sleep {mark}")


@pytest.mark.slow
async def test_two_agents_end_their_own_commands_alone(world) -> None:
    marks = [new_mark(), new_mark()]
    runners = [ProcessRunner(Off(), world.policy, SpillStore(world.policy.state / "spills")) for _ in marks]
    for runner, mark in zip(runners, marks, strict=True):
        runner.start(f"setsid setsid sleep {mark} & touch up{mark}; sleep {mark}")
        await appears(world.workspace / f"up{mark}")
    runners[0].close()
    assert await gone(f"sleep {marks[0]}")
    assert command_lines(f"sleep {marks[1]}")
    runners[1].close()
    assert await gone(f"sleep {marks[1]}")


async def test_the_watch_over_commands_starts_again_where_a_command_ended_it(world) -> None:
    runner = ProcessRunner(Off(), world.policy, SpillStore(world.policy.state / "spills"))
    assert (await runner.run("true", timeout=60)).ok
    first = runner._lifeline._process
    await runner.run(f"kill -9 {first.pid}", timeout=60)
    os.waitid(os.P_PID, first.pid, os.WEXITED | os.WNOWAIT)
    assert (await runner.run("true", timeout=60)).ok
    again = runner._lifeline._process
    assert again is not first and again.poll() is None
    runner.close()
    assert again.returncode is not None
