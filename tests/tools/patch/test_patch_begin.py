"""The ``*** Begin Patch`` form: places by content and headings."""

from __future__ import annotations

import pytest

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import ToolError

TWO = """class A:
    def f(self):
        x = 1
        return x

    def g(self):
        x = 1
        return x
"""


def begin(*lines):
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch"])


async def test_files_are_added_changed_moved_and_deleted_at_once(bench):
    bench.put("a.txt", "one\ntwo\nthree\n")
    bench.put("old/b.txt", "b\n")
    bench.put("gone.txt", "anything")
    patch = begin(
        "*** Add File: new/c.txt",
        "+first",
        "+",
        "+中文",
        "*** Update File: a.txt",
        "@@",
        " one",
        "-two",
        "+2",
        "*** Update File: old/b.txt",
        "*** Move to: kept/b.txt",
        "@@",
        "-b",
        "+B",
        "*** Delete File: gone.txt",
    )
    result = await bench.call("patch", patch=patch)
    assert bench.bytes("new/c.txt").decode() == "first\n\n中文\n"
    assert bench.bytes("a.txt") == b"one\n2\nthree\n"
    assert bench.bytes("kept/b.txt") == b"B\n"
    assert not (bench.root / "old").exists() and not (bench.root / "gone.txt").exists()
    actions = [(file["action"], file["path"]) for file in result.data["files"]]
    assert actions == [
        ("created", "new/c.txt"),
        ("changed", "a.txt"),
        ("renamed", "kept/b.txt"),
        ("deleted", "gone.txt"),
    ]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("opening", ["```", "```diff"])
async def test_a_code_fence_around_the_patch_is_no_part_of_it(bench, opening, line_end):
    bench.put("a.txt", "one\ntwo\n")
    patch = f"\n{opening}\n{begin('*** Update File: a.txt', '@@', ' one', '-two', '+2')}\n```\n"
    await bench.call("patch", patch=patch.replace("\n", line_end))
    assert bench.bytes("a.txt") == b"one\n2\n"
    with pytest.raises(ToolError, match="Line 4 of the patch is 'one'"):
        await bench.call("patch", patch=f"{opening}\n{begin('*** Update File: a.txt', 'one')}\n```")
    cut_off = "```\n*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n```"
    with pytest.raises(ToolError, match="may be cut off"):
        await bench.call("patch", patch=cut_off)


HEADINGS = [
    (["@@ def g(self):"], "        x = 1", 7),
    (["@@ class A:", "@@     def f(self):"], "        x = 1", 3),
    (["@@ class A", "@@ def g"], "        x = 1", 7),
    (["@@ -6,3 +6,3 @@ class A:"], "    def g(self):", 6),
]


@pytest.mark.parametrize(("headings", "line", "number"), HEADINGS)
async def test_headings_say_which_of_several_places_is_meant(bench, headings, line, number):
    bench.put("a.py", TWO)
    result = await bench.call(
        "patch", patch=begin("*** Update File: a.py", *headings, f"-{line}", f"+{line}  # here")
    )
    assert bench.bytes("a.py").decode().split("\n")[number - 1] == line + "  # here"
    assert bench.bytes("a.py").decode().replace("  # here", "") == TWO
    assert result.data["files"][0]["hunks"] == [{"line": number, "offset": 0}]


STYLES = [
    # File, hunk, file afterwards: line ends, the byte order mark and the end of the file are its own.
    (b"a\r\nb\r\n", [" a", "+x", " b"], b"a\r\nx\r\nb\r\n"),
    (b"a\nb", [" b", "+c"], b"a\nb\nc"),
    (b"a\nb", ["-b", "+B"], b"a\nB"),
    (b"a\nb", [" a", "-b"], b"a\n"),
    (b"\xef\xbb\xbfa\nb\n", ["-a", "+A"], b"\xef\xbb\xbfA\nb\n"),
    (b"a\n\nb\n", [" a", "", "-b", "+c"], b"a\n\nc\n"),
    (b"a\r\nb\nc\r\n", [" b", "+x", " c", "+y"], b"a\r\nb\nx\nc\r\ny\r\n"),
    (b"x\na\nx\na\n", [" x", "-a", "+z", "*** End of File"], b"x\na\nx\nz\n"),
    (b"a\r\n", ["+b", "*** End of File"], b"a\r\nb\r\n"),
    (b"a\r\nb", ["+c", "*** End of File"], b"a\r\nb\r\nc"),
    (b"", ["+b"], b"b\n"),
    ("计算\n两数\n".encode("gbk"), ["-两数", "+二数"], "计算\n二数\n".encode("gbk")),
    ("a\r\nb\r\n".encode("utf-16"), ["-a", "+中"], "\ufeff中\r\nb\r\n".encode("utf-16-le")),
]


@pytest.mark.parametrize(("before", "hunk", "after"), STYLES)
async def test_the_file_keeps_its_style(bench, before, hunk, after):
    bench.put("file.txt", before)
    await bench.call("patch", patch=begin("*** Update File: file.txt", "@@", *hunk))
    assert bench.bytes("file.txt") == after


WRONG = [
    ("*** Begin Patch\n*** Add File: x\n+a\n", "does not end with '*** End Patch'"),
    (begin("*** Add File: x", "a"), "Line 3 of the patch is 'a', where every line of the new file x begins"),
    (begin("*** Replace File: x"), "Line 2 of the patch is '*** Replace File: x', where"),
    (begin("*** Delete File: a.py", "-class A:"), "below '*** Delete File: a.py', which has no lines"),
    (begin("*** Update File: a.py"), "is followed by no change"),
    (begin("*** Update File: a.py", "@@", " class A:"), "Hunk 1 of a.py changes nothing"),
    (begin("*** Update File: a.py", "@@", "class A:"), "begins with ' ', '+' or '-'"),
    (begin("*** Update File: a.py", "@@", "-        x = 1"), "are in the file 2 times, at lines 3, 7"),
    (begin("*** Update File: a.py", "@@ class A:", "-        x = 1"), "2 times, at lines 3, 7"),
    (begin("*** Update File: a.py", "@@ def h():", "-        x = 1"), "heading '@@ def h():' of hunk 1"),
    (begin("*** Update File: a.py", "@@", "+y = 1"), "no unchanged and no removed line in hunk 1 of a.py"),
    (begin("*** Update File: a.py", "@@", "-        x = 2"), "line 1 is 'class A:', where the hunk has"),
    (begin("*** Update File: b.py", "@@", "-x"), "b.py does not exist"),
    (begin("*** Update File: a.py", "*** Move to: taken"), "taken exists already"),
    (begin("*** Add File: taken", "+x"), "taken exists already"),
    (begin("*** Add File: ../x", "+x"), "leads out of the workspace"),
    (begin("*** Add File: x", "+x", "*** Add File: x", "+x"), "makes x twice"),
    (begin("*** Add File: x", "+x", "*** Add File: x/y", "+x"), "both a file and a folder"),
    (begin("*** Add File: taken/y", "+x"), "taken is not a folder, so taken/y can't be in it"),
    (
        begin("*** Update File: a.py", "@@", " class A:", "+    y = 1", "@@", " class A:", "+    z = 1"),
        "order",
    ),
    (begin(), "holds no change to a file"),
]


@pytest.mark.parametrize(("patch", "words"), WRONG)
async def test_what_is_wrong_is_said_and_nothing_is_done(bench, patch, words):
    bench.put("a.py", TWO)
    bench.put("taken", "taken\n")
    with pytest.raises((ToolError, SandboxError)) as refusal:
        await bench.call("patch", patch=patch)
    assert words in str(refusal.value)
    assert sorted(path.name for path in bench.root.iterdir()) == ["a.py", "taken"]
    assert bench.bytes("a.py").decode() == TWO


async def test_later_parts_see_what_earlier_ones_made(bench):
    bench.put("a.txt", "one\n")
    twice = ["*** Update File: a.txt", "-one", "+two", "*** Update File: a.txt", "-two", "+three"]
    made = ["*** Add File: b.txt", "+b", "*** Update File: b.txt", " b", "+c"]
    await bench.call("patch", patch=begin(*twice, *made))
    assert bench.bytes("a.txt") == b"three\n" and bench.bytes("b.txt") == b"b\nc\n"
    gone = begin("*** Delete File: a.txt", "*** Update File: a.txt", "-three", "+four")
    with pytest.raises(ToolError, match="after taking it away"):
        await bench.call("patch", patch=gone)
    assert bench.bytes("a.txt") == b"three\n"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("@@ def g():", " def g():", "-    return 1"), "not below its heading '@@ def g():'"),
        (("@@ def g():", "-\treturn 2"), r"line 4 is '    return 2', where the hunk has '\u{9}return 2'"),
    ],
)
async def test_what_does_not_fit_below_a_heading_is_told_as_it_is(bench, lines, said):
    bench.put("a.py", "def f():\n    return 1\ndef g():\n    return 2\n")
    lines = [line.replace("return 1", "return 2") for line in lines]
    with pytest.raises(ToolError) as refusal:
        await bench.call("patch", patch=begin("*** Update File: a.py", *lines))
    assert said in str(refusal.value)


async def test_a_file_too_large_is_named_with_a_way_out(bench):
    file = bench.put("log.txt", "one\n")
    with file.open("r+b") as opened:
        opened.truncate(2 << 30)
    with pytest.raises(ToolError, match=r"log.txt has 2\.1 GB, and patch takes .*use shell"):
        await bench.call("patch", patch=begin("*** Update File: log.txt", "@@", "-one", "+two"))
