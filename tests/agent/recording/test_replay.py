"""A recorded run, run again with its service shut: the same, or the first place where it is not."""

from __future__ import annotations

import asyncio
import json
import stat
import time
from dataclasses import replace

import pytest
from PIL import Image as Pillow
from scripted_endpoint import Raw, calls, error, reasoning, text

from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import NoticeGiven, ReplayDiverged, SessionFinished
from seedsmith.agent.recording.errors import RecordingError
from seedsmith.agent.recording.reader import Recording
from seedsmith.agent.recording.replayer import Replayer
from seedsmith.agent.run.replay import replay
from seedsmith.agent.run.run import run
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.agent.settings.settings import Settings

EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})
READ_A, READ_B = ("read", {"path": "a.txt"}), ("read", {"path": "b.txt"})
SHELL = ("shell", {"command": "echo pid $$ in 0.$RANDOM s at $PWD; date; mktemp; wc -c a.txt"})
LEAKED = '```json\n{"name": "read", "arguments": {"path": "b.txt"}}\n```'


def eventful():
    """Parallel calls, reasoning, a 429, a cut stream, a leaked call, calls without ids, a failing one."""
    yield reasoning("Let me look.", calls=(READ_A, READ_B, SHELL), delta=3, chunk=7)
    yield error(429, "ServerOverloaded", headers={"retry-after": "0"})
    yield calls(EDIT, cut_after=300)
    yield calls(EDIT, call_ids=False)
    yield text(f"I look again.\n{LEAKED}")
    yield calls(("read", {"path": "missing.txt"}), ("nonsense", {}), ("read", '{"path": '))
    yield text("Changed: 变了.", comments=True)


def test_an_eventful_run_replays_with_its_service_shut(studio):
    recorded = studio.record(*eventful(), verify="grep -q two a.txt")
    assert recorded.status == "done", recorded.message
    assert len(studio.of("request")) == 7 and len(studio.of("done")) == 8
    replayed = studio.replay()
    assert (replayed.status, replayed.exit_code) == ("done", 0), replayed.message
    assert "agrees" in replayed.message and "7 requests and 8 calls" in replayed.message
    assert not studio.seen.of(ReplayDiverged)
    notices = [(notice.code, notice.message) for notice in studio.seen.of(NoticeGiven)]
    assert [code for code, _ in notices] == ["retry", "retry", "call_recovered"]
    told = [(line["code"], line["message"]) for line in studio.of("notice")]
    assert [(code, said.partition("; asking again")[0]) for code, said in notices] == [
        (code, said.partition("; asking again")[0]) for code, said in told
    ]
    assert (studio.folder / "room2" / "a.txt").read_text() == "two\n" and replayed.diff == recorded.diff


@pytest.mark.slow
@pytest.mark.parametrize("chain", [False, True])
def test_the_responses_wire_replays(studio, chain):
    steps = (
        reasoning("Hm.", calls=(READ_A, READ_B)),
        error(429, "ServerOverloaded"),
        calls(EDIT),
        text("Done."),
    )
    told = {"wire": "responses", "chain": chain, "expire_at": int(time.time()) + 2 * 86400}
    assert studio.record(*steps, **told).status == "done"
    lines = studio.lines
    assert {line["path"] for line in studio.of("request")} == {"/responses"}
    old = str(told["expire_at"])
    studio.file.write_text(
        "".join(json.dumps(line) + "\n" for line in lines).replace(old, str(1_600_000_000))
    )
    outcome = studio.replay()
    assert outcome.exit_code == 0 and outcome.comparison.calls == 3, outcome.message


def test_a_changed_file_diverges_at_exactly_its_call(studio):
    studio.record(calls(READ_A), calls(READ_A, READ_B), calls(EDIT), text("Done."))
    outcome = studio.replay(studio.fresh(b="right\n"))
    assert (outcome.status, outcome.exit_code) == ("unverified", 1)
    (event,) = studio.seen.of(ReplayDiverged)
    assert (event.name, event.arguments) == ("read", '{"path": "b.txt"}')
    assert "-1\tleft\n+1\tright" in event.diff
    recorded = studio.lines[event.line - 1]
    assert (recorded["kind"], recorded["call"], recorded["text"]) == ("done", event.call, "1\tleft")
    (notice,) = studio.seen.of(NoticeGiven)
    assert notice.code == "replay_workspace" and notice.message.endswith("it differs in b.txt.")
    assert isinstance(studio.seen.events[-1], SessionFinished) and event.what in outcome.message
    assert outcome.comparison.first.got == "1\tright" and outcome.comparison.requests == 4


def test_an_answer_edited_by_hand_is_played_as_it_stands(studio):
    studio.record(calls(READ_A), text("Done."))
    edited = studio.file.read_text().replace(r"a.txt\\\"}", r"b.txt\\\"}", 1)
    studio.file.write_text(edited)
    outcome = studio.replay()
    (event,) = studio.seen.of(ReplayDiverged)
    assert "asks for something else" in event.what and '+read {"path": "b.txt"}' in event.diff
    assert outcome.exit_code == 1 and studio.lines[event.line - 1]["kind"] == "calls"


def test_a_verification_that_goes_otherwise_is_a_divergence(studio):
    studio.record(calls(EDIT), text("Done."), verify="cat a.txt b.txt")
    outcome = studio.replay(studio.fresh(b="right\n"))
    assert outcome.comparison.first.kind == "verification"
    assert "-left\n+right" in outcome.comparison.first.diff


def test_the_ends_are_compared(studio):
    studio.record(calls(("shell", {"command": "cp b.txt c.txt"})), text("Done."))
    outcome = studio.replay(studio.fresh(b="right\n"))
    assert outcome.comparison.first.kind == "end" and "another content" in outcome.message


def test_a_run_that_reached_nothing_replays_as_that(studio):
    recorded = studio.record(calls(EDIT), text("Done."), text("No."), verify="false")
    assert recorded.status == "unverified"
    outcome = studio.replay()
    assert outcome.exit_code == 0 and "ended as recorded (unverified)" in outcome.message


def test_a_provider_that_failed_fails_again(studio):
    recorded = studio.record(error(401, "invalid_api_key"))
    assert recorded.status == "provider_error"
    assert studio.replay().exit_code == 0


@pytest.mark.slow
def test_an_unreachable_service_and_a_plain_answer_replay(studio):
    studio.record(
        Raw(b"<html>", 502, "text/html"), error(400, "invalid_parameter", param="stream"), text("Hi.")
    )
    assert studio.replay().exit_code == 0
    assert [line.get("status") for line in studio.of("response")] == [502, 400, 200]


def test_limits_of_turns_end_a_replay_as_they_ended_the_run(studio):
    assert studio.record(calls(READ_A), text("Done."), max_turns=1).status == "budget"
    assert studio.replay().exit_code == 0


def test_time_is_the_replayers_own(studio):
    studio.record(calls(SHELL), text("Done."), max_time=600)
    assert studio.replay(max_time=500).exit_code == 0
    assert "max_time" not in studio.of("head")[0]["settings"]


def test_a_bytes_for_bytes_broken_stream_replays(studio):
    damaged = b'data: {"choices":[{"index":0,"delta":{"content":"\xff\xed\xa0\x80 \xe5'
    rest = b'\xa4\x9a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    studio.record(Raw(damaged + rest, chunk=1))
    outcome = studio.replay()
    assert outcome.exit_code == 0 and [n.code for n in studio.seen.of(NoticeGiven)] == ["invalid_utf8"]
    (response,) = studio.of("response")
    sent = "".join(piece for _, piece in response["pieces"]).encode("utf-8", "surrogateescape")
    assert sent == damaged + rest


def test_requests_that_were_asked_at_once_are_matched_by_content(studio):
    studio.record(calls(READ_A), text("Done."))
    recording = Recording.read(studio.file)
    first, second = recording.requests
    replayer = Replayer(RunRequest(settings=Settings()), replace(recording, requests=(second, first)))
    assert replayer.answer(first.path, first.body) is first.response
    assert replayer.answer(second.path, second.body) is second.response


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"temperature": 0.5}, "--temperature can't be 0.5"),
        ({"model": "openai/other"}, "recorded with 'openai/scripted'"),
        ({"verify": "true"}, "recorded without it"),
    ],
)
def test_flags_that_do_not_agree_are_wrong_usage(studio, given, said):
    studio.record(text("Done."))
    with pytest.raises(RecordingError, match="leave it out") as raised:
        studio.replay(**given)
    assert said in str(raised.value) and isinstance(raised.value, UsageError)


def test_flags_that_agree_are_taken(studio):
    studio.record(text("Done."), temperature=0.5, stop=["x"])
    assert studio.replay(temperature=0.5, model="openai/scripted").exit_code == 0
    with pytest.raises(RecordingError, match="prompt"):
        settings = Settings(workspace=studio.fresh(), replay=studio.file)
        asyncio.run(run(RunRequest(settings=settings, prompt="Other")))


def test_a_replay_needs_no_key_and_heeds_no_proxy(studio, monkeypatch):
    studio.record(text("Done."))
    lines = studio.lines
    lines[0]["settings"] |= {"model": "wcode/doubao-seed-2.0-code"}
    del lines[0]["settings"]["base_url"]
    lines[1]["middle"] = lines[1]["middle"].replace('"scripted"', '"doubao-seed-2.0-code"', 1)
    studio.rewrite(lines)
    for name in ("WCODE_API_KEY", "SEEDSMITH_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "socks4://nowhere")
    outcome = studio.replay()
    assert outcome.comparison is not None and outcome.comparison.requests == 1


async def test_a_program_gets_a_comparison(studio):
    await asyncio.to_thread(studio.record, calls(READ_A), text("Done."))
    room, home = studio.fresh(), studio.folder / "state of a test"
    comparison = await replay(studio.file, room, home=home)
    assert comparison.agrees and comparison.first is None
    assert (comparison.requests, comparison.calls, comparison.recorded_status) == (2, 1, "done")
    (room / "a.txt").write_text("other\n")
    again = await replay(studio.file, room, home=home)
    assert not again.agrees and not again.workspace_agrees and again.first.name == "read"


def test_pictures_come_from_the_recording(studio):
    picture = studio.folder / "seen.png"
    Pillow.new("RGB", (40, 30), "teal").save(picture, "PNG")
    studio.record(text("Teal."), image=[picture])
    picture.unlink()
    assert studio.replay().exit_code == 0
    (image,) = Recording.read(studio.file).head.images
    assert image.data.startswith(b"\x89PNG") and image.name == str(picture)


def test_a_recording_weakens_nothing(studio):
    studio.record(calls(("shell", {"command": "touch ../outside"})), text("Done."))
    lines = studio.lines
    lines[0]["settings"] |= {"sandbox": "off", "network": "on", "home": "/nowhere", "approve": "auto"}
    studio.rewrite(lines)
    assert studio.replay().comparison is not None
    assert studio.seen.events[0].sandbox in ("bwrap", "landlock")
    assert not (studio.folder / "outside").exists()


def test_an_interrupted_run_replays_up_to_there(studio, endpoint, second_request):
    endpoint.script(calls(READ_A), text("never", stall_after=1))
    told = {"base_url": endpoint.base_url, "api_key": "k", "home": studio.folder / "state"}
    settings = Settings(workspace=studio.fresh(), model="openai/scripted", record=studio.file, **told)

    async def interrupted():
        task = asyncio.create_task(run(RunRequest(settings=settings, prompt="Look")))
        assert await asyncio.to_thread(second_request.wait, 60)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    assert studio.of("finish")[0]["status"] == "interrupted"
    outcome = studio.replay()
    assert outcome.exit_code == 0 and "ended as recorded (interrupted)" in outcome.message


def test_a_recording_in_the_workspace_is_no_difference(studio):
    studio.record(text("Done."))
    room = studio.fresh()
    inside = room / "run.jsonl"
    inside.write_bytes(studio.file.read_bytes())
    studio.file = inside
    outcome = studio.replay(room)
    assert outcome.exit_code == 0 and not studio.seen.of(NoticeGiven)


def test_where_a_recording_goes(studio):
    studio.record(text("Done."))
    assert stat.S_IMODE(studio.file.stat().st_mode) == 0o600
    with pytest.raises(RecordingError, match="holds something already"):
        studio.record(text("Done."))
    room = studio.fresh()
    studio.file = room / "new.jsonl"
    with pytest.raises(RecordingError, match="inside the workspace"):
        studio.record(text("Done."), workspace=room)
    studio.file = studio.folder / "empty.jsonl"
    studio.file.write_bytes(b"")
    studio.file.chmod(0o644)
    studio.record(text("Done."))
    assert stat.S_IMODE(studio.file.stat().st_mode) == 0o600 and studio.replay().exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("told", [{}, {"output_schema": {"type": "object"}, "verify": "grep -q 2 a.txt"}])
def test_a_run_that_goes_on_is_recorded_with_what_its_session_held(studio, told):
    room = studio.fresh()
    edit = ("edit", {"path": "a.txt", "old": "one", "new": "two"})
    again = ("edit", {"path": "a.txt", "old": "two", "new": "2"})
    studio.record(calls(edit, ("read", {"path": "b.txt"})), text("Changed."), workspace=room)
    studio.file = studio.folder / "second.jsonl"
    recorded = studio.record(
        calls(again), text('{"n": 2}'), prompt="And again", workspace=room, resume="last", **told
    )
    assert recorded.exit_code == 0
    (request, *_) = studio.of("request")
    assert "Changed." in request["middle"] and request["prefix"] == 0
    replayed = studio.replay(studio.fresh(a="two\n"))
    assert replayed.exit_code == 0, replayed.message
    assert replayed.comparison.requests == 2 and replayed.comparison.calls == 1
    assert studio.replay(studio.fresh(a="three\n")).exit_code == 1


@pytest.mark.parametrize("other", [{"resume": "20260101-000000000-000000"}, {"record": "x.jsonl"}])
def test_a_replay_stands_alone(studio, other):
    studio.record(text("Done."))
    with pytest.raises(RecordingError, match="leave out"):
        studio.replay(**other)
