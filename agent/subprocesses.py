"""Ending a child process for good."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress


async def kill(process: asyncio.subprocess.Process) -> None:
    """End ``process`` at once, unless it has ended, and wait until it is gone.

    ``Process.kill()`` polls before it signals and may so take the exit code away from the loop's own
    watcher, which then warns about an unknown child (CPython before 3.13).
    """
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    await process.wait()
