"""Folders shown besides the workspace: read and run inside, never written, and never more than was meant."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SECRET = "home-secret"


def skill(folder: Path) -> Path:
    """A skill's folder with a program in it."""
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_text("Tidy up.\n")
    (folder / "scripts/run").write_text('#!/bin/sh\ncat "$(dirname "$0")/../SKILL.md"\n')
    (folder / "scripts/run").chmod(0o755)
    return folder


@pytest.fixture
def below_temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="shown-") as name:
        yield Path(name)


@pytest.fixture(params=["home", "temporary"])
def masked(request, world, below_temporary) -> Path:
    """A folder that commands don't see by itself."""
    return world.home / ".agents/skills" if request.param == "home" else below_temporary / "skills"


@pytest.mark.slow
async def test_a_folder_is_read_and_its_programs_run(make_runner, masked) -> None:
    folder = skill(masked / "tidy")
    skill(masked / "other")
    runner = make_runner(also_readable=(folder,))
    result = await runner.run(f"{folder}/scripts/run && ls -A {folder}", timeout=60)
    assert (result.exit_code, result.head) == (0, b"Tidy up.\nSKILL.md\nscripts\n"), result
    assert (await runner.run(f"cat {masked}/other/SKILL.md", timeout=60)).exit_code != 0
    for attempt in (
        "echo x > {}/SKILL.md",
        "touch {}/new",
        "rm -rf {}",
        "mv {0} {0}2",
        "chmod 777 {}/SKILL.md",
    ):
        await runner.run(attempt.format(folder), timeout=60)
    assert sorted(path.name for path in folder.rglob("*")) == ["SKILL.md", "run", "scripts"]
    assert (folder / "SKILL.md").read_text() == "Tidy up.\n"


async def test_a_folder_behind_a_link_is_shown_where_the_link_is(make_runner, world, masked) -> None:
    skill(world.home / "dotfiles/tidy")
    masked.mkdir(parents=True)
    (masked / "tidy").symlink_to(world.home / "dotfiles/tidy")
    runner = make_runner(also_readable=(masked / "tidy",))
    result = await runner.run(f"{masked}/tidy/scripts/run", timeout=60)
    assert (result.exit_code, result.head) == (0, b"Tidy up.\n"), result


async def test_what_is_missing_is_left_out(make_runner, world, below_temporary) -> None:
    (world.home / "loop").symlink_to("loop")
    missing = (below_temporary / "none", world.home / "none/deep", world.home / "loop", Path("relative"))
    folder = skill(world.home / "skills/tidy")
    runner = make_runner(also_readable=(*missing, folder))
    assert (await runner.run(f"{folder}/scripts/run", timeout=60)).head == b"Tidy up.\n"
    shutil.rmtree(folder)
    assert (await runner.run("echo on", timeout=60)).head == b"on\n"


async def test_a_link_in_the_workspace_shows_nothing(make_runner, world) -> None:
    (world.workspace / ".agents/skills").mkdir(parents=True)
    link = world.workspace / ".agents/skills/tidy"
    link.symlink_to(world.home / ".ssh")
    result = await make_runner(also_readable=(link,)).run(f"cat {link}/id_ed25519", timeout=60)
    assert result.exit_code != 0 and SECRET.encode() not in result.head


async def test_a_link_that_leads_through_the_workspace_shows_nothing(make_runner, world, masked) -> None:
    """Commands could turn its second half after it was looked at."""
    skill(world.workspace / "skills/tidy")
    masked.mkdir(parents=True)
    (masked / "tidy").symlink_to(world.workspace / "skills/tidy")
    runner = make_runner(also_readable=(masked / "tidy",))
    turn = f"mv skills/tidy skills/old; ln -s {world.home}/.ssh skills/tidy"
    await runner.run(turn, timeout=60)
    result = await runner.run(f"cat {masked}/tidy/id_ed25519", timeout=60)
    assert result.exit_code != 0 and SECRET.encode() not in result.head


async def test_a_folder_that_holds_the_workspace_leaves_it_writable(make_runner, world) -> None:
    folder = skill(world.home / "skills/tidy")
    inner = folder / "work"
    inner.mkdir()
    runner = make_runner(workspace=inner, also_readable=(folder,))
    result = await runner.run("echo x > made; ../scripts/run; echo x > ../SKILL.md", timeout=60)
    assert result.head.startswith(b"Tidy up.\n")
    assert (inner / "made").read_text() == "x\n"
    assert (folder / "SKILL.md").read_text() == "Tidy up.\n"


async def test_the_state_folder_stays_hidden(make_runner, world) -> None:
    share, link = world.home / "share", world.home / "link"
    state = share / "seedsmith"
    state.mkdir(parents=True)
    (state / "session").write_text("private")
    link.symlink_to(share)
    runner = make_runner(state=state, also_readable=(share, state, state / "session", link))
    result = await runner.run(f"cat {state}/session {link}/seedsmith/session", timeout=60)
    assert result.exit_code != 0 and b"private" not in result.head
