"""A key puts the clipboard's picture into the message."""

from __future__ import annotations

import io

import pytest
from PIL import Image

CONTROL_V = "\x16"


@pytest.fixture
def clipboard(tmp_path):
    """A desktop's environment, and the file whose content its clipboard gives."""
    held, program = tmp_path / "held", tmp_path / "programs/wl-paste"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec cat {held}\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:/usr/bin:/bin", "WAYLAND_DISPLAY": "wayland-0"}, held


async def test_a_picture_is_kept_and_named(converse, endpoint, clipboard, tmp_path):
    environment, held = clipboard
    data = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(data, "PNG")
    held.write_bytes(data.getvalue())

    async def person(at):
        at.talk.environment = environment
        at.type(CONTROL_V)
        await at.sees(".png")

    await converse(person)
    (kept,) = (tmp_path / "state/pasted").iterdir()
    assert kept.read_bytes() == data.getvalue() and kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
async def test_without_a_picture_it_is_said(converse, clipboard, tmp_path):
    environment, held = clipboard
    held.write_text("words")

    async def person(at):
        at.type(CONTROL_V)
        await at.sees("holds no picture")
        at.talk.environment = environment
        at.type(CONTROL_V)
        await at.sees("holds no picture", times=2)

    await converse(person)
    assert not (tmp_path / "state/pasted").exists()
