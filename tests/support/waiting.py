"""Waiting for exactly what a test needs, with a bound that no machine is too slow for."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SECONDS = 60.0
_LOOK_SECONDS = 0.01


async def until(holds: Callable[[], object], what: Callable[[], str]) -> None:
    """Return once ``holds`` says so; fail with ``what`` where that never comes.

    Tasks that were made before have begun when it returns, so that cancelling them reaches them.
    """
    end = time.monotonic() + SECONDS
    await asyncio.sleep(0)
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"never came: {what()}")
        await asyncio.sleep(_LOOK_SECONDS)


def wait_until(holds: Callable[[], object], what: Callable[[], str]) -> None:
    """As :func:`until`, where there is no event loop."""
    end = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"never came: {what()}")
        time.sleep(_LOOK_SECONDS)


async def appears(path: Path) -> None:
    """Return once ``path`` is there; what is to be in it may come later."""
    await until(path.exists, lambda: str(path))


def new_mark() -> str:
    """A number of seconds for ``sleep`` that no other process of this machine has."""
    return f"4{random.SystemRandom().randrange(10**8):08}"


def command_lines(mark: str) -> list[str]:
    """The command lines on this machine that hold ``mark``, zombies aside."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in line:
            found.append(line)
    return found


async def gone(mark: str) -> bool:
    """Return True once nothing with ``mark`` runs: the kernel may take a moment to bury what was killed."""
    await until(lambda: not command_lines(mark), lambda: f"the end of {command_lines(mark)}")
    return True
