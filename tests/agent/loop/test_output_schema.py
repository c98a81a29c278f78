"""The final message follows a schema, or the run says why it does not."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path

import hypothesis
import pytest
from examples import examples
from hypothesis import settings
from hypothesis import strategies as st
from scripted_endpoint import calls, error, text
from small_house import Collected

from seedsmith import Agent
from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import NoticeGiven, SessionFinished
from seedsmith.agent.loop import output_check_process
from seedsmith.agent.loop.output_check import MOST_REPAIRS
from seedsmith.agent.loop.output_schema import SchemaError, checked_schema, load

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "lines": {"type": "array", "items": {"type": "integer"}}},
    "required": ["name"],
    "additionalProperties": False,
}
GOOD = '{"name": "错误", "lines": [1, 2]}'


@pytest.fixture
def schema_file(tmp_path):
    path = tmp_path / "报告 schema.json"
    path.write_text(json.dumps(SCHEMA), encoding="utf-8")
    return path


@pytest.fixture
def agent(tmp_path, endpoint, schema_file):
    """Makes an agent; what it showed is in ``agent.seen``."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.txt").write_text("one\n")

    def make(**options):
        make.seen = Collected()
        base = {
            "workspace": tmp_path / "work",
            "model": "wcode/doubao-seed-2.0-code",
            "base_url": endpoint.base_url,
            "api_key": "a-key-for-tests",
            "home": tmp_path / "state",
            "output_schema": schema_file,
            "front_ends": (make.seen,),
        }
        return Agent(**base | options)

    return make


def last_message(request) -> str:
    return request.body["messages"][-1]["content"]


@pytest.mark.parametrize(
    "said", [GOOD, f"  {GOOD}\n", f"```json\n{GOOD}\n```", f"Here it is:\n\n```\n{GOOD}\n```\nDone."]
)
def test_a_message_that_follows_it_is_the_output(agent, endpoint, said):
    endpoint.script(text(said))
    outcome = agent().run("Report")
    assert (outcome.status, outcome.exit_code, outcome.turns) == ("done", 0, 1)
    assert outcome.output == {"name": "错误", "lines": [1, 2]}
    assert agent.seen.of(SessionFinished)[0].output == outcome.output
    told = last_message(endpoint.requests[0])
    assert told.startswith("Report\n") and json.dumps(SCHEMA, separators=(",", ":")) in told
    assert "response_format" not in endpoint.requests[0].body, (
        "beside tools it may keep the model from calling"
    )


def test_a_wrong_one_is_asked_for_again_by_schema_and_without_tools(agent, endpoint):
    endpoint.script(
        calls(("read", {"path": "a.txt"})), text("It is all done."), text('{"name": 5, "x": 1}'), text(GOOD)
    )
    outcome = agent().run("Report")
    assert (outcome.status, outcome.turns, outcome.output["name"]) == ("done", 4, "错误")
    ordinary, after_call, first, second = (request.body for request in endpoint.requests)
    assert [each["tool_choice"] for each in (ordinary, after_call, first, second)] == [
        "auto",
        "auto",
        "none",
        "none",
    ]
    assert "response_format" not in after_call
    assert first["response_format"]["type"] == "json_schema"
    assert first["response_format"]["json_schema"] == {"name": "schema", "schema": SCHEMA}
    assert first["tools"] == ordinary["tools"]
    assert "it is not JSON" in last_message(endpoint.requests[2])
    for words in ("$.name: 5 is not of type 'string'", "'x' was unexpected"):
        assert words in last_message(endpoint.requests[3])
    codes = [notice.code for notice in agent.seen.of(NoticeGiven)]
    assert codes.count("output_schema") == 2


def test_a_service_without_schemas_is_only_told(agent, endpoint, tmp_path, monkeypatch):
    (tmp_path / "seedsmith").mkdir()
    (tmp_path / "seedsmith" / "models.yaml").write_text(
        f"providers: {{plain: {{base_url: '{endpoint.base_url}', models: [m]}}}}"
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    endpoint.script(text("no"), text(GOOD))
    assert agent(model="plain/m", base_url=None).run("Report").status == "done"
    assert "response_format" not in endpoint.requests[1].body
    assert endpoint.requests[1].body["tool_choice"] == "auto"


def test_a_service_that_refuses_the_schema_is_asked_without(agent, endpoint):
    refused = error(400, "InvalidParameter", "json_schema is not supported", param="response_format")
    endpoint.script(text("no"), refused, text(GOOD))
    assert agent().run("Report").output["name"] == "错误"
    assert "response_format" not in endpoint.requests[2].body


def test_what_never_follows_it_is_unverified_with_the_errors(agent, endpoint):
    endpoint.script(*[text('{"lines": ["x"]}')] * 9)
    outcome = agent().run("Report")
    assert (outcome.status, outcome.exit_code, outcome.output) == ("unverified", 1, None)
    assert len(endpoint.requests) == 1 + MOST_REPAIRS
    assert "$.lines[0]: 'x' is not of type 'integer'" in outcome.message
    assert "$: 'name' is a required property" in outcome.message


def test_it_goes_together_with_a_verification(agent, endpoint):
    edit = ("edit", {"path": "a.txt", "old": "one", "new": "two"})
    endpoint.script(text("done?"), calls(edit), text("done!"), text(GOOD))
    outcome = agent(verify="grep -q two a.txt").run("Change and report")
    assert (outcome.status, outcome.exit_code) == ("done", 0)
    assert outcome.verified.proven and outcome.output["lines"] == [1, 2]
    assert "the check does not pass" in last_message(endpoint.requests[1])
    assert "not what was asked for" in last_message(endpoint.requests[3])


def test_a_resumed_session_is_told_too(agent, endpoint):
    endpoint.script(text("Looked."), text(GOOD))
    first = agent(output_schema=None).run("Look")
    outcome = agent(resume=first.session).run("Report")
    assert outcome.output["name"] == "错误"
    assert last_message(endpoint.requests[1]).startswith("Report\n\nWhen you are done")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "There is no schema file"),
        (b"{", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        (b"[]", "should be a JSON object"),
        (b'{"type": "strange"}', r"is no JSON Schema: .*'strange'"),
        (b'{"minimum": NaN}', "NaN is no JSON number"),
        (b'{"minimum": "x"}', "is no JSON Schema"),
        (b'{"$ref": "http://127.0.0.1:9/other.json"}', "refers to 'http://127.0.0.1:9/other.json'"),
        (b'{"properties": {"a": {"$ref": "#/$defs/none"}}}', "refers to '#/\\$defs/none'"),
        (b'{"$ref": "file:///etc/passwd"}', "nothing is fetched"),
        (b'{"properties": {"default": {"$ref": "other.json"}}}', "refers to 'other.json'"),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * ((1 << 20) + 1), "larger than 1 MB"),
    ],
)
def test_a_schema_that_can_t_be_used_is_wrong_usage(agent, endpoint, tmp_path, content, words):
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SchemaError, match=words) as told:
        agent(output_schema=path).run("Report")
    assert "\n" not in str(told.value) and endpoint.requests == []


def test_references_inside_the_file_hold(tmp_path):
    path = tmp_path / "s.json"
    path.write_text(
        json.dumps(
            {
                "$id": "https://example.com/root",
                "$defs": {"n": {"type": "integer"}, "other": {"$id": "inner", "type": "string"}},
                "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"$ref": "inner"}, "c": {"$ref": "#"}},
            }
        )
    )
    schema = load(path)
    assert schema.read('{"a": 1, "b": "x", "c": {"a": 2}}')[1] == []
    assert schema.read('{"a": 1, "c": {"a": "x"}}')[1] == ["$.c.a: 'x' is not of type 'integer'"]


def test_a_reference_that_is_met_late_is_not_fetched_either(tmp_path, endpoint):
    path = tmp_path / "s.json"
    address = f"{endpoint.base_url}/schema"
    hidden = {"$ref": "#/default", "default": {"$ref": address}}
    path.write_text(json.dumps(hidden))
    assert address in load(path).read("5")[1][0] and endpoint.requests == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", "it is not JSON"),
        ("```json\n{}\n```\n```json\n{}\n```", "it is not JSON"),
        ("```json\n{'a': 1}\n```", "its fenced block is not JSON"),
        ('{"name": NaN}', "NaN is no JSON number"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_value_is_said(schema_file, said, words):
    assert words in load(schema_file).read(said)[1][0]


def test_many_and_long_errors_are_bounded(schema_file):
    value = {f"key{number}" * 99: 1 for number in range(50)} | {"lines": ["x"] * 50}
    errors = load(schema_file).read(json.dumps(value))[1]
    assert len(errors) == 11 and errors[-1].startswith("and ") and all(len(each) < 400 for each in errors)


@pytest.fixture(scope="module")
def any_list(tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "list.json"
    path.write_text('{"type": "array"}')
    return load(path)


@settings(max_examples=examples(80), deadline=None)
@hypothesis.given(
    st.text() | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x)).map(json.dumps)
)
def test_any_message_is_a_value_or_an_error(any_list, said):
    value, errors = any_list.read(said)
    assert bool(errors) or isinstance(value, list)


CATASTROPHE = {"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}, "required": ["a"]}
ENDLESS = json.dumps({"a": "a" * 60 + "!"})


@pytest.mark.slow
async def test_a_pattern_that_never_ends_counts_as_not_valid(agent, endpoint, monkeypatch):
    monkeypatch.setattr(output_check_process, "DEADLINE_SECONDS", 1)

    def give_time(request):  # to the checks that come to an end, however slow the machine is
        monkeypatch.setattr(output_check_process, "DEADLINE_SECONDS", 60 if request.number else 1)

    endpoint.on_request = give_time
    endpoint.script(text(ENDLESS), text('{"a": "b"}'), text('{"a": "aaa"}'))
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    beside = asyncio.create_task(tick())
    outcome = await agent(output_schema=CATASTROPHE).arun("Report")
    beside.cancel()
    assert (outcome.status, outcome.output) == ("done", {"a": "aaa"}), outcome.message
    assert "could not be checked in 1 s" in last_message(endpoint.requests[1])
    assert "does not match" in last_message(endpoint.requests[2])
    assert ticks > 2, "the loop went on meanwhile"


@pytest.mark.slow
def test_a_run_s_time_ends_such_a_check(agent, endpoint):
    endpoint.script(text(ENDLESS))
    outcome = agent(output_schema=CATASTROPHE, max_time=1.5).run("Report")
    assert outcome.status == "budget"
    assert len(endpoint.requests) <= 1  # none where the machine is too slow to begin in that time


async def test_cancelling_ends_the_process(agent, endpoint):
    children = Path(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/children")
    before = set(children.read_text().split())
    task = asyncio.create_task(output_check_process.read_apart(checked_schema(CATASTROPHE), ENDLESS))
    while not (begun := set(children.read_text().split()) - before):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not begun & set(children.read_text().split())


@pytest.mark.slow
async def test_what_is_read_apart_is_read_the_same():
    schema = checked_schema(CATASTROPHE)
    assert schema.searches and not checked_schema(SCHEMA).searches
    for said in ('{"a": "aa"}', '{"a": "错"}', '{"a": "\\ud800"}', "[", "[" * 90_000, '{"a": NaN}', "{}"):
        value, errors = schema.read(said)
        assert await output_check_process.read_apart(schema, said) == (None if errors else value, errors)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": 5}, "The given schema is no JSON Schema: "),
        ({"$ref": "http://x/"}, "The given schema refers to 'http://x/', which it does not hold"),
        ({"enum": [object()]}, "output_schema can't be "),
        ({"minimum": float("nan")}, "it must be the path of a JSON Schema, or one as JSON has it"),
    ],
)
def test_a_given_schema_that_cannot_be_used_is_told(agent, schema, words):
    with pytest.raises(UsageError, match=words):
        agent(output_schema=schema).run("Report")


def test_a_given_schema_is_not_changed_afterwards(agent, endpoint):
    endpoint.script(text(GOOD))
    mine = json.loads(json.dumps(SCHEMA))
    made = agent(output_schema=mine)
    mine["required"] = ["nothing"]
    assert made.run("Report").output["name"] == "错误"
