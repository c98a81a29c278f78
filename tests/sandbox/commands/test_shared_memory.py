"""What a command leaves in the machine's shared memory under the weaker tier."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

MAKE = """
import ctypes, sys
made = ctypes.CDLL(None).shmget({key}, 1 << 20, 0o1600)
assert made >= 0
if len(sys.argv) > 1:
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    assert libc.shmat(made, None, 0) > 0
    print("held", flush=True)
    sys.stdin.read()
"""
KEY = 77_031_101


@pytest.fixture
def tier() -> str:
    return "landlock"


def keys() -> set[int]:
    return {int(row.split()[0]) for row in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


async def test_a_segment_that_nobody_uses_goes(runner) -> None:
    made = await runner.run((sys.executable, "-c", MAKE.format(key=KEY)), timeout=60)
    assert made.exit_code == 0, made.head
    assert KEY not in keys()


@pytest.mark.slow
async def test_one_in_use_stays_until_its_command_ends(runner) -> None:
    code = MAKE.format(key=KEY + 1)
    holding = runner.start((sys.executable, "-c", code, "hold"), timeout=60, open_stdin=True)
    await holding.wait_for_news(60)
    assert (await runner.run("true", timeout=60)).ok
    assert KEY + 1 in keys()
    await holding.stop("done")
    assert KEY + 1 not in keys()
