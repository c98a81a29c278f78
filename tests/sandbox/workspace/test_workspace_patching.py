"""What patches need of the workspace: modes, deleting with the emptied folders, asking beforehand."""

from __future__ import annotations

import os
import stat

import pytest

from seedsmith.sandbox.errors import OutsideWorkspace, PathError, ProtectedPath
from seedsmith.sandbox.workspace.workspace import Workspace


@pytest.fixture(params=[False, True])
def workspace(request, tmp_path):
    with Workspace(tmp_path, force_walk=request.param) as opened:
        yield opened


def mode(workspace, path):
    return stat.S_IMODE((workspace.root / path).stat().st_mode)


def test_executable_follows_who_may_read_and_the_umask(workspace):
    before = os.umask(0o027)
    try:
        workspace.write_bytes("new", b"x", executable=True)
        workspace.write_bytes("plain", b"x", executable=False)
    finally:
        os.umask(before)
    assert mode(workspace, "new") == 0o750 and mode(workspace, "plain") == 0o640
    workspace.write_bytes("new", b"y", executable=False)
    assert mode(workspace, "new") == 0o640
    workspace.write_bytes("new", b"z", mode=0o604, executable=True)
    assert mode(workspace, "new") == 0o705


def test_a_deleted_files_empty_folders_go_with_it(workspace):
    for name in ("a/b/c/file", "a/other"):
        workspace.write_bytes(name, b"x")
    workspace.delete("a/b/c/file", prune=True)
    assert [entry.name for entry in workspace.list_folder("a")] == ["other"]
    workspace.delete("a/other")
    assert workspace.exists("a")
    workspace.write_bytes("top", b"x")
    workspace.write_bytes("a/other", b"x")
    workspace.delete("a/other", prune=True)
    workspace.delete("top", prune=True)
    assert workspace.root.is_dir() and workspace.list_folder(".") == []


def test_whether_a_file_may_be_written_is_told_beforehand(workspace):
    (workspace.root / "folder").mkdir()
    (workspace.root / "escape").symlink_to("/etc")
    workspace.check_writable("folder/new/file")
    for path, error in (
        (".git/config", ProtectedPath),
        ("../x", OutsideWorkspace),
        ("escape/x", OutsideWorkspace),
        ("folder", PathError),
    ):
        with pytest.raises(error):
            workspace.check_writable(path)
    assert sorted(os.listdir(workspace.root)) == ["escape", "folder"]
