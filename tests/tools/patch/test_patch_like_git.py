"""Property: patch agrees with ``git apply`` on what git makes, and refuses what git refuses."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolContext, ToolError
from seedsmith.tools.patch.patch import PatchTool

TOOL = PatchTool()
BOUNDED = settings(
    max_examples=examples(60),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
NAMES = [
    "a.txt",
    "b c.txt",
    "中文.txt",
    'qu"ote.txt',
    "tab\tname",
    "new\nline",
    "back\\slash",
    "dir/x.md",
    "dir/sub/y",
    "a b/c b/d b",
    "b/a/z",
]
WORDS = ["a", "b", "c", "d", "", "  x", "中文", "é", "-- x", "++ y", "\\ z", "@@ -1 +1 @@", "long line " * 5]


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q", ".")
    return folder


def git(folder, *arguments, stdin=None, check=True):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(Path(folder).parent),
    }
    done = subprocess.run(("git", *arguments), cwd=folder, input=stdin, capture_output=True, env=environment)
    assert done.returncode == 0 or not check, done.stderr
    return done


@st.composite
def contents(draw, ends=("\n", "\r\n")):
    lines = draw(st.lists(st.sampled_from(WORDS), max_size=25))
    if draw(st.booleans()):
        end = draw(st.sampled_from(ends))
        text = "".join(line + end for line in lines)
    else:
        text = "".join(line + draw(st.sampled_from(ends)) for line in lines)
    if draw(st.integers(0, 3)) == 0:
        text = text.removesuffix("\n").removesuffix("\r")
    if draw(st.integers(0, 7)) == 0:
        text = "\ufeff" + text
    return text.encode()


def files(ends=("\n", "\r\n")):
    return st.tuples(contents(ends), st.booleans())


@st.composite
def edited(draw, data):
    """The content with some lines changed, removed and added."""
    lines = data.split(b"\n")
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.integers(0, len(lines) - 1))
        new = draw(st.lists(st.sampled_from(WORDS), max_size=3))
        lines[index : index + draw(st.integers(0, 2))] = [word.encode() for word in new]
        lines = lines or [b""]
    return b"\n".join(lines)


@st.composite
def trees(draw, ends=("\n", "\r\n")):
    """A tree and what becomes of it: names to (content, executable)."""
    before = draw(st.dictionaries(st.sampled_from(NAMES), files(ends), min_size=1, max_size=5))
    after = dict(before)
    free = [name for name in NAMES if name not in before]
    for name in sorted(before):
        data, executable = before[name]
        what = draw(st.sampled_from(["keep", "edit", "edit", "delete", "rename", "copy", "mode", "replace"]))
        target = free.pop() if free and what in ("rename", "copy") else None
        if what == "edit":
            after[name] = (draw(edited(data)), executable)
        elif what == "delete":
            del after[name]
        elif what == "mode":
            after[name] = (data, not executable)
        elif what == "replace":
            after[name] = draw(files(ends))
        elif target:
            after[target] = (draw(edited(data)) if draw(st.booleans()) else data, executable)
            if what == "rename":
                del after[name]
    if len(before) > 1 and draw(st.integers(0, 4)) == 0:
        first, second = sorted(before)[:2]
        after[first], after[second] = before[second], before[first]
    return before, after


OPTIONS = [
    ["-U3"],
    ["-U1"],
    ["-U0"],
    ["-M"],
    ["-M20%", "-U0"],
    ["-C", "--find-copies-harder"],
    ["-B", "-M"],
    ["--no-prefix"],
    ["--src-prefix=old/", "--dst-prefix=new/"],
    ["--full-index", "-W"],
]


def put(folder, tree):
    for name, (data, executable) in tree.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o755 if executable else 0o644)


def found(folder):
    return {
        str(path.relative_to(folder)): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def folders(folder):
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_dir())


def difference(repository, before, after, options, quoted=True):
    """What git makes of the two trees."""
    names = []
    for tree in (before, after):
        for path in repository.iterdir():
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        put(repository, tree)
        git(repository, "add", "-A")
        names.append(git(repository, "write-tree").stdout.decode().strip())
    quoting = f"core.quotePath={'true' if quoted else 'false'}"
    return git(repository, "-c", quoting, "diff", *options, *names).stdout.decode()


def ours(folder, patch):
    """Apply with our tool; None if it was refused."""
    with Workspace(folder) as workspace:
        try:
            parsed = TOOL.parse({"patch": patch})
            return asyncio.run(TOOL.run(parsed, ToolContext(workspace, None, None)))
        except (ToolError, SandboxError) as error:
            assert str(error).endswith((".", "?")), error
            return None


def applied_by_git(folder, patch, options=()):
    return git(folder, "apply", *options, "-", stdin=patch.encode(), check=False).returncode == 0


@pytest.mark.slow
@BOUNDED
@given(case=trees(), options=st.sampled_from(OPTIONS), quoted=st.booleans())
def test_what_git_makes_becomes_the_same_tree(repository, case, options, quoted):
    before, after = case
    patch = difference(repository, before, after, options, quoted)
    if not patch:
        return
    with tempfile.TemporaryDirectory() as mine, tempfile.TemporaryDirectory() as theirs:
        put(mine, before)
        put(theirs, before)
        result = ours(mine, patch)
        flags = ["--unidiff-zero"] if "-U0" in options else []
        flags += ["-p0"] if "--no-prefix" in options else []
        if not applied_by_git(theirs, patch, flags):
            return
        assert result is not None, patch
        assert found(mine) == found(theirs) == after
        assert folders(mine) == folders(theirs)
        assert all(hunk["offset"] == 0 for file in result.data["files"] for hunk in file["hunks"])


@st.composite
def disturbed(draw, tree, after):
    """The tree with something changed that the patch may or may not meet."""
    tree = dict(tree)
    for _ in range(draw(st.integers(1, 2))):
        name = draw(st.sampled_from(sorted(tree) or ["a.txt"]))
        data, executable = tree.get(name, (b"", False))
        lines = data.split(b"\n")
        index = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(["insert", "top", "drop", "change", "double", "gone", "in the way"]))
        if what == "insert":
            lines.insert(index, b"inserted")
        elif what == "top":
            lines[:0] = [b"top"] * draw(st.integers(1, 4))
        elif what == "drop":
            del lines[index]
        elif what == "change":
            lines[index] += b"!"
        elif what == "double":
            lines += lines
        elif what == "gone":
            tree.pop(name, None)
            continue
        else:
            new = sorted(set(after) - set(tree))
            if new:
                tree[new[0]] = (b"in the way\n", False)
            continue
        tree[name] = (b"\n".join(lines), executable)
    return tree


@pytest.mark.slow
@BOUNDED
@given(data=st.data(), case=trees(ends=("\n",)), options=st.sampled_from(OPTIONS[:7]))
def test_what_git_refuses_is_refused_and_nothing_else_comes_out(repository, data, case, options):
    before, after = case
    patch = difference(repository, before, after, options)
    if not patch:
        return
    disturbed_tree = data.draw(disturbed(before, after))
    lines = patch.split("\n")
    what = data.draw(st.sampled_from(["as it is", "as it is", "drop a line", "change a line", "cut"]))
    index = data.draw(st.integers(0, len(lines) - 2))
    if what == "drop a line":
        del lines[index]
    elif what == "change a line":
        lines[index] = lines[index][:1] + "changed"
    elif what == "cut":
        lines[index:] = [""]
    patch = "\n".join(lines)
    with tempfile.TemporaryDirectory() as mine, tempfile.TemporaryDirectory() as theirs:
        put(mine, disturbed_tree)
        put(theirs, disturbed_tree)
        start = found(mine)
        result = ours(mine, patch)
        if not applied_by_git(theirs, patch):
            # Checked against the content it was made from, a diff without context is sure: git doesn't look.
            # Wrong line counts of a hunk are put right where its lines fit in one place.
            flags = ["--recount", *(["--unidiff-zero"] if "-U0" in options else [])]
            if not applied_by_git(theirs, patch, flags):
                assert result is None, patch
        if result is None:
            assert found(mine) == start
        elif "\\ No newline" not in patch:
            # In a file that has grown, git joins an incomplete last line to what follows it.
            assert found(mine) == found(theirs), patch
