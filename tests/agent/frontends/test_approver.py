import asyncio
import io
import json
import os
import pty

import pytest

from seedsmith.agent.calls.approval import Allowed, ApprovalRequest, Refused
from seedsmith.agent.calls.respondent import Question, Respondent
from seedsmith.agent.frontends.approver import ConsoleApprover, readable
from seedsmith.agent.settings.permissions.call import RuledCall
from seedsmith.agent.settings.permissions.grants import grants_for


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


def granted(command):
    call = RuledCall("shell", command=command)
    grants = grants_for(call, frozenset())
    return ApprovalRequest("c1", "shell", command, "a rule asks", call=call, grants=grants)


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


def test_a_file_that_is_there_is_asked_about_as_a_difference(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"".join(b"%d\r\n" % number for number in range(20)))
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "pipe").symlink_to("/dev/zero")
    content = "".join(f"{number}\r\n" for number in range(20)).replace("10\r\n", "ten\n")

    def shown(path: str) -> str:
        return readable(json.dumps({"path": path, "content": content}), tmp_path)

    change = "@@ -8,7 +8,7 @@\n 7\r\n 8\r\n 9\r\n-10\r\n+ten\n 11\r\n 12\r\n 13\r"
    assert shown("a.txt") == f"path: a.txt\n{change}"
    for path in ("new", "binary", "pipe", "../../etc", "a\0b"):
        assert f"{path}\ncontent:\n  0\r\n" in shown(path)


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


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("a", "shell: git push -f"), ("always", "shell: git push -f"), ("ap", "shell(git push *)")],
)
async def test_a_yes_for_good_is_shown_before_it_is_kept(terminal, typed, kept):
    person, keyboard = terminal
    screen = Screen(person, f"{typed}\n".encode())
    answer = await ConsoleApprover(keyboard, screen).approve(granted("git push -f"))
    assert isinstance(answer, Allowed) and answer.grant.description == kept
    assert "ap: yes, always in this folder, to shell(git push *)" in screen.getvalue()


async def test_a_yes_for_the_session_covers_what_it_said(terminal):
    person, keyboard = terminal
    approver = ConsoleApprover(keyboard, Screen(person, b"sp\n"))
    assert await approver.approve(granted("git push -f")) is True
    approver._screen.typed = b"n\n"
    assert await approver.approve(granted("git push origin main")) is True
    assert not await approver.approve(granted("git push; ls"))


async def test_nothing_is_kept_for_good_that_was_not_offered(terminal):
    person, keyboard = terminal
    assert await ConsoleApprover(keyboard, Screen(person, b"a\n")).approve(request()) == Refused("a")
