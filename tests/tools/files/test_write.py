"""What write keeps of the file it replaces, and what it refuses to replace."""

from __future__ import annotations

import os

import pytest

from seedsmith.tools.base import ToolError


async def test_a_new_file_is_written_as_given_with_its_folders(bench):
    result = await bench.call("write", path="a/b/c.txt", content="x\r\ny\n")
    assert bench.bytes("a/b/c.txt") == b"x\r\ny\n"
    assert result.data["created"] is True and result.data["bytes"] == 5
    assert result.text == "created a/b/c.txt: 5 bytes, 2 lines"


KEPT = [
    (b"a\r\nb\r\n", "x\ny\n", b"x\r\ny\r\n"),
    (b"a\r\nb\n", "x\ny\n", b"x\ny\n"),
    (b"a\r\nb\r\n", "x\r\ny\n", b"x\r\ny\n"),
    (b"\xef\xbb\xbfa\n", "é\n", b"\xef\xbb\xbf\xc3\xa9\n"),
    ("中文\n".encode("utf-16"), "文\n", "\ufeff文\n".encode("utf-16-le")),
    ("计算两个数\n".encode("gbk"), "数\n", "数\n".encode("gbk")),
    (b"a\n", "x", b"x"),
]


@pytest.mark.parametrize(("before", "content", "after"), KEPT)
async def test_encoding_bom_and_uniform_line_ends_stay(bench, before, content, after):
    bench.put("file.txt", before)
    await bench.call("read", path="file.txt")
    await bench.call("write", path="file.txt", content=content)
    assert bench.bytes("file.txt") == after


async def test_only_a_file_read_as_it_is_now_is_replaced(bench):
    file = bench.put("file.txt", "one\n")
    os.chmod(file, 0o755)
    with pytest.raises(ToolError, match="you have not read it"):
        await bench.call("write", path="file.txt", content="x")
    await bench.call("read", path="file.txt")
    file.write_text("two\n")
    with pytest.raises(ToolError, match="has changed since"):
        await bench.call("write", path="file.txt", content="x")
    await bench.call("read", path="file.txt")
    await bench.call("write", path="file.txt", content="x\n")
    await bench.call("write", path="file.txt", content="y\n")
    assert file.read_text() == "y\n" and file.stat().st_mode & 0o777 == 0o755


async def test_a_file_is_not_replaced_by_a_placeholder(bench):
    bench.put("file.py", "a = 1\nb = 2\n")
    await bench.call("read", path="file.py")
    with pytest.raises(ToolError, match="placeholder '# ... rest of the code unchanged ...'"):
        await bench.call("write", path="file.py", content="a = 2\n# ... rest of the code unchanged ...\n")
    assert bench.bytes("file.py") == b"a = 1\nb = 2\n"


async def test_the_diff_is_told_and_a_broken_file_warned_about(bench):
    bench.put("file.json", '{\n"a": 1,\n"b": 2\n}\n')
    await bench.call("read", path="file.json")
    result = await bench.call("write", path="file.json", content='{\n"a": 1,\n"b": 3,\n}\n')
    assert '-"b": 2\n+"b": 3,\n' in result.data["diff"]
    assert "Warning: the file no longer parses: line 4" in result.text
    assert (await bench.call("write", path="new.py", content="def f(:\n")).data["syntax"] is not None
