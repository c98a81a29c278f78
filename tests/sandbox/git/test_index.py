"""What is read from a git index, beside what git says of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from seedsmith.sandbox.git.index import noted_tree, read_entries, staged_blobs


class Repository:
    """A repository with one commit of three files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "-q", "-b", "main")
        (root / "folder").mkdir()
        for name in ("a.txt", "folder/b.txt", "folder/名.txt"):
            (root / name).write_text(f"{name}\n")
        self.git("add", ".")
        self.git("commit", "-qm", "One")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(self.root), *who, *arguments]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    @property
    def index(self) -> bytes:
        return (self.root / ".git/index").read_bytes()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    root = tmp_path / "repository"
    root.mkdir()
    return Repository(root)


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_the_tree_of_what_was_committed_is_noted(repository, version):
    repository.git("update-index", f"--index-version={version}")
    repository.git("commit", "-qm", "Two", "--allow-empty")
    assert noted_tree(repository.index) == repository.git("rev-parse", "HEAD^{tree}").strip()


STAGED = [
    ("add", "new.txt"),
    ("add", "-N", "new.txt"),
    ("rm", "-q", "--cached", "a.txt"),
    ("mv", "a.txt", "folder/c.txt"),
    ("update-index", "--chmod=+x", "a.txt"),
    ("update-index", "--split-index"),
    ("read-tree", "--empty"),
    ("reset", "-q", "--soft", "HEAD"),
]


@pytest.mark.parametrize("arguments", STAGED, ids=" ".join)
def test_no_other_tree_than_what_is_staged_is_noted(repository, arguments):
    (repository.root / "new.txt").write_text("new\n")
    repository.git(*arguments)
    assert noted_tree(repository.index) in ("", repository.git("write-tree").strip())
    repository.git("add", ".")
    if repository.git("diff", "--cached", "--name-only"):
        assert noted_tree(repository.index) == ""


def test_what_only_looks_like_a_note_of_the_tree_is_none(repository):
    index = repository.index
    at = index.rfind(b"TREE")
    assert noted_tree(index[:at]) == noted_tree(b"TREE") == noted_tree(b"") == ""
    assert noted_tree(index[: at + 20]) == ""
    assert noted_tree(b"DIRC" + index[4:11] + b"\x09" + index[12:]) == ""  # of another number of files


def test_the_blobs_of_a_damaged_index_are_those_before_the_damage(repository):
    names = repository.git("ls-files", "-s").split()[1::4]
    assert staged_blobs(repository.index) == set(names)
    cut = repository.index[: repository.index.index(b"folder/b.txt")]
    assert staged_blobs(cut) == {repository.git("rev-parse", "HEAD:a.txt").strip()}
    assert read_entries(cut) == {}
