"""Names that look alike are one file; a file that is missing is told where it is, or that it is nowhere."""

from __future__ import annotations

import unicodedata

import pytest

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import ToolError

SHOT = "Screenshot 2026-01-01 at 9.41.00\u202fAM.txt"
COMPOSED = "Café\u00a0Ünder/menü.txt"


@pytest.mark.parametrize(
    ("on_disk", "typed"),
    [
        (SHOT, SHOT.replace("\u202f", " ")),
        (SHOT, SHOT),
        (unicodedata.normalize("NFD", COMPOSED), COMPOSED.replace("\u00a0", " ")),
        (COMPOSED, unicodedata.normalize("NFD", COMPOSED)),
    ],
)
async def test_a_name_that_looks_the_same_is_the_same_file_for_every_tool(bench, on_disk, typed):
    bench.put(on_disk, "needle\n")
    assert "needle" in (await bench.call("read", path=typed)).text
    assert "1:needle" in (await bench.call("grep", pattern="needle", path=typed)).text
    await bench.call("edit", path=typed, old="needle", new="pin")
    await bench.call("write", path=typed, content="new\n")
    await bench.call("patch", patch=f"--- a/{typed}\n+++ b/{typed}\n@@ -1 +1 @@\n-new\n+newer\n")
    assert bench.bytes(on_disk) == b"newer\n"
    assert len([path for path in bench.root.rglob("*") if path.is_file()]) == 1


async def test_of_two_names_that_look_the_same_the_exact_one_counts_and_a_third_spelling_is_none(bench):
    bench.put("a\u00a0b.txt", "one")
    bench.put("a\u202fb.txt", "two")
    assert "two" in (await bench.call("read", path="a\u202fb.txt")).text
    with pytest.raises(ToolError, match="does not exist"):
        await bench.call("read", path="a b.txt")


async def test_a_missing_file_is_told_where_its_name_is_or_that_it_is_nowhere(bench):
    bench.put("src/deep/util.py", "x")
    with pytest.raises(ToolError) as refusal:
        await bench.call("read", path="lib/util.py")
    assert str(refusal.value) == "lib/util.py does not exist; a file of that name is src/deep/util.py."
    with pytest.raises(ToolError) as refusal:
        await bench.call("edit", path="nowhere.xyz", old="a", new="b")
    assert str(refusal.value) == "nowhere.xyz does not exist, nor does any file of that name."


async def test_a_kept_output_is_searched_like_a_file(bench):
    kept = bench.context.spills.save(b"one\nneedle here\nthree\n")
    told = await bench.call("grep", pattern="needle", path=kept, context=1)
    assert told.text == f"{kept}\n1-one\n2:needle here\n3-three"
    with pytest.raises(SandboxError, match="There is no spilled output spill:s9"):
        await bench.call("grep", pattern="x", path="spill:s9")
    with pytest.raises(ToolError, match="is no file: read and grep take a kept output"):
        await bench.call("glob", pattern="*", path=kept)


async def test_the_private_temporary_folder_is_read_searched_and_written(bench):
    private = bench.context.processes.policy.private_tmp
    bench.context.workspace.take_in("/tmp", private)
    (private / "out").mkdir()
    (private / "out" / "log.txt").write_text("needle\n")
    assert "needle" in (await bench.call("read", path="/tmp/out/log.txt")).text
    assert (await bench.call("grep", pattern="needle", path="/tmp")).text == "/tmp/out/log.txt\n1:needle"
    assert (await bench.call("glob", pattern="*.txt", path="/tmp/out")).text == "/tmp/out/log.txt"
    await bench.call("write", path="/tmp/new/a.txt", content="x\n")
    await bench.call("edit", path="/tmp/out/log.txt", old="needle", new="pin")
    assert (private / "new" / "a.txt").read_text() == "x\n"
    assert (private / "out" / "log.txt").read_text() == "pin\n"
    assert list(bench.root.iterdir()) == []


@pytest.mark.parametrize("path", ["/tmp/../etc/passwd", "/tmpx/a", "/tmp/escape", "/etc/passwd", "../a"])
async def test_no_path_leads_out_by_way_of_the_temporary_folder(bench, path):
    private = bench.context.processes.policy.private_tmp
    bench.context.workspace.take_in("/tmp", private)
    (private / "escape").symlink_to("/etc/passwd")
    with pytest.raises(SandboxError, match="leads out of the workspace"):
        await bench.call("read", path=path)


async def test_a_similar_name_is_found_in_a_folder_whose_name_looks_the_same(bench):
    bench.put("De\u0301po\u0302t/it\u2019s a.md", "x\n")
    with pytest.raises(ToolError) as refusal:
        await bench.call("read", path="D\u00e9p\u00f4t/it's a.md")
    assert "did you mean" in str(refusal.value)
