"""Links by which git would write elsewhere: none that a command makes in git's own folders stays."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from seedsmith.sandbox.commands.process import ProcessRunner

WRITTEN = ("COMMIT_EDITMSG", "index", "logs/HEAD", "logs/refs/heads/main", "FETCH_HEAD", "refs/heads/x")


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(("git", "-C", folder, *who, *arguments), capture_output=True, check=False)


def use(folder: Path) -> None:
    """What a person's git does in a repository."""
    (folder / "file").write_text("content")
    for arguments in (("add", "-A"), ("commit", "-q", "-m", "message"), ("fetch", "-q", ".")):
        git(folder, *arguments)


@pytest.fixture
def work(world) -> Path:
    folder: Path = world.workspace
    git(folder, "checkout", "-q", "-B", "main")
    git(folder, "init", "-q", "sub")
    git(folder / "sub", "commit", "-q", "--allow-empty", "-m", "start")
    return folder


@pytest.mark.parametrize("where", [".git", "sub/.git"])
async def test_git_writes_nothing_outside(runner: ProcessRunner, world, work, where) -> None:
    links = "; ".join(f"ln -sfn {world.canary} {where}/{name}" for name in WRITTEN)
    result = await runner.run(f"{links}; ln -s {world.outside} {where}/objects/ab", timeout=30)
    left = [name for name in (*WRITTEN, "objects/ab") if (work / where / name).is_symlink()]
    assert not left, result.note
    use(work / where.removesuffix(".git"))
    assert world.canary.read_text() == "untouched" and os.listdir(world.outside) == ["canary"]


async def test_nor_in_a_repository_that_a_command_made(runner: ProcessRunner, world, work) -> None:
    made = (
        "git init -q made; ln -s {0} made/.git/COMMIT_EDITMSG; git init -q --bare b; ln -s {0} b/FETCH_HEAD"
    )
    result = await runner.run(made.format(world.canary), timeout=30)
    assert "made/.git/COMMIT_EDITMSG" in result.note and "b/FETCH_HEAD" in result.note
    use(work / "made")
    later = await runner.run(f"ln -s {world.canary} made/.git/ORIG_HEAD", timeout=30)
    assert "were removed: made/.git/ORIG_HEAD." in later.note
    assert world.canary.read_text() == "untouched"


async def test_links_that_were_there_and_those_between_repositories_stay(runner, world, work) -> None:
    (work / "sub/.git/mine").symlink_to(world.canary)
    await runner.run("true", timeout=30)
    shared = "git init -q more; rm -r more/.git/objects; ln -s ../../sub/.git/objects more/.git/objects"
    result = await runner.run(f"{shared}; ln -s HEAD more/.git/ALSO", timeout=30)
    assert "were removed:" not in result.note
    assert (work / "more/.git/objects").is_symlink() and (work / "more/.git/ALSO").is_symlink()
    result = await runner.run("rm -r more; mv sub moved", timeout=30)
    assert "were removed:" not in result.note and (work / "moved/.git/mine").is_symlink()


async def test_links_that_nobody_can_follow_end_no_session(runner: ProcessRunner, world, work) -> None:
    away = f"/proc/1/root{world.outside}"
    for command in (
        f"mkdir new; ln -s {away} new/.git",
        f"mkdir more; echo gitdir: {away} > more/.git",
        f"ln -s {away} sub/.git/hooks/pre-commit; ln -s {away} sub/.git/COMMIT_EDITMSG",
        f"ln -s {away} sub/.git/commondir; git init -q made; git -C made config core.worktree {away}",
        f"ln -s {away} .vscode; ln -s {away} .envrc; mkdir v; echo home = {away} > v/pyvenv.cfg",
    ):
        await runner.run(command, timeout=30)
    assert not (work / "sub/.git/COMMIT_EDITMSG").is_symlink()
    assert (await runner.run("echo there", timeout=30)).head == b"there\n"
    again = ProcessRunner(runner.isolation, runner.policy, runner._spills)
    assert (await again.run("echo there", timeout=30)).head == b"there\n"
    again.close()
