"""Ends what a killed agent left of its session: a launcher that still waited for another one when that died.

Such a process does nothing any more, but nothing ends it either (``hold_back`` in ``spawn.py``).
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


def end_left_behind(private_tmp: Path) -> int:
    """Kill every process that was started to show ``private_tmp`` to a command; how many there were.

    Nobody else may run commands with this folder now.
    """
    shown = b"\0--bind\0" + os.fsencode(private_tmp) + b"\0"
    found = [int(name) for name in os.listdir("/proc") if name.isdigit() and shown in _command(name)]  # noqa: PTH208
    for pid in found:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return len(found)


def _command(pid: str) -> bytes:
    try:
        return Path("/proc", pid, "cmdline").read_bytes()
    except OSError:
        return b""
