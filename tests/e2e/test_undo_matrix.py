"""What commands do most often to a person's files, taken back byte for byte: in a folder with git, in one
without, and in one with a repository inside."""

from __future__ import annotations

import os
import subprocess

import pytest
from examples import first_fast
from own_git import git
from scripted_endpoint import calls, text

from seedsmith import Agent
from seedsmith.agent.cli.main import main

BUILD = "mkdir -p build && echo made > build/made.o && cp build/made.o kept.log && rm old.log"
CASES = {
    "rm -rf": "rm -rf docs",
    "sed -i": "sed -i s/one/two/ a.txt docs/*.txt 'docs/a b.txt'",
    "mv": "mv docs/deep moved && mv a.txt docs/A.txt && mv docs docs2",
    "chmod": "chmod -R a-w docs && chmod 700 a.txt docs && chmod +x docs/b.txt",
    "build": BUILD,
    "stash drop": "git stash drop -q",
    "reset --hard": "git reset -q --hard HEAD~1",
}
"""Each is done with the sandbox off."""
FOLDERS = ("git", "plain", "nested")
GIT = frozenset({"stash drop", "reset --hard"})


def content(folder):
    """Every path but git's own: its kind and permissions, and the bytes it holds."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if ".git" in path.relative_to(folder).parts:
            continue
        held = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = (path.lstat().st_mode, held)
    return found


def fill(folder):
    """Files of many kinds: ignored, executable, binary, with spaces and modes, links, an empty folder."""
    (folder / "docs/deep/empty").mkdir(parents=True)
    (folder / ".gitignore").write_text("*.log\nbuild/\n.env\n")
    (folder / "a.txt").write_text("one\n")
    (folder / "docs/b.txt").write_bytes(b"one\r\ntwo without an end")
    (folder / "docs/a b.txt").write_text("one\n")
    (folder / "docs/deep/data.bin").write_bytes(bytes(range(256)))
    (folder / "docs/deep/run").write_text("#!/bin/sh\n")
    (folder / "docs/deep/run").chmod(0o750)
    (folder / "docs/link").symlink_to("b.txt")
    (folder / "docs/gone").symlink_to("nowhere")
    for ignored in ("kept.log", "old.log", "docs/deep/x.log", ".env"):
        (folder / ignored).write_text(f"{ignored} is ignored\n")
    (folder / "docs").chmod(0o751)


def version(folder):
    """Two commits, a stash, and a change that is in none of them."""
    git(folder, "init", "-qb", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    (folder / "a.txt").write_text("one\nsecond\n")
    git(folder, "commit", "-qam", "second")
    (folder / "a.txt").write_text("one\nstashed\n")
    git(folder, "stash", "push", "-qm", "mine")
    (folder / "a.txt").write_text("one\nnot committed\n")
    (folder / "docs/new.txt").write_text("one, untracked\n")


@pytest.fixture
def world(endpoint, tmp_path, own_state, capsys):
    work = tmp_path / "work"
    work.mkdir()

    async def run(command):
        endpoint.script(calls(("shell", {"command": command})), text("Done."))
        service = {"model": "openai/scripted", "base_url": endpoint.base_url, "api_key": "key-for-tests"}
        await Agent(workspace=work, home=tmp_path / "state", sandbox="off", **service).arun("Go on")

    def undo():
        capsys.readouterr()
        assert main(["undo", "-C", str(work)]) == 0
        out = capsys.readouterr().out
        return [line.strip().partition("    # ")[0] for line in out.splitlines() if line.startswith("  git ")]

    run.undo, run.work = undo, work
    return run


def state(folder):
    """What git says of a repository; nothing where there is none."""
    if not (folder / ".git").exists():
        return None
    listed = (["stash", "list", "--format=%H %gs"], ["for-each-ref"], ["status", "-sb"], ["diff"])
    return [git(folder, *arguments) for arguments in listed]


PLACES = [(case, kind) for kind in FOLDERS for case in CASES if kind != "plain" or case not in GIT]


@pytest.mark.parametrize(("case", "kind"), first_fast(2, PLACES))
async def test_each_is_undone_byte_for_byte(world, case, kind):
    work = world.work
    inside = kind == "nested" and case not in GIT
    """Whether it is done in the repository inside, whose branches are its own."""
    fill(work)
    if kind == "nested":
        (work / "inner").mkdir()
        fill(work / "inner")
        version(work / "inner")
    if kind != "plain":
        version(work)
    before, told = content(work), state(work)
    await world(f"cd inner && {CASES[case]}" if inside else CASES[case])
    assert (content(work), state(work)) != (before, told), "the command did something"
    for each in world.undo():
        subprocess.run(["sh", "-c", each], cwd=work, check=True, env={"PATH": os.environ["PATH"]})
    assert content(work) == before and state(work) == told


async def test_of_a_repository_inside_the_files_come_back_whatever_git_did(world):
    fill(world.work)
    (world.work / "inner").mkdir()
    fill(world.work / "inner")
    version(world.work / "inner")
    before = content(world.work)
    await world("cd inner && git reset -q --hard HEAD~1 && git clean -fdxq")
    assert content(world.work) != before
    assert not world.undo() and content(world.work) == before
