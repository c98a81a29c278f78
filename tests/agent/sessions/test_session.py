"""What is on record is enough to go on, wherever the records end."""

from __future__ import annotations

import json
import os
import stat
import time

import pytest
from small_house import SmallTool, answer, writes

from seedsmith.agent.conversation import (
    AssistantMessage,
    Conversation,
    SystemMessage,
    ToolCall,
    ToolOutput,
    UserMessage,
)
from seedsmith.agent.errors import SessionError, UsageError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.session import (
    MAY_HAVE_RUN,
    Session,
    VerifyRecord,
    new_session_id,
)
from seedsmith.agent.sessions.session_file import item_from_json, item_to_json
from seedsmith.agent.settings.state_folder import prepare_state, state_folder
from seedsmith.tools.base import Effect, Image

CALL = ToolCall("c1", "put", '{"path": "ä"}')
OUTPUT = ToolOutput("c1", "put", "written \udcff", True)


@pytest.mark.parametrize(
    "item",
    [
        SystemMessage("s"),
        UserMessage("u\n你好", "verify"),
        UserMessage("", "images", images=(Image(b"\x89PNG\0", "image/png", "图.png", "low"),)),
        AssistantMessage("t", "r", (CALL, ToolCall("c2", "x", "{broken"))),
        OUTPUT,
    ],
)
def test_items_survive_the_records(item):
    assert item_from_json(json.loads(json.dumps(item_to_json(item)))) == item


def test_a_damaged_picture_is_told(house):
    picture = Image(b"\x89PNG" * 20, "image/png", "a.png")
    house.session.append(UserMessage("See.", images=(picture,)))
    path = house.session.folder / "records.jsonl"
    path.write_bytes(path.read_bytes().replace(b"iVBOR4", b"iVBOR", 1))
    with pytest.raises(SessionError, match="is damaged"):
        house.reopen()


def test_a_finished_call_comes_back_with_its_result(house):
    house.ask(CALL)
    house.session.record_intended(CALL, Effect.WORKSPACE)
    house.session.record_done(OUTPUT, 1.5)
    house.session.append(OUTPUT)
    house.session.append(AssistantMessage("done"))
    house.session.record_verification(VerifyRecord("pytest", 1, "red"))
    before = house.session.conversation.items
    again = house.reopen()
    assert again.conversation.items == before
    assert again.verifications == [VerifyRecord("pytest", 1, "red")]
    assert again.start == house.start()


def test_a_call_begun_with_effects_never_runs_again(house):
    house.ask(CALL)
    house.session.record_intended(CALL, Effect.WORKSPACE)
    assert house.reopen().conversation.items[-1] == ToolOutput("c1", "put", MAY_HAVE_RUN, False)
    assert house.reopen().conversation.items[-1].text == MAY_HAVE_RUN


@pytest.mark.parametrize("intended", [True, False])
async def test_a_call_without_effects_or_not_begun_runs_when_resumed(house, intended):
    house.ask(CALL)
    if intended:
        house.session.record_intended(CALL, Effect.NONE)
    session = house.reopen()
    assert session.conversation.open_calls == (CALL,)
    put = SmallTool("put", writes, lambda path, _: f"put {path}")
    await house.dispatcher(put).dispatch(session.conversation.open_calls)
    assert house.outputs[-1].text == "put ä"


async def test_of_several_calls_only_those_without_result_run(house):
    other = ToolCall("c2", "put", '{"path": "b"}')
    house.ask(CALL, other)
    house.session.record_intended(CALL, Effect.WORKSPACE)
    house.session.record_done(ToolOutput("c1", "put", "first"), 1.0)
    ran = []
    session = house.reopen()
    await house.dispatcher(SmallTool("put", writes, lambda path, _: ran.append(path))).dispatch(
        session.conversation.open_calls
    )
    assert ran == ["b"] and [output.call_id for output in house.outputs] == ["c1", "c2"]
    assert house.outputs[0].text == "first"


@pytest.mark.slow
def test_records_cut_at_any_byte_can_be_resumed(house):
    house.ask(CALL)
    house.session.record_intended(CALL, Effect.WORKSPACE)
    house.session.record_done(OUTPUT, 1.5)
    house.session.append(OUTPUT)
    house.session.append(AssistantMessage("done"))
    house.session.close()
    path = house.session.folder / "records.jsonl"
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole) + 1):
        path.write_bytes(whole[:cut])
        session = Session.resume(house.home, house.session.id, house.root, house.redactor)
        items = session.conversation.items
        assert isinstance(items, tuple) and Conversation(items).items == items
        session.append(UserMessage("go on")) if not session.conversation.open_calls else None
        session.close()
        assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_a_damaged_middle_is_said(house):
    path = house.session.folder / "records.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"{torn\n" + lines[1])
    house.session.close()
    with pytest.raises(SessionError, match="Line 2"):
        Session.resume(house.home, house.session.id, house.root, house.redactor)


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "item", "item": {"role": "narrator"}},
        {"kind": "item", "item": {"role": "system", "text": "again"}},
        {"no": "kind"},
    ],
)
def test_records_that_make_no_conversation_are_said(house, record):
    house.session._file.append(record)
    house.session.close()
    with pytest.raises(SessionError, match="damaged"):
        Session.resume(house.home, house.session.id, house.root, house.redactor)


def test_a_session_is_open_once(house):
    with pytest.raises(SessionError, match="in use"):
        Session.resume(house.home, house.session.id, house.root, house.redactor)


@pytest.mark.parametrize("name", ["../x", "20260101-000000000-abcdef", ""])
def test_unknown_sessions_are_said(house, name):
    with pytest.raises(SessionError, match="no session"):
        Session.resume(house.home, name, house.root, house.redactor)


def test_another_workspace_is_refused(house, tmp_path):
    house.session.close()
    with pytest.raises(SessionError, match="belongs to"):
        Session.resume(house.home, house.session.id, tmp_path, house.redactor)


def test_records_are_private_and_without_secrets(house):
    house.session.close()
    session = Session.create(house.home, house.start(), Redactor(['se"cret-value']))
    session.append(UserMessage('the key is se"cret-value'))
    text = (session.folder / "records.jsonl").read_text()
    assert "secret" not in text.replace("\\", "").replace('"', "") and "[redacted]" in text
    assert stat.S_IMODE(session.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((session.folder / "records.jsonl").stat().st_mode) == 0o600


async def test_records_can_be_synced(house, monkeypatch):
    synced: list[str] = []
    flush = os.fdatasync

    def note(file: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{file}"))
        flush(file)

    monkeypatch.setattr(os, "fdatasync", note)
    await house.session.sync()
    house.session.append(UserMessage("Go on"))
    await house.session.sync()
    assert synced.count(str(house.session.folder / "records.jsonl")) == 2


def test_ids_sort_by_time():
    now = time.time()
    ids = [new_session_id(now + step / 1000) for step in range(0, 5000, 7)]
    assert ids == sorted(ids) and len(set(ids)) == len(ids)


def test_state_is_refused_inside_the_workspace(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "work")
    (tmp_path / "work").mkdir()
    for home in ("work", "work/state", "link/state"):
        with pytest.raises(UsageError, match="inside the workspace"):
            prepare_state(tmp_path / home, tmp_path / "work")
    made = prepare_state(tmp_path / "state" / "deep", tmp_path / "work")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_where_state_lives(tmp_path):
    assert state_folder(tmp_path, {"SEEDSMITH_HOME": "/elsewhere"}) == tmp_path
    assert str(state_folder(None, {"SEEDSMITH_HOME": "/elsewhere"})) == "/elsewhere"
    assert state_folder(None, {}).name == "seedsmith"


def test_answers_are_recorded_with_their_reasoning(house):
    played = answer("text", reasoning="because")
    house.session.append(AssistantMessage(played.text, played.reasoning))
    assert house.reopen().conversation.last_answer == AssistantMessage("text", "because")
