"""Running a command: its output, its end, and what it leaves behind."""

from __future__ import annotations

import asyncio
import itertools
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from descriptors import opened
from present import is_present
from waiting import appears, gone, new_mark, wait_until

from seedsmith.sandbox.commands import descendants
from seedsmith.sandbox.commands.descendants import children
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.commands.spawn import join_group, limit_all
from seedsmith.sandbox.errors import PathNotFound, SandboxError
from seedsmith.sandbox.isolation.base import Launch, Limits


async def test_both_streams_arrive_in_order(runner: ProcessRunner) -> None:
    result = await runner.run("echo a; echo b >&2; echo c; exit 3", timeout=60)
    assert (result.head + result.tail, result.exit_code, result.signal) == (b"a\nb\nc\n", 3, None)
    assert (result.elided_bytes, result.spill_id, result.timed_out, result.note) == (0, None, False, "")
    assert not result.ok


async def test_a_sequence_is_no_shell_line(runner: ProcessRunner) -> None:
    result = await runner.run(("/usr/bin/printf", "%s", "$HOME; `id`"), timeout=60)
    assert result.head == b"$HOME; `id`"


async def test_bytes_pass_unchanged(runner: ProcessRunner) -> None:
    data = bytes(range(256)) * 4
    result = await runner.run("cat", timeout=60, stdin=data)
    assert result.head + result.tail == data


async def test_a_large_input_is_read_whole(runner: ProcessRunner) -> None:
    result = await runner.run("wc -c", timeout=60, stdin=b"x" * 1_000_000)
    assert result.head.strip() == b"1000000"


async def test_the_middle_of_a_long_output_is_spilled_and_counted(runner: ProcessRunner, world) -> None:
    result = await runner.run("seq 100000", timeout=60, head_bytes=100, tail_bytes=50)
    whole = b"".join(b"%d\n" % n for n in range(1, 100001))
    assert (result.head, result.tail) == (whole[:100], whole[-50:])
    assert (result.total_bytes, result.elided_bytes) == (len(whole), len(whole) - 150)
    assert result.elided_lines == whole[100:-50].count(b"\n")
    assert result.spill_id is not None
    assert (world.policy.state / "spills" / result.spill_id).read_bytes() == whole


async def test_what_is_still_in_the_pipe_at_the_end_counts(runner: ProcessRunner) -> None:
    task = asyncio.create_task(runner.run("head -c 200000 /dev/zero; touch done", timeout=60))
    await asyncio.sleep(0)  # It is started; the loop comes back to it only after it has ended.
    while not (runner.policy.workspace / "done").exists():
        os.sched_yield()
    assert (await task).total_bytes == 200000


async def test_no_spill_where_none_is_wanted(runner: ProcessRunner, world) -> None:
    result = await runner.run("seq 100000", timeout=60, spill=False)
    assert result.spill_id is None
    assert list((world.policy.state / "spills").iterdir()) == []


async def test_variables_and_folder_of_one_command(runner: ProcessRunner, world) -> None:
    (world.workspace / "sub").mkdir()
    result = await runner.run('echo "$EXTRA"; basename "$PWD"', timeout=60, cwd="sub", env={"EXTRA": "1"})
    assert result.head == b"1\nsub\n"
    with pytest.raises(PathNotFound):
        await runner.run("true", timeout=60, cwd="missing")


async def test_a_signal_shows(runner: ProcessRunner) -> None:
    result = await runner.run("kill -SEGV $$", timeout=60)
    assert (result.exit_code, result.signal) == (139, 11)


@pytest.mark.slow
async def test_a_deadline_ends_everything(runner: ProcessRunner) -> None:
    """Case 40: a new session, no hang-up signal, two forks and an empty environment don't help."""
    mark = new_mark()
    daemon = (
        "import os\nif os.fork() == 0:\n os.setsid()\n"
        f" if os.fork() == 0: os.execlp('sleep', 'sleep', '{mark}')"
    )
    command = (
        f"setsid nohup sleep {mark} & (setsid env -i sleep {mark} & exit) & "
        f"python3 -c {shlex.quote(daemon)} & "
        f"sleep {mark}"
    )
    result = await runner.run(command, timeout=1)
    assert result.timed_out
    assert result.exit_code is None
    assert await gone(f"sleep {mark}")


@pytest.mark.slow
async def test_a_command_that_ignores_terminate_is_killed(runner: ProcessRunner, world) -> None:
    """Case 46."""
    mark = new_mark()
    line = f"trap '' TERM; echo ready; touch ready; sleep {mark} & wait; sleep {mark}"
    running = runner.start(line, timeout=60)
    await appears(world.workspace / "ready")
    await running.stop("Stopped: enough.", timed_out=True)
    result = await running.wait_or_stop()
    assert result.timed_out
    assert result.head == b"ready\n"
    assert await gone(f"sleep {mark}")


async def test_a_command_may_clean_up_when_terminated(runner: ProcessRunner, world, monkeypatch) -> None:
    monkeypatch.setattr("seedsmith.sandbox.commands.command._TERMINATE_SECONDS", 60.0)
    ready = world.workspace / "ready"
    running = runner.start("trap 'echo bye; exit 0' TERM; touch ready; sleep 100 & wait", timeout=60)
    await appears(ready)
    await running.stop("Stopped: enough.", timed_out=True)
    result = await running.wait_or_stop()
    assert result.timed_out and b"bye" in result.head.splitlines(), result.head  # of sleep, too, may be told


def test_a_parent_is_asked_to_end_before_its_children(monkeypatch) -> None:
    """A shell that lost the child it waits for would end by itself, and not clean up."""
    below, asked = {1000: [8, 16], 16: [24, 1], 24: [32]}, []
    monkeypatch.setattr(descendants, "children", lambda pid: below.get(pid, []))
    monkeypatch.setattr(descendants, "_alive", lambda pid: True)
    monkeypatch.setattr(descendants, "_signal", lambda pid, number: asked.append(pid))
    tree = descendants.ProcessTree(1000, contained=True)
    tree.terminate()
    tree.forget()
    assert sorted(asked) == [1, 8, 16, 24, 32, 1000]
    order = {pid: place for place, pid in enumerate(asked)}
    assert all(order[parent] < order[child] for parent, found in below.items() for child in found)


async def test_a_daemon_that_holds_the_output_keeps_nobody(runner: ProcessRunner) -> None:
    """Case 41: the result comes when the command exits, and the daemon ends with it."""
    mark = new_mark()
    result = await runner.run(f"setsid sleep {mark} & echo started", timeout=60)
    assert result.head.splitlines()[0] == b"started" and not result.timed_out
    assert await gone(f"sleep {mark}")


@pytest.mark.slow
async def test_cancelling_ends_everything(runner: ProcessRunner, world) -> None:
    mark = new_mark()
    command = f"trap '' TERM; setsid sleep {mark} & touch up; sleep {mark}"
    task = asyncio.create_task(runner.run(command, timeout=60))
    await appears(world.workspace / "up")
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()  # A second one, while the first is being carried out.
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(f"sleep {mark}")


@pytest.mark.slow
async def test_commands_side_by_side_leave_each_other_alone(runner: ProcessRunner, world) -> None:
    beside = "until [ -e go ]; do sleep 0.02; done; echo late; touch said"
    line = f"({beside}) & touch up; until [ -e said ]; do sleep 0.02; done; echo done"
    slow = asyncio.create_task(runner.run(("/usr/bin/env", "-i", "/bin/sh", "-c", line), timeout=60))
    await appears(world.workspace / "up")
    for _ in range(5):
        assert (await runner.run("setsid sleep 50 & echo quick", timeout=60)).head.startswith(b"quick\n")
    (world.workspace / "go").touch()
    assert (await slow).head == b"late\ndone\n"


async def test_endless_output_is_stopped(make_runner) -> None:
    """Case 45."""
    runner = make_runner(Limits(output_bytes=1 << 20))
    result = await runner.run("yes", timeout=60)
    assert "wrote more than 1 MB" in result.note
    assert (result.exit_code, result.timed_out) == (None, False)
    assert result.total_bytes == result.elided_bytes + len(result.head) + len(result.tail)


@pytest.mark.slow
async def test_no_descriptor_is_left_open(runner: ProcessRunner) -> None:
    await runner.run("true", timeout=60)
    before = opened()
    for command in ("true", "sleep 9", ("/nonexistent/program",)):
        await runner.run(command, timeout=0.3, stdin=b"x")
    assert not opened() - before


def zombies() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] == "Z" and int(fields[1]) == os.getpid():
                found.append(entry.name)
    return found


async def test_zombies_do_not_gather(runner: ProcessRunner) -> None:
    before = set(zombies())  # of other tests' runners, which bury them with a next command only
    await runner.run("(setsid sleep 0 &) ; setsid sleep 30 & true", timeout=60)
    for _ in range(100):
        await runner.run("true", timeout=60)  # What was still ending is buried with the next command.
        if len(set(zombies()) - before) <= 1:
            break
    assert len(set(zombies()) - before) <= 1


async def test_limits_hold_from_the_first_instruction(make_runner) -> None:
    runner = make_runner(Limits(open_files=64, file_bytes=1 << 20))
    result = await runner.run("ulimit -n; ulimit -Hn; ulimit -c; ulimit -f; ulimit -Hf", timeout=60)
    assert result.head.split() == [b"64", b"64", b"0", b"1024", b"1024"]


async def test_duration_is_measured(runner: ProcessRunner) -> None:
    began = time.monotonic()
    result = await runner.run("sleep 0.2", timeout=60)
    assert 0.2 <= result.duration_seconds <= time.monotonic() - began


@pytest.mark.parametrize("tier", ["bwrap", "landlock", "off"], indirect=True)
async def test_a_command_line_too_long_to_start_is_refused_in_one_sentence(
    runner: ProcessRunner,
) -> None:
    most = 32 * os.sysconf("SC_PAGE_SIZE") - 1
    fits = await runner.run(f": {'x' * (most - 2)}", timeout=60)
    assert fits.ok
    with pytest.raises(SandboxError) as refused:
        await runner.run(f": {'中' * 70_000}", timeout=60)
    assert str(refused.value) == (
        f"The command line is 210,002 bytes long, and the system takes at most {most:,}: write it to a file "
        "first and run that."
    )
    with pytest.raises(SandboxError, match="arguments are 9,0[0-9]{2},[0-9]{3} bytes long together"):
        await runner.run((":", *["x" * 100_000] * 90), timeout=60)
    assert (await runner.run("echo on", timeout=60)).head == b"on\n"


FORKING = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    libc = __import__("ctypes").CDLL(None)
    os.closerange(0, 64)
    generation = 0
    while True:
        generation += 1
        libc.setsid()
        if libc.fork() != 0:
            libc._exit(0)
        if generation % 50 == 0:
            descriptor = os.open({beat!r}, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(descriptor, str(generation).encode())
            os.close(descriptor)
while not os.path.exists({beat!r}):
    pass
"""


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["landlock", "off"])
@pytest.mark.parametrize("way", ["plain", "env -i"])
async def test_what_forks_and_exits_in_a_loop_ends_with_its_command(
    runner: ProcessRunner, world, way: str
) -> None:
    """No process of it lives long enough to be found by looking at all of them."""
    beat = world.workspace / "beat"
    (world.workspace / "f.py").write_text(FORKING.format(beat=str(beat)))
    prefix = "env -i setsid" if way == "env -i" else ""
    wait = "while [ ! -e beat ]; do sleep 0.01; done"
    result = await runner.run(f"{prefix} {shlex.quote(sys.executable)} f.py; {wait}", timeout=60)
    assert beat.exists(), result
    beat.unlink()
    await asyncio.sleep(0.3)
    assert not beat.exists()


HOLDING = {
    "memory file": "import os; f = os.memfd_create('a'); [os.write(f, block) for _ in range(400)]",
    "part of it mapped": "import mmap, os; f = os.memfd_create('a'); "
    "[os.write(f, block) for _ in range(400)]; m = mmap.mmap(f, 4096); m[0]",
    "mapped and closed": "import mmap; m = mmap.mmap(-1, 400 << 20); [m.write(block) for _ in range(400)]",
    "shared memory": "f = open('/dev/shm/held{name}', 'wb'); [f.write(block) for _ in range(400)]; f.flush()",
    "page tables": "import mmap; m = mmap.mmap(-1, 1 << 40, flags=0x4022, prot=1); "
    "[m[place] for place in range(0, 1 << 39, 1 << 21)]",
    "of its own": "a = [bytearray(block) for _ in range(400)]",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOLDING)
async def test_memory_counts_wherever_it_lies(make_runner, world, tier, kind: str) -> None:
    if kind == "shared memory" and tier != "bwrap":
        return  # It is the machine's own there, and not the command's alone.
    runner = make_runner(limits=Limits(memory_bytes=300 << 20))
    code = f"block = b'x' * (1 << 20); {HOLDING[kind].format(name=os.getpid())}; input()"
    running = runner.start((sys.executable, "-c", code), timeout=60, open_stdin=True)
    await running.wait()
    assert "more than 300 MB of memory" in running.look().note


@pytest.mark.slow
async def test_memory_counts_though_others_of_the_machine_let_go_of_theirs(
    make_runner, monkeypatch, tier
) -> None:
    figures = itertools.chain([1 << 40], itertools.repeat(0))
    watch = "seedsmith.sandbox.commands.limit_watch"
    monkeypatch.setattr(f"{watch}.unmapped_on_machine", lambda: next(figures))
    monkeypatch.setattr(f"{watch}._WHOLE_EVERY", 4)
    runner = make_runner(limits=Limits(memory_bytes=300 << 20))
    code = f"block = b'x' * (1 << 20); {HOLDING['memory file']}; input()"
    running = runner.start((sys.executable, "-c", code), timeout=60, open_stdin=True)
    await running.wait()
    assert "more than 300 MB of memory" in running.look().note


@pytest.mark.slow
async def test_shared_memory_is_counted_once(make_runner) -> None:
    runner = make_runner(limits=Limits(memory_bytes=300 << 20))
    code = """import mmap, os, time
file = os.memfd_create("a")
os.truncate(file, 200 << 20)
mapped = mmap.mmap(file, 200 << 20)
for _ in range(200):
    mapped.write(b"x" * (1 << 20))
os.fork()
os.fork()
mapped[0]
time.sleep(1)
"""
    result = await runner.run((sys.executable, "-c", code), timeout=60)
    assert (result.exit_code, result.note) == (0, "")


KILLED_WHILE_IT_STARTS = """
import asyncio, os, sys, time
from pathlib import Path
from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands import spawn
from seedsmith.sandbox.commands.descendants import children
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.workspace.spill import SpillStore

folders = [Path(sys.argv[1], name) for name in ("work", "private", "state")]
policy = Policy(*folders, environ=dict(os.environ))
runner = ProcessRunner(choose("bwrap", policy), policy, SpillStore(folders[2]))
popen = spawn._popen

def started(*arguments):
    process = popen(*arguments)
    if os.fork() == 0:
        time.sleep(float(sys.argv[2]))
        os.kill(os.getppid(), 9)
        os._exit(0)
    return process

spawn._popen = started
asyncio.run(runner.run(f"exec sleep {sys.argv[3]}", timeout=100))
"""


@pytest.mark.skipif(not is_present("bwrap"), reason="needs bwrap")
@pytest.mark.parametrize("seconds", [0.0, 0.002, 0.004, 0.008])
def test_nothing_runs_on_where_the_agent_is_killed_while_it_starts(world, seconds) -> None:
    mark = new_mark()
    arguments = (str(world.workspace.parent), str(seconds), mark)
    killed = subprocess.run([sys.executable, "-P", "-c", KILLED_WHILE_IT_STARTS, *arguments])
    assert killed.returncode == -9
    wait_until(lambda: not _processes_with(mark), lambda: f"the end of {_processes_with(mark)}")


def _processes_with(mark: str) -> list[str]:
    """What runs of a command; its launcher may still wait for one that is gone (``left_behind.py``)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_text().split("\0")
        except OSError:
            continue
        if any(mark in word for word in words) and Path(words[0]).name != "bwrap":
            found.append(str(path))
    return found


def test_what_a_first_process_started_before_it_was_limited_is_limited_too(tmp_path) -> None:
    """On a slow machine the shell that waits to become the command is there already."""
    started = subprocess.Popen(("sh", "-c", "sleep 60 & echo there; wait"), stdout=subprocess.PIPE)
    assert started.stdout is not None and started.stdout.readline() == b"there\n"
    try:
        launch = Launch(("true",), {}, tmp_path, joins=tmp_path / "joined")
        limit_all(started.pid, Limits(open_files=77))
        join_group(started.pid, launch)
        (child,) = children(started.pid)
        assert resource.prlimit(child, resource.RLIMIT_NOFILE) == (77, 77)
        assert (tmp_path / "joined").read_text() == str(child)
        os.kill(child, signal.SIGKILL)
    finally:
        started.kill()
        started.wait()
