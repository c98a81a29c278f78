"""A session that is gone on with keeps all it was told; what is given again wins and is kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from scripted_endpoint import calls, text
from small_house import Collected

from seedsmith import Agent
from seedsmith.agent.conversation import ToolOutput
from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import NoticeGiven, SessionStarted
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.record_tree import Log
from seedsmith.agent.sessions.session import Session, Totals
from seedsmith.agent.sessions.session_lookup import find_session
from seedsmith.agent.settings.config import load

OLD = "20261129-092603803-7b118d"
"""Recorded by the program before records had ids: a run with limits and a check, and one that went on."""


@pytest.fixture
def old(tmp_path, workspace):
    """The old session, as one of this workspace."""
    folder = tmp_path / "state/sessions" / OLD
    shutil.copytree(Path(__file__).parent / "recorded" / OLD, folder)
    records = folder / "records.jsonl"
    records.write_text(records.read_text().replace("/workspace", str(workspace)))
    return records


def records_of(options, session):
    return list(Log(options["home"] / "sessions" / session / "records.jsonl"))


def test_a_session_of_before_ids_is_read_and_gone_on_with(old, tmp_path, workspace):
    session = Session.resume(tmp_path / "state", OLD, workspace, Redactor(()))
    assert [type(item).__name__ for item in session.conversation][:4] == [
        "SystemMessage",
        "UserMessage",
        "AssistantMessage",
        "ToolOutput",
    ]
    assert session.conversation.last_answer.text == "Written, too."
    assert sum(isinstance(item, ToolOutput) for item in session.conversation) == 4
    assert session.start.settings == {"max_turns": 9, "max_time": 600.0}
    assert session.totals == Totals(turns=5)
    before = len(old.read_text().splitlines())
    session.go_on({})
    session.close()
    *_, last, new = Log(old)
    assert (last["n"], new["n"], new["parent"]) == (before - 1, before, before - 1)
    assert json.loads(old.read_text().splitlines()[-1])["n"] == before


async def test_an_old_session_keeps_its_limits_and_its_check(old, options, endpoint):
    old.write_text(old.read_text().replace('"limits":{', '"limits":{"cost":5.0,'))  # where a price was known
    endpoint.script(text("Nothing more."))
    seen = Collected()
    outcome = await Agent(**options, resume=OLD, front_ends=(seen,)).arun("And now?")
    assert outcome.verified is not None and outcome.verified.command == "grep -q two a.txt"
    (started,) = seen.of(SessionStarted)
    assert (started.budget["turns"], started.budget["seconds"]) == (9, 600.0)
    (kept,) = [notice.message for notice in seen.of(NoticeGiven) if notice.code == "kept"]
    assert kept == "Kept from the session: --max-time 600, --max-turns 9, --verify 'grep -q two a.txt'."


SCHEMA = {"type": "object", "required": ["n"]}


async def test_all_a_session_was_told_is_kept_and_what_is_given_again_wins(options, endpoint):
    endpoint.script(*[text('{"n": 1}')] * 3)
    told = {"max_turns": 3, "temperature": 0.25, "output_schema": SCHEMA, "verify": "true", "stop": ["x"]}
    first = await Agent(**options, **told).arun("Go")
    seen = Collected()
    again = await Agent(**options, resume="last", max_turns=7, front_ends=(seen,)).arun("On")
    assert again.session == first.session
    assert again.output == {"n": 1} and again.verified is not None and again.verified.proven
    await Agent(**options, resume=first.session[:-2], max_time=50).arun("On")
    bodies = [request.body for request in endpoint.requests]
    assert [(body["temperature"], body["stop"]) for body in bodies] == [(0.25, ["x"])] * 3
    assert [message["content"] for message in bodies[2]["messages"][-3:]] == ["On", '{"n": 1}', "On"]
    assert seen.of(SessionStarted)[0].budget["turns"] == 7
    (kept,) = [notice.message for notice in seen.of(NoticeGiven) if notice.code == "kept"]
    assert "--temperature 0.25" in kept and "--output-schema" in kept and "--max-turns" not in kept
    changes = [
        record["settings"] for record in records_of(options, first.session) if record["kind"] == "resumed"
    ]
    assert changes == [{"max_turns": 7}, {"max_time": 50.0}]
    third = Session.resume(options["home"], first.session, options["workspace"], Redactor(()))
    third.close()
    assert {name: third.start.settings[name] for name in ("max_turns", "max_time")} == {
        "max_turns": 7,
        "max_time": 50.0,
    }


async def test_a_sessions_settings_go_before_files_and_the_environment(options, endpoint):
    from seedsmith.agent.run.run import run
    from seedsmith.agent.settings.run_request import RunRequest

    endpoint.script(text("one"), text("two"))
    first = await Agent(**options, max_turns=3).arun("Go")
    environment = {"SEEDSMITH_MAX_TURNS": "5", "SEEDSMITH_TOP_P": "0.5"}
    settings = load({**options, "resume": first.session}, environment).settings
    seen = Collected()
    await run(RunRequest(settings=settings, prompt="On"), (seen,))
    assert seen.of(SessionStarted)[0].budget["turns"] == 3
    assert endpoint.requests[1].body["top_p"] == 0.5


async def test_a_fork_goes_on_and_leaves_the_session_as_it_is(options, endpoint):
    endpoint.script(calls(("read", {"path": "a.txt"})), text("one"), text("two"))
    first = await Agent(**options).arun("Go")
    records = options["home"] / "sessions" / first.session / "records.jsonl"
    before = records.read_bytes()
    forked = await Agent(**options, fork="last").arun("Otherwise")
    assert forked.session != first.session and records.read_bytes() == before
    assert endpoint.requests[2].body["messages"][:-2] == endpoint.requests[1].body["messages"]
    head = records_of(options, forked.session)[0]
    assert (head["id"], head["forked_from"], head["prompt"]) == (forked.session, first.session, "Go")
    with pytest.raises(UsageError):
        await Agent(**options | {"model": "nobody/nothing"}, fork="last").arun("Otherwise")
    assert len(list((options["home"] / "sessions").glob("[0-9]*"))) == 2
    with pytest.raises(UsageError, match="not both"):
        await Agent(**options, fork="last", resume="last").arun("Otherwise")


async def test_what_each_question_took_is_recorded_with_all_so_far(options, endpoint):
    endpoint.script(calls(("read", {"path": "a.txt"})), text("one"), text("two"))
    first = await Agent(**options).arun("Go")
    again = await Agent(**options, resume="last").arun("On")
    records = records_of(options, first.session)
    took = [record for record in records if record["kind"] == "usage"]
    assert [each["total"]["turns"] for each in took] == [1, 2, 3]
    ends = [record for record in records if record["kind"] == "finished"]
    tokens = first.usage.total_tokens + again.usage.total_tokens
    assert ends[-1]["total"] == {"turns": 3, "tokens": tokens, "cost_cny": None, "cost_estimated": False}
    assert [record["n"] for record in records[1:]] == list(range(1, len(records)))
    assert find_session(options["home"], "last", options["workspace"]).id == first.session


@pytest.mark.slow
async def test_beyond_a_limit_the_oldest_sessions_go_and_that_is_told_once(options, endpoint):
    endpoint.script(*[text("Done.")] * 4)
    first = await Agent(**options).arun("Go")
    spill = options["home"] / "sessions" / first.session / "spills" / "large"
    spill.write_bytes(b"x" * 2_000_000)
    seen, after = Collected(), Collected()
    second = await Agent(**options, sessions_mb=1, front_ends=(seen,)).arun("Go")
    assert not seen.of(NoticeGiven)  # it was looked at today
    (options["home"] / "sessions-looked-at").unlink()
    third = await Agent(**options, sessions_mb=1, front_ends=(seen,)).arun("Go")
    (told,) = [notice.message for notice in seen.of(NoticeGiven) if notice.code == "sessions_pruned"]
    assert told.startswith("Sessions took more than 1 MB: the oldest 1 were removed")
    await Agent(**options, sessions_mb=1, front_ends=(after,)).arun("Go")
    assert not after.of(NoticeGiven)
    left = {path.name for path in (options["home"] / "sessions").glob("[0-9]*")}
    assert first.session not in left and {second.session, third.session} <= left
