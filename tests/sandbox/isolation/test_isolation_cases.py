"""The attacks by commands of docs/sandbox.md, "Attacks", each against both tiers."""

from __future__ import annotations

import os
import resource
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
from waiting import until

from seedsmith.sandbox.commands.process import CommandResult, ProcessRunner
from seedsmith.sandbox.errors import OutsideWorkspace
from seedsmith.sandbox.isolation.base import Limits
from seedsmith.sandbox.isolation.hardening import harden_agent

PYTHON = shlex.quote(sys.executable)


class ReadyRunner(ProcessRunner):
    """Runs each command in a sandbox that was made before the command was known."""

    async def run(self, command, **more) -> CommandResult:  # type: ignore[override]
        self.prepare()
        ready = self._launcher.ready
        assert ready is not None
        await until(lambda: ready.waits, lambda: "a sandbox that waits")
        let_go = ready.let_go = Mock(wraps=ready.let_go)
        result = await super().run(command if isinstance(command, str) else shlex.join(command), **more)
        let_go.assert_called_once()
        return result


@pytest.fixture(params=["bwrap", "landlock", pytest.param("ready", marks=pytest.mark.slow)])
def way(request: pytest.FixtureRequest) -> str:
    """A tier, or the strong one with sandboxes that wait for their commands."""
    return str(request.param)


@pytest.fixture
def tier(way: str) -> str:
    return "bwrap" if way == "ready" else way


@pytest.fixture
def make_runner(make_runner, way: str):
    def make(*limits: Limits, **changes: object) -> ProcessRunner:
        runner = make_runner(*limits, **changes)
        if way == "ready":
            runner.__class__ = ReadyRunner
        return runner

    return make


async def run(runner: ProcessRunner, command: str, timeout: float = 20) -> CommandResult:
    return await runner.run(command, timeout=timeout)


async def run_python(runner: ProcessRunner, code: str, timeout: float = 20) -> CommandResult:
    return await runner.run((sys.executable, "-c", code), timeout=timeout)


def text(result: CommandResult) -> str:
    return (result.head + result.tail).decode(errors="replace")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("echo x >{home}/.ssh/authorized_keys", id="21 ssh keys"),
        pytest.param("echo x >>{home}/.bashrc", id="21 shell start-up"),
        pytest.param("echo x >/etc/seedsmith-canary", id="21 etc"),
        pytest.param("echo x >/usr/local/bin/seedsmith-canary", id="21 programs"),
        pytest.param("echo x >{outside}/canary", id="21 next door"),
        pytest.param("ln -s / sl; echo x >sl{outside}/canary", id="25 through a link"),
        pytest.param("ln {outside}/canary hard && echo x >hard", id="26 a new hard link"),
        pytest.param("mount -o remount,rw,bind /; echo x >{outside}/canary", id="27 remount"),
        pytest.param("unshare -Urm sh -c 'mount -o remount,rw,bind /; echo x >{outside}/canary'", id="28"),
        pytest.param("rm -rf {outside} {home}", id="removal"),
        pytest.param("mv {outside}/canary stolen", id="moving away"),
        pytest.param("truncate -s 0 {outside}/canary", id="truncation"),
        pytest.param("chmod 777 {outside}/canary; touch {outside}/new", id="metadata"),
    ],
)
async def test_nothing_outside_is_changed(runner, world, command) -> None:
    before = snapshot(world.outside, world.home)
    await run(runner, command.format(home=world.home, outside=world.outside))
    assert snapshot(world.outside, world.home) == before
    assert not Path("/etc/seedsmith-canary").exists()
    assert not Path("/usr/local/bin/seedsmith-canary").exists()


def snapshot(*folders: Path) -> dict[str, bytes | None]:
    return {
        str(path): path.read_bytes() if path.is_file() else None
        for folder in folders
        for path in [folder, *sorted(folder.rglob("*"))]
    }


async def test_the_workspace_and_the_private_folder_are_writable(runner, world) -> None:
    result = await run(
        runner, 'echo a >new && mkdir d && mv new d/moved && echo b >"$TMPDIR/t" && cat d/moved'
    )
    assert (result.exit_code, text(result)) == (0, "a\n")
    assert (world.policy.private_tmp / "t").read_text() == "b\n"
    again = await run(runner, 'cat "$TMPDIR/t"; echo c >~/kept; test -s ~/kept && echo kept')
    assert text(again) == "b\nkept\n"


@pytest.mark.parametrize(
    "command",
    [
        "echo '[core] fsmonitor = ./x' >>.git/config",
        "printf '#!/bin/sh\\n' >.git/hooks/pre-commit && chmod +x .git/hooks/pre-commit",
        "echo '* filter=x' >.git/info/attributes",
        "rm .git/config",
        "rm -rf .git/hooks; ln -s {outside} .git/hooks",
        "rm .git/config; ln -s {outside}/canary .git/config",
        "mkdir .git/config.worktree",
        "ln .git/config c && echo x >>c",
    ],
)
async def test_22_git_obeys_nothing_a_command_wrote(runner, world, command) -> None:
    config = (world.workspace / ".git/config").read_bytes()
    hooks = sorted(path.name for path in (world.workspace / ".git/hooks").iterdir())
    await run(runner, command.format(outside=world.outside))
    git = world.workspace / ".git"
    assert (git / "config").read_bytes() == config
    assert not (git / "config").is_symlink()
    assert not (git / "hooks").is_symlink()
    assert sorted(path.name for path in (git / "hooks").iterdir()) == hooks
    assert not (git / "info/attributes").exists()
    assert not (git / "config.worktree").exists()
    assert world.canary.read_text() == "untouched"


async def test_22_git_itself_cannot_be_removed_unnoticed(runner, world, tier) -> None:
    result = await run(runner, "mv .git g; rm -rf .git")
    if tier == "bwrap":
        assert (world.workspace / ".git/HEAD").is_file()
    else:
        assert ".git" in result.note


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("mkdir sub && git init -q sub", "sub"),
        ("git init -q --separate-git-dir=meta sub", "sub"),
        ("git init -q --bare planted", "planted"),
        ("mkdir -p a/b && git init -q a/b", "a/b"),
    ],
)
async def test_23_new_repositories_are_reported(runner, command, name) -> None:
    result = await run(runner, command)
    assert result.exit_code == 0, text(result)
    assert "New git repositories" in result.note
    assert name in result.note
    quiet = await run(runner, "true")
    assert quiet.note == ""


async def test_24_an_absent_git_folder_made_by_a_command_is_reported(make_runner, world) -> None:
    empty = world.policy.state.parent / "empty"
    empty.mkdir()
    result = await run(make_runner(workspace=empty), "git init -q .")
    assert "New git repositories" in result.note
    assert sorted(path.name for path in empty.iterdir()) == [".git"]


async def test_missing_names_leave_nothing_on_the_host(make_runner, world) -> None:
    empty = world.policy.state.parent / "empty"
    empty.mkdir()
    await run(make_runner(workspace=empty), "true")
    assert list(empty.iterdir()) == []


async def test_27_no_capability_is_left(runner) -> None:
    result = await run(
        runner, "grep -E '^Cap(Prm|Eff|Bnd|Amb)' /proc/self/status; grep NoNewPrivs /proc/self/status"
    )
    values = {line.split()[0]: line.split()[1] for line in text(result).splitlines()}
    assert values.pop("NoNewPrivs:") == "1"
    if os.geteuid() != 0:
        del values["CapBnd:"]  # Only root can narrow it, and without new privileges it grants nothing.
    assert set(values.values()) == {"0" * 16}


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_29_and_30_nothing_is_reached_by_network(runner, listener) -> None:
    code = f"""
import socket
def attempt(name, family, kind, address):
    try:
        with socket.socket(family, kind) as s:
            s.settimeout(1)
            s.connect(address)
            s.send(b"x")
        print(name, "reached")
    except OSError:
        print(name, "refused")
attempt("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", {listener}))
attempt("udp", socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 53))
attempt("tcp6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", {listener}))
try:
    socket.getaddrinfo("example.org", 80)
    print("dns reached")
except OSError:
    print("dns refused")
"""
    result = await run_python(runner, code)
    assert text(result).split() == "tcp refused udp refused tcp6 refused dns refused".split()
    shell = await run(runner, f"true >/dev/tcp/127.0.0.1/{listener} && echo reached")
    assert "reached" not in text(shell)


async def test_the_network_can_be_allowed(make_runner, listener) -> None:
    result = await run(make_runner(network=True), f"true >/dev/tcp/127.0.0.1/{listener} && echo reached")
    assert text(result) == "reached\n"


async def test_31_and_32_sockets_of_the_host_are_out_of_reach(runner, tmp_path) -> None:
    with socket.socket(socket.AF_UNIX) as by_path, socket.socket(socket.AF_UNIX) as abstract:
        path = str(tmp_path / "work" / "s")  # In the workspace: no mask covers it.
        by_path.bind(path)
        by_path.listen()
        by_path.setblocking(False)
        name = f"\0seedsmith-test-{os.getpid()}"
        abstract.bind(name)
        abstract.listen()
        code = f"""
import socket
for label, family, address in [("path", socket.AF_UNIX, {path!r}), ("abstract", socket.AF_UNIX, {name!r}),
                               ("vsock", 40, 0), ("alg", 38, 0), ("packet", 17, 0),
                               ("netlink", 16, 0)]:
    try:
        s = socket.socket(family, socket.SOCK_RAW if family in (16, 17) else
                          socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_STREAM)
        s.connect(address) if family == 1 else None
        print(label, "open")
    except OSError as error:
        print(label, error.errno)
first, second = socket.socketpair()
first.send(b"x")
print("pair", second.recv(1))
other = []
for family in range(46):
    for kind in range(16):
        try:
            first, second = socket.socketpair(family, kind)
        except OSError:
            continue
        try:
            first.sendto(b"x", {path!r})
        except OSError as error:
            other.append((family, kind, error.errno))
        else:
            other.append((family, kind, "sent"))
print(other)
"""
        result = await run_python(runner, code)
        with pytest.raises(BlockingIOError):
            by_path.accept()
    lines = text(result).splitlines()
    # An abstract name belongs to a network, and this one is the command's own: there is no such name.
    assert lines.pop(1) in ("abstract 1", "abstract 111")
    assert lines[:5] == [f"{name} 1" for name in ("path", "vsock", "alg", "packet", "netlink")]
    assert lines[5] == "pair b'x'"
    # Streams and packets alone, and those are bound to each other: EISCONN, or the address is not looked at.
    assert lines[6] == "[(1, 1, 106), (1, 5, 'sent')]"


async def test_31_no_docker_socket_and_no_agent(runner) -> None:
    result = await run(runner, 'ls /run/docker.sock /var/run/docker.sock /run/user; echo "[$SSH_AUTH_SOCK]"')
    assert text(result).endswith("[]\n")
    assert text(result).count("No such file") + text(result).count("Permission denied") == 3


async def test_33_no_process_shows_a_key(runner) -> None:
    harden_agent()
    result = await run(runner, "cat /proc/*/environ /proc/*/task/*/environ 2>/dev/null | tr '\\0' '\\n'")
    assert "PATH=" in text(result)
    assert "secret" not in text(result)
    parent = await run(runner, f"cat /proc/{os.getpid()}/environ | wc -c")
    assert text(parent).splitlines()[-1] == "0"


def test_33_what_the_agent_was_started_with_holds_no_key() -> None:
    code = (
        "from seedsmith.sandbox.isolation.hardening import harden_agent; harden_agent(); import os, sys;"
        "print(os.environ['API_KEY'], flush=True);"
        "print(open('/proc/self/environ').read().replace(chr(0), chr(10)))"
    )
    environ = {"FIRST": "1", "API_KEY": "key-secret", "SSH_AUTH_SOCK": "/run/agent", "LAST": "2"}
    started = subprocess.run((sys.executable, "-c", code), env=environ, capture_output=True)
    kept, *shown = started.stdout.decode().splitlines()
    assert kept == "key-secret"
    if os.geteuid() != 0:  # Nobody but root can read it at all.
        assert not shown and b"PermissionError" in started.stderr
        return
    assert {"FIRST=1", "API_KEY=xxxxxxxxxx", "SSH_AUTH_SOCK=/run/agent", "LAST=2"} <= set(shown)


async def test_34_the_environment_is_an_allowlist(runner) -> None:
    result = await run(runner, "env")
    names = {line.partition("=")[0] for line in text(result).splitlines()}
    assert {"PATH", "HOME", "LANG", "TERM", "TMPDIR"} <= names
    assert not names & {"WCODE_API_KEY", "GITHUB_TOKEN", "SSH_AUTH_SOCK"}
    assert "secret" not in text(result)


async def test_35_inheritable_descriptors_stay_behind(runner, world) -> None:
    descriptor = os.open(world.canary, os.O_RDWR)
    os.set_inheritable(descriptor, True)
    try:
        result = await run(runner, "ls -l /proc/self/fd")
    finally:
        os.close(descriptor)
    assert "canary" not in text(result)
    numbers = [line.split()[8] for line in text(result).splitlines() if "->" in line]
    assert numbers == ["0", "1", "2", "3"]  # 3 is the folder ls itself reads.


async def test_36_and_38_dangerous_calls_are_refused(runner) -> None:
    code = f"""
import ctypes, errno, platform
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == "x86_64"
calls = dict(ptrace=(101, 117), process_vm_readv=(310, 270), process_vm_writev=(311, 271), keyctl=(250, 219),
    add_key=(248, 217), request_key=(249, 218), bpf=(321, 280), io_uring_setup=(425, 425),
    userfaultfd=(323, 282), perf_event_open=(298, 241), mount=(165, 40), umount2=(166, 39), setns=(308, 268),
    unshare=(272, 97), pivot_root=(155, 41), chroot=(161, 51), move_mount=(429, 429), fsopen=(430, 430),
    open_by_handle_at=(304, 265), pidfd_getfd=(438, 438), kexec_load=(246, 104), init_module=(175, 105),
    memfd_secret=(447, 447), clone3=(435, 435))
for name, (intel, arm) in calls.items():
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(intel if x86 else arm), 0x10000000, 0, 0, 0, 0, 0)
    print(name, result, errno.errorcode.get(ctypes.get_errno(), "none"))
clone = 56 if x86 else 220
result = libc.syscall(ctypes.c_long(clone), ctypes.c_ulong(0x10000000 | 17), 0, 0, 0, 0)
print("clone", result, errno.errorcode[ctypes.get_errno()])
if x86:
    print("x32", libc.syscall(ctypes.c_long(0x40000000 + 39)), errno.errorcode[ctypes.get_errno()])
try:
    print("memory", open("/proc/{os.getpid()}/mem", "rb"))
except OSError as error:
    print("memory -1 refused")
"""
    result = await run_python(runner, code)
    outcome = {line.split()[0]: line.split()[1:] for line in text(result).splitlines()}
    assert outcome.pop("clone3") == ["-1", "ENOSYS"]
    assert outcome.pop("memory") == ["-1", "refused"]
    assert {name: got for name, got in outcome.items() if got != ["-1", "EPERM"]} == {}
    assert len(outcome) >= 23


async def test_37_the_agent_outlives_signals_to_everybody(runner) -> None:
    code = f"""
import os, signal
for pid in {{{os.getpid()}, {os.getppid()}}} - {{1}}:
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
            print("sent")
        except OSError:
            pass
"""
    result = await run_python(runner, code)
    assert "sent" not in text(result)
    await run(runner, "kill -9 -1")
    assert (await run(runner, "echo alive")).head == b"alive\n"


async def test_39_nothing_is_typed_into_a_terminal(runner) -> None:
    code = """
import fcntl
for request in (0x5412, 0x541C, 0x5412 | 1 << 32):
    try:
        fcntl.ioctl(0, request & 0xFFFFFFFF, b"x")
        print("typed")
    except OSError as error:
        print(error.errno)
"""
    assert text(await run_python(runner, code)).split() == ["1", "1", "1"]


async def test_42_a_fork_bomb_ends(make_runner) -> None:
    runner = make_runner(Limits(processes=60))
    result = await run(runner, "for i in $(seq 1500); do sleep 60 & done; wait", timeout=60)
    assert "processes" in result.note or b"Resource temporarily unavailable" in result.head
    assert (await run(runner, "echo alive")).head == b"alive\n"


async def test_43_a_file_has_a_largest_size(make_runner, world) -> None:
    runner = make_runner(Limits(file_bytes=1 << 20))
    result = await run(runner, "dd if=/dev/zero of=big bs=64k count=1000; echo $?")
    assert (world.workspace / "big").stat().st_size <= 1 << 20
    assert not text(result).endswith("\n0\n")


@pytest.mark.slow
async def test_44_memory_has_a_bound(make_runner) -> None:
    runner = make_runner(Limits(memory_bytes=200 << 20))
    result = await run_python(
        runner, "x = [bytearray(1 << 20) for _ in range(3000)]; print(len(x)); input()", 15
    )
    assert "memory" in result.note or (result.exit_code not in (0, None) and "3000" not in text(result))


async def test_address_sanitizers_can_reserve_what_they_never_touch(runner) -> None:
    code = (
        "from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap; no_reserve = 0x4000;"
        "print(len(mmap(-1, 1 << 44, flags=MAP_PRIVATE | MAP_ANONYMOUS | no_reserve)))"
    )
    assert text(await run_python(runner, code)) == f"{1 << 44}\n"


async def test_47_whoever_asks_for_input_gets_its_end_at_once(runner) -> None:
    result = await run(runner, f"{PYTHON} -c 'input()'; cat; less .git/HEAD; read -r x || echo end")
    assert "EOFError" in text(result)
    assert text(result).endswith("end\n")
    commit = await run(runner, "git commit --allow-empty")
    assert commit.exit_code != 0
    assert not commit.timed_out


@pytest.mark.parametrize("cwd", ["/", "..", "a/../..", "link"])
async def test_48_a_working_directory_never_widens(runner, world, cwd) -> None:
    (world.workspace / "link").symlink_to("/")
    with pytest.raises(OutsideWorkspace):
        await runner.run("true", timeout=5, cwd=cwd)


async def test_the_home_folders_secrets_are_not_readable(runner, world) -> None:
    result = await run(
        runner, f"cat {world.home}/.ssh/id_ed25519; ls -A {world.home}; ls -A {Path.home()}; id"
    )
    assert "home-secret" not in text(result)
    assert ".ssh\n" not in text(result)
    assert "uid=" in text(result)


async def test_the_state_folder_is_not_readable(runner, world) -> None:
    (world.policy.state / "session").write_text("state-secret")
    result = await run(runner, f"cat {world.policy.state}/session; ls {world.policy.state}")
    assert "state-secret" not in text(result)
    assert "\nsession" not in text(result)


@pytest.mark.slow
async def test_the_interpreter_of_these_tests_works_inside(runner) -> None:
    modules = "ssl, sqlite3, multiprocessing"
    if Path(pytest.__file__).is_relative_to(sys.prefix):
        modules += ", pytest"
    result = await run(runner, f"{PYTHON} -c 'import {modules}; print(1)'")
    assert (result.exit_code, text(result)) == (0, "1\n")


async def test_multiprocessing_pools_and_locks_work(runner, world) -> None:
    (world.workspace / "pool.py").write_text(
        "import multiprocessing as m\n"
        "if __name__ == '__main__':\n"
        "    with m.get_context('fork').Pool(2) as pool:\n"
        "        print(sum(pool.map(abs, [-1, -2, -3])))\n"
    )
    result = await run(runner, f"{PYTHON} pool.py")
    assert text(result) == "6\n"


async def test_refused_unix_sockets_are_explained(runner, tier) -> None:
    code = "import socket; s = socket.socket(socket.AF_UNIX); s.bind('s'); s.listen(); s.connect('s')"
    (runner.policy.workspace / "code.py").write_text(code)
    refused = await run(runner, f"{PYTHON} code.py")
    assert refused.exit_code == 1
    assert "Unix sockets" in refused.note if tier == "landlock" else "Unix stream sockets" in refused.note


async def test_a_worktrees_git_works_read_only(make_runner, world, tier) -> None:
    linked = world.policy.state.parent / "linked"
    subprocess.run(
        ["git", "-C", str(world.workspace), "worktree", "add", "-q", str(linked)],
        check=True,
        capture_output=True,
    )
    result = await run(
        make_runner(workspace=linked),
        "git log --format=%s; git status --short; git commit --allow-empty -m x",
    )
    assert text(result).startswith("start\n")
    assert result.exit_code != 0


async def test_a_git_file_pointing_at_a_home_shows_nothing(make_runner, world) -> None:
    (world.home / "HEAD").write_text("ref: home-secret")
    hostile = world.policy.state.parent / "hostile"
    hostile.mkdir()
    (hostile / ".git").write_text(f"gitdir: {world.home}\n")
    result = await run(make_runner(workspace=hostile), f"cat {world.home}/HEAD {world.home}/.ssh/id_ed25519")
    assert "home-secret" not in text(result)


async def test_no_limit_or_priority_of_the_agent_is_changed(runner) -> None:
    """One second of processor time for the agent, and nothing would be put back."""
    before = [resource.getrlimit(kind) for kind in range(16)]
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    code = f"""
import os, resource
for pid in {{{os.getpid()}, {os.getppid()}}} - {{1}}:
    for kind in range(16):
        try:
            soft, hard = resource.prlimit(pid, kind)
            resource.prlimit(pid, kind, (min(soft, hard - 1) if hard > 0 else soft, hard))
            print("limit", kind)
        except OSError:
            pass
    try:
        os.setpriority(os.PRIO_PROCESS, pid, 19)
        print("priority")
    except OSError:
        pass
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.nice(1)
print("own")
"""
    assert text(await run_python(runner, code)) == "own\n"
    assert [resource.getrlimit(kind) for kind in range(16)] == before
    assert os.getpriority(os.PRIO_PROCESS, 0) == nice


async def test_the_weaker_tier_says_what_it_does_not_hold(isolation, tier) -> None:
    if tier == "landlock":
        assert any("modes, times and attributes" in phrase for phrase in isolation.missing())
