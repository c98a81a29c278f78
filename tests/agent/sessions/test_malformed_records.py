"""Records of another shape than any this program writes are one sentence, whatever is wrong with them."""

from __future__ import annotations

import json

import pytest

from seedsmith.agent.errors import SessionError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.session import Session, SessionStart


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"kind": "item"},
        {"kind": "item", "item": []},
        {"kind": "item", "item": None},
        {"kind": "item", "item": {"role": "assistant", "text": "", "reasoning": "", "calls": 5}},
        {"kind": "item", "item": {"role": "assistant", "text": "", "reasoning": "", "calls": [[]]}},
        {"kind": "done", "output": {"role": "user", "text": "", "origin": ""}},
        {"kind": "done", "output": 1},
        {"kind": "compaction", "items": 3},
        {"kind": "compaction", "items": "text"},
        {"kind": "intended", "call": []},
        {"kind": "verify"},
        {"kind": []},
    ],
)
def test_it_is_one_sentence(tmp_path, record):
    start = SessionStart(str(tmp_path), "m", "chat", "full", "Go")
    session = Session.create(tmp_path / "state", start, Redactor(()))
    session.close()
    with (session.folder / "records.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")
    try:
        Session.resume(tmp_path / "state", session.id, tmp_path, Redactor(())).close()
    except SessionError as error:
        assert "damaged" in str(error) and "\n" not in str(error)
    else:
        assert record == {"kind": []}  # an unknown kind is of a later version, and passed over
