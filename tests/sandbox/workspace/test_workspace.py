"""The workspace's ordinary business: reading, listing, writing, and every kind of refusal."""

import importlib.machinery
import os
import socket
import stat
import sys
from pathlib import Path

import pytest
from descriptors import opened
from examples import examples
from file_rights import without_rights_over_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedsmith.sandbox.errors import (
    ChangedOnDisk,
    FileTooLarge,
    NotARegularFile,
    OutsideWorkspace,
    PathError,
    PathNotFound,
    WorkspaceError,
)
from seedsmith.sandbox.workspace.open_beneath import has_openat2
from seedsmith.sandbox.workspace.workspace import READ_CEILING_BYTES, FolderEntry, Workspace


@pytest.fixture(params=["openat2", "walk"])
def workspace(request, tmp_path):
    if request.param == "openat2" and not has_openat2():
        pytest.skip("needs openat2")
    root = tmp_path / "proj"
    root.mkdir()
    with Workspace(root, force_walk=request.param == "walk") as opened:
        yield opened


def test_a_workspace_that_cant_be_used_says_so_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    for name, words in (("missing", "does not exist"), ("file", "not a folder"), ("loop", "can't be opened")):
        with pytest.raises(WorkspaceError, match=words):
            Workspace(tmp_path / name)
    with pytest.raises(WorkspaceError):
        Workspace("a\0b")


def test_an_unreadable_workspace_is_refused(tmp_path):
    tmp_path.chmod(0)
    try:
        with pytest.raises(WorkspaceError, match="not readable|can't be opened"):
            without_rights_over_files(lambda: Workspace(tmp_path).close())
    finally:
        tmp_path.chmod(0o700)


def test_the_root_is_canonical_and_both_its_names_are_understood(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    with Workspace(tmp_path / "alias") as workspace:
        assert workspace.root == (tmp_path / "real").resolve()
        assert workspace.relative(str(tmp_path / "alias" / "a")) == "a"
        assert workspace.relative(str(tmp_path / "real" / "a")) == "a"


def test_relative_normalises_by_text_alone(workspace):
    root = str(workspace.root)
    for path, expected in {
        "": ".",
        ".": ".",
        root: ".",
        root + "//a/": "a",
        "//" + root.lstrip("/") + "/a": "a",
        "./a//b/../c": "a/c",
        "~": "~",
        "~root/x": "~root/x",
        "$HOME/x": "$HOME/x",
        "%2e%2e/x": "%2e%2e/x",
        "-f": "-f",
        "a\nb": "a\nb",
        "\udcff": "\udcff",
    }.items():
        assert workspace.relative(path) == expected
    for path in ("..", "a/../..", "../proj/a", "/etc/passwd", root + "/../x", root + "-evil/x", "/"):
        with pytest.raises(OutsideWorkspace):
            workspace.relative(path)
    for path in ("a\0b", "\ud800"):
        with pytest.raises(PathError):
            workspace.relative(path)


@pytest.mark.parametrize("path", ["a" * 10_000, "../" * 10_000, "\u200b" * 10_000])
def test_a_path_longer_than_any_is_told_by_its_beginning(workspace, path):
    with pytest.raises(PathError, match="…") as caught:
        workspace.stat(path)
    assert len(str(caught.value)) < 4096 * len(r"\u200b") + 100


@given(st.lists(st.sampled_from(["a", "..", ".", "", "é", "\udc80", "~", "b c"]), max_size=8), st.booleans())
@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_relative_agrees_with_the_kernel(tmp_path_factory, parts, absolute):
    root = tmp_path_factory.getbasetemp()
    workspace = Workspace(root)
    path = "/".join([str(root), *parts] if absolute else [*parts])
    if not absolute and path.startswith("/"):
        path = "." + path
    expected = os.path.normpath(os.path.join(root, path))
    try:
        result = workspace.relative(path)
    except OutsideWorkspace:
        # Only a path that climbs above the root on its way is refused where its end lies inside.
        assert ".." in parts
    else:
        assert os.path.normpath(os.path.join(root, result)) == expected
        assert result == "." or not {"..", ".", ""} & set(result.split("/"))
        assert workspace.relative(result) == result
    finally:
        workspace.close()


def test_reading_windows_caps_and_the_ceiling(workspace):
    (workspace.root / "f").write_bytes(b"0123456789")
    assert workspace.read_bytes("f") == b"0123456789"
    assert workspace.read_bytes("f", offset=3, limit=4) == b"3456"
    assert workspace.read_bytes("f", offset=99) == b""
    assert workspace.read_bytes("f", cap=10) == b"0123456789"
    with pytest.raises(FileTooLarge):
        workspace.read_bytes("f", cap=9)
    with workspace.open_read("f") as file:
        assert file.read(2) == b"01"


def test_a_sparse_file_of_ten_gigabytes_is_read_in_bounded_memory(workspace):
    with open(workspace.root / "sparse", "wb") as file:
        file.truncate(10 << 30)
    assert workspace.stat("sparse").size == 10 << 30
    assert workspace.read_bytes("sparse", offset=9 << 30, limit=5) == b"\0" * 5
    for arguments in ({}, {"limit": READ_CEILING_BYTES + 1}, {"cap": 1000}):
        with pytest.raises(FileTooLarge):
            workspace.read_bytes("sparse", **arguments)


def test_listing_is_sorted_and_names_kinds(workspace):
    root = workspace.root
    (root / "b").write_bytes(b"xy")
    (root / "a").mkdir()
    (root / "l").symlink_to("/etc")
    os.mkfifo(root / "p")
    os.close(os.open(os.fsencode(root) + b"/\xff\x1b\n$(x)", os.O_CREAT))
    entries = workspace.list_folder(".")
    assert [(entry.name, entry.kind) for entry in entries] == [
        ("a", "folder"),
        ("b", "file"),
        ("l", "link"),
        ("p", "other"),
        ("\udcff\x1b\n$(x)", "file"),
    ]
    assert entries[1] == FolderEntry("b", "file", 2)
    with pytest.raises(PathNotFound):
        workspace.list_folder("b")


def test_stat_follows_inside_and_reports_links_on_request(workspace):
    (workspace.root / "f").write_bytes(b"abc")
    (workspace.root / "l").symlink_to("f")
    (workspace.root / "dangling").symlink_to("nothing")
    os.chmod(workspace.root / "f", 0o640)
    found = workspace.stat("l")
    assert (found.kind, found.size, found.mode) == ("file", 3, 0o640)
    assert workspace.stat("l", follow=False).kind == "link"
    assert workspace.stat("dangling", follow=False).kind == "link"
    assert workspace.stat(".").kind == "folder"
    assert workspace.stat(".", follow=False).kind == "folder"
    assert workspace.exists("l")
    assert not workspace.exists("dangling")
    assert not workspace.exists("f/below")
    assert not workspace.exists("no/such/thing")


def test_special_files_are_refused_without_waiting(workspace):
    os.mkfifo(workspace.root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(workspace.root, os.O_PATH)
        listener.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
        (workspace.root / "folder").mkdir()
        for name in ("pipe", "socket", "folder"):
            with pytest.raises(NotARegularFile):
                workspace.read_bytes(name)
            with pytest.raises(NotARegularFile):
                workspace.write_bytes(name, b"x")
            with pytest.raises(NotARegularFile):
                workspace.delete(name)


def test_writing_makes_parents_and_keeps_the_mode(workspace):
    workspace.write_bytes("a/b/new.sh", b"#!/bin/sh\n")
    umask = os.umask(0)
    os.umask(umask)
    made = workspace.root / "a/b/new.sh"
    assert stat.S_IMODE(made.stat().st_mode) == 0o666 & ~umask
    made.chmod(0o750)
    workspace.write_bytes("a/b/new.sh", b"#!/bin/bash\n")
    assert made.read_bytes() == b"#!/bin/bash\n"
    assert stat.S_IMODE(made.stat().st_mode) == 0o750
    with pytest.raises(PathNotFound):
        workspace.write_bytes("x/y", b"", create_parents=False)
    assert sorted(os.listdir(workspace.root)) == ["a"]
    assert os.listdir(workspace.root / "a/b") == ["new.sh"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_keeps_the_owner(workspace):
    (workspace.root / "f").write_bytes(b"old")
    os.chown(workspace.root / "f", 1234, 4321)
    workspace.write_bytes("f", b"new")
    found = (workspace.root / "f").stat()
    assert (found.st_uid, found.st_gid) == (1234, 4321)


def test_a_hard_link_keeps_the_old_content(workspace, tmp_path):
    canary = tmp_path / "canary"
    canary.write_bytes(b"old")
    os.link(canary, workspace.root / "f")
    workspace.write_bytes("f", b"new")
    assert canary.read_bytes() == b"old"
    assert (workspace.root / "f").read_bytes() == b"new"


@pytest.mark.parametrize("absolute", [False, True])
def test_a_link_inside_is_kept_and_its_target_written(workspace, absolute):
    root = workspace.root
    (root / "d").mkdir()
    (root / "l").symlink_to(root / "d/f" if absolute else "d/../d/f")
    workspace.write_bytes("l", b"new")
    assert (root / "l").is_symlink()
    assert (root / "d/f").read_bytes() == b"new"
    assert workspace.read_bytes("l") == b"new"
    (root / "e").symlink_to(root / "d" if absolute else "d/.")
    workspace.write_bytes("e/g", b"through a folder")
    assert (root / "d/g").read_bytes() == b"through a folder"
    assert workspace.read_bytes("e/g") == b"through a folder"


def test_expected_content_guards_what_was_seen(workspace):
    workspace.write_bytes("f", b"one")
    workspace.write_bytes("f", b"two", expected=b"one")
    with pytest.raises(ChangedOnDisk):
        workspace.write_bytes("f", b"three", expected=b"one")
    assert workspace.read_bytes("f") == b"two"
    with pytest.raises(ChangedOnDisk):
        workspace.write_bytes("new/g", b"", expected=b"")
    assert os.listdir(workspace.root) == ["f"]


@pytest.mark.parametrize("limit", [0, 5, 4096])
def test_a_write_that_fails_half_way_changes_nothing(workspace, limit):
    import resource
    import signal

    workspace.write_bytes("f", b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        for path in ("f", "made/g"):
            with pytest.raises(PathError, match="size limit"):
                workspace.write_bytes(path, b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert workspace.read_bytes("f") == b"old"
    assert os.listdir(workspace.root) == ["f"]


@pytest.mark.skipif(os.geteuid() == 0, reason="needs a user other than root")
def test_a_read_only_file_or_folder_is_left_alone(workspace):
    workspace.write_bytes("f", b"old")
    (workspace.root / "f").chmod(0o444)
    with pytest.raises(PathError, match="permission"):
        workspace.write_bytes("f", b"new")
    (workspace.root / "d").mkdir(mode=0o555)
    with pytest.raises(PathError, match="permission"):
        workspace.write_bytes("d/f", b"new")
    assert workspace.read_bytes("f") == b"old"


def test_delete(workspace):
    workspace.write_bytes("deep/er/c", b"1")
    workspace.write_bytes("b", b"2")
    (workspace.root / "l").symlink_to("b")
    workspace.delete("l")
    workspace.delete("b")
    with pytest.raises(PathNotFound):
        workspace.delete("b")
    assert os.listdir(workspace.root) == ["deep"]


NAMES = st.text(min_size=1, max_size=20).filter(
    lambda name: "/" not in name and "\0" not in name and name not in (".", "..")
)


@given(
    name=st.one_of(NAMES, st.binary(min_size=1, max_size=20).map(os.fsdecode)), data=st.binary(max_size=300)
)
@settings(max_examples=examples(150), deadline=None)
def test_what_is_written_is_read_back(tmp_path_factory, name, data):
    folder = tmp_path_factory.mktemp("round")
    with Workspace(folder) as workspace:
        try:
            workspace.write_bytes(name, data)
        except PathError:
            assert os.listdir(folder) == []
            return
        if "/" not in name:
            assert [entry.name for entry in workspace.list_folder(".")] == [name]
        assert workspace.read_bytes(name) == data


def test_descriptors_are_not_leaked(workspace):
    workspace.write_bytes("d/f", b"x")
    (workspace.root / "out").symlink_to("/etc/passwd")

    def work():
        workspace.write_bytes("d/f", b"y")
        workspace.write_bytes("e/g/h", b"y")
        workspace.stat("d")
        workspace.list_folder("d")
        workspace.exists("nothing/here")
        for path in ("out", ".git/x", "d", "d/f/g"):
            for refused in (
                workspace.read_bytes,
                lambda path: workspace.write_bytes(path, b""),
                workspace.delete,
            ):
                try:
                    refused(path) if path != "out" or refused is not workspace.delete else None
                except PathError:
                    pass

    work()
    before = opened()
    work()
    assert not opened() - before
    workspace.close()
    workspace.close()


def test_the_root_itself_is_no_file(workspace):
    for refused in (workspace.read_bytes, workspace.delete, lambda path: workspace.write_bytes(path, b"")):
        with pytest.raises(NotARegularFile):
            refused(".")
    assert Path(workspace.root).is_dir()


def compiled_value(source):
    """What Python gets from the source, or from what it compiled of it before."""
    found: dict[str, int] = {}
    exec(importlib.machinery.SourceFileLoader("m", str(source)).get_code("m"), found)
    return found["value"]


def test_python_runs_no_code_that_was_compiled_of_an_earlier_content(workspace, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    source = workspace.root / "m.py"
    workspace.write_bytes("m.py", b"value = 1\n")
    (workspace.root / "link.py").symlink_to("m.py")
    for value in (2, 3, 4):
        earlier = (compiled_value(source), compiled_value(workspace.root / "link.py"))
        assert earlier == (value - 1, value - 1)
        before = source.stat().st_mtime_ns
        workspace.write_bytes("m.py", b"value = %d\n" % value)
        assert source.stat().st_mtime_ns // 10**9 > before // 10**9
    assert compiled_value(source) == compiled_value(workspace.root / "link.py") == 4


def test_nor_of_a_file_that_was_removed(workspace, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    source = workspace.root / "m.py"
    workspace.write_bytes("m.py", b"value = 1\n")
    assert compiled_value(source) == 1
    when = source.stat().st_mtime_ns
    workspace.delete("m.py")
    (workspace.root / "__pycache__/m_other.cpython-312.pyc").write_bytes(b"")
    workspace.write_bytes("m.py", b"value = 2\n")
    os.utime(source, ns=(when, when))  # as if all that had taken no time
    assert compiled_value(source) == 2
    assert (workspace.root / "__pycache__/m_other.cpython-312.pyc").exists()
