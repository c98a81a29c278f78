"""The agent's own configuration in the workspace: no command changes it for the next session."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from examples import first_fast
from waiting import appears

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.git.git import Git
from seedsmith.sandbox.guards.configuration_guard import ConfigurationGuard
from seedsmith.sandbox.isolation.external import External
from seedsmith.sandbox.isolation.off import Off
from seedsmith.sandbox.workspace.spill import SpillStore

UNTRACED = "touch -r .seedsmith/config.yaml /tmp/old; sed -i s/pytest/paaest/ .seedsmith/config.yaml"


def tree(folder: Path) -> dict[str, object]:
    """Everything below ``folder`` with its kind, permissions and content."""
    return {
        os.fspath(path.relative_to(folder)): (
            path.lstat().st_mode,
            os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(folder.rglob(".seedsmith")) + sorted(folder.rglob(".seedsmith/**/*"))
    }


@pytest.fixture
def configured(world) -> Path:
    folder = world.workspace / ".seedsmith"
    (folder / "skills/tidy/scripts").mkdir(parents=True)
    (folder / "config.yaml").write_text("verify: pytest -q\n")
    (folder / "skills/tidy/SKILL.md").write_text("---\nname: tidy\n---\nTidy up.\n")
    (folder / "skills/tidy/scripts/run").write_text("#!/bin/sh\n")
    (folder / "skills/tidy/scripts/run").chmod(0o755)
    return folder


ATTACKS = [
    "echo 'verify: \"true\"' > .seedsmith/config.yaml",
    UNTRACED,
    "rm -rf .seedsmith",
    "mv .seedsmith x; mkdir .seedsmith; echo 'verify: \"true\"' > .seedsmith/config.yaml",
    "mv .seedsmith x; ln -s x .seedsmith",
    "mv .seedsmith x; echo > .seedsmith",
    "rm .seedsmith/config.yaml; ln -s {outside}/canary .seedsmith/config.yaml",
    "rm .seedsmith/config.yaml; mkfifo .seedsmith/config.yaml",
    "ln .seedsmith/config.yaml x; echo 'network: on' >> x",
    "rm -rf .seedsmith/skills; ln -s {outside} .seedsmith/skills",
    "mkdir -p .seedsmith/skills/evil; echo x > .seedsmith/skills/evil/SKILL.md",
    "chmod 777 .seedsmith/config.yaml; chmod 000 .seedsmith/skills/tidy",
    "echo evil >> .seedsmith/skills/tidy/scripts/run",
]


@pytest.mark.parametrize("command", ATTACKS)
async def test_what_is_there_stays_as_it_is(runner: ProcessRunner, world, configured, command) -> None:
    before = tree(world.workspace)
    await runner.run(command.format(outside=world.outside), timeout=60)
    assert tree(world.workspace) == before
    assert world.canary.read_text() == "untouched"


@pytest.mark.parametrize("isolation", [Off(), External(docker_sockets=())], ids=["off", "external"])
@pytest.mark.parametrize("command", ATTACKS)
async def test_without_a_sandbox_it_is_put_back_as_well(world, configured, command, isolation) -> None:
    runner = ProcessRunner(isolation, world.policy, SpillStore(world.policy.state / "spills"))
    before = tree(world.workspace)
    result = await runner.run(command.format(outside=world.outside), timeout=60)
    runner.close()
    assert tree(world.workspace) == before
    assert "changes to the agent's own configuration were undone: .seedsmith" in result.note


@pytest.mark.parametrize(
    "command",
    [
        "mkdir .seedsmith; echo 'verify: \"true\"' > .seedsmith/config.yaml",
        "mkdir -p .seedsmith/skills/a/b/c; echo x > .seedsmith/skills/a/b/c/SKILL.md",
        "echo x > .seedsmith",
        "ln -s {outside} .seedsmith",
        "ln -s conf .seedsmith",
        "mkfifo .seedsmith",
    ],
)
async def test_what_is_not_there_does_not_appear(runner: ProcessRunner, world, command) -> None:
    (world.workspace / "conf").mkdir()
    (world.workspace / "conf/config.yaml").write_text("the project's own\n")
    result = await runner.run(command.format(outside=world.outside), timeout=60)
    assert not os.path.lexists(world.workspace / ".seedsmith")
    assert "changes to the agent's own configuration were undone: .seedsmith" in result.note
    assert (world.workspace / "conf/config.yaml").read_text() == "the project's own\n"
    assert world.canary.read_text() == "untouched" and len(list(world.outside.iterdir())) == 1


async def test_a_refusal_by_the_kernel_is_explained(runner: ProcessRunner, configured, tier) -> None:
    result = await runner.run("echo x > .seedsmith/config.yaml", timeout=60)
    word = "read-only" if tier == "bwrap" else "undone"
    assert word in result.note and ".seedsmith" in result.note


async def test_what_the_user_changes_between_commands_stays(runner: ProcessRunner, world) -> None:
    folder = world.workspace / ".seedsmith"
    await runner.run("true", timeout=60)
    folder.mkdir()
    (folder / "config.yaml").write_text("verify: make\n")
    (folder / "old").write_text("x")
    assert (await runner.run("cat .seedsmith/config.yaml", timeout=60)).head == b"verify: make\n"
    (folder / "old").unlink()
    assert (await runner.run("true", timeout=60)).note == ""
    assert not (folder / "old").exists() and (folder / "config.yaml").exists()
    shutil.rmtree(folder)
    assert (await runner.run("true", timeout=60)).note == ""
    assert not folder.exists()


async def test_a_file_behind_a_link_is_kept_too(runner: ProcessRunner, world) -> None:
    (world.workspace / "conf.yaml").write_text("verify: make\n")
    (world.workspace / ".seedsmith").mkdir()
    (world.workspace / ".seedsmith/config.yaml").symlink_to("../conf.yaml")
    result = await runner.run("echo 'verify: \"true\"' > conf.yaml", timeout=60)
    assert (world.workspace / "conf.yaml").read_text() == "verify: make\n"
    assert "undone: conf.yaml" in result.note


async def test_a_planted_folder_is_gone_although_another_command_saw_it(runner: ProcessRunner, world) -> None:
    planting = "mkdir .seedsmith; echo x > .seedsmith/config.yaml; touch planted; read -r x"
    first = runner.start(planting, open_stdin=True)
    await appears(world.workspace / "planted")
    second = await runner.run("cat .seedsmith/config.yaml", timeout=60)
    assert second.head == b"x\n" and "undone" in second.note
    assert not (world.workspace / ".seedsmith").exists()
    first.close_input()
    await first.wait()
    assert not (world.workspace / ".seedsmith").exists()


async def test_git_may_bring_it_along(runner: ProcessRunner, world, configured) -> None:
    def plain(*arguments: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(("git", "-C", world.workspace, *who, *arguments), check=True)

    plain("add", "-A")
    plain("commit", "-q", "-m", "with configuration")
    plain("branch", "old", "HEAD~1")
    git = await Git.open(runner)
    await git.change(("switch", "--quiet", "old"))
    assert not configured.exists()
    await git.change(("switch", "--quiet", "-"))
    assert (configured / "config.yaml").read_text() == "verify: pytest -q\n"
    assert (await runner.run("cat .seedsmith/config.yaml", timeout=60)).note == ""


def test_what_cannot_be_put_back_is_said(tmp_path: Path) -> None:
    (tmp_path / ".seedsmith").mkdir()
    big = tmp_path / ".seedsmith/big"
    big.write_bytes(b"x" * (2 << 20))
    guard = ConfigurationGuard(tmp_path, is_bound=False)
    assert not guard.is_harmed()
    big.write_bytes(b"y")
    assert guard.is_harmed()
    (note,) = guard.restore()
    assert "for good: .seedsmith/big" in note
    assert big.read_bytes() == b"y"


@pytest.mark.parametrize(
    "target", ["n" * 300, "/proc/1/root/etc", "/proc/self/task", ".seedsmith", "/root/x"]
)
def test_a_link_to_where_nobody_can_look_ends_nothing(tmp_path: Path, target: str) -> None:
    (tmp_path / ".seedsmith").symlink_to(target)
    guard = ConfigurationGuard(tmp_path, is_bound=False)
    (tmp_path / ".seedsmith").unlink()
    assert guard.is_harmed()
    guard.restore()
    assert os.readlink(tmp_path / ".seedsmith") == target


@pytest.mark.slow
async def test_no_number_of_decoys_hides_a_planted_file(runner: ProcessRunner, world, configured) -> None:
    before = tree(world.workspace)
    decoys = """import os
for place in (".seedsmith", ".seedsmith/skills", ".seedsmith/skills/a"):
    os.makedirs(place, exist_ok=True)
    for number in range(3000):
        open(f"{place}/{number}", "w").close()
os.makedirs(".seedsmith/skills/zz/evil")
open(".seedsmith/skills/zz/evil/SKILL.md", "w").close()
"""
    result = await runner.run((sys.executable, "-c", decoys), timeout=60)
    assert tree(world.workspace) == before, result.note


async def test_what_is_undone_can_be_read_back(world) -> None:
    spills = SpillStore(world.policy.state / "spills")
    runner = ProcessRunner(Off(), world.policy, spills)
    (world.workspace / ".seedsmith").mkdir()
    (world.workspace / ".seedsmith/config.yaml").write_text("verify: make\n")
    change = "mkdir .seedsmith/skills; echo mine > .seedsmith/skills/a; echo new > .seedsmith/config.yaml"
    result = await runner.run(change, timeout=60)
    runner.close()
    saved = dict(re.findall(r"(\.seedsmith/\S+) \(what it held: spill:(s[0-9]+)\)", result.note))
    for name, content in ((".seedsmith/config.yaml", b"new\n"), (".seedsmith/skills/a", b"mine\n")):
        with spills.open(saved[name]) as file:
            assert file.read() == content


@pytest.mark.slow
async def test_a_folder_too_deep_to_remove_is_moved_out_of_the_way(runner: ProcessRunner, world) -> None:
    deep = """import os
os.mkdir(".seedsmith")
open(".seedsmith/config.yaml", "w").close()
os.chdir(".seedsmith")
for _ in range(1100):
    os.mkdir("d")
    os.chdir("d")
"""
    result = await runner.run((sys.executable, "-c", deep), timeout=60)
    assert not (world.workspace / ".seedsmith").exists() and "undone: .seedsmith" in result.note
    (left,) = world.workspace.glob(".seedsmith.undone-*")
    subprocess.run(("rm", "-rf", left), check=True)


@pytest.mark.slow
@pytest.mark.parametrize("there", first_fast(1, [True, False]), ids=["there", "not there"])
async def test_a_race_leads_nowhere(make_runner, world, there) -> None:
    """A command that swaps the folder for a link, again and again, while others end."""
    (world.outside / "config.yaml").write_text("outside")
    folder = world.workspace / ".seedsmith"
    if there:
        folder.mkdir()
        (folder / "config.yaml").write_text("verify: make\n")
    before = tree(world.workspace)
    runner = make_runner()
    swapping = (
        f"while [ ! -e over ]; do rm -rf .seedsmith; ln -s {world.outside} .seedsmith; rm -f .seedsmith; "
        "mkdir .seedsmith; echo evil > .seedsmith/config.yaml; touch up; done 2>/dev/null"
    )
    running = runner.start(swapping)
    await appears(world.workspace / "up")
    for _ in range(15):
        await runner.run("true", timeout=60)
    (world.workspace / "over").touch()
    await running.wait()
    assert tree(world.workspace) == before
    assert world.canary.read_text() == "untouched"
    assert (world.outside / "config.yaml").read_text() == "outside"


@pytest.mark.parametrize(
    "command",
    [
        "ln -sfn evil.yaml conf/link",
        "mv conf old; mkdir conf; echo 'verify: evil' >conf/link",
        "ln -sfn evil.yaml conf/real/c.yaml",
        "echo 'verify: evil' >conf/real/c.yaml",
        "mv conf/real x; mkdir conf/real; cp conf/evil.yaml conf/real/c.yaml",
    ],
)
async def test_a_chain_of_links_to_the_configuration_is_put_back_wherever_it_was_turned(
    make_runner, world, command
):
    """Each link on the way, and the file at the end."""
    conf = world.workspace / "conf"
    (conf / "real").mkdir(parents=True)
    (world.workspace / ".seedsmith").mkdir()
    (conf / "real/c.yaml").write_text("ignore: [x]\n")
    (conf / "evil.yaml").write_text("verify: evil\n")
    (conf / "link").symlink_to("real/c.yaml")
    (world.workspace / ".seedsmith/config.yaml").symlink_to("../conf/link")
    await make_runner().run(command, timeout=60)
    assert (world.workspace / ".seedsmith/config.yaml").read_text() == "ignore: [x]\n"
