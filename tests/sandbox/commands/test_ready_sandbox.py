"""A sandbox made before its command is known: it runs the command as a new one would, or it is not used."""

from __future__ import annotations

import asyncio
import os
import re
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from present import is_present
from waiting import command_lines, new_mark, until, wait_until

from seedsmith.sandbox.commands.process import CommandResult, ProcessRunner
from seedsmith.sandbox.commands.ready_sandbox import ReadySandbox
from seedsmith.sandbox.isolation.base import Limits

PLACE = ".envrc"
"""A file that other programs run: shown read-only."""
SEEN = """
readlink /proc/$$/ns/user /proc/$$/ns/net | sed 's/user.*/user/'
env | sort; pwd; id; umask; ulimit -a; echo $$ $PPID $- $0 $# $SHLVL "$BASH_EXECUTION_STRING"
grep -E 'Cap|Seccomp|NoNewPrivs|Sig|Groups' /proc/self/status
cat /proc/$$/oom_score_adj /proc/$$/attr/current 2>/dev/null
readlink /proc/$$/fd/* >/tmp/opened; sed 's/[0-9]*]$//' /tmp/opened
cut -d' ' -f4- /proc/self/mountinfo | sed 's/ [a-z]*:[0-9]*//g'
"""


@pytest.fixture(params=["bwrap"])
def tier(request: pytest.FixtureRequest) -> str:
    """The others make nothing that could wait."""
    return str(request.param)


async def waiting(runner: ProcessRunner) -> ReadySandbox:
    """What waits for the next command of ``runner`` from here on."""
    runner.prepare()
    ready = runner._launcher.ready
    assert ready is not None
    await until(lambda: ready.waits, lambda: "a sandbox that waits")
    return ready


async def run(runner: ProcessRunner, command: str, **more) -> CommandResult:
    return await runner.run(command, timeout=60, **more)


def was_used(ready: ReadySandbox) -> bool:
    """Whether its shell became a command, rather than being ended."""
    status = ready._held.process.returncode
    assert status is not None
    return status != -signal.SIGKILL


async def test_a_command_is_run_by_what_waits_for_it(runner, world) -> None:
    ready = await waiting(runner)
    result = await run(runner, "echo out; echo err >&2; cat; exit 3")
    assert (result.exit_code, result.head, result.note) == (3, b"out\nerr\n", "")
    assert was_used(ready)
    assert runner._launcher.ready is None
    assert (await run(runner, "echo again")).head == b"again\n"


async def test_it_sees_what_a_new_one_sees(runner, world) -> None:
    (world.workspace / PLACE).write_text("export A=1\n")
    (world.workspace / ".seedsmith").mkdir()
    anew = await run(runner, SEEN, head_bytes=100_000)
    ready = await waiting(runner)
    found = await run(runner, SEEN, head_bytes=100_000)
    assert was_used(ready)
    assert found.head.decode() == anew.head.decode()


async def test_every_byte_reaches_the_command(runner) -> None:
    text = os.fsdecode(bytes(each for each in range(1, 256) if each != ord("'")))
    command = f" \n printf %s '{text}\\\n\n' # end  \n\n"
    anew = await run(runner, command)
    ready = await waiting(runner)
    assert (await run(runner, command)).head == anew.head == os.fsencode(text + "\\\n\n")
    assert was_used(ready)


@pytest.mark.parametrize(
    "command",
    [
        "nothing_by_that_name a",
        "echo $LINENO\nnothing_by_that_name\necho $SECONDS",
        "set -e; false; echo no",
        "(exit 3); set -e; (exit 4); echo no",
        "set -u; echo $unset; echo no",
        "readonly a=1; a=2; echo $a",
        "trap 'echo at the end $?' EXIT; exit 5",
        "kill -9 $$",
        "return 3; echo $?",
        "exit 3 4",
        "cat <<END\n$0 $#\nEND",
        "shopt -s extglob\necho !(x)y",
        ": ${unset?gone}; echo no",
        "echo $((1/0)); echo no",
        "exec false",
        "# nothing",
        "",
        "sh -c 'kill -9 $$'; echo $?",
        "ls -l /proc/$$/fd | wc -l; read -r a; echo $?",
        "export A=1; bash -c 'echo $A $SHLVL; env | wc -l'; :",
    ],
)
async def test_a_command_comes_out_as_it_does_in_a_new_one(runner, command) -> None:
    anew = await run(runner, command)
    ready = await waiting(runner)
    found = await run(runner, command)
    pid = re.compile(rb"line 1: +[0-9]+ ")
    assert pid.sub(b"", found.head) == pid.sub(b"", anew.head)
    assert (found.exit_code, found.note) == (anew.exit_code, anew.note)
    assert was_used(ready)


async def test_what_does_not_parse_is_refused(runner) -> None:
    ready = await waiting(runner)
    found = await run(runner, "echo first\nif; then")
    assert found.exit_code == 2
    assert b"syntax error near unexpected token `;'" in found.head
    assert was_used(ready)


async def test_what_is_left_bears_the_name_of_its_command(runner) -> None:
    ready = await waiting(runner)
    found = await run(runner, "(sleep 1000; true) & echo there")
    assert b"still running when the command ended, and ended with it: /bin/bash -c trap" in found.head
    assert was_used(ready)


async def test_what_a_shell_obeys_at_its_start_is_obeyed(runner, world) -> None:
    (world.workspace / "begin").write_text("echo begun\n")
    given = {"BASH_ENV": f"{world.workspace}/begin", "BASH_FUNC_greet%%": "() { echo greeted; }"}
    runner.prepare(given)
    ready = runner._launcher.ready
    await until(lambda: ready.waits, lambda: "a sandbox that waits")
    assert (await run(runner, "greet", env=given)).head == b"begun\ngreeted\n"
    assert was_used(ready)


def replaced(world) -> None:
    new = world.workspace / "new"
    new.write_text("mine\n")
    new.replace(world.workspace / PLACE)


def made_anew(world) -> None:
    (world.workspace / PLACE).unlink()
    (world.workspace / PLACE).write_text("mine\n")


def repository_moved(world) -> None:
    (world.workspace / ".git").rename(world.outside / "git")
    subprocess.run(["git", "init", "-q", str(world.workspace)], check=True)


def repository_made(world) -> None:
    subprocess.run(["git", "init", "-q", str(world.workspace / "inner")], check=True)


def configured(world) -> None:
    (world.workspace / ".seedsmith").mkdir()


def private_folder_replaced(world) -> None:
    world.policy.private_tmp.rename(world.outside / "tmp")


def workspace_replaced(world) -> None:
    world.workspace.rename(world.outside / "work")
    world.workspace.mkdir()


@pytest.mark.parametrize(
    "change",
    [
        replaced,
        made_anew,
        repository_moved,
        repository_made,
        configured,
        private_folder_replaced,
        workspace_replaced,
    ],
)
async def test_it_is_not_used_where_a_new_one_would_differ(runner, world, change) -> None:
    (world.workspace / PLACE).write_text("theirs\n")
    ready = await waiting(runner)
    change(world)
    before = (world.workspace / PLACE).read_text() if (world.workspace / PLACE).exists() else None
    result = await run(runner, f"echo evil >{PLACE}; echo evil >.git/config; echo evil >.seedsmith/x; true")
    assert result.exit_code == 0
    assert not was_used(ready)
    if before is not None:
        assert (world.workspace / PLACE).read_text() == before
    assert "evil" not in "".join(
        file.read_text() for file in world.workspace.glob("**/.git/config") if file.is_file()
    )
    assert not (world.workspace / ".seedsmith/x").exists()


async def test_what_changes_nothing_for_it_leaves_it(runner, world) -> None:
    (world.workspace / PLACE).write_text("theirs\n")
    ready = await waiting(runner)
    (world.workspace / "code.py").write_text("a = 1\n")
    (world.workspace / "code.py").unlink()
    (world.workspace / PLACE).write_text("changed in place\n")
    assert (await run(runner, f"cat {PLACE}")).head == b"changed in place\n"
    assert was_used(ready)


@pytest.mark.parametrize(
    "more",
    [{"env": {"A": "1"}}, {"cwd": "inner"}, {"stdin": b"given"}],
    ids=lambda more: next(iter(more)),
)
async def test_a_command_begun_otherwise_gets_its_own(runner, world, more) -> None:
    (world.workspace / "inner").mkdir()
    ready = await waiting(runner)
    result = await run(runner, 'echo "$A"; pwd; cat', **more)
    expected = f"{more.get('env', {}).get('A', '')}\n{world.workspace / more.get('cwd', '')}\n"
    assert result.head == expected.rstrip("/").encode() + more.get("stdin", b"")
    assert not was_used(ready)


async def test_long_commands_and_programs_get_their_own(runner) -> None:
    ready = await waiting(runner)
    assert (await run(runner, f"echo {'a' * 5000}")).head == b"a" * 5000 + b"\n"
    assert not was_used(ready)
    ready = await waiting(runner)
    assert (await runner.run(("echo", "-c", "a"), timeout=60)).head == b"-c a\n"
    assert not was_used(ready)


async def test_another_policy_gets_its_own(runner) -> None:
    ready = await waiting(runner)
    other = runner.with_policy(replace(runner.policy, network=True), runner.environment)
    assert (await run(other, "echo other")).head == b"other\n"
    assert not was_used(ready)


@pytest.mark.parametrize("seconds", [0.0, 1000.0])
async def test_what_was_looked_at_ahead_serves_a_command_begun_at_once(
    runner, world, monkeypatch, seconds
) -> None:
    monkeypatch.setattr("seedsmith.sandbox.commands.process._AT_ONCE_SECONDS", seconds)
    refreshed = []
    refresh = runner._guards.refresh
    monkeypatch.setattr(runner._guards, "refresh", lambda: refreshed.append(refresh()))
    hook = world.workspace / ".git/hooks/pre-commit"
    hook.parent.mkdir(parents=True, exist_ok=True)
    runner.look_ahead()
    result = await run(runner, "echo evil >.git/hooks/pre-commit; true")
    assert result.ok and not hook.exists()
    assert len(refreshed) == (2 if seconds == 0.0 else 1)
    await run(runner, "true")
    assert len(refreshed) == (3 if seconds == 0.0 else 2)


async def test_what_only_reads_leaves_it_to_the_next(runner) -> None:
    ready = await waiting(runner)
    reader = runner.with_policy(replace(runner.policy, only_reads=True), runner.environment)
    assert (await run(reader, "echo reads")).head == b"reads\n"
    assert (await run(runner, "echo next")).head == b"next\n"
    assert was_used(ready)


async def test_none_waits_beside_a_command_that_runs(runner) -> None:
    running = runner.start("cat", open_stdin=True)
    runner.prepare()
    assert runner._launcher.ready is None
    running.close_input()
    assert await running.wait()


async def test_where_it_was_killed_the_command_gets_another(runner) -> None:
    ready = await waiting(runner)
    os.kill(ready._held.process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, ready._held.process.pid, os.WEXITED | os.WNOWAIT)
    assert (await run(runner, "echo all the same")).head == b"all the same\n"


async def test_its_limits_are_those_of_a_command(make_runner) -> None:
    runner = make_runner(limits=Limits(file_bytes=1 << 20, open_files=50))
    ready = await waiting(runner)
    result = await run(runner, "ulimit -n; head -c 2M /dev/zero >large; stat -c %s large")
    assert result.head.split()[0] == b"50"
    assert result.head.split()[-1] == b"1048576"
    assert was_used(ready)


async def test_closing_the_runner_leaves_none(runner) -> None:
    ready = await waiting(runner)
    root = ready._held.root
    assert root is not None
    end = os.pidfd_open(root)
    try:
        runner.close()
        assert not was_used(ready)
        await until(lambda: select.select([end], [], [], 0)[0], lambda: "the end of its first process")
    finally:
        os.close(end)


KILLED_WHILE_ONE_WAITS = """
import asyncio, os, sys
from pathlib import Path
from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.workspace.spill import SpillStore

folders = [Path(sys.argv[1], name) for name in ("work", "private", "state")]
environ = os.environ | {"PATH": os.environ["PATH"] + f":/nowhere/{sys.argv[2]}"}
policy = Policy(*folders, environ=environ)
runner = ProcessRunner(choose("bwrap", policy), policy, SpillStore(folders[2]))

async def main():
    runner.prepare({"MARK": sys.argv[2]})
    while not runner._launcher.ready.waits:
        await asyncio.sleep(0.001)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@pytest.mark.skipif(not is_present("bwrap"), reason="needs bwrap")
def test_nothing_waits_on_where_the_agent_is_killed(world) -> None:
    mark = new_mark()
    arguments = (str(world.workspace.parent), mark)
    killed = subprocess.run([sys.executable, "-P", "-c", KILLED_WHILE_ONE_WAITS, *arguments])
    assert killed.returncode == -9
    wait_until(lambda: not _with_variable(mark), lambda: f"the end of {_with_variable(mark)}")


def _with_variable(mark: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"MARK={mark}".encode() in path.read_bytes().split(b"\0"):
                found.append(str(path))
        except OSError:
            continue
    return found


async def test_one_that_is_ended_while_it_comes_up_leaves_nothing(runner, world) -> None:
    for delay in range(40):
        runner.prepare()
        await asyncio.sleep(delay / 4000)  # any moment of its first ten milliseconds
        runner.unprepare()
    mount = f"bind {world.workspace}"
    await until(lambda: not command_lines(mount), lambda: "the end of all launchers")
    assert (await run(runner, "echo still")).head == b"still\n"
