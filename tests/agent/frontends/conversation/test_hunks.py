"""Any hunk of any change can be taken back or replaced by the patch tool, and nothing else moves."""

from __future__ import annotations

import difflib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.agent.frontends.conversation.hunks import read_change

LINES = st.lists(st.sampled_from(["a", "b", "c", "  d", "", "\x0ce"]), max_size=30)


def diff(old: list[str], new: list[str]) -> str:
    head = ["--- a/f", "+++ b/f"]
    made = list(difflib.unified_diff(old, new, n=3, lineterm=""))[2:]
    return "\n".join([*head, *made, ""]) if made else ""


@given(old=LINES, new=LINES)
def test_hunks_hold_the_whole_change(old, new):
    made = diff(old, new)
    hunks = read_change(made).hunks if made else ()
    assert sum(hunk.grown for hunk in hunks) == len(new) - len(old)
    for hunk in hunks:
        assert hunk.diff.count("\n@@") == 1


@pytest.mark.parametrize(
    "old, new",
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\nb", "a\nB"),
        ("a\nb\n", "a\nb"),
        ("a\n", ""),
        ("", "a\nb\n"),
        ("a\n" * 20 + "x\n" + "b\n" * 20, "a\n" * 20 + "b\n" * 20),
        ("x\r\ny\r\n", "x\r\nz\r\n"),
    ],
)
def test_git_takes_a_hunk_back_and_puts_another_text_there(tmp_path, old, new):
    def git(*arguments: str, given: str = "") -> str:
        command = ["git", "-c", "core.autocrlf=false", *arguments]
        done = subprocess.run(command, cwd=tmp_path, input=given.encode(), capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    file = tmp_path / "f"
    git("init", "-q")
    file.write_bytes(old.encode())
    git("add", "f")
    file.write_bytes(new.encode())
    (hunk,) = read_change(git("diff", "--no-ext-diff")).hunks
    ends = "" if new and not new.endswith("\n") else "\n"
    if hunk.new:
        changed = hunk.new.rstrip("\r\n") + "!"
        git("apply", "--whitespace=nowarn", "-", given=hunk.replaced(changed + "\n"))
        assert file.read_bytes().decode() == new.replace(hunk.new.rstrip("\r\n"), changed, 1) or not ends
        assert file.read_bytes().endswith(b"\n") == bool(ends)
        file.write_bytes(new.encode())
    git("apply", "--whitespace=nowarn", "-", given=hunk.taken_back())
    assert file.read_bytes().decode() == old


def test_created_and_deleted_files_are_taken_back_whole():
    created = read_change("--- /dev/null\n+++ b/n\n@@ -0,0 +1,2 @@\n+a\n+b\n").hunks[0]
    assert created.taken_back() == "--- a/n\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n"
    deleted = read_change("--- a/n\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n").hunks[0]
    assert deleted.taken_back() == "--- /dev/null\n+++ b/n\n@@ -0,0 +1,1 @@\n+a\n"
    with pytest.raises(ValueError):
        read_change("--- a/n\n+++ b/n\n@@ -1,9 +1,9 @@\n a\n")


def test_what_an_editor_takes_away_is_put_back():
    (hunk,) = read_change("--- a/n\n+++ b/n\n@@ -1,2 +1,2 @@\n-a\r\n+\ufeffb\r\n c\r\n").hunks
    assert "+\ufeffB\r\n+more\r\n c\r\n" in hunk.replaced("B\nmore\n")
    (mixed,) = read_change("--- a/n\n+++ b/n\n@@ -1,2 +1,2 @@\n-a\n+b\r\n c\n").hunks
    assert "+B\n c\n" in mixed.replaced("B\n")
    last = "--- a/n\n+++ b/n\n@@ -1 +1,2 @@\n-a\r\n+b\r\n+c\n\\ No newline at end of file\n"
    (open_end,) = read_change(last).hunks
    assert "+B\r\n+C\n\\ No newline" in open_end.replaced("B\nC\n")
