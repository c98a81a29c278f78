"""Records are a tree in a file; what is torn at its end is left out, and nothing whole is."""

from __future__ import annotations

import json
import resource
import signal
import tracemalloc

import pytest

from seedsmith.agent.conversation import AssistantMessage, UserMessage
from seedsmith.agent.errors import SessionError
from seedsmith.agent.frontends.session_markdown import markdown
from seedsmith.agent.sessions.history import Checked, Damaged, Told, Turn
from seedsmith.agent.sessions.record_tree import Log
from seedsmith.agent.sessions.recorded_sessions import Sessions
from seedsmith.agent.sessions.session_file import RecordFile, in_use
from seedsmith.agent.sessions.session_lookup import DamagedSession


def texts(house):
    return [item.text for item in house.session.conversation]


def test_every_record_has_an_id_and_its_parents(house):
    house.reopen().append(AssistantMessage("yes"))
    records = list(Log(house.session.folder / "records.jsonl"))
    assert [(each["n"], each["parent"]) for each in records[1:]] == [(1, 0), (2, 1), (3, 2)]


def test_a_branch_is_gone_on_with_and_the_other_one_stays(house):
    house.session.append(AssistantMessage("first try"))
    house.session._file.go_on_from(2)
    house.session._file.append({"kind": "item", "item": {"role": "user", "text": "no", "origin": "user"}})
    house.reopen().append(AssistantMessage("second try"))
    assert texts(house) == ["system", "task", "no", "second try"]
    assert texts_of(house.reopen()) == ["system", "task", "no", "second try"]
    log = Log(house.session.folder / "records.jsonl")
    assert [each.get("n") for each in log.active()][1:] == [1, 2, 4, 5]
    assert [each.get("n") for each in log][1:] == [1, 2, 3, 4, 5]


def texts_of(session):
    return [item.text for item in session.conversation]


@pytest.mark.parametrize("torn", [b"{", b"\0" * 5000, b'{"kind": "item"}', b"\xff\n\n[]\n{\n"])
def test_a_torn_end_is_left_out_and_its_length_told(house, torn):
    house.session.append(AssistantMessage("whole"))
    path = house.session.folder / "records.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    assert [each.get("n") for each in Log(path)][1:] == [1, 2, 3]
    assert house.reopen().cut_bytes == len(torn)
    assert path.read_bytes() == whole and texts(house)[-1] == "whole"


@pytest.mark.parametrize("parent", ["x", -1, 9])
def test_what_follows_no_record_is_no_record(house, parent):
    path = house.session.folder / "records.jsonl"
    line = json.dumps({"kind": "item", "item": {}, "n": 3, "parent": parent}) + "\n"
    path.write_bytes(path.read_bytes() + line.encode())
    assert len(list(Log(path))) == 3
    path.write_bytes(path.read_bytes() + b'{"kind": "verify"}\n')
    with pytest.raises(DamagedSession, match="Line 4"):
        list(Log(path))


def test_around_a_damaged_line_everything_whole_is_shown_and_forked(house):
    session, path = house.session, house.session.folder / "records.jsonl"
    session.append(AssistantMessage("first"))
    session._append({"kind": "verify", "command": "x", "exit_code": 0, "output": ""})
    session.append(AssistantMessage("second"))
    session.append(AssistantMessage("third"))
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = b"".join((*lines[:5], lines[5][:20] + b"\0\n", *lines[6:], b"{torn"))
    path.write_bytes(damaged)
    assert [each.get("n", 0) for each in Log(path, mends=True).active()] == list(range(7))
    found = Sessions(house.home).open(session.id)
    told = [entry.text if isinstance(entry, Told | Turn) else entry for entry in found.history()]
    assert told == ["task", "first", Checked("x", 0, ""), Damaged(6), "third"]
    assert "Line 6 of the records is damaged" in "\n".join(markdown(found.summary, found.history(), None))
    with pytest.raises(DamagedSession, match=f"Line 6 of .*: seedsmith sessions fork {session.id} 1$"):
        house.reopen()
    assert path.read_bytes() == damaged
    forked = [getattr(entry, "text", "") for entry in found.fork(1).history()]
    assert forked == ["task", "first"]


def test_once_there_is_room_again_a_session_goes_on(house):
    """The limit on a file's size stands for the disk's: a write is cut short, then refused."""
    path = house.session.folder / "records.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, hard))
    try:
        with pytest.raises(SessionError, match="Can't write .*records.jsonl: File too large"):
            house.session.append(UserMessage("x" * 500))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    house.session._append({"kind": "finished", "time": 1.0})
    assert texts(house)[:2] == texts_of(house.reopen())
    house.session.append(AssistantMessage("on"))
    assert texts_of(house.reopen())[-1] == "on"


def test_what_cannot_be_opened_is_a_sentence(house, tmp_path):
    path = tmp_path / "records.jsonl"
    path.mkdir()
    with pytest.raises(SessionError, match="Can't write .*: Is a directory"):
        RecordFile(path, house.redactor)
    with pytest.raises(DamagedSession, match="Can't read .*: Is a directory"):
        list(Log(path))


def test_whether_a_session_is_in_use(house):
    path = house.session.folder / "records.jsonl"
    assert in_use(path)
    house.session.close()
    assert not in_use(path) and not in_use(path.parent / "none")


def test_a_long_log_takes_little_memory(house):
    """Two hundred times a conversation of 100 KB, shortened each time, in 20 MB."""
    for number in range(200):
        house.session.append(AssistantMessage("x" * 100_000))
        house.session.append(UserMessage("go on", "nudge"))
        house.session.compact((*house.session.conversation.items[:2], UserMessage(f"notes {number}")), "test")
    tracemalloc.start()
    try:
        house.reopen()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert texts(house) == ["system", "task", "notes 199"]
    assert peak < 5 << 20
