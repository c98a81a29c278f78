"""What a command leaves running is told in every tier, and what it does not leave is not."""

from __future__ import annotations

import pytest

from seedsmith.sandbox.commands.left_running import LEFT

SLEEPS = "until tr '\\0' ' ' </proc/$!/cmdline | grep -q ^sleep; do :; done"
"""The child that was started last is no shell any more."""


@pytest.mark.parametrize(
    "line",
    [
        f"sleep 654 & {SLEEPS}; echo a",
        f"(sleep 654 >/dev/null & {SLEEPS}); exit 4",
        f"nohup sleep 654 >f 2>&1 & {SLEEPS}; disown",
    ],
)
async def test_what_is_left_is_told(runner, line) -> None:
    result = await runner.run(line, timeout=60)
    told = result.head.decode() + result.note
    assert f"[{LEFT}: sleep 654]" in told
    assert result.exit_code == (4 if "exit" in line else 0)


@pytest.mark.parametrize("line", ["sleep 0.01 & wait; echo a", "echo a && echo b >&2", "echo 'start & up'"])
async def test_what_ended_is_not(runner, line) -> None:
    result = await runner.run(line, timeout=60)
    assert LEFT not in result.head.decode() + result.note


async def test_a_crowd_is_told_in_a_few_lines(runner) -> None:
    result = await runner.run(f"for i in $(seq 20); do sleep 654 & {SLEEPS}; done; echo a", timeout=60)
    assert (result.head.decode() + result.note).count("sleep 654]") == 5
