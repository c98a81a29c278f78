"""Ends what commands left running where the agent itself was killed (``kill -9``).

Under bubblewrap the kernel does this (``--die-with-parent``). In the other tiers a small process waits for
its standard input to close, which happens however the agent ends, and then kills every process that carries
a command's marker, or descends from one that does. This file is also that process's program, so it imports
the standard library alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from contextlib import suppress

_END_SECONDS = 10.0
_POLL_SECONDS = 0.005


class Lifeline:
    """A process that outlives this one by a moment, to end marked commands."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            (sys.executable, "-I", "-S", __file__),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env={},
            start_new_session=True,
        )

    def watch(self, marker: str) -> None:
        """Have processes with the variable ``marker`` (``NAME=VALUE``) in their environment ended, too."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # Killed itself: the session's ordinary end still ends all commands.
            self._process.stdin.write(marker.encode() + b"\n")

    def close(self) -> None:
        """End what is left, and wait until that is done."""
        self._process.communicate()


def end_marked(markers: Collection[bytes]) -> None:
    """Kill every process of the commands ``markers``, until none is found or the time for it is up."""
    deadline = time.monotonic() + _END_SECONDS
    while (members := _marked(markers)) and time.monotonic() < deadline:
        for number in (signal.SIGSTOP, signal.SIGKILL):  # All stopped before any is killed: none starts more.
            for pid in members:
                with suppress(OSError):
                    os.kill(pid, number)
        time.sleep(_POLL_SECONDS)


def _marked(markers: Collection[bytes]) -> set[int]:
    """The living processes whose environment holds one of ``markers``, and all that descend from them."""
    parents: dict[int, int] = {}
    members: set[int] = set()
    for name in os.listdir("/proc"):  # noqa: PTH208
        fields = _read(name, "stat").rpartition(b")")[2].split() if name.isdigit() else []
        if not fields or fields[0] in (b"Z", b"X"):
            continue
        parents[int(name)] = int(fields[1])
        if any(variable in markers for variable in _read(name, "environ").split(b"\0")):
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
    end_marked(frozenset(sys.stdin.buffer.read().split()))
