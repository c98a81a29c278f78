"""Private folders that a command left in a state the next one couldn't start with."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.isolation import private_folder
from seedsmith.sandbox.isolation.named_programs import link_into_home

POISONS = (
    "rm -rf $HOME; touch $HOME",
    "rm -rf $HOME; ln -s /nonexistent $HOME",
    "rm -rf $HOME; ln -s / $HOME",
    "rm -rf $HOME; mkfifo $HOME",
    "rm -rf $HOME",
    "mkdir -p $HOME/full/er; chmod 000 $HOME",
    "chmod 000 $TMPDIR",
    "chmod 500 $HOME $TMPDIR",
    "mv $HOME $TMPDIR/elsewhere; ln -s elsewhere $HOME",
    "rm -rf $HOME; ln -s home $HOME",
)


@pytest.mark.parametrize("poison", POISONS)
async def test_a_poisoned_private_folder_is_made_anew(runner: ProcessRunner, poison: str) -> None:
    await runner.run(poison, timeout=60)
    result = await runner.run('cd "$HOME" && echo alive >"$TMPDIR/a" && cat "$TMPDIR/a" && >b', timeout=60)
    assert result.head == b"alive\n", (poison, result)
    home = runner.policy.private_tmp / "home"
    assert not home.is_symlink()
    assert stat.S_IMODE(home.stat().st_mode) & 0o700 == 0o700


@pytest.mark.parametrize("tier", ["bwrap"], indirect=True)
@pytest.mark.parametrize("left", ["ln -s /etc {0}", "touch {0}", "mkfifo {0}", "mkdir {0}; chmod 000 {0}"])
async def test_a_mount_point_in_tmp_is_made_anew(runner: ProcessRunner, world, left: str) -> None:
    if not world.workspace.is_relative_to("/tmp"):
        pytest.skip("needs temporary folders below /tmp")
    top = f"/tmp/{world.workspace.relative_to('/tmp').parts[0]}"
    await runner.run(f"cd /; mv {top} /tmp/away && {left.format(top)}", timeout=60)
    result = await runner.run("echo alive", timeout=60)
    assert result.head == b"alive\n", result
    assert sorted(path.name for path in world.outside.iterdir()) == ["canary"]


def test_links_into_the_home_are_not_led_out(world, tmp_path: Path) -> None:
    """What a killed session's command left in its home is not followed when it is resumed."""
    from dataclasses import replace

    program = world.home / "venvs/x/bin/python"
    program.parent.mkdir(parents=True)
    program.symlink_to("/usr/bin/python3")
    (world.home / "venvs/x/pyvenv.cfg").write_text("home = /usr/bin\n")
    policy = replace(world.policy, programs=(program,))
    (policy.private_tmp / "home").symlink_to(world.outside)
    link_into_home(policy)
    assert sorted(path.name for path in world.outside.iterdir()) == ["canary"]
    assert (policy.private_tmp / "home/venvs/x").is_symlink()


def test_a_folder_that_stands_where_a_file_is_to_be_is_set_aside(tmp_path: Path) -> None:
    private = tmp_path / "private"
    (private / "a/b").mkdir(parents=True)
    (private / "a/b/kept").write_text("x")
    private_folder.make_file_ready(private, "a/b")
    assert (private / "a/b").is_file()
    assert [path.name for path in (private / "a").glob("b.replaced-*/kept")] == ["kept"]


def test_a_new_folder_is_empty_whatever_was_there(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("x")
    private = tmp_path / "private"
    private.mkdir()
    (private / "watch").symlink_to(outside)
    private_folder.make_new(private, "watch")
    assert os.listdir(private / "watch") == []
    assert not (private / "watch").is_symlink()
    assert (outside / "canary").exists()


def test_what_can_not_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match=r"can't be made ready"):
        private_folder.make_ready(tmp_path / "file" / "private")
