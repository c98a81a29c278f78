"""Repositories that can't be read, or not wholly: never taken for empty ones, nor for clean ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from examples import first_fast

from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.tools.base import ToolError

LOOKING = [
    {"action": "status"},
    {"action": "log"},
    {"action": "diff"},
    {"action": "diff", "name": "staged"},
    {"action": "diff", "all": True},
    {"action": "show"},
    {"action": "blame", "paths": ["a.txt"]},
    {"action": "branch"},
    {"action": "commit", "message": "x", "all": True},
]


TIERS = {"bwrap": "bwrap", "landlock": "Landlock"}


@pytest.fixture(params=TIERS)
def confined(request, tmp_path):
    """An isolation under which folders below /tmp are hidden."""
    folders = [tmp_path / f"probe-{name}" for name in ("work", "private", "state")]
    for folder in folders:
        folder.mkdir()
    try:
        return choose(request.param, Policy(*folders, environ={"PATH": os.environ["PATH"], "HOME": "/root"}))
    except NoIsolation as why:
        pytest.skip(f"needs {TIERS[request.param]}: {why}")


@pytest.mark.slow
async def test_objects_the_sandbox_hides_are_named(git_bench, confined):
    origin = git_bench.home / "origin"
    git_bench.git("init", "-q", str(origin))
    (origin / "a.txt").write_text("1\n")
    git_bench.git("add", "-A", cwd=origin)
    git_bench.git("commit", "-q", "-m", "first", cwd=origin)
    shared = git_bench.root / "shared"
    git_bench.git("clone", "-q", "--shared", str(origin), str(shared))
    (shared / "a.txt").write_text("2\n")
    git_bench.bench.context = git_bench.at(shared, confined)
    for arguments in LOOKING:
        with pytest.raises(ToolError) as refused:
            await git_bench.ask(arguments)
        assert f"outside what the sandbox shows (alternates: {origin}/.git/objects); have" in str(
            refused.value
        )


async def test_objects_that_are_gone_are_named(git_bench):
    git_bench.save("first", a="1\n")
    with tempfile.TemporaryDirectory() as folder:
        git_bench.git("clone", "-q", "--shared", str(git_bench.root), f"{folder}/shared")
        shutil.move(git_bench.root / ".git", git_bench.root / "moved")
        git_bench.bench.context = git_bench.at(Path(folder) / "shared")
        with pytest.raises(ToolError, match=r"its objects are gone \(alternates: /.*/\.git/objects\)\."):
            await git_bench.call("log")


def no_objects(git: Path) -> None:
    shutil.rmtree(git / "objects")
    (git / "objects").mkdir()


def an_empty_object(git: Path) -> None:
    for file in (git / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o644)
            file.write_bytes(b"")


def an_empty_branch(git: Path) -> None:
    (git / "refs/heads/main").write_bytes(b"")


def a_branch_of_garbage(git: Path) -> None:
    (git / "refs/heads/main").write_text("not an id\n")


def a_head_to_nothing(git: Path) -> None:
    (git / "HEAD").write_text("1234567890" * 4 + "\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    first_fast(2, [an_empty_object, a_branch_of_garbage, no_objects, an_empty_branch, a_head_to_nothing]),
)
async def test_a_damaged_repository_is_not_an_empty_one(git_bench, damage):
    git_bench.save("first", a="1\n")
    git_bench.put("a.txt", "2\n")
    damage(git_bench.root / ".git")
    for arguments in LOOKING:
        with pytest.raises(
            ToolError, match="HEAD can't be read: .+ The repository may be damaged"
        ) as refused:
            await git_bench.ask(arguments)
        assert "no commits yet" not in str(refused.value)
        assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


async def test_a_new_branch_without_a_commit_is_no_damage(git_bench):
    git_bench.save("first", a="1\n")
    git_bench.git("checkout", "-q", "--orphan", "fresh")
    assert "on branch fresh, no commits yet" in (await git_bench.call("status")).text
    assert (await git_bench.call("log")).text == "There are no commits yet."
    assert "first" in (await git_bench.call("log", all=True)).text
    assert "new file" in (await git_bench.call("diff")).text


@pytest.fixture
def submodule(git_bench, tmp_path) -> Path:
    inner = tmp_path / "inner"
    git_bench.git("init", "-q", str(inner))
    (inner / "s.txt").write_text("1\n")
    git_bench.git("add", "-A", cwd=inner)
    git_bench.git("commit", "-q", "-m", "inner", cwd=inner)
    git_bench.git("submodule", "--quiet", "add", str(inner), "lib/子")
    git_bench.save("with a submodule", a="1\n")
    return git_bench.root / "lib/子"


@pytest.mark.slow
async def test_changes_in_a_submodule_are_said_not_to_be_shown(git_bench, submodule):
    (submodule / "s.txt").write_text("2\n")
    note = "[changes inside submodules are not shown: lib/子]"
    for arguments in ({"action": "status"}, {"action": "diff"}, {"action": "diff", "paths": ["lib"]}):
        assert (await git_bench.ask(arguments)).text.endswith(note), arguments
    assert (await git_bench.call("diff", ref="HEAD", paths=["lib/子"])).text.endswith(note)
    for arguments in ({"paths": ["a.txt"]}, {"name": "staged"}, {"ref": "HEAD..HEAD"}):
        assert "submodule" not in (await git_bench.call("diff", **arguments)).text, arguments
    subprocess.run(("git", "init", "-q", git_bench.root / "vendor"), check=True)
    assert (await git_bench.call("status")).text.endswith(note)


@pytest.mark.parametrize("action", ["add", "blame", "status", "diff", "log", "restore"])
async def test_a_path_in_a_submodule_is_refused_by_its_name(git_bench, submodule, action):
    (submodule / "s.txt").write_text("2\n")
    with pytest.raises(ToolError, match=r"^lib/子/s\.txt lies in the submodule lib/子, a repository"):
        await git_bench.call(action, paths=["lib/子/s.txt"])
    git_bench.put("lib/b.txt", "1\n")
    assert "staged 1 path" in (await git_bench.call("add", paths=["lib/b.txt"])).text
