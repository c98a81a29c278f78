"""Searches in folders made to hang them, to fill the memory, or to lead them out; real ripgrep."""

from __future__ import annotations

import os
import threading

import pytest

from seedsmith.sandbox.commands.searcher import start_search
from seedsmith.sandbox.isolation.syscalls import landlock_abi
from seedsmith.sandbox.snapshots.listing import list_files
from seedsmith.sandbox.workspace.ignore_rules import MOST_BYTES, vetted_rules
from seedsmith.tools.search.ripgrep import find_ripgrep

needs_landlock = pytest.mark.skipif(landlock_abi() < 1, reason="this kernel has no Landlock")


def sparse(path):
    with path.open("wb") as file:
        file.truncate(20 << 30)


HOSTILE = {
    "a pipe": os.mkfifo,
    "a link to a pipe": lambda path: (os.mkfifo(path.with_name("pipe")), path.symlink_to("pipe")),
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a link to a sparse file": lambda path: (sparse(path.with_name("big")), path.symlink_to("big")),
    "a sparse file": sparse,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a folder": lambda path: path.mkdir(),
}


@pytest.fixture
def tree(bench):
    for name in ("a.txt", "sub/b.txt", "sub/out.o", "sub/deep/keep.o", "build/c.txt"):
        (bench.root / name).parent.mkdir(parents=True, exist_ok=True)
        (bench.root / name).write_text("needle\n")
    (bench.root / "sub/.gitignore").write_text("*.o\n!/deep/keep.o\n")
    return bench


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(
            pytest.param(kind, ".gitignore", marks=[pytest.mark.slow] if "sparse" in kind else [])
            for kind in HOSTILE
        ),
        ("a pipe", ".ignore"),
        ("a pipe", "build/.gitignore"),
        pytest.param("a sparse file", ".rgignore", marks=pytest.mark.slow),
    ],
)
async def test_an_ignore_file_that_is_none_counts_as_empty(tree, kind, name):
    if kind == "a link to /dev/zero" and landlock_abi() < 1:
        pytest.skip("needs Landlock: without it it is read until the memory is bounded")
    HOSTILE[kind](tree.root / name)
    found = await tree.call("grep", pattern="needle", glob="*.[to]*")
    assert found.ok and found.data["files"] == 4, found.text
    listed = await tree.call("glob", pattern="*.o")
    assert listed.data["files"] == ["sub/deep/keep.o"], listed.text
    names = list_files(tree.context.workspace, find_ripgrep(tree.root))
    assert {"a.txt", "build/c.txt", "sub/b.txt", "sub/deep/keep.o"} <= names and "sub/out.o" not in names


@pytest.mark.slow
async def test_one_above_the_folder_searched_does_not_hold_it_up_either(tree):
    os.mkfifo(tree.root / ".gitignore")
    found = await tree.call("grep", pattern="needle", path="sub")
    assert found.ok and found.data["files"] == 2, found.text


@pytest.mark.slow
async def test_what_was_left_out_is_told(tree):
    os.mkfifo(tree.root / ".gitignore")
    found = await tree.call("grep", pattern="needle")
    assert ".gitignore" in found.text and found.data["complete"] is False


@needs_landlock
async def test_a_file_swapped_for_a_link_is_never_read_through(bench, tmp_path):
    secret = tmp_path / "outside.txt"
    secret.write_text("secret-needle\n")
    target = bench.root / "file.txt"
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            (bench.root / "link").symlink_to(secret)
            (bench.root / "link").rename(target)
            (bench.root / "plain").write_text("plain\n")
            (bench.root / "plain").rename(target)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(15):
            found = await bench.call("grep", pattern="needle|plain", path=".")
            assert "secret-needle" not in found.text
    finally:
        stop.set()
        thread.join()


@needs_landlock
def test_a_search_reads_its_folder_and_nothing_else(bench, tmp_path):
    """Asked by name, as a race would have it."""
    (tmp_path / "secret").write_text("needle\n")
    (bench.root / "own").write_text("needle\n")
    (bench.root / "link").symlink_to(tmp_path / "secret")
    folder = bench.context.workspace.open_folder(".")
    try:
        for name, readable in (("own", True), ("link", False), (str(tmp_path / "secret"), False)):
            command = (find_ripgrep(bench.root), "--no-config", "needle", "--", name)
            process = start_search(command, folder, bench.root, environment={})
            output, _ = process.communicate(timeout=60)
            assert (output == b"needle\n") is readable, name
    finally:
        os.close(folder)


def test_rules_of_nested_files_mean_the_same_at_the_top(tmp_path):
    for path, text in {
        ".gitignore": "*.o\n#no\n\n/top\nbuild/\n",
        "s [1]/.gitignore": "*.o\n/only\na/b\n!keep.o\nname/\n!/x\n",
        "s [1]/.ignore": "later\n",
        ".git/.gitignore": "never\n",
        "node_modules/.gitignore": "never\n",
        "crlf/.gitignore": "x\r\n",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(text.encode())
    (tmp_path / "large").mkdir()
    (tmp_path / "large/.gitignore").write_bytes(b"x" * (MOST_BYTES + 1))
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        rules = vetted_rules(folder)
    finally:
        os.close(folder)
    assert rules.left_out == ("large/.gitignore",)
    lines = rules.text.decode().splitlines()
    assert lines[:3] == ["*.o", "/top", "build/"]
    assert [line for line in lines if line.startswith(("/s", "!/s"))] == [
        r"/s\ \[1\]/**/*.o",
        r"/s\ \[1\]/only",
        r"/s\ \[1\]/a/b",
        r"!/s\ \[1\]/**/keep.o",
        r"/s\ \[1\]/**/name/",
        r"!/s\ \[1\]/x",
        r"/s\ \[1\]/**/later",
    ]
    assert "/crlf/**/x" in lines and "never" not in rules.text.decode()
