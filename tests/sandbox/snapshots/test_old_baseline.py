"""A baseline that a session kept before there were snapshots becomes a snapshot to compare with."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

from seedsmith.sandbox.errors import SnapshotError
from seedsmith.sandbox.snapshots.store import SnapshotStore
from seedsmith.sandbox.workspace.workspace import Workspace

LARGE = b"x" * (2 << 20)


@pytest.fixture
def store(tmp_path):
    root = tmp_path / "project"
    (root / "deep").mkdir(parents=True)
    with Workspace(root) as workspace:
        store = SnapshotStore(tmp_path / "home", workspace)
        yield store
        store.close()


def kept(folder, **files):
    """What the old program kept of ``files``: by path with ``__`` for a slash, content or its digest."""
    entries, pack = {}, b""
    for name, (mode, content, packed) in files.items():
        path = name.replace("__", "/")
        digest = None if packed else hashlib.blake2b(content, digest_size=16).hexdigest()
        place = [len(pack), len(content)] if packed else [None, 0]
        entries[path] = [mode, len(content), 1, 1, 1, *place, digest]
        pack += content if packed else b""
    folder.mkdir()
    (folder / "baseline.pack").write_bytes(pack)
    index = {"taken_ns": 1, "unrecorded": ["deep/uncompared"], "entries": entries}
    (folder / "baseline.json").write_text(json.dumps(index))
    return folder


def test_it_is_compared_with_the_present(store, tmp_path):
    root = tmp_path / "project"
    (root / "same").write_text("same\n")
    (root / "changed").write_text("after\n")
    (root / "deep" / "added").write_text("new\n")
    (root / "deep" / "uncompared").write_text("whatever\n")
    (root / "large").write_bytes(LARGE)
    (root / "larger").write_bytes(LARGE + b"y")
    os.symlink("changed", root / "link")
    (root / "same").chmod(0o644)
    session = kept(
        tmp_path / "session",
        same=(0o100644, b"same\n", True),
        changed=(0o100644, b"before\n", True),
        gone__inner=(0o100644, b"gone\n", True),
        link=(0o120777, b"same", True),
        large=(0o100644, LARGE, False),
        larger=(0o100644, LARGE, False),
    )
    now = store.take("now", whole=True)
    first = store.take_over(session, now)
    changes = store.compare(first, now)
    assert changes.added == ("deep/added",)
    assert changes.modified == ("changed", "larger", "link")
    assert changes.deleted == ("gone/inner",)
    assert "-before\n+after\n" in changes.diff
    found = store.row(first, "gone/inner")
    assert found is not None and store.read(found.name) == b"gone\n"


def test_a_session_without_one_gives_none(store, tmp_path):
    assert store.take_over(tmp_path, store.take(whole=True)) is None


@pytest.mark.parametrize("index", ["", "[]", "{}", '{"entries": {"a": [1]}, "unrecorded": []}'])
def test_a_damaged_one_is_refused(store, tmp_path, index):
    session = kept(tmp_path / "session")
    (session / "baseline.json").write_text(index)
    with pytest.raises(SnapshotError, match="is damaged"):
        store.take_over(session, store.take(whole=True))
