"""Tables fit terminals of 40, 60 and 100 columns: only a word that is longer than a line goes beyond it."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from shown_events import read_all

from seedsmith.agent.frontends import line_wrapping
from seedsmith.agent.frontends.line_wrapping import fitted

SEEDSMITH = str(Path(sys.executable).with_name("seedsmith"))


@pytest.fixture
def at_width(environment, place):
    """Runs the command in a terminal of so many columns; what it shows."""

    def call(columns, *arguments):
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        pieces = []
        process = subprocess.Popen(
            (SEEDSMITH, *arguments),
            cwd=place / "repo",
            env={**environment, "TERM": "dumb", "NO_COLOR": "1"},
            stdin=follower,
            stdout=follower,
            stderr=subprocess.DEVNULL,
        )
        os.close(follower)
        read_all(leader, pieces)
        os.close(leader)
        assert process.wait() == 0
        return b"".join(pieces).decode().replace("\r", "")

    return call


def holds(shown, columns, word):
    for line in shown.splitlines():
        assert len(line) <= columns or len(line.split()) == 1, line
    assert word in shown.split()


@pytest.mark.slow
def test_rows_fit_the_terminal_itself(at_width):
    holds(at_width(40, "models"), 40, "wcode/doubao-seed-2.0-code")


@pytest.mark.parametrize("columns", [40, 60, 100])
@pytest.mark.parametrize(
    ("arguments", "word"),
    [(("models",), "wcode/doubao-seed-2.0-code"), (("skills", "list"), "upgrade-dependency")],
)
def test_rows_fit(seedsmith, monkeypatch, columns, arguments, word):
    monkeypatch.setattr(line_wrapping, "screen_width", lambda: columns)
    holds(seedsmith(*arguments).stdout, columns, word)


@pytest.mark.slow
def test_what_is_found_by_doctor_is_set_in(seedsmith, monkeypatch):
    monkeypatch.setattr(line_wrapping, "screen_width", lambda: 40)
    lines = seedsmith("doctor").stdout.splitlines()
    assert all(len(line) <= 40 or len(line.split()) == 1 for line in lines), lines
    assert lines[0].startswith("ok      sandbox") and lines[1].startswith(" " * 8)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("a few words here", 9, ["a few", "  words", "  here"]),
        ("a /very/long/path b", 8, ["a", "  /very/long/path", "  b"]),
        ("    set in from the start", 14, ["    set in", "  from the", "  start"]),
        ("修复 登录 页面", 9, ["修复 登录", "  页面"]),
        ("原会话保持不变。好了", 14, ["原会话保持不", "  变。好了"]),
        ("已压缩(从 12 到 3)", 14, ["已压缩(从 12", "  到 3)"]),
        ("any length", None, ["any length"]),
    ],
)
def test_lines_break_between_words(text, width, lines):
    assert fitted(text, 2, width).split("\n") == lines
