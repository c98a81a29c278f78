"""Remotes: off until the user says otherwise, by the user's own keys, and never by the repository's word."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from seedsmith.tools.base import ToolError

USER = '[user]\nname = U\nemail = u@example.org\n[protocol "file"]\nallow = always\n'


@pytest.fixture
def shared(git_bench, tmp_path) -> Path:
    """A repository that the workspace's calls ``origin``, one commit ahead of it."""
    git_bench.configure(USER)
    git_bench.save("one", a="1\n")
    away = tmp_path / "away.git"
    git_bench.git("clone", "-q", "--bare", ".", str(away))
    git_bench.git("remote", "add", "origin", str(away))
    other = tmp_path / "other"
    git_bench.git("clone", "-q", str(away), str(other))
    (other / "b.txt").write_text("2\n")
    git_bench.git("add", "-A", cwd=other)
    git_bench.git("commit", "-qm", "two", cwd=other)
    git_bench.git("push", "-q", cwd=other)
    return away


def allow(git_bench, what: str) -> None:
    git_bench.context.git_remote = git_bench.bench.context.git_remote = what


@pytest.mark.parametrize(("allowed", "action"), [("off", "fetch"), ("off", "push"), ("fetch", "push")])
async def test_what_the_user_did_not_allow_is_off(git_bench, shared, allowed, action):
    allow(git_bench, allowed)
    with pytest.raises(ToolError, match=f"{action} is off: only the user .* --git-remote {action}"):
        await git_bench.call(action)


async def test_a_fetch_brings_branches_and_moves_none(git_bench, shared):
    allow(git_bench, "fetch")
    before = git_bench.git("rev-parse", "main")
    assert (await git_bench.call("fetch")).ok
    assert git_bench.git("log", "-1", "--format=%s", "origin/main") == "two"
    assert git_bench.git("rev-parse", "main") == before
    assert (await git_bench.call("merge", ref="origin/main")).ok


@pytest.mark.slow
async def test_a_push_sends_the_branch_and_never_by_force(git_bench, shared):
    allow(git_bench, "push")
    git_bench.save("three", c="3\n")
    with pytest.raises(ToolError, match="rejected"):
        await git_bench.call("push")
    await git_bench.call("fetch")
    await git_bench.call("rebase", ref="origin/main")
    assert "pushed main to origin" in (await git_bench.call("push")).text
    assert git_bench.git("--git-dir", str(shared), "log", "-1", "--format=%s", "main") == "three"
    with pytest.raises(ToolError, match="name of a branch"):
        await git_bench.call("push", ref="+main:other")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("core.sshCommand", "touch fired"),
        ("credential.helper", "!touch fired"),
        ("http.proxy", "http://127.0.0.1:9"),
        ("url.ext::sh -c touch% fired.insteadOf", "https:"),
        ("remote.origin.uploadpack", "touch fired;git-upload-pack"),
        ("remote.origin.vcs", "ext"),
        ("core.gitProxy", "./fired.sh"),
    ],
)
async def test_a_repository_that_speaks_of_transports_is_not_believed(git_bench, shared, key, value):
    allow(git_bench, "push")
    git_bench.git("config", key, value)
    with pytest.raises(ToolError, match="configuration sets"):
        await git_bench.call("fetch")
    assert not list(git_bench.root.rglob("fired"))


async def test_no_hook_runs_and_no_other_protocol_is_spoken(git_bench, shared):
    allow(git_bench, "push")
    for hook in ("pre-push", "reference-transaction", "post-checkout"):
        file = git_bench.put(f".git/hooks/{hook}", "#!/bin/sh\ntouch fired\n")
        file.chmod(0o755)
    assert (await git_bench.call("fetch")).ok
    assert not list(git_bench.root.rglob("fired"))
    git_bench.git("remote", "set-url", "origin", "ext::sh -c touch% fired")
    with pytest.raises(ToolError, match="not allowed"):
        await git_bench.call("fetch")
    assert not list(git_bench.root.rglob("fired"))


async def test_what_git_runs_by_name_is_never_the_workspaces(git_bench, shared, monkeypatch):
    allow(git_bench, "fetch")
    for folder in ("node_modules/.bin", ".venv/bin"):
        git_bench.put(f"{folder}/ssh", f"#!/bin/sh\ntouch {git_bench.root}/fired\n").chmod(0o755)
    git_bench.git("remote", "set-url", "origin", "ssh://127.0.0.1:1/x")
    processes = git_bench.context.processes
    path = f"node_modules/.bin:{git_bench.root}/.venv/bin:{os.environ['PATH']}"
    environ = {**processes.policy.environ, "PATH": path}
    monkeypatch.setattr(processes, "policy", replace(processes.policy, environ=environ))
    with pytest.raises(ToolError, match="git fetch failed"):
        await git_bench.call("fetch")
    assert not (git_bench.root / "fired").exists()


async def test_a_remote_that_is_not_there_is_told(git_bench, shared):
    allow(git_bench, "fetch")
    with pytest.raises(ToolError, match="no remote 'orgin'.*origin"):
        await git_bench.call("fetch", name="orgin")


def test_only_what_is_typed_turns_remotes_on():
    from seedsmith.agent.settings.settings import Settings

    option = next(
        each for each in Settings.model_fields["git_remote"].metadata if hasattr(each, "typed_only")
    )
    assert option.typed_only == {"fetch", "push"} and not option.repository and not option.recorded
    assert Settings(workspace=Path()).git_remote == "off"
