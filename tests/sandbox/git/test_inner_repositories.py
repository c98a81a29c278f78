"""What repositories within the workspace hold is known, whatever was made of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from seedsmith.sandbox.git.inner_repositories import committed_within
from seedsmith.sandbox.snapshots.objects import blob_name


@pytest.fixture
def inner(tmp_path: Path) -> Path:
    """A repository with one commit of one file, two folders deep."""
    folder = tmp_path / "outer/lib/inner"
    folder.mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"one\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "One")):
        subprocess.run(["git", *who, *arguments], cwd=folder, env=environment, check=True)
    return folder


def committed(inner: Path) -> set[str]:
    """Of two contents of a file, and one that lies outside, what is committed."""
    outer = inner.parents[1]
    blobs = {"lib/inner/a.txt": blob_name(b"one\n"), "lib/b.txt": blob_name(b"one\n")}
    found = committed_within(outer, blobs)
    assert not committed_within(outer, {"lib/inner/a.txt": blob_name(b"two\n")})
    return set(found)


def test_what_is_checked_out_there_is_committed(inner):
    assert committed(inner) == {"lib/inner/a.txt"}


def objects_as_fifos(inner: Path) -> None:
    for each in (inner / ".git/objects").rglob("*"):
        if each.is_file():
            each.unlink()
            os.mkfifo(each)


def head_as_folder(inner: Path) -> None:
    (inner / ".git/HEAD").unlink()
    (inner / ".git/HEAD").mkdir()


def head_as_fifo(inner: Path) -> None:
    (inner / ".git/HEAD").unlink()
    os.mkfifo(inner / ".git/HEAD")


def objects_as_folders(inner: Path) -> None:
    for each in (inner / ".git/objects").rglob("*"):
        if each.is_file():
            each.unlink()
            each.mkdir()


def git_as_fifo(inner: Path) -> None:
    (inner / ".git").rename(inner / "git")
    os.mkfifo(inner / ".git")


def alternates_as_fifo(inner: Path) -> None:
    objects_as_fifos(inner)
    os.mkfifo(inner / ".git/objects/info/alternates")


HARMS = [objects_as_fifos, objects_as_folders, head_as_folder, head_as_fifo, git_as_fifo, alternates_as_fifo]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("harm", HARMS)
def test_what_a_command_made_of_it_keeps_nobody_waiting(inner, harm):
    harm(inner)
    assert committed(inner) == set()
