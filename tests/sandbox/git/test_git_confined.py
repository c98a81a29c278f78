"""Git inside the sandbox, in both tiers: it writes what it must, and what it obeys stays read-only."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import GitError, NoRepository
from seedsmith.sandbox.git.git import Git
from seedsmith.sandbox.git.repository import find_repository, shown_above
from seedsmith.sandbox.git.safe_settings import UserSettings, filter_names, identity, overrides, parse_listing


def plain(folder: Path, *arguments: str) -> str:
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(("git", *who, *arguments), cwd=folder, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


async def opened(runner: ProcessRunner, world) -> Git:
    (world.home / ".gitconfig").write_text("[user]\nname = Me\nemail = me@example.org\n")
    return await Git.open(runner)


async def test_a_commit_is_written_and_configuration_can_not_be(runner, world, tier) -> None:
    (world.workspace / "a.txt").write_text("1\n")
    git = await opened(runner, world)
    await git.change(("add", "--all", "--", "a.txt"))
    await git.change(("commit", "--quiet", "--message=inside"))
    assert plain(world.workspace, "log", "-1", "--format=%s|%an|%ce") == "inside|Me|me@example.org"
    before = (world.workspace / ".git/config").read_bytes()
    await git.change(("branch", "side"))
    with suppress(GitError):
        await git.change(("branch", "--set-upstream-to=side"))
    assert (world.workspace / ".git/config").read_bytes() == before
    assert (await runner.run("touch .git/x", timeout=60)).exit_code == (1 if tier == "bwrap" else 0)


async def test_a_worktree_commits_into_its_repository(make_runner, world) -> None:
    tree = world.outside.parent / "tree"
    plain(world.workspace, "worktree", "add", "-q", str(tree), "-b", "side")
    (tree / "a.txt").write_text("1\n")
    git = await opened(make_runner(workspace=tree), world)
    assert (await git.output(("status", "--porcelain"))) == b"?? a.txt\n"
    await git.change(("add", "--all", "--", "a.txt"))
    await git.change(("commit", "--quiet", "--message=in the tree"))
    assert plain(world.workspace, "log", "-1", "--format=%s", "side") == "in the tree"


async def test_a_subfolder_of_a_repository_in_the_hidden_home_works(make_runner, world) -> None:
    top = world.home / "project"
    (top / "inner").mkdir(parents=True)
    plain(top, "init", "-q")
    (top / ".gitignore").write_text("*.log\n")
    (top / "outer.txt").write_text("1\n")
    (top / "inner/a.txt").write_text("1\n")
    plain(top, "add", "-A")
    plain(top, "commit", "-q", "-m", "first")
    (top / "inner/a.txt").write_text("2\n")
    (top / "inner/x.log").write_text("ignored")
    git = await opened(make_runner(workspace=top / "inner"), world)
    status = await git.output(("status", "--porcelain", "--", "."))
    assert status == b" M inner/a.txt\n"
    await git.change(("add", "--all", "--", "a.txt"))
    await git.change(("commit", "--quiet", "--message=inner"))
    assert plain(top, "show", "--name-only", "--format=%s") == "inner\n\ninner/a.txt"
    assert plain(top, "status", "--porcelain") == ""


async def test_only_vetted_subcommands_run(runner, world) -> None:
    git = await opened(runner, world)
    for subcommand in ("push", "gc", "x", "-c"):
        with pytest.raises(GitError, match="not among the subcommands"):
            await git.run((subcommand,))
    with pytest.raises(GitError, match="not among the subcommands"):
        await git.run(("commit", "--message=x"))


def test_the_nearest_repository_is_found_and_damaged_ones_are_refused(tmp_path) -> None:
    with pytest.raises(NoRepository, match="not in a git repository"):
        find_repository(tmp_path)
    plain(tmp_path, "init", "-q", "top")
    inner = tmp_path / "top/a/b"
    inner.mkdir(parents=True)
    found = find_repository(inner)
    assert (found.top, found.git_dir, found.is_whole) == (tmp_path / "top", tmp_path / "top/.git", False)
    (inner / ".git").mkdir()
    with pytest.raises(NoRepository, match="damaged"):
        find_repository(inner)
    assert find_repository(tmp_path / "top").folders == (tmp_path / "top/.git",)


def test_every_named_driver_is_overridden_and_nothing_else() -> None:
    own = parse_listing(
        b"core.bare\nfalse\0filter.A b.c.clean\nevil\0filter.A b.c.required\0diff.x.textconv\nevil\0"
        b"merge.y.driver\nevil\0branch.main.remote\norigin\0remote.o.url\next::evil\0"
    )
    chosen = dict(overrides(own, UserSettings({}, {})))
    assert chosen["filter.A b.c.clean"] == "" and chosen["filter.A b.c.required"] == "false"
    assert chosen["diff.x.textconv"] == "cat" and chosen["merge.y.driver"] == "false"
    assert chosen["core.fsmonitor"] == "false" and chosen["protocol.allow"] == "never"
    assert not {"core.bare", "branch.main.remote", "remote.o.url"} & set(chosen)
    assert filter_names(own) == {"A b.c"}


def test_too_many_drivers_are_refused() -> None:
    own = {f"filter.{number}.clean": "x" for number in range(3_000)}
    with pytest.raises(GitError, match="names 3,"):
        overrides(own, UserSettings({}, {}))


def test_the_identity_comes_from_environment_then_repository_then_user() -> None:
    user = UserSettings({"user.name": "U", "user.email": "u@x"}, {"GIT_AUTHOR_NAME": "E"})
    assert identity({"user.email": "r@x"}, user) == {
        "GIT_AUTHOR_NAME": "E",
        "GIT_COMMITTER_NAME": "U",
        "GIT_AUTHOR_EMAIL": "r@x",
        "GIT_COMMITTER_EMAIL": "r@x",
    }
    assert identity({}, replace(user, values={"user.name": "U"})) == {}


@pytest.mark.parametrize("place", ["../githooks", "/nonexistent", "{outside}", "/usr/share"])
async def test_a_hooks_folder_that_is_a_link_keeps_nobody_from_committing(runner, world, place) -> None:
    hooks = world.workspace / ".git/hooks"
    for file in hooks.iterdir():
        file.unlink()
    hooks.rmdir()
    hooks.symlink_to(place.format(outside=world.outside))
    (world.workspace / "a.txt").write_text("1\n")
    git = await opened(runner, world)
    await git.change(("add", "--all", "--", "a.txt"))
    await git.change(("commit", "--quiet", "--no-verify", "--message=linked"))
    assert plain(world.workspace, "log", "-1", "--format=%s") == "linked"


async def test_a_subfolder_sees_its_repository_and_nothing_of_it_is_written(make_runner, world) -> None:
    top = world.home / "project"
    inner = top / "packages/app"
    inner.mkdir(parents=True)
    plain(top, "init", "-q")
    (top / "shared.txt").write_text("above\n")
    (world.home / "beside.txt").write_text("hidden\n")
    shown = shown_above(inner, world.policy.environ)
    assert shown == (top,)
    runner = make_runner(workspace=inner, also_readable=shown)
    said = await runner.run("git rev-parse --show-toplevel; cat ../../shared.txt; echo x > made", timeout=60)
    assert said.head == f"{top}\nabove\n".encode() and (inner / "made").exists()
    kept = await runner.run(
        "echo x > ../../shared.txt; echo x > ../../new; cat ../../../beside.txt", timeout=60
    )
    assert kept.exit_code != 0 and b"hidden" not in kept.head
    assert (top / "shared.txt").read_text() == "above\n" and not (top / "new").exists()


def test_a_home_that_is_a_repository_stays_hidden(world) -> None:
    plain(world.home, "init", "-q")
    inner = world.home / "project"
    inner.mkdir()
    assert shown_above(inner, world.policy.environ) == ()
