"""Ways out of the workspace and into protected files.

The cases are 1-9, 11, 12, 19 and 20 of docs/sandbox.md, "Attacks".
"""

import ctypes
import os
import threading
from pathlib import Path

import pytest

from seedsmith.sandbox.errors import (
    NeedsApproval,
    NotARegularFile,
    OutsideWorkspace,
    PathError,
    PathNotFound,
    ProtectedPath,
)
from seedsmith.sandbox.workspace.open_beneath import has_openat2
from seedsmith.sandbox.workspace.workspace import Workspace

CANARY = b"outside"
RENAME_EXCHANGE = 2


@pytest.fixture(params=["openat2", "walk"])
def workspace(request, tmp_path):
    if request.param == "openat2" and not has_openat2():
        pytest.skip("needs openat2")
    (tmp_path / "proj").mkdir()
    (tmp_path / "proj-evil").mkdir()
    (tmp_path / "proj-evil/x").write_bytes(CANARY)
    (tmp_path / "canary").write_bytes(CANARY)
    with Workspace(tmp_path / "proj", force_walk=request.param == "walk") as opened:
        yield opened
    assert (tmp_path / "canary").read_bytes() == CANARY
    assert sorted(os.listdir(tmp_path)) == ["canary", "proj", "proj-evil"]


def refused_everywhere(workspace, path, error):
    for attempt in (
        workspace.read_bytes,
        workspace.list_folder,
        workspace.stat,
        lambda path: workspace.write_bytes(path, b"x"),
        lambda path: workspace.write_bytes(path + "/below", b"x"),
    ):
        with pytest.raises(error):
            attempt(path)


def test_paths_that_lead_out_by_name(workspace):
    """Cases 1 and 2."""
    for path in (
        "../canary",
        "/etc/passwd",
        f"{workspace.root}-evil/x",
        "a/../../canary",
        "/proc/self/environ",
    ):
        refused_everywhere(workspace, path, OutsideWorkspace)
        with pytest.raises(OutsideWorkspace):
            workspace.delete(path)


def test_links_that_lead_out(workspace):
    """Cases 3, 4, 5 and 12."""
    for number, target in enumerate(
        (
            "/etc/passwd",
            str(Path.home()),
            "../canary",
            "../proj-evil",
            "/proc/self/environ",
            "/dev/zero",
            "/dev/tty",
            "/proc/self/cwd",
            f"{workspace.root}-evil",
            f"{workspace.root}/../canary",
            "/",
            "..",
        )
    ):
        name = f"link{number}"
        (workspace.root / name).symlink_to(target)
        (workspace.root / f"chain{number}").symlink_to(name)
        refused_everywhere(workspace, name, OutsideWorkspace)
        refused_everywhere(workspace, f"chain{number}", OutsideWorkspace)
        with pytest.raises(OutsideWorkspace):
            workspace.write_bytes(f"{name}/.bashrc_test", b"x")
        with pytest.raises(OutsideWorkspace):
            workspace.delete(f"{name}/x")


def test_links_that_go_round(workspace):
    (workspace.root / "a").symlink_to("b")
    (workspace.root / "b").symlink_to("a")
    refused_everywhere(workspace, "a", PathError)


def test_literal_names(workspace):
    """Case 20: nothing is expanded, and NUL is refused."""
    for path in ("~root/x", "$HOME/x", "%2e%2e/canary", "~"):
        with pytest.raises(PathNotFound):
            workspace.read_bytes(path)
    workspace.write_bytes("~/x", b"here")
    workspace.write_bytes("$HOME", b"here")
    assert sorted(os.listdir(workspace.root)) == ["$HOME", "~"]
    refused_everywhere(workspace, "a\0b", PathError)


def test_strange_names_are_names(workspace):
    """Case 19, and messages never carry the control characters."""
    for name in ("new\nline", "\x1b[2J", "$(touch x)", "-rf", "\udcff\udcfe", "\u202etxt"):
        with pytest.raises(PathNotFound) as caught:
            workspace.read_bytes(name)
        assert str(caught.value).isprintable()
        workspace.write_bytes(name, name.encode("utf-8", "surrogateescape"))
        assert workspace.read_bytes(name) == os.fsencode(name)


@pytest.mark.parametrize(
    "path",
    [
        ".git/hooks/x",
        ".git/config",
        ".GIT/config",
        "sub/.git/config",
        "sub/.git",
        ".git",
        ".git./config",
        ".git /config",
        ".g\u200cit/config",
        "GIT~1/config",
        ".seedsmith/config.yaml",
        "deep/.Seedsmith/CONFIG.yaml",
        "made/link/config",
        "made/git/new",
        "made/file",
    ],
)
def test_protected_names_at_any_depth(workspace, path):
    """Case 7, by name and through links."""
    root = workspace.root
    (root / ".git").mkdir()
    (root / ".git/config").write_bytes(b"[core]")
    (root / "made").mkdir()
    (root / "made/link").symlink_to("../.git")
    (root / "made/git").symlink_to(root / ".git")
    (root / "made/file").symlink_to("../.git/config")
    (root / "plain").write_bytes(b"x")
    with pytest.raises(ProtectedPath):
        workspace.write_bytes(path, b"x")
    if path != "made/file":
        with pytest.raises(ProtectedPath):
            workspace.delete(path)
    assert workspace.read_bytes(".git/config") == b"[core]"
    assert sorted(os.listdir(root)) == [".git", "made", "plain"]
    assert os.listdir(root / ".git") == ["config"]


def test_a_git_folder_that_is_a_link_stays_protected(workspace):
    (workspace.root / "elsewhere").mkdir()
    (workspace.root / ".git").symlink_to("elsewhere")
    with pytest.raises(ProtectedPath):
        workspace.write_bytes(".git/config", b"x")
    assert os.listdir(workspace.root / "elsewhere") == []


def test_a_hard_link_to_gits_config_is_broken(workspace):
    (workspace.root / ".git").mkdir()
    (workspace.root / ".git/config").write_bytes(b"[core]")
    os.link(workspace.root / ".git/config", workspace.root / "c")
    workspace.write_bytes("c", b"[evil]")
    assert workspace.read_bytes(".git/config") == b"[core]"


@pytest.mark.parametrize(
    "path",
    [
        ".envrc",
        "sub/.mcp.json",
        ".vscode/tasks.json",
        "x/.VSCode/Tasks.json",
        ".bashrc",
        "h/.zshrc",
        ".profile",
    ],
)
def test_files_other_programs_run_need_approval(workspace, path):
    """Case 8."""
    for attempt in (lambda: workspace.write_bytes(path, b"x"), lambda: workspace.delete(path)):
        with pytest.raises(NeedsApproval, match="approval"):
            attempt()
    assert os.listdir(workspace.root) == []


def test_names_that_only_look_protected_are_free(workspace):
    for path in (
        ".gitignore",
        ".github/workflows/ci.yml",
        "git",
        "tasks.json",
        ".vscode/extensions.json",
        "config.yaml",
    ):
        workspace.write_bytes(path, b"x")
        assert workspace.read_bytes(path) == b"x"


def test_the_agents_own_state_inside_the_workspace(tmp_path):
    (tmp_path / "proj/var/state").mkdir(parents=True)
    with Workspace(tmp_path / "proj", state=tmp_path / "proj/var/state") as workspace:
        assert workspace.state == "var/state"
        (workspace.root / "l").symlink_to("var")
        for path in ("var/state", "var/state/records", "VAR/State/x", "l/state/x"):
            with pytest.raises(ProtectedPath):
                workspace.write_bytes(path, b"x")
        workspace.write_bytes("var/stately", b"x")
    with Workspace(tmp_path / "proj", state=tmp_path / "elsewhere") as workspace:
        assert workspace.state is None


def test_a_hard_link_to_the_outside(workspace, tmp_path):
    """Case 9; the fixture looks whether the canary stayed as it was."""
    os.link(tmp_path / "canary", workspace.root / "f")
    workspace.write_bytes("f", b"inside")
    assert workspace.read_bytes("f") == b"inside"


def test_a_pipe_with_a_writer_is_refused_at_once(workspace):
    """Case 11."""
    os.mkfifo(workspace.root / "pipe")
    keeper = os.open(workspace.root / "pipe", os.O_RDWR)
    try:
        with pytest.raises(NotARegularFile):
            workspace.read_bytes("pipe")
        with pytest.raises(NotARegularFile):
            workspace.write_bytes("pipe", b"x")
    finally:
        os.close(keeper)


def exchange(first, second):
    """Swap two names in one system call."""
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.renameat2(-100, os.fsencode(first), -100, os.fsencode(second), RENAME_EXCHANGE)
    assert result == 0, os.strerror(ctypes.get_errno())


@pytest.mark.slow
@pytest.mark.parametrize("path", ["f", "d/x"])
def test_no_race_leads_out(workspace, tmp_path, path):
    """Case 6: a thread swaps a file, or a folder, with a link that leads out, while we read and write."""
    root = workspace.root
    outside = tmp_path / "proj-evil"
    (root / "d").mkdir()
    (root / "d/x").write_bytes(b"inside")
    (root / "f").write_bytes(b"inside")
    (root / "swap").symlink_to(outside)
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            if path == "d/x":
                exchange(root / "d", root / "swap")
                continue
            # A write may replace the link at f, so that one is planted anew each time.
            (root / "link").symlink_to("../canary")
            os.replace(root / "link", root / "f")
            (root / "plain").write_bytes(b"inside")
            os.replace(root / "plain", root / "f")

    swapper = threading.Thread(target=swap)
    swapper.start()
    done = refused = 0
    try:
        while done < 500 or refused < 150:
            try:
                assert workspace.read_bytes(path) == b"inside"
                if done % 8 == 0:
                    workspace.write_bytes(path, b"inside", create_parents=False)
                done += 1
            except PathError:
                refused += 1
            if done + refused == 20_000:
                break
    finally:
        stop.set()
        swapper.join()
    assert done and refused
    assert (outside / "x").read_bytes() == CANARY
    assert os.listdir(outside) == ["x"]


def test_repositories_under_other_names(workspace):
    """A ``.bare`` beside its worktrees, and one that would be made file by file."""
    root = Path(workspace.root)
    for name in ("bare/objects", "bare/refs", "bare/hooks"):
        (root / name).mkdir(parents=True)
    (root / "bare/HEAD").write_text("ref: refs/heads/main\n")
    (root / "link").symlink_to("bare/hooks")
    for path in ("bare/config", "bare/hooks/post-checkout", "bare/new/folder/x", "link/post-checkout"):
        with pytest.raises(ProtectedPath):
            workspace.write_bytes(path, b"evil")
    with pytest.raises(ProtectedPath):
        workspace.delete("bare/HEAD")
    for last in ("HEAD", "objects/x", "refs/x"):
        made = [f"made-{last[0]}/{name}" for name in ("config", "HEAD", "objects/x", "refs/x")]
        for path in made:
            if not path.endswith(last):
                workspace.write_bytes(path, b"x")
        with pytest.raises(ProtectedPath):
            workspace.write_bytes(f"made-{last[0]}/{last}", b"x")
    workspace.write_bytes("shared/HEAD", b"x")
    with pytest.raises(ProtectedPath):
        workspace.write_bytes("shared/commondir", b"x")
    workspace.write_bytes("other/refs/HEAD", b"x")
