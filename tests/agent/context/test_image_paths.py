"""Paths of pictures in a prompt: found however a terminal pastes them, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedsmith.agent.context.image_paths import pasted_images

PNG = b"\x89PNG\r\n\x1a\n and more"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in (
        "shot.png",
        "two words.jpg",
        "docs/图 one.png",
        "截图.png",
        "it's.webp",
        "noending",
        "home/h.gif",
        "a(1).png",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PNG)
    (tmp_path / "secret.png").write_text("-----BEGIN PRIVATE KEY-----\n")
    (tmp_path / "notes.txt").write_text("text")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    return tmp_path


FOUND = [
    ("what is wrong in shot.png", ["shot.png"]),
    ("shot.png", ["shot.png"]),
    ("Look at ./shot.png.", ["./shot.png"]),
    ("see (shot.png), please", ["shot.png"]),
    ("is shot.png? No!", ["shot.png"]),
    ("@shot.png explain", ["shot.png"]),
    ("@noending explain", ["noending"]),
    ('@"two words.jpg" explain', ["two words.jpg"]),
    ("compare 'two words.jpg' and \"shot.png\"", ["two words.jpg", "shot.png"]),
    ("compare two words.jpg and shot.png", ["two words.jpg", "shot.png"]),
    (r"compare two\ words.jpg with docs/图\ one.png", ["two words.jpg", "docs/图 one.png"]),
    (r"it\'s.webp", ["it's.webp"]),
    (r"a\(1\).png", ["a(1).png"]),
    ("a(1).png", ["a(1).png"]),
    ("`shot.png`: why?", ["shot.png"]),
    ("“截图.png”", ["截图.png"]),
    ("看看截图.png是什么", []),
    ("看看 截图.png是什么", ["截图.png"]),
    ("看看./截图.png是什么。", ["./截图.png"]),
    ("图:shot.png,好", ["shot.png"]),
    ("~/h.gif", ["~/h.gif"]),
    ("shot.png and again shot.png", ["shot.png"]),
    ("first 截图.png\nthen shot.png\n", ["截图.png", "shot.png"]),
    ("path=./shot.png;", ["./shot.png"]),
    ("shot.png.bak notes.txt secret.png pipe.png folder.png missing.png", []),
    ("noending", []),
    ("./noending", ["./noending"]),
    ("x" * 5000 + ".png", []),
    ("~nobody-of-that-name/a.png a\0.png", []),
    ("", []),
]


@pytest.mark.parametrize(("prompt", "names"), FOUND)
def test_pictures_are_found_as_people_write_them(here, prompt, names):
    assert pasted_images(prompt) == [Path(name) for name in names]


def test_addresses_of_files_are_paths(here):
    (here / "50% off.png").write_bytes(PNG)
    prompt = f"file://{here}/two%20words.jpg, file://localhost{here}/shot.png. file://{here}/50%25%20off.png"
    expected = [here / "two words.jpg", here / "shot.png", here / "50% off.png"]
    assert pasted_images(prompt) == expected
    assert pasted_images("https://example.org/shot.png file://otherhost/shot.png") == []


def test_an_absolute_path_is_found_in_text_without_spaces(here):
    assert pasted_images(f"看看{here}/shot.png是什么") == [here / "shot.png"]


def test_a_part_of_a_path_is_never_taken_for_one(here):
    assert pasted_images(f"missing{here}/shot.png") == []


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["a.png ", "'", "x", "\\ ", "/", "“", "a.png.", "~"])
def test_a_prompt_that_is_a_document_ends_soon(here, piece):
    assert pasted_images(piece * 60_000) == []


@given(st.text(alphabet="ab./@~'\"`\\ \n“”图.png", max_size=60))
def test_no_text_breaks_it(text):
    assert all(isinstance(path, Path) for path in pasted_images(text))
