"""The view_image tool: what the model is told and shown, and wrong calls told precisely."""

from __future__ import annotations

import io
import os

import pytest
from PIL import Image as Pillow

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import Access, Effect, ToolError
from seedsmith.tools.images.view_image import ViewImageTool
from seedsmith.tools.registry import default_tools


def png(width=40, height=30):
    file = io.BytesIO()
    Pillow.new("RGB", (width, height), "teal").save(file, "PNG")
    return file.getvalue()


async def test_the_model_is_shown_the_picture_and_told_what_it_is(bench):
    data = png()
    bench.put("图 片/a b.dat", data)
    result = await bench.call("view_image", path="图 片/a b.dat", detail="low")
    assert result.ok and result.text == "图 片/a b.dat: 40 x 30 pixels, PNG, 125 bytes.".replace(
        "125", str(len(data))
    )
    assert result.summary == result.text.rstrip(".")
    (image,) = result.images
    assert (image.data, image.name, image.detail) == (data, "图 片/a b.dat", "low")
    assert result.data == {
        "path": "图 片/a b.dat",
        "width": 40,
        "height": 30,
        "sent_width": 40,
        "sent_height": 30,
        "bytes": len(data),
    }


@pytest.mark.slow
async def test_a_large_picture_is_told_in_both_sizes(bench):
    bench.put("big.png", png(3000, 3000))
    result = await bench.call("view_image", path="./big.png")
    assert "big.png: 3,000 x 3,000 pixels, PNG, sent as 2,003 x 2,003, " in result.text
    assert result.data["sent_width"] == 2003 and result.images[0].detail == "high"


def test_it_reads_the_file_and_nothing_else():
    tool = ViewImageTool()
    access = tool.access(tool.parse({"path": "docs/./a.png", "detail": None}))
    assert access == Access(reads=frozenset({"docs/a.png"})) and access.effect is Effect.NONE


def test_only_a_model_that_sees_is_offered_it():
    assert [tool.spec.name for tool in default_tools(vision=True)].count("view_image") == 1
    assert "view_image" not in [tool.spec.name for tool in default_tools()]


WRONG = [
    ({}, "'path' is missing"),
    ({"path": None}, "'path' must be a string, got null"),
    ({"path": True}, "'path' must be a string, got true"),
    ({"path": ["a.png", "b.png"]}, "'path' must be a string"),
    ({"path": ""}, "'path' must not be empty"),
    ({"path": "a\0b"}, "NUL"),
    ({"path": "\ud800"}, "must be valid Unicode"),
    ({"paht": "a.png"}, "unknown parameter 'paht' (did you mean 'path'?)"),
    ({"path": "a.png", "detail": "max"}, "'detail' must be one of 'low' or 'high', got \"max\""),
    ({"path": "a.png", "detail": 1}, "'detail' must be one of 'low' or 'high'"),
    ({"path": "a.png", "page": 2}, "unknown parameter 'page'"),
    ({"path": "b.png"}, "b.png does not exist (did you mean 'a.png'?)."),
    ({"path": "elsewhere/shot.jpeg"}, "does not exist, nor does any file of that name."),
    ({"path": "folder"}, "folder is a folder; name a picture in it."),
    ({"path": "."}, "is a folder"),
    ({"path": "fifo"}, "not a"),
    ({"path": "../outside.png"}, "leads out of the workspace"),
    ({"path": "/etc/passwd"}, "leads out of the workspace"),
    ({"path": "escape.png"}, "leads out of the workspace"),
    ({"path": "https://example.org/a.png"}, "does not exist"),
    ({"path": "spill:1"}, "spill:1 is no file: read and grep take a kept output."),
    ({"path": "code.py"}, "code.py is no picture; pictures are PNG, JPEG, WebP, GIF or BMP files."),
    ({"path": "drawing.svg"}, "drawing.svg is an SVG drawing, which is text (read shows it"),
    ({"path": "empty.png"}, "empty.png is empty"),
    ({"path": "cut.png"}, "cut.png begins as a PNG file, but is damaged or cut off."),
    ({"path": "huge.png"}, "huge.png has 30.0 MB, and pictures may have 20.0 MB: scale it down first."),
]


@pytest.fixture
def gallery(bench, tmp_path):
    (tmp_path / "outside.png").write_bytes(png())
    bench.put("a.png", png())
    bench.put("cut.png", png()[:60])
    bench.put("code.py", "print()\n")
    bench.put("drawing.svg", "<svg/>\n")
    bench.put("empty.png", b"")
    bench.put("folder/c.png", png())
    os.truncate(bench.put("huge.png", png()), 30_000_000)
    os.mkfifo(bench.root / "fifo")
    (bench.root / "escape.png").symlink_to(tmp_path / "outside.png")
    return bench


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "words"), WRONG)
async def test_a_wrong_call_is_told_exactly_what_is_wrong(gallery, arguments, words):
    with pytest.raises((ToolError, SandboxError)) as refusal:
        await gallery.call("view_image", **arguments)
    assert words in str(refusal.value) and "\n" not in str(refusal.value)
