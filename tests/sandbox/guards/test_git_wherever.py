"""What git would obey, wherever it lies and however it got there: no command changes it for good."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from examples import first_fast

from seedsmith.sandbox.commands.process import ProcessRunner

EVIL = "[core]\n\tfsmonitor = touch {marker}; false\n"


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(("git", "-C", folder, *who, *arguments), capture_output=True, text=True)
    return done.stdout


def commit(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "start")
    return folder


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What the attackers' programs would make outside."""
    return tmp_path / "outside/marker"


def nothing_ran(world, marker: Path, *folders: Path) -> bool:
    """Has the user's own git look at the workspace and at ``folders``."""
    for folder in (world.workspace, *folders):
        if folder.is_dir():
            git(folder, "status")
            git(folder, "checkout", "-q", "HEAD")
    return not marker.exists()


def layout(world, kind: str) -> Path:
    """A repository whose settings lie elsewhere in the workspace; returns where."""
    work: Path = world.workspace
    if kind in ("separate", "deep"):
        shutil.rmtree(work / ".git")
        real = work / "gd" if kind == "separate" else work / "a/b/gd"
        real.parent.mkdir(parents=True, exist_ok=True)
        git(work, "init", "-q", f"--separate-git-dir={real}")
        return real
    if kind == "bare":
        (work / ".git").rename(work / ".bare")
        (work / ".git").write_text("gitdir: ./.bare\n")
        return work / ".bare"
    if kind == "link":
        (work / ".git").rename(work / "gdir")
        (work / ".git").symlink_to("gdir")
        return work / "gdir"
    if kind == "nested":
        return commit(work / "sub/deep") / ".git"
    if kind == "dependency":
        return commit(work / "node_modules/x") / ".git"
    if kind == "module":
        module = work / ".git/modules/m"
        git(work, "init", "-q", "--bare", str(module))
        return module
    assert kind == "far"
    for number in range(450):
        (work / f"d{number:03}").mkdir()
    return commit(work / "d449/z") / ".git"


KINDS = ("separate", "bare", "link", "far", "deep", "nested", "dependency", "module")
CHANGES = {
    "config": "printf '%s' '{evil}' >> {real}/config",
    "hook": "printf '#!/bin/sh\\ntouch {marker}\\n' > {real}/hooks/post-checkout; chmod +x {real}/hooks/*",
    "commondir": "cp -r {real} evil; printf '%s' '{evil}' >> evil/config; echo $PWD/evil > {real}/commondir",
    "pointer": "cp -r {real} e; printf '%s' '{evil}' >> e/config; rm -rf .git; echo gitdir: e > .git",
    "copied back": "mv {real} x && cp -r x {real} && printf '%s' '{evil}' >> {real}/config",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", first_fast(4, KINDS))
async def test_settings_elsewhere_in_the_workspace_stay(runner: ProcessRunner, world, marker, kind) -> None:
    real = layout(world, kind)
    holder = next((parent for parent in real.parents if (parent / ".git").exists()), world.workspace)
    for change in CHANGES.values():
        command = change.format(real=real, marker=marker, evil=EVIL.format(marker=marker))
        await runner.run(f"({command}) 2>/dev/null", timeout=60)
        assert nothing_ran(world, marker, holder), (change, (real / "config").exists())


@pytest.mark.parametrize("kind", ["nested", "dependency", "far"])
async def test_a_repository_that_moves_is_watched_where_it_went(runner, world, marker, kind) -> None:
    real = layout(world, kind)
    top = real.relative_to(world.workspace).parts[0]
    await runner.run(f"mv {top} moved", timeout=60)
    moved = world.workspace / "moved" / real.relative_to(world.workspace / top)
    evil = EVIL.format(marker=marker)
    await runner.run(f"printf '%s' '{evil}' >> {moved}/config", timeout=60)
    await runner.run(f"mv moved again; printf '%s' '{evil}' >> again/*/.git/config", timeout=60)
    folders = [path.parent for path in world.workspace.glob("*/**/.git")]
    assert nothing_ran(world, marker, *folders) and folders


@pytest.mark.parametrize(
    "command",
    [
        "git init -q new; printf '%s' '{evil}' >> new/.git/config",
        "git init -q --bare new; printf '%s' '{evil}' >> new/config",
        "git init -q new; printf '#!/bin/sh\\ntouch {marker}\\n' > new/.git/hooks/post-checkout; "
        "chmod +x new/.git/hooks/post-checkout",
        "git init -q --separate-git-dir=real new; printf '%s' '{evil}' >> real/config",
        "git init -q real; mkdir new; printf '%s' '{evil}' >> real/.git/config; ln -s ../real/.git new/.git",
        "git init -q new; git -C new config include.path ../evil; printf '%s' '{evil}' > new/.git/evil",
        "mkdir node_modules; git init -q node_modules/x; printf '%s' '{evil}' >> node_modules/x/.git/config; "
        "ln -s node_modules/x new",
    ],
)
async def test_a_repository_a_command_makes_runs_nothing(runner, world, marker, command) -> None:
    evil = EVIL.format(marker=marker)
    result = await runner.run(command.format(evil=evil, marker=marker), timeout=60)
    assert "set aside" in result.note, result
    assert nothing_ran(world, marker, world.workspace / "new", world.workspace / "node_modules/x")
    again = "for f in $(find . -name '*set-aside*'); do mv $f ${f%.set-aside*}; done"
    assert "set aside" in (await runner.run(again, timeout=60)).note
    assert nothing_ran(world, marker, world.workspace / "new")


async def test_an_ordinary_new_repository_works_on(runner, world) -> None:
    await runner.run("git init -q new", timeout=60)
    work = (
        "cd new && git config user.name A && git config user.email a@example.org && echo a > a && git add a "
        "&& git commit -qm first && git branch other && git log --oneline | wc -l"
    )
    result = await runner.run(work, timeout=60)
    assert (result.exit_code, result.head, result.note) == (0, b"1\n", "")
    assert (
        await runner.run("cd new && git switch -q other && git status --short", timeout=60)
    ).exit_code == 0


async def test_an_included_file_counts_as_settings(runner, world, marker) -> None:
    git(world.workspace, "config", "include.path", "../shared.config")
    evil = EVIL.format(marker=marker)
    await runner.run(f"printf '%s' '{evil}' > shared.config", timeout=60)
    assert nothing_ran(world, marker)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (r""""../a\"b" ; why""", 'a"b'),
        ("../con\\\ntinued", "continued"),
        (r"""../a" ; "b  # why""", "a ; b"),
    ],
)
async def test_however_its_path_is_written(runner, world, marker, written, name) -> None:
    (world.workspace / name).write_text("")
    with (world.workspace / ".git/config").open("a") as config:
        config.write(f"# a comment \\\n[include]\n\tpath = {written}\n")
    evil = EVIL.format(marker=marker)
    await runner.run(f"printf '%s' '{evil}' > '{name}'", timeout=60)
    assert nothing_ran(world, marker)


@pytest.mark.slow
async def test_decoys_hide_no_hook(runner, world, marker) -> None:
    nested = commit(world.workspace / "sub")
    plant = f"""import os
for top in (".git", "sub/.git"):
    try:
        for number in range(3000):
            open(f"{{top}}/hooks/{{number:04}}", "w").close()
        for name in ("post-checkout", "zz"):
            with open(f"{{top}}/hooks/{{name}}", "w") as hook:
                hook.write("#!/bin/sh\\ntouch {marker}\\n")
            os.chmod(f"{{top}}/hooks/{{name}}", 0o755)
    except OSError:
        pass
"""
    before = [sorted(os.listdir(top / ".git/hooks")) for top in (world.workspace, nested)]
    await runner.run((sys.executable, "-c", plant), timeout=60)
    assert [sorted(os.listdir(top / ".git/hooks")) for top in (world.workspace, nested)] == before
    assert nothing_ran(world, marker, nested)


async def test_worktrees_elsewhere_obey_nothing_new(runner, world, marker, tmp_path) -> None:
    git(world.workspace, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "b1")
    evil = EVIL.format(marker=marker)
    await runner.run(
        f"tree=.git/worktrees/tree; cp -r .git evil; printf '%s' '{evil}' >> evil/config; "
        f"echo $PWD/evil > $tree/commondir; printf '%s' '{evil}' > $tree/config.worktree; "
        "git config extensions.worktreeConfig true",
        timeout=60,
    )
    assert nothing_ran(world, marker, tmp_path / "tree")
    assert git(tmp_path / "tree", "rev-parse", "--abbrev-ref", "HEAD") == "b1\n"


async def test_what_the_user_makes_between_commands_is_the_users(runner, world) -> None:
    await runner.run("true", timeout=60)
    mine = commit(world.workspace / "mine")
    (mine / ".git/hooks/post-commit").write_text("#!/bin/sh\n")
    (mine / ".git/hooks/post-commit").chmod(0o755)
    git(mine, "config", "core.fsmonitor", "true")
    result = await runner.run("ls mine/.git/HEAD", timeout=60)
    assert (result.exit_code, result.note) == (0, "")
    assert (mine / ".git/hooks/post-commit").exists()
