"""Where the strong tier mounts: no command that runs can turn a folder on the way there."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from waiting import appears

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy

RENAME = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
for place in sys.argv[1:]:
    other = place + ".other"
    os.makedirs(other)
    for flags in (0, 2):
        target = other if flags else place + ".gone"
        result = libc.renameat2(-100, place.encode(), -100, target.encode(), flags)
        print(result, ctypes.get_errno())
    try:
        os.rmdir(place)
    except OSError as error:
        print(-1, error.errno)
"""
RACE = """
import ctypes, os, sys
top = sys.argv[1]
other = top + ".other"
os.makedirs(other, exist_ok=True)
if os.path.lexists(other + "/w"):
    os.unlink(other + "/w")
os.symlink(sys.argv[2], other + "/w")
libc = ctypes.CDLL(None)
open("racing", "w").close()
while True:
    libc.renameat2(-100, top.encode(), -100, other.encode(), 2)
"""


@pytest.fixture(params=["bwrap"])
def tier(request: pytest.FixtureRequest) -> str:
    """Only there are mount points."""
    return str(request.param)


@pytest.fixture
def below() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="mounts-") as name:
        yield Path(name).resolve()


def made(below: Path, policy: Policy) -> Policy:
    (below / "a/w/.git").mkdir(parents=True)
    (below / "a/w/.git/HEAD").write_text("ref: refs/heads/main\n")
    return replace(policy, workspace=below / "a/w")


async def test_no_folder_above_a_mount_point_can_be_renamed(make_runner, world, below) -> None:
    policy = made(below, world.policy)
    runner: ProcessRunner = make_runner(workspace=policy.workspace)
    places = [below / "a/w", below / "a", below]
    result = await runner.run((sys.executable, "-c", RENAME, *map(str, places)), timeout=60)
    assert result.head == b"-1 16\n" * 9, result


@pytest.mark.slow
async def test_a_race_while_commands_start_leads_nowhere(make_runner, world, below) -> None:
    policy = made(below, world.policy)
    runner: ProcessRunner = make_runner(workspace=policy.workspace)
    target = f"/oldroot{world.outside}/made"
    racing = runner.start((sys.executable, "-c", RACE, str(below / "a"), target))
    await appears(policy.workspace / "racing")
    for _ in range(10):
        result = await runner.run("touch here; touch .git/planted", timeout=60)
        assert b"Read-only" in result.head, result
    await racing.stop("Enough.")
    assert (policy.workspace / "here").exists()
    assert sorted(path.name for path in (policy.workspace / ".git").iterdir()) == ["HEAD"]
    assert sorted(path.name for path in world.outside.iterdir()) == ["canary"]


async def test_what_is_left_in_the_temporary_folder_stays_there(make_runner, world, below) -> None:
    runner: ProcessRunner = make_runner(workspace=made(below, world.policy).workspace)
    await runner.run(f"echo kept > {below}/kept; echo also > /tmp/also", timeout=60)
    result = await runner.run(f"cat {below}/kept /tmp/also", timeout=60)
    assert result.head == b"kept\nalso\n"
    assert not (below / "kept").exists()
