"""Watch a running command's memory and processes, where the kernel's own limits don't reach.

There are no usable control groups for ordinary users, ``RLIMIT_DATA`` breaks address sanitizers, and
``RLIMIT_NPROC`` doesn't bind root; so the tree is measured a few times a second.
"""

from __future__ import annotations

import asyncio
import itertools
import os

from seedsmith.sandbox.commands.descendants import ProcessTree
from seedsmith.sandbox.commands.limits import threads_on_machine
from seedsmith.sandbox.isolation.base import Limits

_PERIOD_SECONDS = 0.05
_MEMORY_EVERY = 4
"""Memory is measured in every fourth round: it takes a look at every process."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


async def exceeded_limit(tree: ProcessTree, limits: Limits) -> str:
    """Return once ``tree`` uses more than ``limits`` allow, with a sentence that says what; else never."""
    threads_before = threads_on_machine()
    rounds = itertools.count()
    while True:
        await asyncio.sleep(_PERIOD_SECONDS)
        if limits.processes is not None:
            # One cheap number first: among the thousands of a fork bomb there is no time to count.
            grown = threads_on_machine() - threads_before > limits.processes
            if grown and tree.is_larger_than(limits.processes):
                return f"Stopped: it ran more than {limits.processes} processes at once."
        if next(rounds) % _MEMORY_EVERY:
            continue
        members = tree.members()
        most = limits.memory_bytes
        if most is not None and _resident_bytes(members) > most and _proportional_bytes(members) > most:
            return f"Stopped: it used more than {most >> 20} MB of memory."


def _resident_bytes(members: set[int]) -> int:
    """An upper bound of the memory of ``members``: what forks still share counts for each. Cheap."""
    pages = 0
    for pid in members:
        fields = _read(pid, "statm").split()
        pages += int(fields[1]) if len(fields) > 1 else 0
    return pages * _PAGE_BYTES


def _proportional_bytes(members: set[int]) -> int:
    """The memory of ``members`` with shared pages counted once; walks their page tables."""
    kilobytes = 0
    for pid in members:
        for line in _read(pid, "smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes * 1024


def _read(pid: int, name: str) -> bytes:
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""
