"""A recording replays by itself: without the files of the machine it was made on."""

from __future__ import annotations

import json

import pytest
from scripted_endpoint import Endpoint, calls, error, text

from seedsmith.agent.events import NoticeGiven, ReplayDiverged
from seedsmith.agent.recording.errors import RecordingError
from seedsmith.agent.recording.portable import write_portable

EDIT = ("edit", {"path": "a.txt", "old": "one", "new": "two"})
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes the user's ``models.yaml``; without text it is taken away."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    file = tmp_path / "config" / "seedsmith" / "models.yaml"
    file.parent.mkdir(parents=True)

    def write(content: str = "") -> None:
        file.write_text(content)

    return write


def agrees(studio, outcome) -> None:
    assert outcome.exit_code == 0, outcome.message
    assert not studio.seen.of(ReplayDiverged) and "agrees" in outcome.message


def test_a_fail_over_across_wires_replays(studio, own):
    with Endpoint(calls(EDIT), text("Done.")) as second:
        own(
            f"providers: {{mine: {{base_url: '{second.base_url}', models: [a], "
            "wires: {responses: {}, chat: {}}}}\n"
        )
        recorded = studio.record(error(403, "AccountOverdueError"), fallback=["mine/a"])
    assert recorded.status == "done", recorded.message
    assert [line["path"] for line in studio.of("request")] == ["/chat/completions", *["/responses"] * 2]
    assert "wire" not in studio.of("head")[0]["settings"]
    own()
    agrees(studio, studio.replay())
    assert [notice.code for notice in studio.seen.of(NoticeGiven)] == ["fail_over"]


def test_a_wire_the_user_chose_is_recorded_and_held(studio):
    studio.record(text("Done."), wire="responses")
    assert studio.of("head")[0]["settings"]["wire"] == "responses"
    agrees(studio, studio.replay(wire="responses"))
    with pytest.raises(RecordingError, match="--wire can't be 'chat' here"):
        studio.replay(wire="chat")


def test_a_schema_replays_without_its_file(studio):
    file = studio.folder / "结果 of v1.json"
    file.write_text(json.dumps(SCHEMA))
    recorded = studio.record(text("It is done."), text('{"n": "x"}'), text('{"n": 3}'), output_schema=file)
    assert recorded.output == {"n": 3}
    named = json.loads(file.read_text())
    file.unlink()
    outcome = studio.replay()
    agrees(studio, outcome)
    assert outcome.output == {"n": 3} and outcome.comparison.requests == 3
    agrees(studio, studio.replay(output_schema=named))
    with pytest.raises(RecordingError, match="--output-schema is not the one"):
        studio.replay(output_schema={"type": "string"})


def test_a_schema_that_was_never_followed_replays_as_that(studio):
    recorded = studio.record(*[text("No.")] * 4, output_schema=SCHEMA)
    assert recorded.status == "unverified" and "the given schema" in recorded.message
    agrees(studio, studio.replay())


def test_a_provider_of_the_users_replays_elsewhere(studio, own):
    with Endpoint(calls(EDIT), text("Done.")) as service:
        address = service.base_url.replace("://", "://me:very-secret@")
        own(
            f"providers:\n  office:\n    base_url: {address}\n    key_variables: OFFICE_API_KEY\n"
            "    models: {coder: {context_tokens: 4000, output_tokens: 77, price: {input: 1, output: 2}}}\n"
            "  unused: {base_url: 'http://127.0.0.1:9/v1'}\n"
        )
        recorded = studio.record(model="office/coder", base_url=None)
    assert recorded.status == "done" and recorded.cost_cny, recorded.message
    (head,) = studio.of("head")
    assert list(head["catalog"]) == ["office"]
    assert head["catalog"]["office"]["base_url"] == [service.base_url, "user"]
    assert "very-secret" not in studio.file.read_text()
    for machine in (
        "",
        "providers: {office: {base_url: 'http://x/', models: [other]}}",
        "providers: [broken",
    ):
        own(machine)
        outcome = studio.replay()
        agrees(studio, outcome)
        assert outcome.cost_cny == recorded.cost_cny


def test_the_machine_s_own_entries_do_not_change_a_replay(studio, own):
    studio.record(text("Done."))
    assert studio.of("head")[0]["catalog"] == {}
    own("providers: {openai: {unlisted: {output_tokens: 5}, wires: {chat: {fields: []}}}}")
    agrees(studio, studio.replay())


def test_a_price_known_from_another_entry_comes_along(studio, own):
    with Endpoint(text("Done.")) as service:
        own(
            f"providers: {{desk: {{base_url: '{service.base_url}', models: [coder]}}, list: {{base_url: "
            "'http://127.0.0.1:9/v1', models: {coder: {price: {input: 1, output: 2}}}}}"
        )
        recorded = studio.record(model="desk/coder", base_url=None)
    assert recorded.cost_cny and recorded.cost_estimated
    own()
    outcome = studio.replay()
    agrees(studio, outcome)
    assert outcome.cost_cny == recorded.cost_cny


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("catalog", {"office": "nothing"}, "its catalog can't be used"),
        ("catalog", {"office": {}}, "its catalog can't be used"),
        ("catalog", {"office": {"base_url": 5, "wires": []}}, "its catalog can't be used"),
        ("catalog", [], "damaged"),
        ("output_schema", {"schema": {"type": 5}, "name": "x"}, "its output schema can't be used"),
        ("output_schema", {"schema": "x", "name": "x"}, "its output schema can't be used"),
        ("output_schema", {}, "its output schema can't be used"),
    ],
)
def test_a_damaged_head_is_told(studio, key, value, words):
    studio.record(text("Done."))
    head, *rest = studio.lines
    studio.rewrite([head | {key: value}, *rest])
    with pytest.raises(RecordingError, match=words):
        studio.replay()


def test_a_recording_of_an_older_program_replays(studio):
    studio.record(calls(EDIT), text("Done."))
    head, *rest = studio.lines
    del head["catalog"], head["output_schema"]
    head["settings"]["wire"] = head["wire"]
    studio.rewrite([head, *rest])
    agrees(studio, studio.replay())


def test_a_portable_recording_keeps_the_provider_without_its_address(studio, own):
    with Endpoint(calls(EDIT), text("Done.")) as service:
        own(
            f"providers: {{office: {{base_url: '{service.base_url}', models: [coder], wires: [responses]}}, "
            "other: {base_url: 'http://127.0.0.1:9/v1'}}"
        )
        studio.record(model="office/coder", base_url=None, fallback=["other/x"])
        address = service.base_url
    own()
    portable = studio.folder / "portable.jsonl"
    write_portable(studio.file, portable)
    assert address not in portable.read_text()
    studio.file = portable
    (head,) = studio.of("head")
    assert list(head["catalog"]) == ["office"] and head["settings"]["wire"] == "responses"
    outcome = studio.replay()
    assert outcome.exit_code == 0, outcome.message
