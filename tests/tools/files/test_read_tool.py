"""What read shows of files of every size, encoding and shape."""

from __future__ import annotations

import os

import pytest

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import ToolError


async def test_lines_are_numbered_and_a_whole_file_needs_no_footer(bench):
    bench.put("a.txt", "".join(f"line {n}\n" for n in range(1, 11)))
    result = await bench.call("read", path="a.txt")
    assert result.text.splitlines()[0] == " 1\tline 1"
    assert result.text.splitlines()[-1] == "10\tline 10"
    assert result.data == {"path": "a.txt", "first": 1, "last": 10, "total": 10}


PARTS = [
    (1, 3, "1\tl1\n2\tl2\n3\tl3\n[lines 1-3 of 10; go on with offset=4]"),
    (4, 1, "4\tl4\n[line 4 of 10; go on with offset=5]"),
    (9, 5, " 9\tl9\n10\tl10\n[lines 9-10 of 10, the end]"),
]


@pytest.mark.parametrize(("offset", "limit", "text"), PARTS)
async def test_a_part_says_what_it_is_and_how_to_go_on(bench, offset, limit, text):
    bench.put("a.txt", "".join(f"l{n}\n" for n in range(1, 11)))
    assert (await bench.call("read", path="a.txt", offset=offset, limit=limit)).text == text


async def test_wide_files_are_cut_by_size_and_lead_on_to_the_end(bench):
    bench.put("a.txt", "".join(f"{n} {'x' * 900}\n" for n in range(1, 101)))
    offset, seen = 1, []
    while offset:
        result = await bench.call("read", path="a.txt", offset=offset)
        assert len(result.text) < 32_000
        seen += range(result.data["first"], result.data["last"] + 1)
        offset = result.data["last"] + 1 if result.data["last"] < result.data["total"] else 0
    assert seen == list(range(1, 101))


ENCODINGS = [
    ("utf-8", "é中\n", "é中", "1\té中"),
    ("utf-8-sig", "é中\n", "é中", "1\té中\n[encoding utf-8 with BOM]"),
    ("utf-16", "é中😀\n", "é中", "1\té中😀\n[encoding utf-16-le with BOM]"),
    ("utf-32", "é\n", "é", "1\té\n[encoding utf-32-le with BOM]"),
    ("gbk", "# 计算两个数的和\n", "", "1\t# 计算两个数的和\n[encoding gbk]"),
    ("gbk", "name = '张三'\n", "", "1\tname = '张三'\n[encoding gbk]"),
    ("gb18030", "中文😀，可以\n", "", "1\t中文😀，可以\n[encoding gb18030]"),
    ("shift_jis", "# 合計を計算する\n", "", "1\t# 合計を計算する\n[encoding shift_jis]"),
    ("euc_jp", "print('こんにちは')\n", "", "1\tprint('こんにちは')\n[encoding euc_jp]"),
    ("big5", "# 計算兩個數的和\n", "", "1\t# 計算兩個數的和\n[encoding big5]"),
    ("euc_kr", "# 두 수의 합을 계산한다\n", "", "1\t# 두 수의 합을 계산한다\n[encoding euc_kr]"),
    ("latin-1", "naïve café\n", "", "1\tnaïve café\n[encoding latin-1]"),
    ("cp1252", "naïve – café\n", "", "1\tnaïve – café\n[encoding cp1252]"),
]


@pytest.mark.parametrize(("codec", "content", "_", "text"), ENCODINGS)
async def test_encodings_are_recognised_and_named(bench, codec, content, _, text):
    bench.put("a.txt", content.encode(codec))
    assert (await bench.call("read", path="a.txt")).text == text


async def test_stray_bytes_and_hidden_characters_are_shown(bench):
    bench.put("a.txt", "é中 ".encode() + b"\xff\x1b[2J" + "\u202eevil\U000e0041\u200b".encode())
    text = (await bench.call("read", path="a.txt")).text
    assert text.splitlines()[0] == "1\t" + r"é中 \x{FF}\u{1B}[2J\u{202E}evil\u{E0041}\u{200B}"
    assert "utf-8 with 1 stray byte" in text


async def test_line_ends_are_named_where_unusual(bench):
    bench.put("crlf", "a\r\nb\r\n")
    bench.put("mixed", "a\r\nb\n")
    bench.put("mac", "a\rb\r")
    assert (await bench.call("read", path="crlf")).text == "1\ta\n2\tb\n[line ends CRLF]"
    assert (await bench.call("read", path="mixed")).text == "1\ta\n2\tb\n[line ends mixed]"
    assert (await bench.call("read", path="mac")).text.startswith("1\ta\n2\tb")


async def test_long_lines_are_clamped_with_counts(bench):
    bench.put("a.txt", "x" * 5000 + "\nshort\n")
    lines = (await bench.call("read", path="a.txt")).text.splitlines()
    assert lines[0].endswith("x… [3,000 more characters in this line]") and lines[1] == "2\tshort"


@pytest.mark.slow
async def test_a_huge_file_is_read_in_parts(bench):
    with open(bench.root / "big.txt", "wb") as file:
        for block in range(40):
            file.write(b"".join(b"%035d\n" % (block * 100_000 + n) for n in range(100_000)))
    result = await bench.call("read", path="big.txt", offset=3_500_001, limit=2)
    assert result.text == (
        f"3500001\t{3_500_000:035}\n3500002\t{3_500_001:035}\n[lines 3500001-3500002 of a file of 144.0 MB; "
        "go on with offset=3500003]"
    )
    end = await bench.call("read", path="big.txt", offset=4_000_000, limit=5)
    assert end.text == f"4000000\t{3_999_999:035}\n[line 4000000 of 4000000, the end]"
    with pytest.raises(ToolError, match="past the end: big.txt has 4,000,000 lines"):
        await bench.call("read", path="big.txt", offset=4_000_001)
    with pytest.raises(ToolError, match="edit takes files up to 134.2 MB"):
        await bench.call("edit", path="big.txt", old="00000001", new="x")
    with pytest.raises(ToolError, match="patch takes files up to 134.2 MB"):
        await bench.call("patch", patch="--- a/big.txt\n+++ b/big.txt\n@@ -1 +1 @@\n-a\n+b\n")


@pytest.mark.slow
async def test_one_line_of_two_hundred_megabytes_and_ten_sparse_gigabytes(bench):
    with open(bench.root / "line.txt", "wb") as file:
        for _ in range(200):
            file.write(b"ab" * 500_000)
    os.truncate(bench.put("sparse", ""), 10 << 30)
    text = (await bench.call("read", path="line.txt")).text
    assert len(text) < 3_000 and "[199,998,000 more characters in this line]" in text
    assert "a binary file of 10.7 GB" in (await bench.call("read", path="sparse")).text


async def test_binary_files_are_named_as_such(bench):
    bench.put("a.png", b"\x89PNG\r\n\x1a\n\0\0")
    result = await bench.call("read", path="a.png")
    assert result.text == "a.png is a PNG image of 10 bytes; its content is not shown."
    assert "a.png" not in bench.context.seen


async def test_an_empty_file_says_so(bench):
    bench.put("a.txt", "")
    assert (await bench.call("read", path="a.txt")).text == "[the file is empty]"


async def test_folders_are_listed_with_odd_names_on_one_line_each(bench):
    bench.put("sub/file", "x")
    bench.put("two\nlines\x1b", "xy")
    (bench.root / "link").symlink_to("sub")
    lines = (await bench.call("read", path=".")).text.splitlines()
    assert lines == [".: a folder with 3 entries", "link (link)", "sub/", r"two\u{A}lines\u{1B}  2 bytes"]
    part = (await bench.call("read", path=".", offset=2, limit=1)).text.splitlines()
    assert part[1:] == ["sub/", "[entries 2-2 of 3; the rest by offset]"]


async def test_several_files_are_read_by_one_call(bench):
    bench.put("a.txt", "one\ntwo\n")
    bench.put("folder/b.txt", "three\n")
    result = await bench.call("read", paths=["a.txt", "missing.txt", "folder"], limit=1)
    assert result.ok
    assert result.text.startswith("== a.txt\n1\tone\n[line 1 of 2; go on with offset=2]\n== missing.txt\n[")
    assert "missing.txt does not exist" in result.text
    assert result.text.endswith("== folder\nfolder: a folder with 1 entry\nb.txt  6 bytes")
    assert set(bench.context.seen) == {"a.txt"}
    await bench.call("edit", path="a.txt", old="two", new="2")
    with pytest.raises(ToolError, match="x does not exist(?s:.*)y does not exist"):
        await bench.call("read", paths=["x", "y"])


async def test_several_files_share_the_room(bench):
    wide = "".join(f"{n} {'x' * 900}\n" for n in range(1, 101))
    for name in "abc":
        bench.put(f"{name}.txt", wide)
    bench.put("d.txt", "short\n")
    result = await bench.call("read", paths=["d.txt", "a.txt", "b.txt", "c.txt"])
    assert len(result.text) < 32_000
    lasts = [each["last"] for each in result.data["files"]]
    assert lasts[0] == 1 and min(lasts[1:]) > 8
    assert result.text.count("go on with offset=") == 3


@pytest.mark.parametrize(
    ("path", "first", "last"),
    [("a.txt:2", 2, 9), ("a.txt:2-3", 2, 3), ("a.txt:L4:L5", 4, 5), ("a.txt:3:1:", 3, 9), ("a.txt:0", 1, 9)],
)
async def test_a_place_is_read_where_no_file_is_called_so(bench, path, first, last):
    bench.put("a.txt", "".join(f"{n}\n" for n in range(1, 10)))
    data = (await bench.call("read", path=path)).data
    assert (data["path"], data["first"], data["last"]) == ("a.txt", first, last)
    bench.put(path, "its own\n")
    assert (await bench.call("read", path=path)).text == "1\tits own"


async def test_a_file_by_its_address(bench):
    bench.put("a b.txt", "found\n")
    told = await bench.call("read", path=f"file://{bench.root}/a%20b.txt")
    assert told.text == "1\tfound"
    with pytest.raises((ToolError, SandboxError), match="leads out of the workspace"):
        await bench.call("read", path="file:///etc/passwd")
    with pytest.raises(ToolError, match="b.txt does not exist"):
        await bench.call("read", path="b.txt:3")
