import asyncio
import io
import os
import pty

import pytest

from seedsmith.agent.calls.approval import ApprovalRequest, Refused
from seedsmith.agent.calls.ask_tool import Question, Respondent
from seedsmith.agent.frontends.approver import ConsoleApprover, readable


@pytest.fixture
def terminal():
    """The person's side of a terminal, and the program's."""
    leader, follower = pty.openpty()
    with open(follower, encoding="utf-8") as keyboard:
        yield leader, keyboard
    os.close(leader)


class Screen(io.StringIO):
    """A screen before which a person sits who types once they are asked."""

    def __init__(self, person, typed):
        super().__init__()
        self.person, self.typed = person, typed

    def flush(self):
        os.write(self.person, self.typed)


def request(what="rm -rf build"):
    return ApprovalRequest("c1", "shell", what, "commands are not confined")


@pytest.mark.parametrize(
    ("typed", "answer"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("\x04", False)]
)
async def test_only_yes_is_yes(terminal, typed, answer):
    person, keyboard = terminal
    assert bool(await ConsoleApprover(keyboard, Screen(person, typed.encode())).approve(request())) is answer


@pytest.mark.parametrize(
    ("typed", "words"),
    [("no, use trash\n", "use trash"), ("N\n", ""), ("not that one\n", "not that one"), ("\n", "")],
)
async def test_the_words_after_no_are_kept(terminal, typed, words):
    person, keyboard = terminal
    said = await ConsoleApprover(keyboard, Screen(person, typed.encode())).approve(request())
    assert said == Refused(words)


async def test_what_was_typed_before_the_question_is_no_answer(terminal):
    person, keyboard = terminal
    os.write(person, b"y\ny\n")
    approver = ConsoleApprover(keyboard, Screen(person, b"n\n"))
    assert not await approver.approve(request())
    assert not await approver.approve(request())


def test_a_call_is_shown_as_a_person_reads_it():
    assert readable('{"command": "a \\\\\\nb", "timeout": 5}') == "$ a \\\nb\ntimeout: 5"
    edit = '{"path": ".envrc", "old": "a\\nb", "new": "a\\nc"}'
    assert readable(edit) == "path: .envrc\n  a\n- b\n+ c"
    edits = '{"path": "x", "edits": [{"old": "a", "new": "b", "all": true}]}'
    assert readable(edits) == "path: x\nall: true\n- a\n+ b"
    assert readable('{"path": "x", "content": "1\\n2"}') == "path: x\ncontent:\n  1\n  2"
    assert readable("{broken") == "{broken" and readable("[1]") == "[1]" and readable("{}") == "{}"


async def test_all_of_the_call_is_shown_harmlessly(terminal):
    person, keyboard = terminal
    screen = Screen(person, b"n\n")
    await ConsoleApprover(keyboard, screen).approve(request("ls" + " " * 500 + "; rm -rf ~ \x1b[2K\u202e"))
    assert "ls[500 spaces]; rm -rf ~ \\x1b[2K\\u{202e}" in screen.getvalue()


async def test_waiting_for_an_answer_can_be_interrupted(terminal):
    _, keyboard = terminal
    asking = asyncio.create_task(ConsoleApprover(keyboard, io.StringIO()).approve(request()))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("the red one\n", "the red one"),
        ("红的\n", "红的"),
        ("2\n", "blue"),
        (" 1 \n", "red"),
        ("0\n", "0"),
        ("3\n", "3"),
        ("²\n", "²"),
        ("\n", ""),
        ("\x04", ""),
    ],
)
async def test_a_question_is_answered_in_words_or_by_number(terminal, typed, answer):
    person, keyboard = terminal
    screen = Screen(person, typed.encode())
    approver = ConsoleApprover(keyboard, screen)
    assert await approver.answer(Question("Which \x1b[2Jone?", ("red", "blue"))) == answer
    assert "Which \\x1b[2Jone?\n  1. red\n  2. blue\n" in screen.getvalue()
    assert isinstance(approver, Respondent)
