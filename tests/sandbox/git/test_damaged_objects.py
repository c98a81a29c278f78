"""What of a repository is read without git: damage and bombs in it are no reason to fail."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from seedsmith.sandbox.git.commits import LOST, Commits
from seedsmith.sandbox.git.index import read_entries
from seedsmith.sandbox.git.repository import find_repository

WHO = b"a <a@example.org> 1 +0000"


class Objects:
    def __init__(self, folder: Path) -> None:
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        self.folder = folder

    def put(self, kind: bytes, content: bytes) -> str:
        raw = b"%s %d\0" % (kind, len(content)) + content
        name = hashlib.sha1(raw).hexdigest()  # noqa: S324 - git's own names
        place = self.folder / ".git/objects" / name[:2] / name[2:]
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(zlib.compress(raw, 1))
        return name

    def commit(self, tree: str) -> str:
        return self.put(b"commit", b"tree %s\nauthor %s\ncommitter %s\n\nx\n" % (tree.encode(), WHO, WHO))


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "work")


@pytest.mark.parametrize("tree", [b"no tree at all", b"100644 a", b"100644 a\0short", b"\0" * 100])
def test_a_tree_that_is_none_holds_nothing(objects, tmp_path, tree) -> None:
    commit = objects.commit(objects.put(b"tree", tree))
    commits = Commits(find_repository(objects.folder))
    assert commits.committed(commit, {"a/b": "0" * 40}) == frozenset()
    assert commits.keep(commit, (), tmp_path / "kept.pack", LOST)


def test_trees_without_end_are_kept_to_an_end(objects, tmp_path) -> None:
    tree = objects.put(b"tree", b"")
    for _ in range(1500):
        tree = objects.put(b"tree", b"40000 a\0" + bytes.fromhex(tree))
    commits = Commits(find_repository(objects.folder))
    assert commits.keep(objects.commit(tree), (), tmp_path / "kept.pack", LOST)


def test_an_index_that_names_more_than_memory_holds_is_none() -> None:
    count = 20_000
    entry = bytes(24) + struct.pack(">4L", 0o100644, 0, 0, 0) + bytes(20) + struct.pack(">H", 1) + b"\0a\0"
    assert len(read_entries(struct.pack(">4sLL", b"DIRC", 4, 100) + entry * 100)) == 100
    assert read_entries(struct.pack(">4sLL", b"DIRC", 4, count) + entry * count) == {}
