"""Waiting for the end of a process of ours."""

from __future__ import annotations

import os
import select
import subprocess


def ends(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for its end, and whether it came in time: told at once, where Popen looks in growing steps."""
    if process.poll() is not None:
        return True
    ended = os.pidfd_open(process.pid)
    try:
        return bool(select.select([ended], [], [], seconds)[0])
    finally:
        os.close(ended)
