"""A change is gone through by one who answers: what is dropped is as it was, byte for byte."""

from __future__ import annotations

import io
import os

import pytest
from rich.console import Console

from seedsmith.agent.frontends.conversation.edit_view import counted_files, line_counts, show_change
from seedsmith.agent.frontends.conversation.hunk_review import review
from seedsmith.agent.frontends.languages.language import Words
from seedsmith.agent.run.one_tool import run_tool
from seedsmith.agent.sessions.diffs import SessionDiff
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.snapshots.diff import Version, file_patch

PICTURE = b"\x89PNG\0"
FILES = {
    "windows.txt": (b"one\r\ntwo\r\nthree\r\n", b"one\r\nTWO\r\nthree\r\n"),
    "修复 记录.txt": ("一\n二\n".encode(), "一\n三\n".encode()),
    'a"b\t.txt': (b"one\n", b"two\n"),
    "国标.txt": ("中文内容是这样\n第二行文字\n".encode("gbk"), "中文内容是这样\n第三行文字\n".encode("gbk")),
    "run.sh": (b"#!/bin/sh\n", None),
    "new.txt": (None, b"new\n"),
    "picture.png": (PICTURE, PICTURE + b"more"),
    "empty.txt": (None, b""),
}


class Talk:
    """Answers with what is given, and keeps what is said."""

    def __init__(self, *answers: str, edited: str | None = None) -> None:
        self.words = Words()
        self.said: list[str] = []
        self._answers = list(answers)
        self._edited = edited

    def say(self, text: str, style: str = "") -> None:
        self.said.append(text)

    def show_change(self, diff: str) -> None:
        shown = io.StringIO()
        show_change(Console(file=shown, width=80), diff, self.words)
        self.said.append(shown.getvalue())

    async def ask(self, prompt: str) -> str:
        return self._answers.pop(0)

    async def edit(self, text: str) -> str | None:
        return self._edited


@pytest.fixture
def go_through(tmp_path):
    """Have a person go through what becomes of ``files``; gives what the person is told, and the comments."""
    repository = tmp_path / "repository"
    repository.mkdir()

    async def go(files, talk: Talk) -> list[str]:
        patches = []
        for name, (old, new) in files.items():
            mode = 0o100755 if name.endswith(".sh") else 0o100644
            versions = [None if content is None else Version(mode, content) for content in (old, new)]
            patches.append(file_patch(name, *versions))
            if new is not None:
                (repository / name).write_bytes(new)
        settings = Settings(workspace=repository, home=tmp_path / "state", sandbox="off")
        comments: list[str] = []

        async def run(name: str, arguments: str):
            return await run_tool(settings, name, arguments, {"PATH": os.environ["PATH"]})

        await review(talk, SessionDiff(b"".join(patches)).text, run, comments)
        return comments

    go.repository = repository
    return go


async def test_what_is_dropped_is_as_it_was_byte_for_byte(go_through):
    talk = Talk(*["d"] * 6)
    await go_through(FILES, talk)
    there = {path.name: path.read_bytes() for path in go_through.repository.iterdir()}
    whole = {name: old for name, (old, _) in FILES.items() if old is not None}
    assert there == whole | {"picture.png": PICTURE + b"more", "empty.txt": b""}, talk.said
    assert (go_through.repository / "run.sh").stat().st_mode & 0o111
    assert talk.said[-1].startswith("0 kept, 6 dropped")
    assert "picture.png, empty.txt" in talk.said[-2] and "/undo PATH" in talk.said[-2]
    said = "\n".join(talk.said)
    assert "new.txt (new)" in said and "run.sh (deleted)" in said and "第三行文字" in said
    assert "     1 - #!/bin/sh" in said
    assert "\\x0d" not in said and "修复 记录.txt  (" in said


async def test_lines_of_windows_stay_so_when_they_are_edited(go_through):
    await go_through({"windows.txt": FILES["windows.txt"]}, Talk("e", edited="zwei\nund\n"))
    assert (go_through.repository / "windows.txt").read_bytes() == b"one\r\nzwei\r\nund\r\nthree\r\n"


async def test_what_is_no_answer_is_asked_about_again_and_words_are_taken_whole(go_through):
    talk = Talk("nonsense", "drop it", "C why this?", "Drop")
    files = {name: FILES[name] for name in ("windows.txt", "new.txt")}
    (comment,) = await go_through(files, talk)
    assert comment.startswith("On windows.txt") and comment.endswith("why this?")
    assert "TWO" in (go_through.repository / "windows.txt").read_text()
    assert not (go_through.repository / "new.txt").exists()
    assert talk.said.count(Words()("review.unknown")) == 2


def test_a_file_without_lines_is_not_told_by_their_number():
    picture = file_patch("p.png", Version(0o100644, PICTURE), Version(0o100644, PICTURE + b"more"))
    lines = file_patch("a", None, Version(0o100644, b"one\n"))
    assert counted_files((picture + lines).decode(), Words()) == ["  p.png  (no lines)", "  a  +1 -0"]


def test_a_files_name_is_told_out_of_its_quotes():
    diff = file_patch('a"b', Version(0o100644, b"one"), Version(0o100644, b"two")).decode()
    assert line_counts(diff) == [('a"b', 1, 1)]
    shown = io.StringIO()
    show_change(Console(file=shown, width=80), diff, Words())
    assert "     1 + two" in shown.getvalue() and "     0 " not in shown.getvalue()
