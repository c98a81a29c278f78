"""What could be lost of a repository is kept once; what needs no keeping is not looked into again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from seedsmith.sandbox.git import commits
from seedsmith.sandbox.git.commits import (
    Commits,
    Limits,
    drop_older,
    index_name,
    keep_at_risk,
    keep_index,
    keep_lost,
    kept_pack,
)
from seedsmith.sandbox.git.repository import find_repository
from seedsmith.sandbox.git.state import read_index, read_state


class Repository:
    """A repository with two commits, and what is kept of it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.kept = folder / "work", folder / "kept"
        self.root.mkdir()
        self.git("init", "-q", "-b", "main")
        for number in "12":
            (self.root / "a.txt").write_text(f"{number}\n" * 100)
            self.git("add", ".")
            self.git("commit", "-qm", number)

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root.parent), "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(self.root), *who, *arguments]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    def keep(self) -> None:
        found = find_repository(self.root)
        state = read_state(found)
        keep_at_risk(found, state, self.kept)
        keep_index(found, state, read_index(found), self.kept)

    @property
    def packs(self) -> set[str]:
        return {path.stem for path in self.kept.glob("*.pack")}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """How often objects were looked into."""
    found: list[object] = []

    class Counted(Commits):
        def __init__(self, repository) -> None:
            found.append(repository)
            super().__init__(repository)

    monkeypatch.setattr(commits, "Commits", Counted)
    return found


def test_an_index_that_stages_nothing_new_is_read_once_for_each_commit(repository, opened) -> None:
    head = repository.git("rev-parse", "HEAD").strip()
    repository.git("update-ref", "refs/remotes/origin/main", head)
    for times in (2, 2):  # the commit, and the index
        repository.keep()
        assert (len(opened), repository.packs) == (times, set())
    index = index_name(read_index(find_repository(repository.root)))
    repository.git("reset", "-q", "--soft", "HEAD~1")  # now it stages what the commit does not hold
    repository.keep()
    assert index in repository.packs


def test_a_commit_that_is_elsewhere_is_kept_once_it_is_not(repository, opened) -> None:
    head = repository.git("rev-parse", "HEAD").strip()
    repository.git("update-ref", "refs/remotes/origin/main", head)
    repository.keep()
    repository.git("update-ref", "-d", "refs/remotes/origin/main")
    repository.keep()
    assert head in repository.packs


def test_what_was_too_much_to_be_kept_beforehand_is_kept_when_it_is_lost(
    repository, opened, monkeypatch
) -> None:
    monkeypatch.setattr(commits, "AT_RISK", Limits(20, 10))
    found = find_repository(repository.root)
    before = read_state(found)
    for _ in range(2):
        keep_at_risk(found, before, repository.kept)
        assert (len(opened), repository.packs) == (1, set())
    repository.git("reset", "-q", "--hard", "HEAD~1")
    keep_lost(found, before, read_state(found), repository.kept)
    assert repository.packs == {before.commit}
    assert kept_pack(repository.kept, before.commit).exists()


def test_what_nobody_wanted_for_long_is_dropped(repository) -> None:
    head = repository.git("rev-parse", "HEAD").strip()
    repository.git("update-ref", "refs/remotes/origin/main", head)
    repository.keep()
    assert list(repository.kept.iterdir())
    for path in repository.kept.iterdir():
        os.utime(path, (1, 1))
    drop_older(repository.kept, 2)
    assert not list(repository.kept.iterdir())
