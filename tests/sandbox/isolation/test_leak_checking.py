"""Programs built with AddressSanitizer: they check for leaks at their end, and trace themselves for that."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

LEAK = """\
#include <stdlib.h>
int main(int n, char **v) { if (n > 1) malloc(9); else free(malloc(9)); return 0; }
"""


@pytest.fixture
def checked(world) -> str:
    """A program that leaks when it is given an argument."""
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("needs C compiler")
    (world.workspace / "a.c").write_text(LEAK)
    build = [compiler, "-fsanitize=address", "-O0", "a.c", "-o", "a"]
    if subprocess.run(build, cwd=world.workspace, capture_output=True).returncode:
        pytest.skip("needs address sanitizer")
    if subprocess.run(["./a"], cwd=world.workspace, capture_output=True).returncode:
        pytest.skip("needs address sanitizer: it does not work outside either")
    return "./a"


async def test_leaks_are_checked_inside_as_outside(runner, checked) -> None:
    result = await runner.run(checked, timeout=60)
    assert (result.exit_code, result.note) == (0, ""), result
    leaking = await runner.run(f"{checked} leak", timeout=60)
    assert leaking.exit_code != 0 and b"detected memory leaks" in leaking.head


async def test_the_agent_can_not_be_traced(runner) -> None:
    code = f"import ctypes; print(ctypes.CDLL(None).ptrace(16, {os.getpid()}, 0, 0))"
    result = await runner.run(("python3", "-c", code), timeout=60)
    assert result.head.strip() == b"-1", result
