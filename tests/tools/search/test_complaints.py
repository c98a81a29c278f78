"""What ripgrep says of files it can't read is told as such, however it arrives; names with brackets."""

from __future__ import annotations

import asyncio
import os

import pytest

from seedsmith.tools.base import ToolError
from seedsmith.tools.search.ripgrep import _read_complaints

DENIED = b"rg: ./new\nline: Permission denied (os error 13)\n"
LONG = b"rg: ./" + b"n" * 40_000 + b": File name too long (os error 36)\n"


async def heard(*pieces):
    stream = asyncio.StreamReader()
    reading = asyncio.ensure_future(_read_complaints(stream))
    for piece in pieces:
        stream.feed_data(piece)
        await asyncio.sleep(0)
    stream.feed_eof()
    return await reading


@pytest.mark.parametrize("cut", [3, 8_000, 8_192, 20_000, 39_990])
async def test_a_complaint_longer_than_what_is_kept_is_about_a_file_wherever_it_is_cut(cut):
    kept, unreadable = await heard(LONG[:cut], LONG[cut:])
    assert kept == b""
    assert unreadable.number == 1
    assert not unreadable.by_permission
    assert len(unreadable.sentence(".")) < 400


async def test_a_name_with_a_line_end_is_one_name_and_other_words_are_kept():
    kept, unreadable = await heard(
        DENIED, b"rg: regex parse error:\n  (\n  ^\nerror: unclosed group\n", DENIED
    )
    assert kept == b"rg: regex parse error:\n  (\n  ^\nerror: unclosed group"
    assert (unreadable.number, unreadable.names[0]) == (2, "new\nline")
    assert unreadable.by_permission


async def test_a_folder_too_deep_for_any_path_does_not_empty_the_result(bench):
    bench.put("a.txt", "needle\n")
    folder = os.open(bench.root, os.O_RDONLY)
    for _ in range(110):
        os.mkdir("n" * 40, dir_fd=folder)
        below = os.open("n" * 40, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    assert "1:needle" in (await bench.call("grep", pattern="needle")).text
    assert (await bench.call("glob", pattern="*.txt")).data["files"] == ["a.txt"]


FOLDERS = ("app/[id]", "app/[[...slug]]", "d{1,2}")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("app/[id]/page.tsx", ["app/[id]/page.tsx"]),
        ("app/[id]/*.{ts,tsx}", ["app/[id]/page.tsx"]),
        ("app/[[...slug]]/*", ["app/[[...slug]]/page.tsx"]),
        ("d{1,2}/*.tsx", ["d{1,2}/page.tsx"]),
    ],
)
async def test_brackets_and_braces_of_names_are_found_as_they_stand(bench, pattern, found):
    for folder in FOLDERS:
        bench.put(f"{folder}/page.tsx", "needle\n")
    told = await bench.call("glob", pattern=pattern)
    assert told.data["files"] == found
    assert "taken as part of the names" in told.text
    assert "1:needle" in (await bench.call("grep", pattern="needle", glob=pattern)).text


async def test_brackets_that_mean_letters_still_do_and_a_malformed_glob_is_told(bench):
    bench.put("a1.txt", "x")
    told = await bench.call("glob", pattern="a[12].txt")
    assert told.text == "a1.txt"
    with pytest.raises(ToolError, match="malformed: unclosed character class"):
        await bench.call("glob", pattern="b[12")
