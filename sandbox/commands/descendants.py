"""Find and end everything a command started, however it tried to get away.

Under bubblewrap the command has a process namespace whose first process takes all others with it. In the
other tiers the agent adopts orphans (``PR_SET_CHILD_SUBREAPER``) and recognises its own by session, by a
marker in their environment, or by what they can't shed: the call filter, and a limit that can't be raised.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seedsmith.sandbox.commands.lifeline import MARKER_VARIABLE
from seedsmith.sandbox.commands.limits import is_marked
from seedsmith.sandbox.isolation.syscalls import adopt_orphans
from seedsmith.sandbox.lazy_dataclass import dataclass

_END_SECONDS = 10.0
_POLL_SECONDS = 0.002
_FREEZE_SECONDS = 0.2
_HUNT_SECONDS = 0.02
_NEWEST = 4
_unburied: set[int] = set()
"""First processes of namespaces that were killed but had not quite ended when last looked at."""
_live_roots: set[int] = set()
"""Roots of all running commands of this process: never taken for another command's orphans."""


@dataclass(frozen=True, slots=True)
class _Status:
    parent: int
    session: int
    zombie: bool
    stopped: bool


class ProcessTree:
    """Everything that descends from ``root``.

    ``contained`` says that ``root`` is the first process of a namespace of its own. Otherwise this process
    becomes the parent of orphans, and ``marker`` is what the command got as :data:`MARKER_VARIABLE`.
    """

    def __init__(self, root: int, *, contained: bool, marker: str = "") -> None:
        self.root = root
        self.contained = contained
        self.marker = f"{MARKER_VARIABLE}={marker}" if marker else ""
        """The variable its processes carry, ``NAME=VALUE``; empty where ``contained``."""
        _live_roots.add(root)

    def members(self) -> set[int]:
        """The living processes of the tree at this moment, its root included; zombies don't count."""
        return set(self._descending([] if self.contained else self._orphans()))

    def _descending(self, orphans: list[int]) -> list[int]:
        """Those of :meth:`members`, a parent before its children."""
        waiting = [pid for pid in (*orphans, self.root) if _alive(pid)]
        found: dict[int, None] = {}
        while waiting:
            pid = waiting.pop()
            if pid in found:
                continue
            found[pid] = None
            waiting += [child for child in children(pid) if _alive(child)]
        return list(found)

    def left(self) -> list[bytes]:
        """The command lines of what outlives the root, which has ended; of a namespace nothing does."""
        return [] if self.contained else [_read(pid, "cmdline") for pid in self.members() - {self.root}]

    def terminate(self) -> None:
        """Ask every process to end (SIGTERM), a parent before its children.

        A shell that loses the child it waits for would else end before it is asked, and never clean up.
        """
        for pid in self._descending([] if self.contained else self._orphans()):
            _signal(pid, signal.SIGTERM)

    async def end(self) -> int:
        """Kill every process and wait until none is left; returns how many there were at first.

        All are stopped before any is killed, round after round, so that none can start another unseen.
        """
        deadline = time.monotonic() + _END_SECONDS
        first = -1
        while time.monotonic() < deadline:
            orphans = [] if self.contained else self._orphans()
            members = set(self._descending(orphans))
            first = len(members) if first < 0 else first
            if self.contained:
                _signal(self.root, signal.SIGKILL)
                # The namespace's own end takes the kernel milliseconds more, and can run nothing.
                members.discard(self.root)
            else:
                _signal_group(self.root, signal.SIGKILL)
                for number in (signal.SIGSTOP, signal.SIGKILL):
                    for pid in members:
                        _signal(pid, number)
            # One that forks and exits in a loop may never be seen alive, but leaves its dead with us: they
            # stay until they are collected, so where a look finds neither, nothing is left.
            if not self._reap(orphans) and not members:
                break
            if not members:
                self._hunt()
            await asyncio.sleep(_POLL_SECONDS if members else 0)
        return first

    def _hunt(self) -> None:
        """Kill what is born faster than all processes can be looked at: the newest are looked at alone."""
        until = time.monotonic() + _HUNT_SECONDS
        while time.monotonic() < until:
            newest = _newest_process()
            for pid in range(newest + 1, newest - _NEWEST, -1):
                status = _status(pid)
                if status is None or status.zombie or status.parent != os.getpid():
                    continue
                if pid not in _live_roots and self._is_ours(pid):
                    _signal(pid, signal.SIGKILL)

    def is_larger_than(self, count: int) -> bool:
        """Whether there are more than ``count`` processes; if so, those of its group stay stopped."""
        _signal_group(self.root, signal.SIGSTOP)
        if len(self.members()) > count:
            return True
        _signal_group(self.root, signal.SIGCONT)
        return False

    def freeze(self) -> bool:
        """Stop every process (SIGSTOP); False where one still ran when the time for it was up.

        What was stopped before it was looked at can't have started another since: so all must be found
        stopped twice.
        """
        deadline = time.monotonic() + _FREEZE_SECONDS
        before: set[int] = set()
        while True:
            members = self.members()
            moving = {pid for pid in members if (status := _status(pid)) is not None and not status.stopped}
            if not moving and members <= before:
                return True
            if time.monotonic() > deadline:
                return False
            for pid in moving:
                _signal(pid, signal.SIGSTOP)
            before = members - moving
            time.sleep(_POLL_SECONDS / 4)

    def thaw(self) -> None:
        """Let every process go on (SIGCONT)."""
        for pid in self.members():
            _signal(pid, signal.SIGCONT)

    def forget(self) -> None:
        """Stop counting the root among the running commands; once it is reaped its number is free again."""
        _live_roots.discard(self.root)

    def _orphans(self) -> list[int]:
        return [child for child in children(os.getpid()) if child not in _live_roots and self._is_ours(child)]

    def _is_ours(self, pid: int) -> bool:
        status = _status(pid)
        if status is None:
            return False
        if status.session == self.root:
            return True
        environment = _read(pid, "environ")
        if MARKER_VARIABLE.encode() in environment:
            return self.marker.encode() in environment.split(b"\0")
        return _filter_count(pid) > _filter_count(os.getpid()) or is_marked(pid)

    def _reap(self, orphans: list[int]) -> bool:
        """Collect those of ``orphans`` that are dead, or the namespace; whether there were any.

        An uncontained root is its starter's to collect.
        """
        if self.contained:
            bury(self.root)
            return False
        buried = False
        for pid in orphans:
            with suppress(ChildProcessError):
                buried |= os.waitpid(pid, os.WNOHANG)[0] == pid
        return buried


@contextmanager
def frozen(trees: Iterable[ProcessTree]) -> Iterator[bool]:
    """Hold all processes of ``trees`` still for a moment; gives whether that could be done."""
    held = list(trees)
    try:
        yield all(tree.freeze() for tree in held)
    finally:
        for tree in held:
            tree.thaw()


def bury(first_process: int) -> None:
    """Collect a namespace's first process once it has ended, now or at a later call.

    It comes to this process only where that adopts orphans, or is process 1 of a container itself.
    """
    _unburied.add(first_process)
    for pid in list(_unburied):
        try:
            buried = os.waitpid(pid, os.WNOHANG)[0]
        except ChildProcessError:
            buried = pid
        if buried:
            _unburied.discard(pid)


def enable_adoption() -> None:
    """Have orphans of commands come to this process; needed once, where trees are not contained."""
    adopt_orphans()


def children(pid: int) -> list[int]:
    """The direct children of ``pid``, zombies included."""
    found: list[int] = []
    try:
        with os.scandir(f"/proc/{pid}/task") as threads:
            for thread in threads:
                with open(f"{thread.path}/children", "rb") as file:  # noqa: PTH123
                    found += map(int, file.read().split())
    except FileNotFoundError:
        return _children_by_scan(pid) if Path(f"/proc/{pid}").exists() else []
    except OSError:
        return found
    return found


def _children_by_scan(pid: int) -> list[int]:
    """For kernels without ``children`` files: look at every process."""
    numbers = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    return [n for n in numbers if (status := _status(n)) is not None and status.parent == pid]


def _status(pid: int) -> _Status | None:
    text = _read(pid, "stat")
    if not text:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    return _Status(
        parent=int(fields[1]),
        session=int(fields[3]),
        zombie=fields[0] in (b"Z", b"X"),
        stopped=fields[0] in (b"T", b"t"),
    )


def _alive(pid: int) -> bool:
    status = _status(pid)
    return status is not None and not status.zombie


def _newest_process() -> int:
    """The number that was given to a process last."""
    with open("/proc/loadavg", "rb") as file:  # noqa: PTH123
        return int(file.read().split()[-1])


def _filter_count(pid: int) -> int:
    for line in _read(pid, "status").splitlines():
        if line.startswith(b"Seccomp_filters:"):
            return int(line.split()[1])
    return 0


def _read(pid: int, name: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""


def _signal_group(group: int, number: signal.Signals) -> None:
    """One call reaches all of a group, and none of them can fork meanwhile."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
