"""What patch does with a diff, what it keeps, and that it is all or nothing."""

from __future__ import annotations

import hashlib
import os
import resource
from contextlib import contextmanager

import pytest

from seedsmith.tools.base import ToolError
from seedsmith.tools.patch.patch import PatchTool

TEN = "".join(f"line {number}\n" for number in range(1, 11))


def change(path, *hunks):
    return f"--- a/{path}\n+++ b/{path}\n" + "".join(hunks)


FIFTH = "@@ -4,3 +4,3 @@\n line 4\n-line 5\n+LINE 5\n line 6\n"


async def test_several_files_are_created_changed_copied_renamed_and_deleted(bench):
    bench.put("a.txt", TEN)
    bench.put("旧.txt", "old\n")
    bench.put("gone/x", "x\n")
    patch = (
        "Some words of a mail before it.\n\n"
        'diff --git "a/\\346\\227\\247.txt" "b/\\346\\226\\260.txt"\n'
        "similarity index 100%\n"
        'rename from "\\346\\227\\247.txt"\nrename to "\\346\\226\\260.txt"\n'
        "diff --git a/a.txt b/b c.txt\nsimilarity index 90%\ncopy from a.txt\ncopy to b c.txt\n"
        f"--- a/a.txt\n+++ b/b c.txt\t\n{FIFTH}"
        "diff --git a/empty b/empty\nnew file mode 100755\nindex 0000000..e69de29\n"
        "diff --git a/gone/x b/gone/x\ndeleted file mode 100644\nindex 587be6b..0000000\n"
        "--- a/gone/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        f"diff --git a/a.txt b/a.txt\nold mode 100644\nnew mode 100755\n{change('a.txt', FIFTH)}"
        "-- \n2.39.5\n"
    )
    result = await bench.call("patch", patch=patch)
    changed = TEN.replace("line 5", "LINE 5")
    assert bench.bytes("新.txt") == b"old\n" and not (bench.root / "旧.txt").exists()
    assert bench.bytes("b c.txt").decode() == changed == bench.bytes("a.txt").decode()
    assert bench.bytes("empty") == b"" and (bench.root / "empty").stat().st_mode & 0o111 == 0o111
    assert (bench.root / "a.txt").stat().st_mode & 0o111 == 0o111
    assert (bench.root / "b c.txt").stat().st_mode & 0o111 == 0
    assert not (bench.root / "gone").exists()
    assert [(file["action"], file["source"], file["path"]) for file in result.data["files"]] == [
        ("renamed", "旧.txt", "新.txt"),
        ("copied", "a.txt", "b c.txt"),
        ("created", None, "empty"),
        ("deleted", "gone/x", "gone/x"),
        ("changed", "a.txt", "a.txt"),
    ]
    assert "patched 5 files" in result.text and "renamed 旧.txt to 新.txt" in result.text


async def test_a_hunk_that_moved_is_found_and_its_offset_told(bench):
    bench.put("a.txt", "above\n" * 3 + TEN)
    result = await bench.call("patch", patch=change("a.txt", FIFTH))
    assert bench.bytes("a.txt").decode() == "above\n" * 3 + TEN.replace("line 5", "LINE 5")
    assert result.data["files"][0]["hunks"] == [{"line": 7, "offset": 3}]
    assert "hunk 1 at line 7, +3" in result.text


async def test_of_two_places_the_stated_one_is_taken_and_no_other_guessed(bench):
    block = "x\na\nb\nc\ny\n"
    bench.put("a.txt", block * 3)
    hunk = " a\n-b\n+B\n c\n"
    await bench.call("patch", patch=change("a.txt", f"@@ -7,3 +7,3 @@\n{hunk}"))
    assert bench.bytes("a.txt").decode() == block + block.replace("b", "B") + block
    with pytest.raises(ToolError, match="are in the file 2 times, at lines 2, 12"):
        await bench.call("patch", patch=change("a.txt", f"@@ -6,3 +6,3 @@\n{hunk}"))
    assert bench.bytes("a.txt").decode() == block + block.replace("b", "B") + block


KEPT = [
    # File, patch of it, file afterwards.
    (b"a\r\nb\r\nc\r\n", "@@ -1,3 +1,4 @@\n a\n-b\n+B\n+x\n c\n", b"a\r\nB\r\nx\r\nc\r\n"),
    (b"a\nb\nc\n", "@@ -1,3 +1,3 @@\n a\r\n-b\r\n+B\r\n c\r\n", b"a\nB\nc\n"),
    (b"a\r\nb\nc\r\n", "@@ -1,3 +1,4 @@\n a\r\n+x\r\n b\n-c\r\n+c\n", b"a\r\nx\r\nb\nc\n"),
    (b"\xef\xbb\xbfa\nb\n", "@@ -1,2 +1,2 @@\n-a\n+A\n b\n", b"\xef\xbb\xbfA\nb\n"),
    (b"\xef\xbb\xbfa\nb\n", "@@ -1,2 +1,2 @@\n-\ufeffa\n+A\n b\n", b"A\nb\n"),
    (b"a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n", b"a\nc\n"),
    (b"a\nb", "@@ -1,2 +1,2 @@\n-a\n+A\n b\n\\ Kein Zeilenumbruch am Dateiende.\n", b"A\nb"),
    (b"a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file", b"a\nc"),
    (b"a\x0cb\nc\xe2\x80\xa8d\n", "@@ -1,2 +1,2 @@\n a\x0cb\n-c\u2028d\n+e\n", b"a\x0cb\ne\n"),
    (b"a\n\nb\n", "@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n", b"a\n\nc\n"),
    ("计算\n两数\n".encode("gbk"), "@@ -1,2 +1,2 @@\n 计算\n-两数\n+二数\n", "计算\n二数\n".encode("gbk")),
    ("é\nb\n".encode("latin-1"), "@@ -1,2 +1,2 @@\n é\n-b\n+ñ\n", "é\nñ\n".encode("latin-1")),
    (b"\xff\xfea\0\n\0", "@@ -1 +1 @@\n-a\n+b\n", b"\xff\xfeb\0\n\0"),
    (b"", "@@ -0,0 +1,2 @@\n+a\n+b\n", b"a\nb\n"),
]


@pytest.mark.parametrize(("before", "hunk", "after"), KEPT)
async def test_line_ends_marks_and_encodings_are_the_files_own(bench, before, hunk, after):
    bench.put("file.txt", before)
    (bench.root / "file.txt").chmod(0o640)
    await bench.call("patch", patch=change("file.txt", hunk))
    assert bench.bytes("file.txt") == after
    assert (bench.root / "file.txt").stat().st_mode & 0o777 == 0o640


async def test_a_patch_sent_with_crlf_throughout_is_read(bench):
    bench.put("a.txt", TEN)
    await bench.call("patch", patch=change("a.txt", FIFTH).replace("\n", "\r\n"))
    assert bench.bytes("a.txt").decode() == TEN.replace("line 5", "LINE 5")


async def test_files_may_swap_names_and_take_the_place_of_folders(bench):
    bench.put("a", "a\n")
    bench.put("b", "b\n")
    bench.put("folder/x", "x\n")
    bench.put("file", "f\n")
    rename = "diff --git a/{0} b/{1}\nsimilarity index 100%\nrename from {0}\nrename to {1}\n"
    moves = [("a", "b"), ("b", "a"), ("folder/x", "folder"), ("file", "file/y")]
    await bench.call("patch", patch="".join(rename.format(*move) for move in moves))
    assert bench.bytes("a") == b"b\n" and bench.bytes("b") == b"a\n"
    assert bench.bytes("folder") == b"x\n" and bench.bytes("file/y") == b"f\n"


async def test_a_diff_without_context_needs_the_content_it_was_made_from(bench):
    bench.put("a.txt", TEN)
    blob = hashlib.sha1(f"blob {len(TEN)}\0{TEN}".encode()).hexdigest()[:7]
    hunk = "@@ -5 +5 @@\n-line 5\n+LINE 5\n"
    head = "diff --git a/a.txt b/a.txt\nindex {}..1234567 100644\n"
    with pytest.raises(ToolError, match="line 6 follows: add the unchanged lines"):
        await bench.call("patch", patch=head.format("7654321") + change("a.txt", hunk))
    await bench.call("patch", patch=head.format(blob) + change("a.txt", hunk))
    assert bench.bytes("a.txt").decode() == TEN.replace("line 5", "LINE 5")


async def test_a_file_changed_since_it_was_read_is_patched_where_the_lines_still_fit(bench):
    file = bench.put("a.txt", TEN)
    await bench.call("read", path="a.txt")
    file.write_text("above\n" + TEN)
    told = await bench.call("patch", patch=change("a.txt", FIFTH))
    assert "the file had changed since you last saw it" in told.text
    assert bench.bytes("a.txt").decode() == "above\n" + TEN.replace("line 5", "LINE 5")
    with pytest.raises(ToolError, match="has changed since you last saw it"):
        await bench.call("write", path="a.txt", content="x")
    with pytest.raises(ToolError, match="has changed since you last saw it: read it again before"):
        await bench.call("patch", patch="*** Begin Patch\n*** Delete File: a.txt\n*** End Patch\n")


async def test_hard_links_keep_their_content_and_mode(bench):
    bench.put("a.txt", TEN)
    os.link(bench.root / "a.txt", bench.root.parent / "outside")
    mode = "diff --git a/a.txt b/a.txt\nold mode 100644\nnew mode 100755\n"
    await bench.call("patch", patch=mode + change("a.txt", FIFTH))
    outside = bench.root.parent / "outside"
    assert outside.read_text() == TEN and outside.stat().st_mode & 0o111 == 0


@contextmanager
def no_file_longer_than(size):
    """Writing more fails with EFBIG: a real failure, for root as well."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_write_that_fails_midway_undoes_the_rest(bench):
    bench.put("a.txt", TEN)
    (bench.root / "a.txt").chmod(0o600)
    bench.put("folder/gone", "gone\n")
    many = 50_000
    patch = (
        change("a.txt", FIFTH)
        + "--- a/folder/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n"
        + "--- /dev/null\n+++ b/new/small\n@@ -0,0 +1 @@\n+small\n"
        + f"--- /dev/null\n+++ b/new/large\n@@ -0,0 +1,{many} @@\n"
        + "+line\n" * many
    )
    with no_file_longer_than(4 * many):
        with pytest.raises(ToolError, match="size limit.*whole patch was undone"):
            await bench.call("patch", patch=patch)
    assert sorted(str(path.relative_to(bench.root)) for path in bench.root.rglob("*")) == [
        "a.txt",
        "folder",
        "folder/gone",
    ]
    assert bench.bytes("a.txt").decode() == TEN and bench.bytes("folder/gone") == b"gone\n"
    assert (bench.root / "a.txt").stat().st_mode & 0o777 == 0o600


async def test_one_file_that_fails_keeps_all_from_being_written(bench):
    bench.put("a.txt", TEN)
    bench.put("b.txt", "other\n")
    with pytest.raises(ToolError, match="Hunk 1 of b.txt does not fit"):
        await bench.call("patch", patch=change("a.txt", FIFTH) + change("b.txt", FIFTH))
    assert bench.bytes("a.txt").decode() == TEN


async def test_a_file_that_no_longer_parses_is_warned_about(bench):
    bench.put("a.py", "def f():\n    return 1\n")
    hunk = "@@ -1,2 +1,2 @@\n-def f():\n+def f(:\n     return 1\n"
    result = await bench.call("patch", patch=change("a.py", hunk))
    assert "a.py: Warning: the file no longer parses: line 1" in result.text
    assert result.data["files"][0]["syntax"].startswith("line 1")


async def test_every_file_named_is_told_to_the_scheduler(bench):
    tool = PatchTool()
    rename = "diff --git a/x b/y\nsimilarity index 100%\n{0} from x\n{0} to y\n"
    access = tool.access(tool.parse({"patch": change("z", FIFTH) + rename.format("copy")}))
    assert access.writes == {"y", "z"} and access.reads == {"x", "y", "z"}
    assert tool.access(tool.parse({"patch": rename.format("rename")})).writes == {"x", "y"}


@pytest.mark.parametrize("counts", ["-4,4 +4,3", "-4,2 +4,2", "-4 +4", "-2,9 +2,12", "-4,3 +4,2"])
async def test_wrong_line_counts_are_put_right_where_the_lines_fit_in_one_place(bench, counts):
    bench.put("a.txt", TEN)
    bench.put("b.txt", TEN)
    wrong = FIFTH.replace("-4,3 +4,3", counts)
    told = await bench.call("patch", patch=change("a.txt", wrong) + change("b.txt", FIFTH))
    assert "the line counts in the header of hunk 1 were wrong and are put right" in told.text
    assert told.text.count("put right") == 1
    for name in ("a.txt", "b.txt"):
        assert bench.bytes(name).decode() == TEN.replace("line 5", "LINE 5")


async def test_with_wrong_line_counts_a_place_in_doubt_is_refused(bench):
    twice = TEN + TEN
    bench.put("a.txt", twice)
    with pytest.raises(ToolError, match="are in the file 2 times, at lines 4, 14"):
        await bench.call("patch", patch=change("a.txt", FIFTH.replace("4,3 +4,3", "4,9 +4,9")))
    assert bench.bytes("a.txt").decode() == twice


async def test_a_new_file_with_a_wrong_line_count_is_created_whole(bench):
    told = await bench.call("patch", patch="--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1,5 @@\n+one\n+two\n")
    assert bench.bytes("new.txt") == b"one\ntwo\n"
    assert "put right" in told.text


@pytest.mark.parametrize("header", ["@@", "@@ @@", "@@ ... @@", "@@ one", "@@ one @@"])
async def test_a_hunk_without_line_numbers_is_placed_by_its_lines(bench, header):
    bench.put("a.txt", "one\ntwo\nthree\ntwo\n")
    told = await bench.call("patch", patch=f"--- a/a.txt\n+++ b/a.txt\n{header}\n two\n-three\n+3\n")
    assert told.ok
    assert (bench.root / "a.txt").read_text() == "one\ntwo\n3\ntwo\n"


async def test_a_hunk_without_line_numbers_that_fits_twice_is_refused(bench):
    bench.put("a.txt", "two\none\ntwo\n")
    with pytest.raises(ToolError) as refusal:
        await bench.call("patch", patch="--- a/a.txt\n+++ b/a.txt\n@@ @@\n-two\n+2\n")
    assert "2 times, at lines 1, 3" in str(refusal.value)
