"""What the program wrote before its modules stood in rooms still resumes and replays.

The folder ``before_the_move`` was written by the last version before the move (commit 40ba317) against the
scripted service: a session that its limit of two turns ended, and a portable recording of the whole run.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from scripted_endpoint import calls, text
from small_house import Collected

from seedsmith import Agent
from seedsmith.agent.events import NoticeGiven

FIXTURE = Path(__file__).with_name("before_the_move")
BEGINNING = {
    "sums.txt": "2 + 2 = 5\n3 + 3 = 6\n",
    "notes/todo.md": "# To do\n- check the sums\n",
    "AGENTS.md": "Keep lines short.\n",
}
EDITED = "2 + 2 = 4\n3 + 3 = 6\n"


@pytest.fixture
def workspace(tmp_path):
    for name, content in BEGINNING.items():
        path = tmp_path / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "app"


def test_a_session_resumes(workspace, tmp_path, endpoint):
    lines = (FIXTURE / "session" / "records.jsonl").read_text(encoding="utf-8").splitlines()
    identity = json.loads(lines[0])["id"]
    session = tmp_path / "state" / "sessions" / identity
    shutil.copytree(FIXTURE / "session", session)
    for empty in ("tmp", "spills"):
        (session / empty).mkdir()
    here = "\n".join(lines).replace("<workspace>", str(workspace)) + "\n"
    (session / "records.jsonl").write_text(here, encoding="utf-8")
    (workspace / "sums.txt").write_text(EDITED)
    endpoint.script(calls(("read", {"path": "sums.txt"})), text("The first sum is right now."))
    agent = Agent(
        workspace,
        api_key="sk-none",
        base_url=endpoint.base_url,
        home=tmp_path / "state",
        resume=identity,
    )
    outcome = agent.run("Go on")
    assert outcome.status == "done", outcome.message
    assert outcome.session == identity and "exit code 0 now" in outcome.message
    assert "-2 + 2 = 5\n+2 + 2 = 4\n" in outcome.diff, "also what was changed before it was resumed"
    sent = endpoint.requests[0].body["messages"]
    items = [json.loads(line) for line in lines]
    before = [each["item"]["text"] for each in items if each["kind"] == "item"]
    assert [each["content"] or "" for each in sent[: len(before)] if each["role"] != "tool"][:3] == before[:3]
    asked = [call["id"] for each in sent for call in each.get("tool_calls", ())]
    answered = [each["tool_call_id"] for each in sent if each["role"] == "tool"]
    assert len(asked) == 5 and answered == asked
    assert sent[-1] == {"role": "user", "content": "Go on"}
    after = (session / "records.jsonl").read_text(encoding="utf-8")
    assert after.startswith(here), "a session is only added to"


def test_a_recording_replays(workspace, tmp_path):
    seen = Collected()
    agent = Agent(
        workspace,
        home=tmp_path / "state",
        replay=FIXTURE / "recording.jsonl",
        front_ends=(seen,),
    )
    outcome = agent.run()
    assert outcome.status == "done", outcome.message
    assert outcome.comparison is not None and outcome.comparison.divergences == ()
    assert (outcome.comparison.requests, outcome.comparison.calls) == (3, 5)
    assert not seen.of(NoticeGiven), "the workspace is the recorded one"
    assert (workspace / "sums.txt").read_text() == EDITED
