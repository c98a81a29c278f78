"""Folders that a command lets nobody enter: later commands start, and git keeps what is its own."""

from __future__ import annotations

import os
import stat
import subprocess

import pytest


async def test_a_closed_workspace_is_opened_again(runner, world) -> None:
    world.workspace.chmod(0o750)
    result = await runner.run("chmod 000 .", timeout=30)
    assert "closed the workspace" in result.note, result
    assert stat.S_IMODE(world.workspace.stat().st_mode) == 0o750
    assert (await runner.run("echo there", timeout=30)).head == b"there\n"


async def test_one_that_a_command_in_the_background_closed_is_opened_for_the_next(runner, world) -> None:
    closing = runner.start("chmod 000 . && echo closed && sleep 60", timeout=60)
    await closing.wait_for_news(30)
    result = await runner.run("echo there", timeout=30)
    await closing.stop("enough")
    assert result.head == b"there\n", result


async def test_a_mode_that_keeps_nobody_out_is_the_commands_own(runner, world) -> None:
    result = await runner.run("chmod 711 .", timeout=30)
    assert (result.note, stat.S_IMODE(world.workspace.stat().st_mode)) == ("", 0o711)


@pytest.mark.skipif(os.geteuid() == 0, reason="needs an ordinary user")
@pytest.mark.parametrize("closed", ["sub/.git", "sub"])
async def test_a_repository_that_was_closed_for_a_while_is_as_it_was(runner, world, closed) -> None:
    git = ["git", "-C", str(world.workspace / "sub")]
    subprocess.run(["git", "init", "-q", str(world.workspace / "sub")], check=True)
    subprocess.run([*git, "config", "core.hooksPath", "mine"], check=True)
    before = (world.workspace / "sub/.git/config").read_bytes()
    await runner.run(f"chmod 000 {closed}", timeout=30)
    await runner.run("true", timeout=30)
    await runner.run(f"chmod 755 {closed}; echo '[core]\n\tfsmonitor = evil' >>sub/.git/config", timeout=30)
    await runner.run("true", timeout=30)
    assert (world.workspace / "sub/.git/config").read_bytes() == before
    assert (world.workspace / "sub/.git/HEAD").exists()
