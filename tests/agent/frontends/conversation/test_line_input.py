"""The line that is typed: what comes before a question is shown, what stands for long texts."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
from contextlib import asynccontextmanager

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from seedsmith.agent.frontends.conversation.line_input import LineInput
from seedsmith.agent.frontends.typed_ahead import Asking, typed_ahead


def test_what_waits_in_a_terminal_is_taken_an_unfinished_line_too():
    keyboard, terminal = pty.openpty()
    modes = termios.tcgetattr(terminal)
    os.write(keyboard, "2 修复 it\nand th".encode())
    taken = ""
    while len(taken) < len("2 修复 it\nand th"):
        taken += typed_ahead(terminal)
    assert taken == "2 修复 it\nand th"
    assert typed_ahead(terminal) == "" and termios.tcgetattr(terminal) == modes
    os.close(keyboard)
    os.close(terminal)


def test_what_is_no_terminal_has_nothing(tmp_path):
    with (tmp_path / "file").open("w+") as file:
        assert typed_ahead(file.fileno()) == ""


class Keys:
    """Does nothing."""

    def __getattr__(self, _):
        return lambda: False


@asynccontextmanager
async def typing_at(line: LineInput):
    """The task that reads ``line``, and what is set whenever it is shown; it was once."""
    reading, shown = asyncio.create_task(line.read()), asyncio.Event()
    line._session.app.after_render += lambda _: shown.set()
    await shown.wait()
    yield reading, shown


@pytest.fixture
def keyboard():
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


async def test_keys_before_a_question_is_seen_are_put_aside(keyboard):
    line = LineInput(Keys(), lambda: [("", "> ")], str)
    async with typing_at(line) as (reading, shown):
        keyboard.send_text("half")
        while line._session.default_buffer.text != "half":
            await asyncio.sleep(0)
        shown.clear()
        line.put_aside()
        keyboard.send_text(" a word\ry\r\x01")
        await shown.wait()
        while line.asks_unseen:
            await asyncio.sleep(0)
        assert not reading.done()
        keyboard.send_text("n\r")
        assert await reading == "n"
        line.put_back()
        assert line._session.default_buffer.text == "half a word\ny\n"


async def test_escape_stops_a_turn_at_once_and_begins_other_keys_all_the_same(keyboard):
    class Working(Keys):
        working = True

        def __init__(self) -> None:
            self.stopped = asyncio.Event()

        def interrupt(self) -> bool:
            self.stopped.set()
            return True

    keys = Working()
    line = LineInput(keys, lambda: [("", "> ")], str)
    line._session.app.timeoutlen = None  # a key that may begin another waits for ever
    async with typing_at(line) as (reading, _):
        keyboard.send_text("a\x1b\rb")
        while line._session.default_buffer.text != "a\nb":
            await asyncio.sleep(0)
        assert not keys.stopped.is_set()
        keyboard.send_text("\x1b")
        await asyncio.wait_for(keys.stopped.wait(), 60)
        keyboard.send_text("\r")
        assert await reading == "a\nb"


def test_a_long_text_is_whole_in_the_next_conversations_history(tmp_path, keyboard):
    pasted = "\n".join(f"line {number}" for number in range(50))
    file, mark = tmp_path / "history", "look: [pasted text 1: 50 lines]"
    first, second = (LineInput(Keys(), lambda: [("", "> ")], str, history=file) for _ in range(2))
    assert second._whole(mark) == mark
    assert first._folded(pasted) == mark.removeprefix("look: ")
    first._session.history.append_string(mark)
    (recalled,) = second._session.history.load_history_strings()
    assert recalled == "[pasted text 1: 50 lines]" and second._whole(recalled) == f"look: {pasted}"


def test_a_question_is_answered_by_what_is_typed_behind_it(monkeypatch):
    keyboard, terminal = pty.openpty()
    os.write(keyboard, b"1\nhalf")
    monkeypatch.setattr("builtins.input", lambda question: f"behind {question}")
    asking = Asking(terminal)
    while len(asking.typed) < len("1\nhalf"):
        assert asking("Which?") == "behind Which?"
    assert asking.typed == "1\nhalf"
    os.close(keyboard)
    os.close(terminal)
