"""What this process holds open, to see what a piece of code leaves open."""

from __future__ import annotations

import contextlib
import os


def opened() -> set[tuple[str, str]]:
    """Each open descriptor and what it leads to; what is gone again when it is asked about doesn't count.

    Compared as ``opened() - before``: what earlier tests left may be collected meanwhile.
    """
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):
            found.add((name, os.readlink(f"/proc/self/fd/{name}")))
    return found
