"""What takes its time says what is waited for, in a line that moves, or in one line where none can."""

import asyncio
import io
import itertools
import os
from contextlib import suppress

import pytest
from rich.cells import cell_len
from shown_events import shown, shown_in_terminal

from seedsmith.agent import events
from seedsmith.agent.frontends import waiting_line
from seedsmith.agent.frontends.download_progress import PullProgress
from seedsmith.agent.frontends.waiting_line import WaitingLine
from seedsmith.agent.models.local.pull import Progress

LOADING = events.NoticeGiven("model_load", "Loading qwen into memory (1,117 MB).")
CHECKING = events.VerifyStarted("pytest -q")


async def test_the_line_counts_the_seconds_until_it_is_taken_away(monkeypatch):
    clock = itertools.count(0, 30)
    monkeypatch.setattr(waiting_line, "monotonic", lambda: next(clock))
    monkeypatch.setattr(waiting_line, "_STEP_SECONDS", 0)
    moved = asyncio.Event()

    class Screen(io.StringIO):
        def write(self, text):
            if "1:30" in text:
                moved.set()
            return super().write(text)

    screen = Screen()
    line = WaitingLine(screen)
    line.show("verify: pytest -q", 79)
    await moved.wait()
    line.clear()
    drawn = screen.getvalue()
    assert "… verify: pytest -q · 0:30" in drawn and drawn.endswith("\r\x1b[2K")
    await asyncio.sleep(0)
    assert screen.getvalue() == drawn


@pytest.mark.parametrize("letter", ["x", "等"])
def test_a_long_text_stays_on_its_line(letter):
    screen = io.StringIO()
    WaitingLine(screen).show(letter * 500, 79)
    assert 70 < cell_len(screen.getvalue().removeprefix("\r\x1b[2K\x1b[2m").removesuffix("\x1b[0m")) <= 79


def test_in_a_file_each_is_told_in_one_line():
    text = shown(LOADING, CHECKING, events.VerifyFinished("pytest -q", 1, ""), CHECKING)
    assert "- Loading qwen into memory (1,117 MB) …\n" in text
    assert text.count("- verify: pytest -q …\n") == 1


def test_in_a_terminal_each_is_replaced(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    text = shown_in_terminal(LOADING, CHECKING, events.VerifyFinished("pytest -q", 1, ""))
    assert "… Loading qwen into memory (1,117 MB)" in text and "… verify: pytest -q" in text
    assert "pytest -q\x1b[0m\r\x1b[2K" in text and "- verify" not in text


def test_a_pull_says_what_it_waits_for(monkeypatch):
    screen = io.StringIO()
    with PullProgress(screen) as progress:
        progress.show(Progress("qwen", "waiting", 0, 1000))
        progress.show(Progress("qwen", "download", 500, 1000))
    assert "waiting for another run that fetches it\nfetching: 50 %\n" in screen.getvalue()


def test_a_pull_in_a_terminal_moves_before_the_first_byte(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    leader, follower = os.openpty()
    with open(follower, "w", encoding="utf-8") as screen, PullProgress(screen) as progress:
        progress.show(Progress("qwen", "download", 0, 1000))
    drawn = b""
    with suppress(OSError):  # that is its end
        while piece := os.read(leader, 1 << 16):
            drawn += piece
    os.close(leader)
    assert b"fetching" in drawn and b"0:00:0" in drawn
