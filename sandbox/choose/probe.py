"""Find out what an isolation really holds: one launch of a script that tries what must fail.

Nothing static proves a sandbox (docs/sandbox.md, "Choosing a tier"). The script runs under the session's own
policy, on the real workspace; the one file it makes there is gone before it ends.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from seedsmith.sandbox.child_end import ends
from seedsmith.sandbox.commands.descendants import bury
from seedsmith.sandbox.commands.spawn import Started, start
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.isolation.base import Isolation, Policy, ProbeResult
from seedsmith.sandbox.isolation.environment import command_environment
from seedsmith.sandbox.isolation.hidden_folders import home_folders, is_beneath

_SECONDS = 10.0
_SCRIPT = """
workspace=$1 outside=$2 home=$3 secret=$4 port=$5 agent=$6 name=$7
echo starts
if { true >"$workspace/$name"; } 2>/dev/null && rm "$workspace/$name"; then echo works; fi
if { true >"$workspace/.git/$name"; } 2>/dev/null && rm "$workspace/.git/$name"; then echo git; fi
{ true >"$outside/$name"; } 2>/dev/null
{ true >"$home/$name"; } 2>/dev/null
if [ -n "$secret" ] && { read -r _ <"$secret"; } 2>/dev/null; then echo secret; fi
{ read -r seen <"/proc/$agent/environ"; } 2>/dev/null
if [ -n "$seen" ]; then echo environ; fi
for setting in /proc/sys/kernel/core_pattern /proc/sys/vm/swappiness /proc/sysrq-trigger \\
    /proc/irq/default_smp_affinity /sys/kernel/uevent_helper /sys/power/state; do
  if { true >>"$setting"; } 2>/dev/null; then echo kernel; fi
done
if { true >"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null; then echo network; fi
"""
_WRITABLE_BY_ALL = ("/var/tmp", "/dev/shm")  # noqa: S108
_BASH = ("/bin/bash", "/usr/bin/bash")
_PHRASES = (
    ("outside", "no writes outside the workspace"),
    ("secret", "home folder not readable"),
    ("environ", "the agent's environment not readable"),
    ("kernel", "the kernel's settings not writable"),
    ("network", "no network"),
    ("git", ".git read-only"),
)
_TOLERATED = {"landlock": frozenset(("git",))}
"""What a weaker tier lets through, and says so."""


class ProbeRun:
    """A probe under way: it starts at once, so that other work can be done until :meth:`finish`."""

    def __init__(self, isolation: Isolation, policy: Policy) -> None:
        self._isolation = isolation
        self._policy = policy
        self._name = f".seedsmith-probe-{secrets.token_hex(4)}"
        self._home = _first_home(policy)
        self._outside = Path(tempfile.mkdtemp(prefix="seedsmith-probe-", dir=_place_outside(policy)))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._reader, writer = os.pipe()
        self._started: Started | None = None
        self._error = ""
        try:
            self._started = self._start(writer)
        except SandboxError as error:
            self._error = str(error)
        except OSError as error:
            self._error = f"{isolation.name} can't be used here: {error}."
        finally:
            os.close(writer)

    def _start(self, writer: int) -> Started:
        policy = self._policy
        shell = next((path for path in _BASH if os.access(path, os.X_OK)), "/bin/sh")
        arguments = (
            str(policy.workspace),
            str(self._outside),
            str(self._home),
            str(_secret_in(self._home, policy) or ""),
            str(self._listener.getsockname()[1]),
            str(os.getpid()),
            self._name,
        )
        environment = command_environment(policy.environ, policy.workspace)
        argv = (shell, "-c", _SCRIPT, "probe", *arguments)
        launch = self._isolation.launch(argv, policy, environment, policy.workspace)
        return start(self._isolation, policy, launch, limits=None, output=writer)

    def finish(self) -> ProbeResult:
        """Wait for the script and judge; call it once."""
        try:
            if self._started is None:
                return ProbeResult(works=False, reason=self._error)
            if not ends(self._started.process, _SECONDS):
                self._started.process.kill()
            self._started.process.wait()
            if self._started.root != self._started.process.pid:
                bury(self._started.root)
            return self._judge(os.read(self._reader, 65536).decode(errors="replace"))
        finally:
            if self._started is not None:
                self._started.close()
            os.close(self._reader)
            self._listener.close()
            shutil.rmtree(self._outside, ignore_errors=True)
            with suppress(OSError):
                (self._home / self._name).unlink()

    def _judge(self, output: str) -> ProbeResult:
        lines = set(output.split("\n"))
        if "works" not in lines and not ("starts" in lines and self._refuses_everybody()):
            return ProbeResult(works=False, reason=failure_reason(self._isolation.name, output))
        broken = lines & {"secret", "environ", "kernel", "network", "git"}
        if os.path.exists(self._outside / self._name) or os.path.exists(self._home / self._name):
            broken.add("outside")
        if self._policy.network:
            broken.discard("network")
        tolerated = _TOLERATED.get(self._isolation.name, frozenset())
        promised = {key for key, _ in _PHRASES} - broken - tolerated
        if self._policy.network:
            promised.discard("network")
        enforced = tuple(phrase for key, phrase in _PHRASES if key in promised)
        missing = tuple(phrase for key, phrase in _PHRASES if key in broken)
        grave = broken - tolerated
        if grave:
            leaks = ", ".join(phrase for key, phrase in _PHRASES if key in grave)
            reason = f"{self._isolation.name} starts commands but doesn't hold: {leaks}."
            return ProbeResult(works=False, enforced=enforced, missing=missing, reason=reason)
        known = getattr(self._isolation, "missing", None)
        return ProbeResult(works=True, enforced=enforced, missing=known() if known else missing)

    def _refuses_everybody(self) -> bool:
        """Whether no file can be made in the workspace without isolation either, as on a read-only disk.

        Then it is not the isolation that keeps commands from writing, and reading goes on.
        """
        place = self._policy.workspace / self._name
        try:
            os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC))
        except OSError:
            return True
        place.unlink()
        return False


def probe(isolation: Isolation, policy: Policy) -> ProbeResult:
    """Run canaries under ``isolation`` and say what the kernel really refuses."""
    return ProbeRun(isolation, policy).finish()


def works_elsewhere(isolation: Isolation, policy: Policy) -> bool:
    """Whether ``isolation`` holds in an empty workspace, so that what fails is this one's doing.

    The empty one has the same owner and mode, which no repository brings along.
    """
    with tempfile.TemporaryDirectory(prefix="seedsmith-probe-", dir=_place_outside(policy)) as place:
        empty, private_tmp = (Path(place).resolve() / name for name in ("empty", "tmp"))
        for folder in (empty, private_tmp):
            folder.mkdir(mode=0o700)
        status = policy.workspace.stat()
        Path(place).chmod(0o711)
        with suppress(OSError):  # Only root can give folders away.
            os.chown(empty, status.st_uid, status.st_gid)
            empty.chmod(stat.S_IMODE(status.st_mode))
        neutral = Policy(empty, private_tmp, policy.state, network=policy.network, environ=policy.environ)
        return probe(isolation, neutral).works


def failure_reason(name: str, output: str) -> str:
    """Why a launch failed, by what it printed, as one sentence with what to do."""
    if "starts" in output.split("\n"):
        return f"{name} starts commands, but they can't write in the workspace."
    said = " ".join(output.split())[:300]
    if "setting up uid map: Permission denied" in said:
        return (
            "Ubuntu's AppArmor refuses this bwrap user namespaces (setting up uid map: Permission denied); "
            "install the system's bubblewrap and allow /usr/bin/bwrap by an AppArmor profile, or run "
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0."
        )
    return f"{name} can't start a command here: {said or 'it said nothing'}."


def _place_outside(policy: Policy) -> Path:
    """A folder this process can write in that no policy opens: not the workspace, nor above or in it."""
    for place in (Path(tempfile.gettempdir()), *map(Path, _WRITABLE_BY_ALL)):
        if not is_beneath(place.resolve(), (policy.workspace,)) and os.access(place, os.W_OK | os.X_OK):
            return place
    return policy.state


def _first_home(policy: Policy) -> Path:
    """The home folder to probe; one that can't exist where there is none."""
    homes = [home for home in home_folders(policy.environ) if not is_beneath(home, (policy.workspace,))]
    own = policy.environ.get("HOME", "")
    for home in homes:
        if own and is_beneath(Path(os.path.realpath(own)), (home,)):
            return Path(os.path.realpath(own))
    return homes[0] if homes else policy.state


def _secret_in(home: Path, policy: Policy) -> Path | None:
    """A file directly in ``home`` that the agent itself can read a line of."""
    try:
        names = sorted(home.iterdir())
    except OSError:
        return None
    for path in names[:200]:
        with suppress(OSError):
            if is_beneath(path, (policy.workspace,)) or os.path.islink(path) or not os.path.isfile(path):
                continue
            if path.stat().st_size and os.access(path, os.R_OK):
                return path
    return None
