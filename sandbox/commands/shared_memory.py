"""Segments of shared memory (System V) that a command left where it has no namespace of its own for them."""

from __future__ import annotations

import os
from pathlib import Path

from seedsmith.sandbox.isolation import syscalls

_LIST = Path("/proc/sysvipc/shm")


def remove_segments(since: float) -> None:
    """Remove the user's segments made after ``since`` that nobody uses and whose makers have ended.

    Nothing can come of them any more but memory that is never freed.
    """
    try:
        head, *rows = _LIST.read_text().splitlines()
    except (OSError, ValueError):
        return
    names = head.split()
    for row in rows:
        found = dict(zip(names, map(int, row.split()), strict=True))
        if found["uid"] != os.geteuid() or found["nattch"] or found["ctime"] < int(since):
            continue
        if not _lives(found["cpid"]) and not _lives(found["lpid"]):
            syscalls.remove_segment(found["shmid"])


def _lives(process: int) -> bool:
    return process > 0 and Path(f"/proc/{process}").exists()
