"""Property: whatever the encoding, line ends, BOM or final newline, edit harms no byte outside its spans."""

from __future__ import annotations

import asyncio
import codecs
import os
import re
import tempfile
from pathlib import Path

from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolContext
from seedsmith.tools.content.encodings import detect
from seedsmith.tools.files.edit import EditTool

ENCODINGS = {
    # Codec, BOM, and letters that codec can write.
    "utf-8": ("utf-8", b"", "aé中😀 "),
    "utf-8-sig": ("utf-8", codecs.BOM_UTF8, "aé中 "),
    "utf-16-le": ("utf-16-le", codecs.BOM_UTF16_LE, "aé中😀 "),
    "utf-16-be": ("utf-16-be", codecs.BOM_UTF16_BE, "aé中😀 "),
    "gbk": ("gbk", b"", "a中文，计算 "),
    "shift_jis": ("shift_jis", b"", "aテスト表 "),
    "latin-1": ("latin-1", b"", "aéßñ "),
}
LINE_ENDS = ["\n", "\r\n", "\r"]
TOOL = EditTool()


@st.composite
def files(draw):
    """A file of lines with unique names, some of which are to be edited, and everything odd around them."""
    codec, bom, letters = ENCODINGS[draw(st.sampled_from(sorted(ENCODINGS)))]
    filler = st.text(alphabet=letters + "\t#(", max_size=8)
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\r"], LINE_ENDS]))
    lines = []
    for index in range(draw(st.integers(1, 8))):
        indent = draw(st.sampled_from(["", "    ", "\t", "  "]))
        trailing = draw(st.sampled_from(["", " ", "\t "]))
        lines.append((f"{indent}name{index}={draw(filler)};{trailing}", draw(st.sampled_from(ends))))
    if not draw(st.booleans()):
        lines[-1] = (lines[-1][0], "")
    return codec, bom, lines


@st.composite
def edits(draw):
    """A file, some disjoint groups of its lines, and how sloppily they are quoted."""
    codec, bom, lines = draw(files())
    first = draw(st.integers(0, len(lines) - 1))
    last = draw(st.integers(first, min(first + 2, len(lines) - 1)))
    quoted = [line for line, _ in lines[first : last + 1]]
    sloppiness = draw(st.sampled_from(["exact", "line ends", "trailing", "indentation"]))
    if sloppiness == "trailing":
        quoted = [line.rstrip() for line in quoted]
    if sloppiness == "indentation":
        quoted = [line.strip() for line in quoted]
    joiner = "\n" if sloppiness != "exact" else None
    old = "".join(
        text + ((joiner or end) if step < last - first else "")
        for step, (text, (_, end)) in enumerate(zip(quoted, lines[first : last + 1], strict=True))
    )
    new = "\n".join(f"changed{index}" for index in range(draw(st.integers(0, 3))))
    return codec, bom, lines, first, last, old, new


@settings(max_examples=examples(120), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits())
def test_no_byte_outside_the_matched_lines_changes(case):
    codec, bom, lines, first, last, old, new = case
    encoded = [(line + end).encode(codec) for line, end in lines]
    data = bom + b"".join(encoded)
    before = bom + b"".join(encoded[:first])
    after = b"".join(encoded[last + 1 :])
    result, written = _edit(data, old, new)
    if result is None:
        assert written == data
        return
    assert written.startswith(before) and written.endswith(after)
    # Inside the span only what was asked for: the new lines, and line ends that the file already has there.
    encoding = detect(data)
    middle = written[len(before) : len(written) - len(after)].decode(encoding.codec, "surrogateescape")
    assert [line.strip() for line in re.split(r"\r\n|\n|\r", middle.strip())] == new.split("\n")
    present = {end for _, end in lines if end}
    if "\r" not in old and present:
        assert set(re.findall(r"\r\n|\n|\r", middle)) <= present


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=60), place=st.integers(0, 60))
def test_arbitrary_bytes_around_an_edit_survive(data, place):
    """Not even a file in no encoding at all loses a byte: it is edited in place, or refused whole."""
    before, after = data[:place], data[place:]
    result, written = _edit(before + b" needle " + after, "needle", "pin")
    if result is None:
        assert written == before + b" needle " + after
    else:
        assert written == before + b" pin " + after or b"\0" in data


def _edit(data, old, new):
    """Edit a real file; return the result (None if refused) and the bytes that are on disk then."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.txt")
        path.write_bytes(data)
        os.chmod(path, 0o640)
        with Workspace(folder) as workspace:
            context = ToolContext(workspace, None, None)
            try:
                parsed = TOOL.parse({"path": "file.txt", "old": old, "new": new})
                result = asyncio.run(TOOL.run(parsed, context))
            except Exception as error:
                assert type(error).__name__ in ("ToolError", "InvalidArguments"), error
                result = None
        assert path.stat().st_mode & 0o777 == 0o640
        assert os.listdir(folder) == ["file.txt"]
        return result, path.read_bytes()
