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

MARKER_VARIABLE = "SEEDSMITH_COMMAND"
"""The variable every uncontained command's processes carry."""
_END_SECONDS = 10.0
_POLL_SECONDS = 0.005


class Lifeline:
    """A process that outlives this one by a moment, to end its commands; started with the first of them."""

    def __init__(self) -> None:
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
            (sys.executable, "-I", "-S", __file__, f"{MARKER_VARIABLE}={self._beginning}"),
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

    Returns when none is found any more, or the time for it is up.
    """
    deadline = time.monotonic() + _END_SECONDS
    while (members := _marked(marker)) and time.monotonic() < deadline:
        for number in (signal.SIGSTOP, signal.SIGKILL):  # All stopped before any is killed: none starts more.
            for pid in members:
                with suppress(OSError):
                    os.kill(pid, number)
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
    end_marked(os.fsencode(sys.argv[1]))
