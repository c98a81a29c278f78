"""--worktree: a run in a git worktree of its own, which goes where nothing came of it."""

from __future__ import annotations

import json
import subprocess

import pytest
from scripted_endpoint import calls, text

EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})
COMMIT = (
    ("git", {"action": "add", "paths": ["a.txt"]}),
    ("git", {"action": "commit", "message": "Two"}),
)


@pytest.fixture
def git(place):
    def run(*arguments, folder="repo"):
        who = ("-c", "user.name=Me", "-c", "user.email=me@example.org")
        command = ("git", "-C", str(place / folder), *who, *arguments)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    run("init", "-q", "-b", "main")
    run("add", "-A")
    run("commit", "-q", "-m", "first")
    return run


@pytest.fixture
def run(seedsmith, endpoint, environment):
    environment |= {
        f"GIT_{role}_{part}": "me" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
    }

    def call(*arguments, command="run"):
        return seedsmith(command, *arguments, "--json", "-m", "openai/test", "--base-url", endpoint.base_url)

    return call


@pytest.mark.slow
def test_a_run_commits_on_a_branch_of_its_own(run, git, endpoint, place):
    endpoint.script(calls(EDIT), calls(COMMIT[0]), calls(COMMIT[1]), text("Done."))
    done = run("Change it", "--worktree", "side")
    tree = place / "repo-side"
    said = done.stderr.splitlines()
    assert done.returncode == 0, done.stderr
    assert said[0].startswith(
        f"seedsmith: Working in {tree}, a new worktree on the branch seedsmith/side at "
    )
    assert json.loads(done.stdout.splitlines()[0])["workspace"] == str(tree)
    assert (place / "repo/a.txt").read_text() == "one\n" and (tree / "a.txt").read_text() == "two\n"
    assert git("log", "--format=%s", "seedsmith/side") == "Two\nfirst"
    assert git("status", "--porcelain") == git("status", "--porcelain", folder="repo-side") == ""
    take, drop = (line.split(": ", 2)[2] for line in said[-2:])
    assert take == "git merge seedsmith/side"
    git("merge", "-q", "seedsmith/side")
    assert (place / "repo/a.txt").read_text() == "two\n"
    subprocess.run(drop, shell=True, check=True, cwd=place / "repo", capture_output=True)
    assert not tree.exists() and git("branch", "--list", "seedsmith/*") == ""


def test_what_is_not_committed_is_kept_and_told(run, git, endpoint, place):
    endpoint.script(calls(EDIT), text("Done."))
    said = run("--worktree", "Change it").stderr.splitlines()
    (tree,) = place.glob("repo-*")
    assert f"git -C {tree} add -A && git -C {tree} commit && git merge seedsmith/" in said[-2]


@pytest.mark.slow
@pytest.mark.parametrize("command", ["run", "fix"])
def test_one_that_nothing_came_of_is_removed(run, git, endpoint, place, command):
    touch = ("shell", {"command": "mkdir __pycache__; touch __pycache__/x.pyc"})
    endpoint.script(calls(touch), text("Nothing to do."), text("Nothing."), text("Nothing."))
    (place / "repo/.gitignore").write_text("__pycache__/\n")
    git("add", "-A")
    git("commit", "-q", "-m", "rules")
    done = run("Look", "--worktree", "side", *(("--no-test",) if command == "fix" else ()), command=command)
    assert "was not changed: it is removed, and its branch" in done.stderr.splitlines()[-1], done.stderr
    assert not (place / "repo-side").exists() and not (place / "repo/.git/worktrees").exists()
    assert git("branch", "--list") == "* main"


def test_where_none_can_be_had_a_sentence_says_why(run, git, place):
    def refused(*arguments):
        done = run("Change it", *arguments)
        assert done.returncode == 2 and not done.stdout.strip()
        return done.stderr

    assert "use letters" in refused("--worktree", "../x")
    assert "goes with no --continue" in refused("--worktree", "--continue")
    git("branch", "seedsmith/side")
    assert "There is a branch seedsmith/side already" in refused("--worktree", "side")
    (place / "repo-other").mkdir()
    assert "repo-other already" in refused("--worktree", "other")
    (place / "repo/.git/logs/refs/heads/seedsmith").rename(place / "logs")
    (place / "repo/.git/logs/refs/heads/seedsmith").symlink_to(place / "logs")
    assert "A link stands in the way" in refused("--worktree", "third")
    assert not (place / "repo-third").exists()
    (place / "plain").mkdir()
    assert "in no git repository" in refused("--worktree", "-C", str(place / "plain"))


def test_nothing_that_the_repository_names_is_run(run, git, endpoint, place):
    evil = place / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {place}/ran\ncat\n")
    evil.chmod(0o700)
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (place / f"repo/.git/hooks/{hook}").write_bytes(evil.read_bytes())
        (place / f"repo/.git/hooks/{hook}").chmod(0o700)
    (place / "repo/.gitattributes").write_text("* filter=evil\n")
    git("-c", "core.hooksPath=/dev/null", "add", "-A")
    git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "attributes")
    for key in ("filter.evil.smudge", "filter.evil.clean", "core.fsmonitor"):
        git("-c", "core.hooksPath=/dev/null", "config", key, str(evil))
    (place / "ran").unlink(missing_ok=True)
    endpoint.script(text("Nothing to do."))
    done = run("Look", "--worktree", "side")
    assert "it is removed" in done.stderr, done.stderr
    assert not (place / "ran").exists()
