"""Property: a hunk found by its content changes its lines only, whatever the file's encoding and ends."""

from __future__ import annotations

import asyncio
import codecs
import tempfile
from pathlib import Path

from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolContext
from seedsmith.tools.patch.patch import PatchTool

TOOL = PatchTool()
CODECS = [("utf-8", b""), ("utf-8", codecs.BOM_UTF8), ("utf-16-le", codecs.BOM_UTF16_LE), ("gbk", b"")]


@st.composite
def cases(draw):
    """A file, two runs of its lines with what replaces them, and the file to expect."""
    codec, mark = draw(st.sampled_from(CODECS))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    final = draw(st.booleans())
    lines = [f"line {number} 计算两个数的和" for number in range(draw(st.integers(4, 30)))]
    first = draw(st.integers(0, len(lines) - 3))
    second = draw(st.integers(first + 2, len(lines) - 1))
    hunks, expected, taken, shown = [], [], 0, 0
    for index, limit in ((first, second), (second, len(lines))):
        before = lines[max(shown, index - draw(st.integers(0, 2))) : index]
        removed = draw(st.integers(0 if before else 1, 1))
        added = draw(st.lists(st.sampled_from(["new", "", "  新行"]), min_size=1 - removed, max_size=3))
        following = index + removed
        shown = min(following + draw(st.integers(0, 2)), limit)
        marked = [
            *(f" {line}" for line in before),
            *(f"-{line}" for line in lines[index:following]),
            *(f"+{line}" for line in added),
            *(f" {line}" for line in lines[following:shown]),
        ]
        hunks += ["@@", *marked]
        expected += [*lines[taken:index], *added]
        taken = following
    expected += lines[taken:]
    # Where the unended last line only goes, the one before it is not touched.
    final_after = final or (taken == len(lines) and not added)
    data = mark + (end.join(lines) + (end if final else "")).encode(codec)
    wanted = mark + (end.join(expected) + (end if final_after else "")).encode(codec)
    patch = ["*** Begin Patch", "*** Update File: file.txt", *hunks, "*** End Patch"]
    return data, "\n".join(patch), wanted


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases())
def test_only_the_lines_of_the_hunks_change(case):
    data, patch, wanted = case
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.txt")
        path.write_bytes(data)
        with Workspace(folder) as workspace:
            asyncio.run(TOOL.run(TOOL.parse({"patch": patch}), ToolContext(workspace, None, None)))
        assert path.read_bytes() == wanted
