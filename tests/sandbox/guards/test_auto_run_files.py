"""Files that other programs execute on their own: no command changes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.git.git import Git
from seedsmith.sandbox.isolation.external import External
from seedsmith.sandbox.isolation.off import Off
from seedsmith.sandbox.workspace.spill import SpillStore

THERE = {".envrc": "export A=1\n", "app/.vscode/tasks.json": "{}\n", ".bashrc": "alias a=b\n"}
ATTACKS = [
    "echo evil > .envrc",
    "rm -f .envrc; echo evil > .envrc",
    "sed -i s/A/B/ .envrc",
    "mv .envrc x",
    "echo evil > y && mv -f y .envrc",
    "ln -sf {outside}/canary .envrc",
    "echo evil > app/.vscode/tasks.json",
    "mv app/.vscode old; mkdir app/.vscode; echo evil > app/.vscode/tasks.json",
    "mv app/.vscode old; ln -s old app/.vscode; echo evil > old/tasks.json",
    "echo evil > .mcp.json",
    "mkdir .vscode; echo evil > .vscode/settings.json",
    "mkdir -p new/folder/.config/fish; echo evil > new/folder/.config/fish/config.fish",
    "mkdir stored; echo evil > stored/tasks.json; ln -s stored .vscode",
    "chmod 777 .bashrc",
    "mkdir .claude .cursor .hg .zed; echo evil | tee .claude/settings.local.json .cursor/mcp.json .hg/hgrc "
    ".zed/tasks.json",
    "echo evil > conf/settings.json",
    "rm conf/settings.json; ln -s ../other conf/settings.json; echo evil > other",
    "mv conf x; mkdir conf; echo evil > conf/settings.json",
]


def run_by_others(root: Path) -> dict[str, object]:
    names = [*THERE, ".mcp.json", ".vscode/settings.json", ".vscode/tasks.json"]
    names += ["new/folder/.config/fish/config.fish", "linked/.vscode/settings.json"]
    names += [".claude/settings.local.json", ".cursor/mcp.json", ".hg/hgrc", ".zed/tasks.json"]
    return {
        name: ((root / name).lstat().st_mode, (root / name).read_text())
        for name in names
        if os.path.lexists(root / name)
    }


@pytest.fixture
def there(world) -> Path:
    for name, content in THERE.items():
        (world.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (world.workspace / name).write_text(content)
    for folder in ("linked/.vscode", "conf"):
        (world.workspace / folder).mkdir(parents=True)
    (world.workspace / "conf/settings.json").write_text("{}\n")
    (world.workspace / "linked/.vscode/settings.json").symlink_to("../../conf/settings.json")
    return world.workspace


@pytest.mark.parametrize("command", ATTACKS)
async def test_they_stay_as_they_are(runner: ProcessRunner, world, there, command) -> None:
    before = run_by_others(there)
    result = await runner.run(command.format(outside=world.outside), timeout=60)
    assert run_by_others(there) == before
    assert "ask the user" in result.note or "that other programs run" in result.note
    assert world.canary.read_text() == "untouched"


@pytest.mark.slow
async def test_no_number_of_folders_hides_one(runner, world) -> None:
    for number in range(900):
        (world.workspace / f"d{number:03}").mkdir()
    plant = "for d in d*; do echo evil > $d/.envrc; done; mkdir -p new/{1..500}/.vscode; echo evil > "
    result = await runner.run(f"{plant}new/499/.vscode/tasks.json", timeout=60)
    for _ in range(4):  # those far down are looked at in turn
        await runner.run("true", timeout=30)
    assert not [*world.workspace.glob("d*/.envrc"), *world.workspace.glob("new/*/.vscode/tasks.json")]
    assert "other programs run by themselves were undone" in result.note


@pytest.mark.parametrize("isolation", [Off(), External(docker_sockets=())], ids=["off", "external"])
async def test_without_a_sandbox_they_are_put_back_as_well(world, there, isolation) -> None:
    runner = ProcessRunner(isolation, world.policy, SpillStore(world.policy.state / "spills"))
    before = run_by_others(there)
    result = await runner.run("echo evil > .envrc; echo evil > .mcp.json", timeout=60)
    runner.close()
    assert run_by_others(there) == before
    assert ".envrc (what it held: spill:" in result.note and ".mcp.json" in result.note


async def test_what_a_person_changes_between_commands_stays(runner, there) -> None:
    await runner.run("true", timeout=60)
    (there / ".envrc").write_text("mine\n")
    (there / ".mcp.json").write_text("{}\n")
    assert (await runner.run("cat .envrc .mcp.json", timeout=60)).note == ""
    assert (there / ".envrc").read_text() == "mine\n" and (there / ".mcp.json").read_text() == "{}\n"


async def test_what_a_person_lets_be_written_stays_while_a_command_runs(runner, there) -> None:
    running = runner.start("cat", timeout=60, open_stdin=True)
    (there / ".envrc").write_text("approved\n")
    (there / "new").mkdir()
    (there / "new/.envrc").write_text("approved\n")
    runner.accept((".envrc", "new/.envrc"))
    running.close_input()
    assert (await running.wait_or_stop()).note == ""
    assert (there / ".envrc").read_text() == (there / "new/.envrc").read_text() == "approved\n"


async def test_other_files_beside_them_are_free(runner, there) -> None:
    command = "echo '{}' > app/.vscode/extensions.json; echo x > envrc; mkdir -p a/b; echo x > a/b/tasks.json"
    result = await runner.run(command, timeout=60)
    assert result.ok and result.note == ""
    assert (there / "app/.vscode/extensions.json").read_text() == "{}\n" and (there / "envrc").exists()


async def test_git_takes_them_from_its_own_past(runner, there) -> None:
    git = await Git.open(runner)
    await git.change(["add", "."])
    (there / ".envrc").write_text("changed\n")
    result = await git.change(["restore", ".envrc"])
    assert result.ok and result.note == "" and (there / ".envrc").read_text() == THERE[".envrc"]
