"""Property: a large file read, edited and patched in blocks ends as the general way leaves it, byte for byte.

Both ways run on small files here: blocks and windows are made so small that everything lies across them.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import tempfile
from pathlib import Path

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.workspace import block_rewrite
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolContext, ToolError
from seedsmith.tools.files import large_files as large
from seedsmith.tools.files.edit import EditTool
from seedsmith.tools.files.large_files import NotPlain
from seedsmith.tools.files.read import ReadTool
from seedsmith.tools.patch.patch import PatchTool

SMALLEST = len(codecs.BOM_UTF8) + 1
LONG_AGO = 1_700_000_000_123_456_789
BOUNDED = settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TOOLS = {tool.name: tool for tool in (EditTool(), PatchTool(), ReadTool())}
WORDS = ["", "a", "a", "b", "é中", "中文", "\t", "  a", "# ...", "aa a", "😀", "\ufeff"]
LINE_ENDS = [*[["\n"]] * 5, ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]]
CODECS = [
    *[("utf-8", b"")] * 6,
    *[("utf-8", codecs.BOM_UTF8)] * 2,
    ("utf-16-le", codecs.BOM_UTF16_LE),
    ("gb18030", b""),
]
ODD_BYTES = [*[b""] * 12, b"\0", b"\xff", b"\xe4\xb8", b"\xed\xa0\x80"]


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of a few bytes, and how often the way for large files was gone to its end."""
    monkeypatch.setattr(large, "BLOCK_BYTES", 7)
    monkeypatch.setattr(block_rewrite, "BLOCK_BYTES", 7)
    monkeypatch.setattr(large, "_WINDOW_BYTES", 120)
    return monkeypatch


@st.composite
def texts(draw):
    """A text of few words, which occur more than once unless their lines are numbered."""
    ends = draw(st.sampled_from(LINE_ENDS))
    words = st.sampled_from(WORDS) | st.text(alphabet="abc中é \t", max_size=6)
    lines = draw(st.lists(st.tuples(words, st.sampled_from(ends)), max_size=30))
    numbered = draw(st.sampled_from(["{}", "{}", "", "{}:"]))
    text = "".join(numbered.format(number) + word + end for number, (word, end) in enumerate(lines))
    return text if draw(st.booleans()) else text.rstrip("\r\n")


@st.composite
def files(draw):
    """A file's text, and its bytes in some encoding, perhaps with a few that fit none."""
    text = draw(texts())
    codec, bom = draw(st.sampled_from(CODECS))
    data = text.encode(codec)
    place = draw(st.integers(0, len(data)))
    return text, bom + data[:place] + draw(st.sampled_from(ODD_BYTES)) + data[place:]


@st.composite
def edits(draw, text):
    """Old and new texts; most of the old ones are pieces of ``text``."""
    start = draw(st.integers(0, len(text)))
    old = text[start : start + draw(st.integers(1, 12))]
    if draw(st.integers(0, 5)) == 0:
        old = draw(st.text(alphabet="ab中\n\r \ufeff", min_size=1, max_size=4))
    new = draw(st.sampled_from(["", "x", "x\ny", "x\r\ny\n", "中\n", "# ... existing code ...", old]))
    return {"old": old, "new": new, "replace_all": draw(st.integers(0, 5)) == 0}


@st.composite
def hunks(draw, lines, first):
    """A hunk somewhere from line ``first`` on: its text, and the line after it."""
    start = draw(st.integers(first, len(lines) - 1))
    old = lines[start : start + draw(st.integers(1, 5))]
    body = []
    for line in old:
        mark = draw(st.sampled_from(" -+ "))
        added = draw(st.sampled_from(["x", "x", "中", "x\r"]))
        body += ["+" + added] if mark == "+" else []
        body.append(("-" if mark == "-" else " ") + line)
    if not any(line[0] in "+-" for line in body):
        body.append("+new")
    new = sum(line[0] != "-" for line in body)
    stated = max(0, start + 1 + draw(st.sampled_from([0, 0, 0, 0, 1, -1])))
    is_last = start + len(old) == len(lines)
    tail = "\n\\ No newline at end of file" if is_last and draw(st.booleans()) else ""
    head = f"@@ -{stated},{len(old)} +{stated},{new} @@\n"
    return head + "\n".join(body) + tail + "\n", start + len(old)


@st.composite
def patches(draw, text):
    """A unified diff of one to three hunks, most of which fit ``text``."""
    lines = text.removesuffix("\n").split("\n")
    parts, first = [], 0
    for _ in range(draw(st.integers(1, 3))):
        if first < len(lines):
            part, first = draw(hunks(lines, first))
            parts.append(part)
    return "--- a/file.txt\n+++ b/file.txt\n" + "".join(parts)


def outcome(tool, arguments, data, was_read):
    """What a call leaves on disk, and all that it answers."""
    with tempfile.TemporaryDirectory() as folder, Workspace(folder) as workspace:
        path = Path(folder, "file.txt")
        path.write_bytes(data)
        path.chmod(0o640)
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
        context = ToolContext(workspace, None, None)

        def call(name, arguments):
            return asyncio.run(TOOLS[name].run(TOOLS[name].parse(arguments), context))

        if was_read:
            call("read", {"path": "file.txt"})
        try:
            result = call(tool, arguments)
            answer = (result.text, result.data, result.summary)
            seen_again = ["file.txt"] if "file.txt" in context.seen else []
        except (ToolError, SandboxError) as error:
            answer, seen_again = (type(error).__name__, str(error)), None
        assert os.listdir(folder) == ["file.txt"] and path.stat().st_mode & 0o777 == 0o640
        return path.read_bytes(), answer, seen_again


def check_alike(small_blocks, tool, arguments, data, was_read=False):
    """Both ways must come to the same."""
    small_blocks.setattr(large, "LARGE_BYTES", SMALLEST)
    in_blocks = outcome(tool, arguments, data, was_read)
    small_blocks.setattr(large, "LARGE_BYTES", 1 << 40)
    assert in_blocks == outcome(tool, arguments, data, was_read)


@BOUNDED
@given(data=st.data(), file=files(), was_read=st.booleans())
def test_an_edit_in_blocks_leaves_what_the_general_way_leaves(small_blocks, data, file, was_read):
    text, content = file
    wanted = data.draw(st.lists(edits(text).filter(lambda edit: edit["old"]), min_size=1, max_size=3))
    arguments = wanted[0] if len(wanted) == 1 else {"edits": wanted}
    check_alike(small_blocks, "edit", {"path": "file.txt", **arguments}, content, was_read)


@BOUNDED
@given(data=st.data(), file=files(), was_read=st.booleans())
def test_a_patch_in_blocks_leaves_what_the_general_way_leaves(small_blocks, data, file, was_read):
    text, content = file
    check_alike(small_blocks, "patch", {"patch": data.draw(patches(text))}, content, was_read)


@BOUNDED
@given(
    file=files().filter(lambda file: file[1] != codecs.BOM_UTF8),
    offset=st.integers(1, 40),
    limit=st.integers(1, 40),
)
def test_a_part_read_in_blocks_is_the_part_the_general_way_reads(small_blocks, file, offset, limit):
    arguments = {"path": "file.txt", "offset": offset, "limit": limit}
    check_alike(small_blocks, "read", arguments, file[1])


LINES = "".join(f"line {number} of é\n" for number in range(1, 41))
PLAIN_CALLS = {
    "one edit": ("edit", {"path": "file.txt", "old": "line 7 ", "new": "x\ny"}),
    "edits in one excerpt": (
        "edit",
        {"path": "file.txt", "edits": [{"old": "line 9 ", "new": "x"}, {"old": "line 7 ", "new": ""}]},
    ),
    "edits far apart": (
        "edit",
        {"path": "file.txt", "edits": [{"old": "line 1 ", "new": "x\n"}, {"old": "line 40 ", "new": ""}]},
    ),
    "hunks far apart": (
        "patch",
        {
            "patch": "--- a/file.txt\n+++ b/file.txt\n@@ -1,2 +1,2 @@\n-line 1 of é\n+x\n line 2 of é\n"
            "@@ -39,2 +39,1 @@\n line 39 of é\n-line 40 of é\n"
        },
    ),
    "the last page": ("read", {"path": "file.txt", "offset": 38}),
}


@pytest.mark.parametrize("call", PLAIN_CALLS.values(), ids=PLAIN_CALLS)
def test_what_is_plain_never_goes_the_general_way(small_blocks, call):
    """Without this, both ways could be one and the same."""
    small_blocks.setattr(large, "_WINDOW_BYTES", 200)
    check_alike(small_blocks, *call, LINES.encode())
    small_blocks.setattr(large, "LARGE_BYTES", SMALLEST)
    for module in ("content.loading", "files.edit", "patch.patch", "files.read"):
        for name in ("load_text", "make_plan", "decode_text"):
            small_blocks.setattr(f"seedsmith.tools.{module}.{name}", None, raising=False)
    written, answer, _ = outcome(*call, LINES.encode(), was_read=False)
    assert answer[1] and (call[0] == "read") == (written == LINES.encode())


@pytest.fixture
def seen_file(bench, small_blocks):
    """A file read as a large one."""
    small_blocks.setattr(large, "LARGE_BYTES", SMALLEST)
    small_blocks.setattr(large, "_WINDOW_BYTES", 200)
    file = bench.put("file.txt", LINES)
    os.utime(file, ns=(LONG_AGO, LONG_AGO))
    asyncio.run(bench.call("read", path="file.txt"))
    seen = bench.context.seen["file.txt"].digest
    assert isinstance(seen, str) or seen.result(30)  # what a test does next is a later change
    return bench, file


def test_a_file_written_anew_with_the_same_content_counts_as_seen(seen_file):
    bench, file = seen_file
    file.rename(file.with_suffix(".old"))
    file.write_text(LINES)
    asyncio.run(bench.call("edit", path="file.txt", old="line 7 ", new="x "))
    file.touch()
    asyncio.run(bench.call("edit", path="file.txt", old="x of", new="line 7 of"))
    assert file.read_text() == LINES


def test_a_change_that_hides_its_time_and_size_is_noticed(seen_file):
    bench, file = seen_file
    file.write_text(LINES.replace("line 8 ", "LINE 8 "))
    os.utime(file, ns=(LONG_AGO, LONG_AGO))
    told = asyncio.run(bench.call("edit", path="file.txt", old="line 7 ", new="x "))
    assert "the file had changed since you last saw it" in told.text


def test_a_change_while_the_new_content_is_written_is_noticed(seen_file, small_blocks):
    bench, file = seen_file
    spliced = large.spliced

    def interrupted(*arguments):
        file.write_text(LINES + "by another\n")
        return spliced(*arguments)

    small_blocks.setattr(large, "spliced", interrupted)
    told = asyncio.run(bench.call("edit", path="file.txt", old="line 7 ", new="x "))
    assert "the file had changed since you last saw it" in told.text
    assert file.read_text() == LINES.replace("line 7 ", "x ") + "by another\n"
    assert os.listdir(bench.root) == ["file.txt"]


def test_a_file_from_the_future_is_left_to_the_general_way(seen_file):
    bench, file = seen_file
    os.utime(file, ns=(LONG_AGO, 2 * LONG_AGO))
    with pytest.raises(NotPlain), large.opened(bench.context, "file.txt"):
        pass
    asyncio.run(bench.call("edit", path="file.txt", old="line 7 ", new="x "))
    assert file.read_text() == LINES.replace("line 7 ", "x ")


def test_a_link_is_kept_and_other_names_keep_the_old_content(seen_file):
    bench, file = seen_file
    (bench.root / "link.txt").symlink_to("file.txt")
    os.link(file, bench.root / "other.txt")
    asyncio.run(bench.call("edit", path="link.txt", old="line 7 ", new="x "))
    assert (bench.root / "link.txt").is_symlink()
    assert file.read_text() == LINES.replace("line 7 ", "x ")
    assert (bench.root / "other.txt").read_text() == LINES
