"""Ends what commands left running where the agent itself was killed (``kill -9``).

Under bubblewrap the kernel does this (``--die-with-parent``). In the other tiers a small process waits for
its standard input to close, which happens however the agent ends, and then kills every process that carries
the marker of one of the agent's commands, or descends from one that does. All their markers begin alike, so
that no command costs it anything, and no process is ever told by its number, which another may have by then.
This file is also that process's program, so it imports the standard library alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

GROUP_PREFIX = "seedsmith-"
"""What the names of commands' control groups begin with; a marker follows."""
MARKER_VARIABLE = "SEEDSMITH_COMMAND"
"""The variable every uncontained command's processes carry."""
_END_SECONDS = 10.0
_POLL_SECONDS = 0.005
_HUNT_SECONDS = 0.02
_NEWEST = 4
_CLEAN_LOOKS = 10
"""So often in a row nothing must be found."""


class Lifeline:
    """A process that outlives this one by a moment, to end its commands; started with the first of them."""

    def __init__(self, groups: str = "") -> None:
        """``groups`` is the folder in which commands have control groups named by their markers."""
        self._groups = groups
        self._beginning = os.urandom(8).hex()
        self._process: subprocess.Popen[bytes] | None = None

    def new_marker(self) -> str:
        """A value of :data:`MARKER_VARIABLE` for one command, which is watched over from here on.

        Raises OSError where the process can't be started.
        """
        if self._process is None or self._process.poll() is not None:  # Not yet, or a command killed it.
            self.close()
            self._process = self._start()
        return self._beginning + os.urandom(8).hex()

    def close(self, *, at_once: bool = False) -> None:
        """End what is left, and wait until that is done; ``at_once`` where it is known that nothing is."""
        if self._process is None:
            return
        if at_once:
            self._process.kill()
        self._process.communicate()
        self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            (sys.executable, "-I", "-S", __file__, self._beginning, self._groups),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env={},
            start_new_session=True,
        )


def end_marked(marker: bytes) -> None:
    """Kill every process of the commands whose variable begins with ``marker`` (``NAME=VALUE``).

    Returns when none was found for a while, or the time for it is up: one that forks and exits in a loop is
    never where it was seen, so the newest processes are looked at alone, again and again.
    """
    deadline = time.monotonic() + _END_SECONDS
    clean = 0
    while clean < _CLEAN_LOOKS and time.monotonic() < deadline:
        members = _marked(marker)
        for number in (signal.SIGSTOP, signal.SIGKILL):  # All stopped before any is killed: none starts more.
            for pid in members:
                with suppress(OSError):
                    os.kill(pid, number)
        clean = 0 if _hunt(marker) or members else clean + 1


def _hunt(marker: bytes) -> bool:
    """Kill what carries ``marker`` among the newest processes, for a moment; whether there was any."""
    found = False
    until = time.monotonic() + _HUNT_SECONDS
    while time.monotonic() < until:
        newest = int(_read("", "loadavg").split()[-1])
        for pid in range(newest + 1, newest - _NEWEST, -1):
            if b"\0" + marker in b"\0" + _read(str(pid), "environ"):
                found = True
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
    return found


def end_groups(folder: str, beginning: str) -> None:
    """Kill all that is in the control groups below ``folder`` whose markers begin so, and remove them."""
    groups = [f"{folder}/{name}" for name in os.listdir(folder) if name.startswith(GROUP_PREFIX + beginning)]  # noqa: PTH208
    deadline = time.monotonic() + _END_SECONDS
    while groups and time.monotonic() < deadline:
        for group in list(groups):
            try:
                with suppress(FileNotFoundError), open(f"{group}/cgroup.kill", "wb", 0) as kill:  # noqa: PTH123
                    kill.write(b"1")
                os.rmdir(group)  # noqa: PTH106
            except FileNotFoundError:
                pass
            except OSError:  # What was killed isn't buried yet.
                continue
            groups.remove(group)
        time.sleep(_POLL_SECONDS)


def _marked(marker: bytes) -> set[int]:
    """The living processes whose environment holds ``marker``, and all that descend from them."""
    parents: dict[int, int] = {}
    members: set[int] = set()
    for name in os.listdir("/proc"):  # noqa: PTH208
        fields = _read(name, "stat").rpartition(b")")[2].split() if name.isdigit() else []
        if not fields or fields[0] in (b"Z", b"X"):
            continue
        parents[int(name)] = int(fields[1])
        if b"\0" + marker in b"\0" + _read(name, "environ"):
            members.add(int(name))
    grown = members
    while grown:
        grown = {pid for pid, parent in parents.items() if parent in grown} - members
        members = members | grown
    return members


def _read(pid: str, name: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""


if __name__ == "__main__":
    sys.stdin.buffer.read()
    beginning, groups = sys.argv[1:]
    if groups:
        end_groups(groups, beginning)
    end_marked(os.fsencode(f"{MARKER_VARIABLE}={beginning}"))
