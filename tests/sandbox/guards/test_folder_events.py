"""Changes of folders that the kernel tells of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from waiting import wait_until

from seedsmith.sandbox.guards import folder_events
from seedsmith.sandbox.guards.folder_events import FolderEvents


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "work/inner/empty").mkdir(parents=True)
    (tmp_path / "work/inner/file").touch()
    (tmp_path / "work/other").mkdir()
    return tmp_path / "work"


@pytest.fixture
def events(root: Path) -> Iterator[FolderEvents]:
    """Of ``root`` and all folders below it."""
    made = FolderEvents()
    for folder, *_ in os.walk(root):
        if not made.watch(folder):
            pytest.skip("needs a file system on this machine")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (lambda root: None, set()),
        (lambda root: (root / "inner/new").touch(), {"inner"}),
        (lambda root: (root / "inner/文 件").mkdir(), {"inner", "inner/文 件"}),
        (lambda root: (root / "inner/file").unlink(), {"inner"}),
        (lambda root: (root / "inner/file").rename(root / "other/file"), {"inner", "other"}),
        (lambda root: (root / "other").chmod(0o700), {"", "other"}),
        (lambda root: (root / "inner/empty").rmdir(), {"inner", "inner/empty"}),
        (lambda root: (root / "inner/file").write_text("more"), set()),
    ],
)
def test_a_folder_in_which_something_changed_is_told_once(
    root: Path, events: FolderEvents, change: Callable[[Path], object], changed: set[str]
) -> None:
    change(root)
    assert events.changed() == {os.fspath(root / name) for name in changed}
    assert events.changed() == set()


@pytest.mark.parametrize("target", ["renamed", "other"])
def test_where_a_folder_was_moved_anything_may_have_changed(root, events, target) -> None:
    (root / "inner").rename(root / target)
    assert events.changed() is None
    assert events.watch(os.fspath(root / target))  # It begins anew.
    (root / target / "new").touch()
    assert events.changed() == {os.fspath(root / target)}


def test_one_that_is_removed_while_it_is_open_is_told(root, events) -> None:
    held = os.open(root / "other", os.O_RDONLY)
    (root / "other").rmdir()
    assert events.changed() == {os.fspath(root), os.fspath(root / "other")}
    os.close(held)


def test_more_than_the_kernel_keeps(root, events) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for number in range(most + 2):
        os.chmod(root / ("inner", "other")[number % 2], 0o755)
    assert events.changed() is None


def test_what_is_no_folder_and_what_is_elsewhere_is_not_watched(root, events, monkeypatch) -> None:
    (root / "link").symlink_to("inner")
    for name in ("link", "inner/file", "missing"):
        assert not events.watch(os.fspath(root / name))
    assert not events.watch("/proc/self")  # As others that change without this kernel's file system calls.
    monkeypatch.setattr(folder_events, "_MOST", 4)
    (root / "one more").mkdir()
    assert not events.watch(os.fspath(root / "one more"))


def test_closed_it_holds_nothing(root, events) -> None:
    opened = set(os.listdir("/proc/self/fd"))
    held = os.readlink(f"/proc/self/fd/{events._holds}")
    assert len(holders_of(held)) == 1  # A process that closes last.
    events.close()
    assert len(opened - set(os.listdir("/proc/self/fd"))) == 2
    wait_until(lambda: not holders_of(held), lambda: "the end of what closes last")
    (root / "inner/new").touch()
    assert events.changed() == set()


def holders_of(pipe: str) -> set[str]:
    """The processes besides this one that have ``pipe`` open."""
    found = set()
    for process in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            folder = f"/proc/{process}/fd"
            names = (os.readlink(f"{folder}/{each}") for each in os.listdir(folder))
            if int(process) != os.getpid() and pipe in names:
                found.add(process)
    return found
