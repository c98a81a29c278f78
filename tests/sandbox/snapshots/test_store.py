"""Snapshots see whatever changed, put it back exactly, and their patch is one real git applies."""

import mmap
import os
import re
import shutil
import stat
import subprocess
import sys
import time

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from seedsmith.sandbox.errors import SnapshotError
from seedsmith.sandbox.git_names import quoted
from seedsmith.sandbox.snapshots import changes as changes_module
from seedsmith.sandbox.snapshots import store as store_module
from seedsmith.sandbox.snapshots import workspace_scan
from seedsmith.sandbox.snapshots.diff import Version, file_patch
from seedsmith.sandbox.snapshots.store import SnapshotStore, store_folder
from seedsmith.sandbox.workspace.workspace import Workspace

RIPGREP = shutil.which("rg", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))


@pytest.fixture(params=["ripgrep", "walk"])
def ripgrep(request):
    if request.param == "ripgrep" and RIPGREP is None:
        pytest.skip("needs ripgrep")
    return RIPGREP if request.param == "ripgrep" else None


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    return root


def tree(root):
    """Everything in a folder: content or link target, and permissions."""
    found = {}
    for folder, folders, files in os.walk(os.fsencode(root)):
        for name in files + [name for name in folders if os.path.islink(os.path.join(folder, name))]:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                found[path] = os.readlink(path)
            else:
                with open(path, "rb") as file:
                    found[path] = (file.read(), stat.S_IMODE(os.stat(path).st_mode))
    return {os.path.relpath(path, os.fsencode(root)): content for path, content in found.items()}


def git_apply(root, patch):
    subprocess.run(
        ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"],
        input=patch,
        cwd=root,
        env={
            "PATH": os.environ["PATH"],
            "GIT_CEILING_DIRECTORIES": str(root.parent),
            "HOME": str(root.parent),
        },
        check=True,
    )


class Taken:
    """A folder's first snapshot, and what has changed since."""

    def __init__(self, workspace, home, ripgrep):
        self.store = SnapshotStore(home, workspace, ripgrep)
        self.first = self.store.take("first", whole=True)

    def changes(self):
        return self.store.compare(self.first, self.store.take("now", whole=True))

    def restore(self, paths=None):
        now = self.store.take("now")
        wanted = [
            each for each in self.store.differences(self.first, now) if paths is None or each.path in paths
        ]
        return self.store.restore(wanted)


def taken(root, tmp_path, ripgrep=None):
    return Taken(Workspace(root), tmp_path / "home", ripgrep)


def write(root, files):
    for name, content in files.items():
        path = os.path.join(os.fsencode(root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)


def test_every_kind_of_change_and_git_applies_it(project, tmp_path, ripgrep):
    write(
        project,
        {
            "same": b"same\n",
            "edited.py": b"".join(b"line %d\n" % number for number in range(60)),
            "crlf.txt": b"one\r\ntwo\r\nthree\r\n",
            "no end": b"a\nb",
            "gains end": b"a\nb",
            "gone": b"x\ny\n",
            "emptied": b"text\n",
            "empty gone": b"",
            "script.sh": b"#!/bin/sh\n",
            "both.sh": b"a\n",
            "名字 空.txt": "你好\n".encode(),
            'quo"te\\.txt': b"q\n",
            "tab\tnew\nline": b"t\n",
            b"\xff\xfe".decode("utf-8", "surrogateescape"): b"bytes\n",
            "latin.txt": b"caf\xe9\nx\n",
            "form\x0cfeed": b"a\x0cb\x0bc\x1dd\n\xc2\x85e\n",
            "becomes-link": b"f\n",
        },
    )
    os.symlink("same", project / "link")
    os.symlink("same", project / "link-becomes-file")
    shutil.copytree(project, tmp_path / "before", symlinks=True)
    past = taken(project, tmp_path, ripgrep)
    assert past.changes().files_changed == ()

    lines = [b"line %d\n" % number for number in range(60)]
    lines[3:4] = [b"changed\n", b"more\n"]
    del lines[40]
    write(
        project,
        {
            "edited.py": b"".join(lines),
            "crlf.txt": b"one\r\nTWO\r\nthree\n",
            "no end": b"a\nc",
            "gains end": b"a\nb\n",
            "emptied": b"",
            "both.sh": b"b\n",
            "new/dee p/文件": b"\n\nfresh",
            "new empty": b"",
            "名字 空.txt": "再见\n".encode(),
            'quo"te\\.txt': b"Q\n",
            "tab\tnew\nline": b"T\n",
            b"\xff\xfe".decode("utf-8", "surrogateescape"): b"BYTES\n",
            "latin.txt": b"caf\xe9\nX\xe8\n",
            "form\x0cfeed": b"a\x0cb\x0bc\x1dD\n\xc2\x85e\n",
        },
    )
    (project / "gone").unlink()
    (project / "empty gone").unlink()
    (project / "script.sh").chmod(0o755)
    (project / "both.sh").chmod(0o755)
    (project / "link").unlink()
    os.symlink("edited.py", project / "link")
    os.symlink("/etc/passwd", project / "new link")
    (project / "becomes-link").unlink()
    os.symlink("same", project / "becomes-link")
    (project / "link-becomes-file").unlink()
    (project / "link-becomes-file").write_bytes(b"plain\n")

    changes = past.changes()
    assert changes.added == ("new empty", "new link", "new/dee p/文件")
    assert changes.deleted == ("empty gone", "gone")
    assert "same" not in changes.files_changed
    assert changes.files_changed == tuple(sorted((*changes.added, *changes.modified, *changes.deleted)))
    assert changes.left_out == ()
    assert "diff --git a/名字 空.txt b/名字 空.txt" in changes.diff
    assert "old mode 100644\nnew mode 100755" in changes.diff
    assert "caf\\xe9" in changes.diff
    changes.diff.encode()

    git_apply(tmp_path / "before", changes.patch)
    assert tree(tmp_path / "before") == tree(project)


def test_restore_puts_everything_back(project, tmp_path, ripgrep):
    write(project, {"a": b"1\n", "d/b": b"2", "d/c": b"3", "e": b"\0binary", "f/g": b"x"})
    os.symlink("a", project / "l")
    (project / "a").chmod(0o640)
    (project / "d/c").chmod(0o755)
    before = tree(project)
    past = taken(project, tmp_path, ripgrep)

    write(project, {"a": b"changed", "new": b"n", "x/y": b"z"})
    (project / "a").chmod(0o600)
    (project / "d/c").chmod(0o711)
    shutil.rmtree(project / "f")
    (project / "f").write_bytes(b"a file where a folder was")
    (project / "e").unlink()
    (project / "e").mkdir()
    (project / "e/inner").write_bytes(b"")
    (project / "l").unlink()
    (project / "l").write_bytes(b"not a link")
    (project / "d/b").unlink()
    os.symlink("/etc/passwd", project / "d/b")

    assert past.restore() == ()
    assert tree(project) == before
    assert past.changes().differences == ()


def test_restore_of_some_files_leaves_the_others(project, tmp_path, ripgrep):
    write(project, {"a": b"1", "b": b"2"})
    past = taken(project, tmp_path, ripgrep)
    write(project, {"a": b"A", "b": b"B", "c": b"C", "d": b"D"})
    assert past.restore(["a", "c"]) == ()
    assert {name: (project / name).read_bytes() for name in ("a", "b", "d")} == {
        "a": b"1",
        "b": b"B",
        "d": b"D",
    }
    assert past.changes().files_changed == ("b", "d")


@pytest.mark.parametrize("target", ["../outside", "inside"])
def test_a_folder_that_became_a_link_is_not_looked_or_written_through(project, tmp_path, target):
    write(project, {"d/f": b"1", "inside/f": b"1"})
    write(tmp_path, {"outside/f": b"1"})
    past = taken(project, tmp_path)
    shutil.rmtree(project / "d")
    os.symlink(target, project / "d")
    changes = past.changes()
    assert (changes.added, changes.modified, changes.deleted) == (("d",), (), ("d/f",))
    (project / "d/f").write_bytes(b"canary")
    (refused,) = past.restore(["d/f"])
    assert refused.startswith("d/f can't be put back" if target == "inside" else "d/f leads out")
    assert (project / "d/f").read_bytes() == b"canary"
    assert past.restore(["d"]) == ()
    assert past.restore(["d/f"]) == ()
    assert (project / "d/f").read_bytes() == b"1"
    assert not (project / "d").is_symlink()
    assert (project / target / "f").read_bytes() == b"canary"


@pytest.mark.skipif(RIPGREP is None, reason="needs ripgrep")
@pytest.mark.parametrize("git", [False, True])
def test_ignored_files_and_a_gitignore_that_changes(project, tmp_path, git):
    if git:
        write(project, {".git/config": b""})
    write(
        project,
        {
            ".gitignore": b"*.log\n/secret\n",
            ".ignore": b"hidden\n",
            "a.log": b"1",
            "secret": b"key",
            "hidden": b"1",
            "kept": b"1",
            "node_modules/m.js": b"",
        },
    )
    past = taken(project, tmp_path, RIPGREP)
    # Ignoring a file now hides no change to it; no longer ignoring one makes it neither added nor deletable.
    write(
        project,
        {
            ".gitignore": b"kept\nhidden\n",
            "a.log": b"2",
            "hidden": b"2",
            "kept": b"2",
            "b.log": b"new",
            "secret": b"key2",
            ".git/x": b"",
            "p/__pycache__/m.pyc": b"",
            "node_modules/m.js": b"2",
        },
    )
    changes = past.changes()
    assert changes.modified == (".gitignore", "hidden", "kept")
    assert changes.added == ("b.log",)
    # What is ignored is not told of, but comes back all the same; caches and git's own folder are left alone.
    assert past.restore() == ("p stays: there is something else in it.",)
    assert {name: (project / name).read_bytes() for name in ("secret", "a.log", "kept")} == {
        "secret": b"key",
        "a.log": b"1",
        "kept": b"1",
    }
    assert not (project / "b.log").exists()
    assert (project / "node_modules/m.js").read_bytes() == b"2" and (project / ".git/x").exists()


@pytest.mark.skipif(RIPGREP is None, reason="needs ripgrep")
@pytest.mark.parametrize("git", [False, True])
def test_rules_above_the_workspace_do_not_hide_it(project, tmp_path, git):
    write(tmp_path, {".gitignore": b"*\n"} | ({".git/HEAD": b""} if git else {}))
    past = taken(project, tmp_path, RIPGREP)
    write(project, {"new": b""})
    assert past.changes().added == ("new",)


def test_a_touched_or_rewritten_file_is_unchanged(project, tmp_path, ripgrep):
    write(project, {"a": b"1", "b": b"2"})
    past = taken(project, tmp_path, ripgrep)
    os.utime(project / "a", (1, 1))
    (project / "b").unlink()
    (project / "b").write_bytes(b"2")
    assert past.changes().files_changed == ()


def test_same_size_and_time_do_not_hide_a_change(project, tmp_path, ripgrep):
    write(project, {"a": b"1"})
    times = (project / "a").stat()
    past = taken(project, tmp_path, ripgrep)
    with open(project / "a", "r+b") as file:
        file.write(b"2")
    os.utime(project / "a", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert past.changes().modified == ("a",)


def test_a_change_that_stat_does_not_show_is_seen_in_a_fresh_file(project, tmp_path):
    """Writing to a page that is dirty already moves no time stamp, like a change within the clock's grain."""
    write(project, {"a": b"1" * 4096})
    with open(project / "a", "r+b") as file, mmap.mmap(file.fileno(), 4096) as mapped:
        mapped[0:1] = b"2"
        before = (project / "a").stat()
        past = taken(project, tmp_path)
        mapped[0:1] = b"3"
        after = (project / "a").stat()
        changes = past.changes()
    assert (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)
    assert changes.modified == ("a",)


@pytest.mark.slow
def test_large_and_binary_files_are_said_to_differ(project, tmp_path, ripgrep):
    large = workspace_scan.KEPT_FILE_BYTES + 1
    write(project, {"large": b"a" * large, "touched": b"b" * large, "binary": b"\0\1"})
    with open(project / "sparse", "wb") as file:
        file.truncate(10 << 30)
    past = taken(project, tmp_path, ripgrep)
    assert [each.path for each in past.store.snapshot(past.first).left_out] == ["large", "sparse", "touched"]
    assert sum(file.stat().st_size for file in (tmp_path / "home").rglob("*") if file.is_file()) < 10_000
    write(project, {"large": b"c" * large, "binary": b"\0\2"})
    os.utime(project / "touched", (1, 1))
    changes = past.changes()
    assert changes.modified == ("binary", "large")
    assert changes.left_out == ("large",)
    assert "Files a/large and b/large differ, and are too large to be shown\n" in changes.diff
    (refused,) = past.restore()
    assert refused == "large can't be put back: its content was left out of the snapshot."
    assert (project / "binary").read_bytes() == b"\0\1"
    (project / "sparse").unlink()
    assert past.changes().deleted == ("sparse",)


def test_the_limits_hold(project, tmp_path, monkeypatch):
    monkeypatch.setattr(workspace_scan, "RECORDED_FILES", 2)
    monkeypatch.setattr(changes_module, "PATCH_BYTES", 200)
    write(project, {"a": b"1", "b": b"2", "c": b"3"})
    past = taken(project, tmp_path)
    write(project, {"a": b"x" * 500, "b": b"B", "c": b"C", "d": b"D"})
    changes = past.changes()
    assert changes.files_changed == ("a", "b")
    assert [each.path for each in past.store.snapshot(past.first).left_out] == ["c"]
    assert "a" in changes.left_out
    assert len(changes.patch) <= 200


def test_special_files_and_unreadable_folders_do_not_stop_it(project, tmp_path, ripgrep):
    write(project, {"a": b"1"})
    os.mkfifo(project / "pipe")
    os.symlink("loop", project / "loop")
    past = taken(project, tmp_path, ripgrep)
    os.mkfifo(project / "pipe2")
    (project / "a").unlink()
    os.mkfifo(project / "a")
    changes = past.changes()
    assert (changes.added, changes.modified, changes.deleted) == ((), (), ("a",))


def test_the_store_is_private_and_two_sessions_share_it(project, tmp_path):
    write(project, {"a": b"1"})
    first = taken(project, tmp_path)
    write(project, {"a": b"2"})
    second = taken(project, tmp_path)
    write(project, {"a": b"3"})
    assert b"-1\n" in first.changes().patch
    assert b"-2\n" in second.changes().patch
    folder = store_folder(tmp_path / "home", project)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    first.store.close()
    second.store.close()


def test_the_state_folder_inside_the_workspace_is_left_out(project):
    write(project, {"a": b"1"})
    with Workspace(project, state=project / "state") as workspace:
        past = Taken(workspace, project / "state", None)
        write(project, {"state/records": b"x"})
        assert past.changes().files_changed == ()


def test_the_patch_is_written_as_git_writes_it(project, tmp_path):
    write(project, {"a b": b"1\n2\n3\n4\n5\n6\n7\n8\n", "gone": b"x"})
    past = taken(project, tmp_path)
    write(project, {"a b": b"1\n2\n3\n4\n6\n7\n8\n", "new": b"y\nz\n"})
    (project / "gone").unlink()
    assert past.changes().diff == (
        "diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n"
        "@@ -2,7 +2,6 @@\n 2\n 3\n 4\n-5\n 6\n 7\n 8\n"
        "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-x\n\\ No newline at end of file\n"
        "diff --git a/new b/new\nnew file mode 100644\n--- /dev/null\n+++ b/new\n"
        "@@ -0,0 +1,2 @@\n+y\n+z\n"
    )


def git(folder, *arguments):
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    settings = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    return subprocess.run(
        ["git", *settings, *arguments],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


SHELL = {
    "rm -rf": "rm -rf docs nested",
    "sed -i": "sed -i s/1/2/ tracked ignored.log",
    "mv": "mv docs moved && mv tracked docs",
    "chmod": "chmod 000 docs && chmod 4711 tracked && chmod 700 empty",
    "a build": "mkdir -p out/deep && echo x > out/deep/a.o && echo y >> ignored.log && rm -r empty",
    "links": "rm link && ln -s nowhere link && rm tracked && mkdir tracked && touch tracked/x",
}


@pytest.mark.parametrize("kind", ["git", "no git", "nested"])
@pytest.mark.parametrize("command", SHELL.values(), ids=SHELL.keys())
def test_what_a_shell_did_is_put_back_byte_for_byte(project, tmp_path, ripgrep, command, kind):
    files = {"tracked": b"1\n", "ignored.log": b"1\n", "docs/a": b"\0\1", "docs/b c": b"b", "nested/f": b"1"}
    write(project, {**files, ".gitignore": b"*.log\nout/\n"})
    (project / "empty").mkdir(mode=0o750)
    (project / "docs/a").chmod(0o640)
    os.symlink("tracked", project / "link")
    for folder in {"git": [project], "no git": [], "nested": [project, project / "nested"]}[kind]:
        git(folder, "init", "-q")
        git(folder, "add", "f" if folder != project else "tracked")
        git(folder, "commit", "-qm", "start")
    before, listing = tree(project), sorted(project.rglob("*"))
    past = taken(project, tmp_path, ripgrep)
    subprocess.run(["sh", "-c", command], cwd=project, check=True)
    assert past.changes().differences
    assert past.restore() == ()
    assert tree(project) == before and sorted(project.rglob("*")) == listing
    assert stat.S_IMODE((project / "empty").stat().st_mode) == 0o750
    if kind == "nested":
        assert git(project / "nested", "log", "--format=%s") == "start\n"
    assert past.changes().differences == ()


def test_what_was_seen_is_remembered_between_processes_and_files_are_read_once(
    project, tmp_path, monkeypatch
):
    write(project, {"a": b"1", "d/b": b"2"})
    monkeypatch.setattr(workspace_scan, "_RACY_NANOSECONDS", -(1 << 62))
    first = taken(project, tmp_path)
    first.store.close()
    memory = store_folder(tmp_path / "home", project) / "seen.jsonl"
    assert len(memory.read_bytes().splitlines()) == 2  # by folder: whole, it would stop the conversation
    read = []
    monkeypatch.setattr(workspace_scan, "_read", lambda folder, name, found: read.append(name) or b"new")
    second = taken(project, tmp_path)
    assert read == [] and second.store.manifest(second.first).keys() == {"a", "d", "d/b"}
    write(project, {"d/b": b"22"})
    assert second.changes().modified == ("d/b",) and read == ["b"]
    second.store.close()


DAMAGES = {
    "emptied": lambda memory: b"",
    "a list": lambda memory: b"[]",
    "an object": lambda memory: b'{"a": 1}\n',
    "torn at once": lambda memory: b"{",
    "torn in the last line": lambda memory: memory[:-3],
    "a line of an older program": lambda memory: memory + b'["d","0",{},{}]\n',
    "the files of all folders": lambda memory: re.sub(rb"\t.*", b"\t[[", memory),
    "one file less": lambda memory: re.sub(rb"\t.*", b"\t[]", memory),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_memory_is_read_anew(project, tmp_path, monkeypatch, damage):
    monkeypatch.setattr(workspace_scan, "_RACY_NANOSECONDS", 0)
    write(project, {"a": b"1", "b": b"1", "d/e/f": b"1", "d/g": b"1"})
    first = taken(project, tmp_path)
    first.store.close()
    memory = store_folder(tmp_path / "home", project) / "seen.jsonl"
    memory.write_bytes(damage(memory.read_bytes()))
    next_tick()
    write(project, {"a": b"2", "d/e/f": b"2"})
    second = taken(project, tmp_path)
    kept = {path: second.store.read(row.name) for path, row in second.store.manifest(second.first).items()}
    assert {path: kept[path] for path in ("a", "b", "d/e/f", "d/g")} == {
        "a": b"2",
        "b": b"1",
        "d/e/f": b"2",
        "d/g": b"1",
    }


def next_tick():
    """Return once the clock by which files are stamped has moved: what is changed then has another time."""
    clock = 5  # CLOCK_REALTIME_COARSE
    before = time.clock_gettime_ns(clock)
    while time.clock_gettime_ns(clock) == before:
        pass


def put_other_content(root):
    times = (root / "d/a").stat()
    (root / "d/a").write_bytes(b"2")
    os.utime(root / "d/a", ns=(times.st_atime_ns, times.st_mtime_ns))


def swap(root, one, other):
    os.rename(root / one, root / "between")
    os.rename(root / other, root / one)
    os.rename(root / "between", root / other)


def replace_by_a_link(root):
    (root / "d/a").unlink()
    os.symlink("b", root / "d/a")


def write_through_a_hard_link(root):
    with open(root / "linked", "r+b") as file:
        file.write(b"9")


CHANGES = {
    "content, the time put back": put_other_content,
    "permissions": lambda root: (root / "d/a").chmod(0o600),
    "permissions of a folder": lambda root: (root / "d/deep").chmod(0o700),
    "two files of one size swapped": lambda root: swap(root, "d/a", "d/b"),
    "two folders swapped": lambda root: swap(root, "d/deep", "e"),
    "a file moved": lambda root: os.rename(root / "d/a", root / "e/a"),
    "a file renamed": lambda root: os.rename(root / "d/a", root / "d/z"),
    "a file removed": lambda root: (root / "d/deep/a").unlink(),
    "a folder removed": lambda root: shutil.rmtree(root / "d"),
    "an empty folder made": lambda root: (root / "d/deep/new").mkdir(),
    "an empty file made": lambda root: (root / "d/deep/new").touch(),
    "a file that became a link": replace_by_a_link,
    "a file that became a pipe": lambda root: ((root / "d/a").unlink(), os.mkfifo(root / "d/a")),
    "a pipe that became a file": lambda root: ((root / "pipe").unlink(), (root / "pipe").touch()),
    "through another name": write_through_a_hard_link,
    "nothing": lambda root: None,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_look_that_goes_by_what_was_seen_finds_what_a_first_look_does(
    project, tmp_path, monkeypatch, change
):
    monkeypatch.setattr(workspace_scan, "_RACY_NANOSECONDS", 0)  # the files count as old at once
    write(project, {"top": b"1", "d/a": b"1", "d/b": b"3", "d/deep/a": b"1", "e/b": b"1", "f/c": b"1"})
    os.mkfifo(project / "pipe")
    os.link(project / "f/c", project / "linked")
    past = taken(project, tmp_path)
    past.store.complete(past.first)  # what was seen is remembered
    next_tick()
    change(project)
    after = past.store.snapshot(past.store.take("again"))
    again = SnapshotStore(tmp_path / "home", Workspace(project))
    anew = SnapshotStore(tmp_path / "anew", Workspace(project))
    assert after.root == anew.snapshot(anew.take()).root == again.snapshot(again.take()).root
    for store in (past.store, again, anew):
        store.close()


def test_only_in_folders_in_which_something_differs_each_file_is_compared(project, tmp_path, monkeypatch):
    monkeypatch.setattr(workspace_scan, "_RACY_NANOSECONDS", 0)
    write(project, {"top": b"1", "d/a": b"1", "d/b": b"1", "e/c": b"1"})
    past = taken(project, tmp_path)
    compared = []
    each = workspace_scan._Visit._file
    monkeypatch.setattr(workspace_scan._Visit, "_file", lambda *how: compared.append(how[2]) or each(*how))
    past.store.take("again")
    assert compared == []
    next_tick()
    write(project, {"d/a": b"2"})
    assert past.changes().modified == ("d/a",)
    assert compared == ["d/a", "d/b"]


def test_caps_leave_out_by_name_and_ignored_files_first(project, tmp_path, monkeypatch):
    monkeypatch.setattr(workspace_scan, "KEPT_FILE_BYTES", 100)
    monkeypatch.setattr(workspace_scan, "KEPT_TOTAL_BYTES", 300)
    write(project, dict.fromkeys(("a.log", "b.log", "c.py", "d.py"), b"x" * 90))
    write(project, {".gitignore": b"*.log\n", "large": b"x" * 101, "node_modules/m": b""})
    past = taken(project, tmp_path, RIPGREP)
    left_out = {each.path: each.size for each in past.store.snapshot(past.first).left_out}
    assert left_out.keys() >= {"large", "node_modules"} and left_out["large"] == 101
    if RIPGREP is not None:
        assert left_out == {"large": 101, "node_modules": None, "b.log": 90}


def test_named_folders_are_left_out_as_caches_and_the_snapshot_says_so(project, tmp_path):
    write(project, {"data/x": b"1", "src/data/y": b"2", "src/z": b"3"})
    with Workspace(project) as workspace:
        store = SnapshotStore(tmp_path / "home", workspace, caches=["data"])
        first = store.take()
        assert store.manifest(first).keys() == {"src", "src/z"}
        assert [each.path for each in store.snapshot(first).left_out] == ["data", "src/data"]
        store.close()
        again = SnapshotStore(tmp_path / "home", workspace)
        assert again.snapshot(first).caches == ("data",)
        again.caches = again.snapshot(first).caches
        assert not list(again.differences(first, again.take()))
        again.close()


def test_a_tagged_cache_is_left_out_unless_something_in_it_counts(project, tmp_path):
    tag = b"Signature: 8a477f597d28d172789f06886806bc55"
    write(project, {".gitignore": b"target/\n", "target/CACHEDIR.TAG": tag, "target/x": b"1", "src/a": b"1"})
    if RIPGREP is not None:
        past = taken(project, tmp_path, RIPGREP)
        assert "target" not in past.store.manifest(past.first)
        # A tag that appears hides nothing that counts, nor what was kept before.
        write(project, {"src/CACHEDIR.TAG": tag, "src/a": b"2", "new/CACHEDIR.TAG": tag, "new/b": b"1"})
        changes = past.changes()
        assert changes.modified == ("src/a",)
        assert changes.added == ("new/CACHEDIR.TAG", "new/b", "src/CACHEDIR.TAG")


def test_nothing_the_repositories_configure_runs_and_they_stay_as_they_are(project, tmp_path):
    for folder in (project, project / "nested"):
        folder.mkdir(exist_ok=True)
        git(folder, "init", "-q")
        for key in ("core.fsmonitor", "filter.x.clean", "filter.x.process", "core.hooksPath"):
            git(folder, "config", key, f"touch {tmp_path}/ran")
        write(folder, {".gitattributes": b"* filter=x\n", "a": b"1\r\n"})
    before = tree(project)
    past = taken(project, tmp_path)
    write(project, {"a": b"2", "nested/a": b"2"})
    past.changes()
    past.restore()
    assert not (tmp_path / "ran").exists() and tree(project) == before


def test_the_store_is_a_repository_that_git_can_read_and_check(project, tmp_path):
    write(project, {f"f{number}": b"%d" % number for number in range(200)})
    past = taken(project, tmp_path)
    name = past.store.row(past.first, "f7").name
    assert git(past.store.folder, "cat-file", "blob", name) == "7"
    git(past.store.folder, "fsck", "--strict")


def test_prune_drops_what_only_the_dropped_snapshots_held(project, tmp_path):
    write(project, {"a": b"kept", "large": os.urandom(1 << 20)})
    past = taken(project, tmp_path)
    lost = past.store.row(past.first, "large").name
    (project / "large").unlink()
    # A file that holds what a folder's rows look like keeps nothing from being kept.
    write(project, {"d/b": b"2"})
    rows = past.store.read(past.store.row(past.store.take(), "d").name)
    write(project, {"0": rows})
    second = past.store.take(whole=True)
    assert past.store.prune({second}) == 2
    assert past.store.ids() == [second]
    assert {
        path: past.store.read(row.name) for path, row in past.store.manifest(second).items() if path != "d"
    } == {
        "0": rows,
        "a": b"kept",
        "d/b": b"2",
    }
    with pytest.raises(SnapshotError):
        past.store.read(lost)
    with pytest.raises(SnapshotError):
        past.store.snapshot(past.first)
    assert past.store.compare(second, past.store.take(whole=True)).differences == ()


def test_too_many_old_and_large_snapshots_are_dropped(project, tmp_path, monkeypatch):
    write(project, {"a": b"0"})
    past = taken(project, tmp_path)
    ids = [past.first]
    for number in range(1, 6):
        write(project, {"a": b"%d" % number})
        taken_at = time.time_ns() // 10**6
        while time.time_ns() // 10**6 == taken_at:  # an id's order is that of milliseconds
            pass
        ids.append(past.store.take())
    assert past.store.prune_old() == 0
    monkeypatch.setattr(store_module, "MOST_SNAPSHOTS", 4)
    assert past.store.prune_old(keep={ids[0]}) == 1 and past.store.ids() == [ids[0], *ids[2:]]
    monkeypatch.setattr(store_module, "MOST_BYTES", 0)
    assert past.store.prune_old() == 2 and past.store.ids() == ids[3:]
    monkeypatch.setattr(store_module, "OLDEST_SECONDS", -60.0)
    assert past.store.prune_old(keep={ids[5]}) == 2
    assert past.store.read(past.store.row(ids[5], "a").name) == b"5"


def test_a_damaged_store_is_said_to_be_and_pruned_all_the_same(project, tmp_path):
    write(project, {"a": b"1"})
    past = taken(project, tmp_path)
    name = past.store.row(past.first, "a").name
    damaged = past.store.folder / "objects" / name[:2] / name[2:]
    damaged.chmod(0o600)
    damaged.write_bytes(b"")
    write(project, {"a": b"2"})
    second = past.store.take()
    with pytest.raises(SnapshotError, match="damaged"):
        past.store.read(name)
    (past.store.folder / "snapshots" / f"{second}.json").write_bytes(b"{")
    write(project, {"a": b"3"})
    third = past.store.take()
    with pytest.raises(SnapshotError, match="damaged"):
        past.store.snapshot(second)
    assert past.store.prune({second, third}) == 1 and past.store.ids() == [third]


def test_prune_waits_for_others_who_use_the_store(project, tmp_path):
    write(project, {"a": b"1"})
    first, second = taken(project, tmp_path), taken(project, tmp_path)
    assert first.store.prune(()) == 0
    second.store.close()
    assert first.store.prune(()) == 2


LINES = st.lists(
    st.sampled_from([b"a\n", b"b\n", b"\r\n", b"\n", b"c\r", b"\x0c\n", b"\xff\n", b"- \n"]), max_size=14
)


@given(old=LINES, new=LINES, tail=st.sampled_from([b"", b"end"]))
@settings(max_examples=examples(60), deadline=None)
def test_any_two_texts_make_a_patch_git_applies(tmp_path_factory, old, new, tail):
    before, after = b"".join(old) + tail, b"".join(new)
    folder = tmp_path_factory.mktemp("patched")
    patch = file_patch("f", Version(0o100644, before), Version(0o100644, after))
    write(folder, {"f": before})
    if patch:
        git_apply(folder, patch)
    assert (folder / "f").read_bytes() == after
    assert bool(patch) == (before != after)


def test_a_long_file_turned_round_is_compared_in_bounded_time(tmp_path):
    old = b"".join(b"%d\n" % (number * 7919 % 40_009) for number in range(40_000))
    new = b"".join(reversed(old.splitlines(keepends=True)))
    repeated = b"same\nother\n" * 20_000
    for before, after in ((old, new), (repeated, b"x\n" + b"other\nsame\n" * 20_000 + b"y\n")):
        write(tmp_path, {"f": before})
        git_apply(tmp_path, file_patch("f", Version(0o100644, before), Version(0o100644, after)))
        assert (tmp_path / "f").read_bytes() == after


def test_a_moved_block_does_not_replace_the_whole_file():
    lines = [b"%d\n" % number for number in range(3000)]
    moved = lines[:100] + lines[2000:2010] + lines[100:2000] + lines[2010:]
    patch = file_patch("f", Version(0o100644, b"".join(lines)), Version(0o100644, b"".join(moved)))
    assert sum(line.startswith((b"+", b"-")) for line in patch.splitlines()) == 2 + 20


@pytest.mark.parametrize(
    "name", ["plain", "sp ace", "名字", 'q"', "back\\slash", "\x01", "\x7f", "a\tb", "\udcff名", "'"]
)
def test_names_are_quoted_as_git_quotes_them(tmp_path, name):
    write(tmp_path, {name: b""})
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, env=environment, check=True)
    listed = subprocess.run(
        ["git", "-c", "core.quotePath=false", "ls-files", "--others"],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
    ).stdout.removesuffix(b"\n")
    if "\udcff" in name:
        assert quoted(name) == '"\\377名"'.encode()
    else:
        assert quoted(name) == listed


def test_a_snapshot_is_completed_later_so_that_ignored_files_do_not_count(tmp_path, project):
    if RIPGREP is None:
        pytest.skip("needs ripgrep")
    (project / ".gitignore").write_text("*.log\n")
    with Workspace(project) as workspace:
        store = SnapshotStore(tmp_path / "state", workspace, RIPGREP)
        first = store.take(whole=True)
        (project / "new.py").write_text("new\n")
        (project / "noise.log").write_text("noise\n")
        taken = store.take()
        store.complete(taken)
        assert store.compare(first, taken).added == ("new.py",)
        assert store.take(whole=True) == taken
        store.complete(taken)
        store.close()
        again = SnapshotStore(tmp_path / "state", workspace, RIPGREP)
        assert again.compare(first, taken).added == ("new.py",)
        again.close()


def test_of_what_was_seen_only_what_is_new_is_written_until_that_is_much(tmp_path, project, monkeypatch):
    monkeypatch.setattr(workspace_scan, "_RACY_NANOSECONDS", 0)  # the files count as old at once
    state = tmp_path / "state"
    for number in range(60):
        (project / f"folder{number}").mkdir()
        (project / f"folder{number}" / "file").write_text("old")
    memory = store_folder(state, project) / "seen.jsonl"

    def looked():
        with Workspace(project) as workspace:
            store = SnapshotStore(state, workspace)
            taken = store.take()
            store.close()
            return taken, memory.read_bytes()

    _, before = looked()
    (project / "folder7" / "file").write_text("new")
    second, after = looked()
    assert after.startswith(before) and before != after
    assert len(after.splitlines()) == len(before.splitlines()) + 2  # of the folder, and of the one above
    for number in range(60):
        (project / f"folder{number}" / "file").write_text(f"new {number}")
    _, rewritten = looked()
    assert len(rewritten.splitlines()) == 61
    shutil.rmtree(project / "folder7")
    _, smaller = looked()
    assert len(smaller.splitlines()) == 60
    assert stat.S_IMODE(memory.stat().st_mode) == 0o600
    with Workspace(project) as workspace:
        store = SnapshotStore(state, workspace)
        assert store.row(second, "folder7/file").size == 3
        store.close()
