"""Repositories that only git takes for one, and lie where nobody looks: nothing of them runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from examples import first_fast

from seedsmith.sandbox.commands.process import ProcessRunner

EVIL = (
    "[core]\\n\\tbare = false\\n\\tfsmonitor = touch {marker}; false\\n"
    '[remote \\"origin\\"]\\n\\turl = .\\n\\tuploadpack = touch {marker}; false; \\n'
)
MAKE = "mkdir -p {0}/objects {0}/refs && echo ref: refs/heads/main >{0}/HEAD && printf '{evil}' >{0}/config"
POINT = "mkdir -p sub/.git && echo ref: refs/heads/main >sub/.git/HEAD && "
SHARED = "mkdir -p evil/objects evil/refs && printf '{evil}' >evil/config"
COMMANDS = {
    "in a git folder": "git init -q sub && mkdir -p sub/.git/.git && " + MAKE.replace("{0}", "sub/.git/.git"),
    "far in a git folder": "git init -q sub && " + MAKE.replace("{0}", "sub/.git/objects/ab/.git"),
    "bare in a git folder": "git init -q sub && " + MAKE.replace("{0}", "sub/.git/info/x"),
    "a link as HEAD": MAKE.replace("{0}", "sub/.git") + " && ln -sfn refs/heads/main sub/.git/HEAD",
    "settings in a folder without HEAD": f"{SHARED} && {POINT} echo ../../evil >sub/.git/commondir",
    "the same, bare": SHARED
    + " && mkdir -p sub && echo ref: refs/heads/main >sub/HEAD && echo ../evil >sub/commondir",
    "a line end in a pointer": SHARED.replace("evil/config", '"$n/config"').replace("evil/", '"$n"/')
    + f' && {POINT} echo "../../$n" >sub/.git/commondir',
    "a space in a pointer": MAKE.replace("{0}", "'sub/ x'") + " && echo 'gitdir:  x' >sub/.git",
    "a long pointer": f"{SHARED} && {POINT}"
    + "(printf ../../; printf '%20000s' | sed 's, ,./,g'; echo evil) >sub/.git/commondir",
    "a zero in a pointer": MAKE.replace("{0}", "real")
    + " && mkdir sub && printf 'gitdir: ../real\\0x' >sub/.git",
    "a line that is none": MAKE.replace("{0}", "sub/.git")
    + " && printf '[core]\\n\\tbare = false\\n# \\014[color]\\n\\tfsmonitor = touch {marker}; false\\n'"
    + " >sub/.git/config",
    "a hook of gc": "git init -q sub && git -C sub config gc.recentObjectsHook 'touch {marker}'",
}
PLACES = ("sub", "sub/.git", "sub/.git/objects/ab", "sub/.git/info/x")


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "outside/marker"


def look(world) -> None:
    """Use git as a person would, in every folder a command may have made a repository in."""
    environ = {**os.environ, "HOME": str(world.home), "GIT_CONFIG_NOSYSTEM": "1"}
    for place in PLACES:
        folder = world.workspace / place
        if folder.is_dir():
            for words in (["status"], ["fetch"], ["gc", "--prune=now"]):
                subprocess.run(["git", "-C", folder, *words], env=environ, capture_output=True, timeout=60)


@pytest.mark.parametrize("kind", first_fast(3, tuple(COMMANDS)))
async def test_it_runs_nothing(runner: ProcessRunner, world, marker, kind) -> None:
    evil = EVIL.format(marker=marker)
    command = COMMANDS[kind].format(evil=evil, marker=marker)
    result = await runner.run("n='ev\nil'; " + command, timeout=60)
    assert "set aside" in result.note, result
    look(world)
    assert not marker.exists()


@pytest.mark.parametrize("kind", first_fast(1, ("HEAD away", "HEAD a link")))
async def test_settings_stay_without_a_head(runner: ProcessRunner, world, marker, kind) -> None:
    """A known repository whose ``HEAD`` one command takes, another brings back: what it obeys is watched."""
    subprocess.run(["git", "init", "-q", world.workspace / "sub"], check=True)
    take = {"HEAD away": "mv HEAD H", "HEAD a link": "mv HEAD H; ln -s refs/heads/main HEAD"}[kind]
    evil = EVIL.format(marker=marker)
    for top in (".git", "sub/.git"):
        await runner.run(f"cd {top} && {take}", timeout=60)
        await runner.run(f"printf '{evil}' >>{top}/config", timeout=60)
        await runner.run(f"cd {top} && mv -f H HEAD", timeout=60)
    look(world)
    subprocess.run(["git", "-C", world.workspace, "status"], capture_output=True, timeout=60)
    assert not marker.exists()
