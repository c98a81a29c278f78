"""Every diff that can't be applied is answered by one precise sentence, and nothing has happened."""

from __future__ import annotations

import os

import pytest

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import ToolError

FILE = "".join(f"line {number}\n" for number in range(1, 11))
FIFTH = " line 4\n-line 5\n+LINE 5\n line 6\n"
GOOD = f"@@ -4,3 +4,3 @@\n{FIFTH}"


def change(path, *hunks):
    return f"--- a/{path}\n+++ b/{path}\n" + "".join(hunks)


def header(*lines, old="a.txt", new="a.txt"):
    return f"diff --git a/{old} b/{new}\n" + "".join(line + "\n" for line in lines)


WRONG = [
    ({}, "'patch' is missing"),
    ({"patch": 3}, "The patch holds no change to a file"),
    ({"diff": "x"}, "The patch holds no change to a file"),
    ({"patch": "\ud800"}, "valid Unicode"),
    ({"patch": ""}, "holds no change to a file"),
    ({"patch": "please change line 5"}, "holds no change to a file"),
    ({"patch": GOOD}, "Line 1 of the patch begins a hunk, but no"),
    ({"patch": change("a.txt")}, "There is no hunk after the header of a.txt"),
    ({"patch": header("index 1234567..7654321 100644")}, "There is no hunk after the header of a.txt"),
    ({"patch": header("old mode 100644", "new mode 100755", "index 1234567..7654321")}, "may be cut off"),
    ({"patch": header("new file mode 100644", "index 0000000..7654321", new="n", old="n")}, "may be cut off"),
    (
        {"patch": header("index 1234567..7654321 100644", "--- a/a.txt")},
        "Line 4 of the patch must begin with '+++ '",
    ),
    (
        {"patch": change("a.txt", "@@ def f @@\n", FIFTH)},
        "The heading '@@ def f' of hunk 1 of a.txt",
    ),
    ({"patch": change("a.txt", "@@ -5 @@\n", FIFTH)}, "'@@ -5 @@', has no line numbers"),
    ({"patch": change("a.txt", "@@ -4,9 +4,9 @@\n line\n-line 5\n+x\n")}, "Hunk 1 of a.txt does not fit"),
    ({"patch": change("a.txt", "@@ -4,2 +4,2 @@\n line 4\n line 5\n")}, "Hunk 1 of a.txt changes nothing"),
    (
        {"patch": change("a.txt", GOOD.replace("5\n+", "five\n+"))},
        "line 5 is 'line 5', where the hunk has 'line five'",
    ),
    ({"patch": change("a.txt", GOOD.replace("line 6", "line  6"))}, "line 6 is 'line 6'"),
    (
        {"patch": change("a.txt", "@@ -9,3 +9,3 @@\n line 9\n-line 10\n+x\n line 11\n")},
        "the file ends at line 10",
    ),
    (
        {"patch": change("a.txt", f"@@ -1,3 +1,3 @@\n{FIFTH}")},
        "says that it begins the file, but its lines are at line 4",
    ),
    ({"patch": change("a.txt", "@@ -4,1 +4,2 @@\n line 4\n+x\n")}, "must end the file, but line 5 follows"),
    (
        {"patch": change("a.txt", "@@ -4,0 +5 @@\n+x\n")},
        "There is no unchanged and no removed line in hunk 1 of a.txt",
    ),
    ({"patch": change("a.txt", GOOD, GOOD)}, "keep the file's order"),
    (
        {"patch": change("a.txt", "@@ -10 +10 @@\n-line 10\n\\ No newline at end of file\n+x\n")},
        "newline at the end",
    ),
    (
        {"patch": change("a.txt", "@@ -9,2 +9,2 @@\n-line 9\n\\ No newline at end of file\n+x\n line 10\n")},
        "before its last line or after an empty one",
    ),
    ({"patch": change("missing.txt", GOOD)}, "missing.txt does not exist"),
    ({"patch": change("a.tx", GOOD)}, "did you mean 'a.txt'?"),
    ({"patch": change("../a.txt", GOOD)}, "leads out of the workspace"),
    ({"patch": f"--- a/a.txt\n+++ b/../../x\n{GOOD}"}, "names ../../x and a.txt"),
    (
        {"patch": header("rename from a.txt", "rename to /etc/x", new="x")},
        "/etc/x leads out of the workspace",
    ),
    ({"patch": header("rename from a.txt", new="x")}, "needs both 'rename from' and 'rename to'"),
    ({"patch": header("rename from a.txt", "rename to taken", new="taken")}, "taken exists already"),
    ({"patch": header("copy from a.txt", "copy to taken", new="taken")}, "taken exists already"),
    ({"patch": header("new file mode 100644")}, "a.txt exists already"),
    ({"patch": header("deleted file mode 100644")}, "deletes a.txt as an empty file, but it holds 71 bytes"),
    ({"patch": "--- a/a.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-line 1\n"}, "line 2 follows"),
    (
        {
            "patch": header("new file mode 120000", old="n", new="n")
            + "--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+/etc\n"
        },
        "n is a link (mode 120000)",
    ),
    ({"patch": header("index 1234567..7654321 160000") + change("a.txt", GOOD)}, "a submodule (mode 160000)"),
    ({"patch": header("old mode 100644", "new mode 100600")}, "has mode 100600"),
    ({"patch": header("new mode 100755")}, "a.txt needs both 'old mode' and 'new mode'"),
    ({"patch": change("link", GOOD)}, "link is a link"),
    ({"patch": change("inner/a.txt", GOOD)}, "inner/a.txt is beyond the link inner"),
    ({"patch": change("folder", GOOD)}, "folder is a folder"),
    ({"patch": change("fifo", GOOD)}, "not a regular file"),
    ({"patch": change("binary", GOOD)}, "binary is an ELF program or library"),
    ({"patch": header("index 1..2") + "Binary files a/a.txt and b/a.txt differ\n"}, "changes a binary file"),
    ({"patch": header("index 1..2") + "GIT binary patch\nliteral 0\n"}, "changes a binary file"),
    ({"patch": change(".git/config", GOOD)}, ".git"),
    ({"patch": "--- /dev/null\n+++ b/.git/hooks/x\n@@ -0,0 +1 @@\n+x\n"}, ".git"),
    ({"patch": "--- /dev/null\n+++ b/folder\n@@ -0,0 +1 @@\n+x\n"}, "folder is a folder"),
    ({"patch": "--- /dev/null\n+++ b/a.txt/x\n@@ -0,0 +1 @@\n+x\n"}, "a.txt is not a folder"),
    ({"patch": change('"a.txt', GOOD)}, "did you mean 'a.txt'?"),
    ({"patch": f'--- "a/\\9.txt"\n+++ b/a.txt\n{GOOD}'}, "is malformed"),
    ({"patch": f"--- a/a.txt\n+++ b/taken\n{GOOD}"}, "where it must name one file"),
    ({"patch": change("latin.txt", "@@ -1 +1 @@\n-café\n+中\n")}, "latin-1, which can't hold '中'"),
]


@pytest.fixture
def crowded(bench):
    bench.put("a.txt", FILE)
    bench.put("taken", "taken\n")
    bench.put("latin.txt", "café\n".encode("latin-1"))
    bench.put("binary", b"\x7fELF\0\0")
    bench.put("folder/x", "x\n")
    (bench.root / ".git").mkdir()
    (bench.root / "link").symlink_to("a.txt")
    (bench.root / "inner").symlink_to("folder")
    os.mkfifo(bench.root / "fifo")
    return bench


@pytest.mark.parametrize(("arguments", "words"), WRONG)
async def test_a_wrong_patch_is_told_exactly_what_is_wrong(crowded, arguments, words):
    before = _tree(crowded.root)
    with pytest.raises((ToolError, SandboxError)) as refusal:
        await crowded.call("patch", **arguments)
    message = str(refusal.value)
    assert words in message
    assert message[-1] in ".?" or "Parameters: " in message
    assert "\n" not in message
    assert _tree(crowded.root) == before


DIFFS = [arguments["patch"] for arguments, _ in WRONG if "--- " in str(arguments.get("patch"))]


@pytest.mark.parametrize("wrong", DIFFS)
async def test_nothing_is_written_where_a_later_file_is_wrong(crowded, wrong):
    before = _tree(crowded.root)
    good = "--- /dev/null\n+++ b/first\n@@ -0,0 +1 @@\n+x\n" + change("binary.txt", "@@ -0,0 +1 @@\n+x\n")
    with pytest.raises((ToolError, SandboxError)):
        await crowded.call("patch", patch=good + wrong)
    assert _tree(crowded.root) == before


def _tree(root):
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
