"""An id, its beginning or ``last`` means one session, or a sentence says why not."""

from __future__ import annotations

import json
import os

import pytest

from seedsmith.agent.errors import WRONG_USAGE, SessionError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.outcome import exit_code_of
from seedsmith.agent.sessions.session import Session, SessionStart
from seedsmith.agent.sessions.session_lookup import (
    AmbiguousSession,
    DamagedSession,
    NewerSession,
    UnknownSession,
    find_session,
)


@pytest.fixture
def begin(tmp_path):
    """Begins a session of a folder, written to at the given second."""

    def begin(folder: str, second: int, model: str = "test/model"):
        start = SessionStart(str(tmp_path / folder), model, "chat", "full", "task")
        session = Session.create(tmp_path, start, Redactor(()))
        session.close()
        os.utime(session.folder / "records.jsonl", (second, second))
        return session

    return begin


def test_an_id_or_its_beginning_means_a_session_of_any_folder(begin, tmp_path):
    first, second = begin("a", 1), begin("b", 2)
    found = find_session(tmp_path, second.id, tmp_path / "a")
    assert (found.id, found.path, found.workspace) == (second.id, second.folder, tmp_path / "b")
    beginning = next(
        first.id[:length] for length in range(1, 26) if not second.id.startswith(first.id[:length])
    )
    assert find_session(tmp_path, beginning, tmp_path).id == first.id
    with pytest.raises(AmbiguousSession, match="is the beginning of") as raised:
        find_session(tmp_path, first.id[:4], tmp_path)
    assert first.id in str(raised.value) and second.id in str(raised.value)


def test_last_is_the_one_of_the_folder_that_was_worked_in_last(begin, tmp_path):
    worked_in, _, _ = begin("a", 30), begin("a", 20), begin("b", 40)
    begin("a", 50, model="")  # one tool's call
    torn = begin("a", 60)
    (torn.folder / "records.jsonl").write_bytes(b"{")
    assert find_session(tmp_path, "last", tmp_path / "a").id == worked_in.id
    with pytest.raises(UnknownSession, match="no session of"):
        find_session(tmp_path, "last", tmp_path / "c")


@pytest.mark.parametrize("text", ["", "../x", "20260101-000000000-abcdef", "x", "*", "2026\n", "a" * 5000])
def test_what_means_no_session_is_said(begin, tmp_path, text):
    begin("a", 1)
    with pytest.raises(UnknownSession, match="no session") as raised:
        find_session(tmp_path, text, tmp_path)
    assert exit_code_of(raised.value) == WRONG_USAGE
    with pytest.raises(UnknownSession):
        find_session(tmp_path / "nothing", text, tmp_path)


@pytest.mark.parametrize(
    "head", [b"", b"{", b"[]\n", b"{}\n", b'{"kind": "session"}\n', b"\0" * 100, b"[" * 100_000 + b"\n"]
)
def test_a_damaged_head_is_said_and_left_as_it_is(begin, tmp_path, head):
    session = begin("a", 1)
    path = session.folder / "records.jsonl"
    path.write_bytes(head)
    with pytest.raises(DamagedSession, match="damaged"):
        find_session(tmp_path, session.id, tmp_path)
    assert path.read_bytes() == head


def test_a_newer_programs_session_is_said(begin, tmp_path):
    session = begin("a", 1)
    path = session.folder / "records.jsonl"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}) + "\n")
    with pytest.raises(NewerSession, match="newer version"):
        find_session(tmp_path, session.id, tmp_path)
    path.unlink()
    with pytest.raises(DamagedSession, match="No such file"):
        find_session(tmp_path, session.id[:-1], tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(SessionError, match="Can't list"):
        find_session(tmp_path / "file", session.id[:-1], tmp_path)
