"""Git that is run outside the sandbox, for worktrees and clones, is never the repository's own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from seedsmith.sandbox.git.source import user_identity
from seedsmith.sandbox.git.worktree import add_worktree


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A repository with an active environment that brings a git, and the user's variables."""
    work = tmp_path / "work"
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", "init", "-q", "-b", "main", str(work)], check=True)
    subprocess.run(["git", "-C", str(work), *who, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    program = work / ".venv/bin/git"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/fired\nexit 1\n")
    program.chmod(0o755)
    path = f"{program.parent}:.venv/bin:{os.environ['PATH']}"
    return work, {"PATH": path, "VIRTUAL_ENV": str(work / ".venv"), "HOME": str(tmp_path)}


def test_a_worktree_is_made_by_the_users_git(place, tmp_path) -> None:
    work, environ = place
    tree = add_worktree(work, "side", environ)
    assert (tree.folder / ".git").is_file()
    tree.remove()
    assert not (tmp_path / "fired").exists()


def test_and_so_is_the_committer_asked_for(place, tmp_path) -> None:
    work, environ = place
    (tmp_path / ".gitconfig").write_text("[user]\nname = A\nemail = a@example.org\n")
    assert user_identity(environ, work)["GIT_AUTHOR_NAME"] == "A"
    assert not (tmp_path / "fired").exists()
