"""Variables and files for named commands: those get them, whatever others do, and nothing is left of them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from seedsmith.sandbox.commands.credentials import Credential, Credentials
from seedsmith.sandbox.commands.process import ProcessRunner

SHOW = """#!/bin/sh
echo "program $0"; echo "token $DEPLOY_TOKEN"; cat ~/.netrc 2>/dev/null || echo none
ls -A ~ /tmp | tr '\\n' ' '; echo left >/tmp/left; echo left >~/left
"""


@pytest.fixture
def tier() -> str:
    return "bwrap"


@pytest.fixture
def runner(make_runner, world, tmp_path: Path) -> ProcessRunner:
    programs = tmp_path / "programs"
    planted = world.workspace / "bin"
    for folder in (programs, planted):
        folder.mkdir()
        (folder / "show").write_text(SHOW)
        (folder / "show").chmod(0o755)
    (world.home / ".netrc").write_text("machine example.org password netrc-secret\n")
    path = os.pathsep.join([str(planted), str(programs), os.environ["PATH"]])
    environ = {**world.policy.environ, "PATH": path, "DEPLOY_TOKEN": "deploy-secret"}
    made = make_runner(environ=environ)
    entry = Credential(("show", "show all *"), ("DEPLOY_TOKEN", "MISSING"), ("~/.netrc",))
    made.credentials = Credentials([entry])
    return made


@pytest.mark.parametrize("command", ["show", " show ", "show all of it"])
async def test_a_named_command_gets_them(runner: ProcessRunner, tmp_path: Path, command: str) -> None:
    await runner.run("echo planted >~/planted; echo planted >/tmp/planted", timeout=60)
    shown = (await runner.run(command, timeout=60)).head.decode()
    assert f"program {tmp_path}/programs/show\ntoken deploy-secret\n" in shown
    assert "netrc-secret" in shown and "planted" not in shown
    after = await runner.run("ls -A ~ /tmp", timeout=60)
    assert b"left" not in after.head and b"planted" in after.head
    assert not [each for each in runner.policy.private_tmp.parent.iterdir() if each.name.startswith("given")]


@pytest.mark.parametrize(
    "command",
    [
        *(
            "show; true",
            "show more",
            "env show",
            "./bin/show",
            "X=1 show",
            "show $HOME",
            "show\nshow",
        ),
        *("printenv DEPLOY_TOKEN; cat ~/.netrc; true", "(show)", "show | cat", "show >out"),
    ],
)
async def test_nothing_but_the_named_command_gets_them(runner: ProcessRunner, command: str) -> None:
    result = await runner.run(command, timeout=60)
    shown = result.head + b"".join(each.read_bytes() for each in runner.policy.workspace.glob("out"))
    assert b"secret" not in shown


async def test_one_that_runs_beside_it_sees_nothing(runner: ProcessRunner) -> None:
    """Not even by name: neither its folder nor its process is there."""
    beside = runner.start("sleep 60", timeout=60)
    assert (await runner.run("show", timeout=60)).ok
    looked = await runner.run("cat /proc/[0-9]*/environ | tr '\\0' '\\n'; ls -A /tmp", timeout=60)
    assert b"deploy-secret" not in looked.head and b"given" not in looked.head
    await beside.stop("done")


def test_a_file_of_the_workspace_is_no_credential(world) -> None:
    (world.workspace / "own").write_text("x" * 20)
    entry = Credential(("true",), files=(str(world.workspace / "own"),))
    given = Credentials([entry]).given("true", replace(world.policy, environ=dict(os.environ)))
    assert given is not None and given.policy.also_readable == ()
    given.forget()


def test_their_values_are_known(world) -> None:
    entry = Credential(("x",), ("GITHUB_TOKEN",), ("~/.ssh/id_ed25519", "~/missing"))
    (world.home / ".ssh" / "id_ed25519").write_text("short " + "long" * 5)
    assert list(entry.values(world.policy.environ)) == ["token-secret", "long" * 5]
