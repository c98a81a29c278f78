"""Folders that a command lets nobody enter: later commands start, and git keeps what is its own."""

from __future__ import annotations

import os
import stat
import subprocess

import pytest
from file_rights import without_rights_over_files

from seedsmith.sandbox.commands import spawn
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.guards.git_guard import GitGuard
from seedsmith.sandbox.isolation.base import Limits
from seedsmith.sandbox.isolation.off import Off


async def test_a_closed_workspace_is_opened_again(runner, world) -> None:
    world.workspace.chmod(0o750)
    result = await runner.run("chmod 000 .", timeout=60)
    assert "closed the workspace" in result.note, result
    assert stat.S_IMODE(world.workspace.stat().st_mode) == 0o750
    assert (await runner.run("echo there", timeout=60)).head == b"there\n"


@pytest.mark.slow
async def test_one_that_a_command_in_the_background_closed_is_opened_for_the_next(runner, world) -> None:
    closing = runner.start("chmod 000 . && echo closed && sleep 60", timeout=60)
    await closing.wait_for_news(30)
    result = await runner.run("echo there", timeout=60)
    assert result.head == b"there\n", result
    again = await runner.run("chmod 000 .", timeout=60)
    await closing.stop("enough")
    assert "one in the background, to be ended then, closed the workspace" in again.note


@pytest.mark.slow
@pytest.mark.parametrize("tier", ["landlock"])
async def test_commands_start_while_one_closes_the_workspace_again_and_again(runner, world) -> None:
    closing = runner.start("while :; do chmod 000 .; done", timeout=120)
    notes = [(await runner.run("true", timeout=30)).note for _ in range(60)]
    await closing.stop("enough")
    assert "one in the background, to be ended then, closed the workspace" in " ".join(notes)
    assert stat.S_IMODE(world.workspace.stat().st_mode) & stat.S_IRWXU == stat.S_IRWXU


def test_a_folder_that_is_closed_at_that_very_moment_is_named(world) -> None:
    def start() -> None:
        launch = Off().launch(("/bin/true",), world.policy, {}, world.workspace)
        (world.workspace).chmod(0)
        with open(os.devnull, "wb") as output, pytest.raises(SandboxError, match="closed to its owner"):  # noqa: PTH123
            spawn.start(Off(), world.policy, launch, limits=Limits(), output=output.fileno())

    without_rights_over_files(start)
    world.workspace.chmod(0o755)


async def test_a_mode_that_keeps_nobody_out_is_the_commands_own(runner, world) -> None:
    result = await runner.run("chmod 711 .", timeout=60)
    assert (result.note, stat.S_IMODE(world.workspace.stat().st_mode)) == ("", 0o711)


@pytest.mark.parametrize("closed", ["sub/.git", "sub"])
def test_a_repository_that_was_closed_for_a_while_is_as_it_was(tmp_path, closed) -> None:
    git = ["git", "-C", str(tmp_path / "sub")]
    subprocess.run(["git", "init", "-q", str(tmp_path / "sub")], check=True)
    subprocess.run([*git, "config", "core.hooksPath", "mine"], check=True)
    config = tmp_path / "sub/.git/config"
    before = config.read_bytes()

    def harm_it() -> None:
        guard = GitGuard.capture(tmp_path, restores=True)
        (tmp_path / closed).chmod(0)
        if guard.is_harmed():
            guard.restore()
        guard.refresh()
        (tmp_path / closed).chmod(0o755)
        with config.open("a") as settings:
            settings.write("[core]\n\tfsmonitor = evil\n")
        assert guard.is_harmed()
        assert "undone" in guard.restore()[0]

    without_rights_over_files(harm_it)
    assert config.read_bytes() == before
