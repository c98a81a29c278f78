"""From the command line to the wire: every documented parameter, what may not go out, what comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from command import call_here
from scripted_endpoint import calls, error, raw, text

SEED = "wcode/doubao-seed-2.0-code"
SCHEMA = {"type": "json_schema", "json_schema": {"name": "report", "schema": {"type": "object"}}}
DOCUMENTED = {
    "temperature": ("--temperature=0.5", 0.5),
    "top_p": ("--top-p=0.25", 0.25),
    "top_k": ("--top-k=4", 4),
    "frequency_penalty": ("--frequency-penalty=-1.5", -1.5),
    "presence_penalty": ("--presence-penalty=0.5", 0.5),
    "repetition_penalty": ("--repetition-penalty=1.5", 1.5),
    "min_p": ("--min-p=0.1", 0.1),
    "top_a": ("--top-a=0.2", 0.2),
    "seed": ("--seed=7", 7),
    "max_tokens": ("--max-output-tokens=999", 999),
    "logit_bias": ('--logit-bias={"50256": -100}', {"50256": -100}),
    "logprobs": ("--logprobs", True),
    "top_logprobs": ("--top-logprobs=3", 3),
    "response_format": (f"--response-format={json.dumps(SCHEMA)}", SCHEMA),
    "structured_outputs": ("--structured-outputs", True),
    "stop": ("--stop=END", ["END"]),
    "tools": ("", None),
    "tool_choice": ("--tool-choice=read", {"type": "function", "function": {"name": "read"}}),
    "parallel_tool_calls": ("--no-parallel-tool-calls", False),
    "verbosity": ("--verbosity=low", "low"),
    "reasoning_effort": ("--effort=high", "high"),
    "thinking": ("--thinking=auto", {"type": "auto"}),
}
"""The document's optional parameters by their names there, and the two of thinking
(docs/model-service.md, "Parameters" and "Thinking")."""


@pytest.fixture
def run(seedsmith, endpoint, monkeypatch, capsys):
    """The command on a model of one's choice; its exit code, events and words."""

    def call(prompt, *arguments, model=SEED, as_json=True):
        options = ["-C", str(seedsmith.workspace), "-m", model, "--base-url", endpoint.base_url]
        options += ["--json"] if as_json else []
        process = call_here(
            ("run", prompt, *arguments, *options),
            Path("/"),
            seedsmith.environment | {"XDG_CONFIG_HOME": str(seedsmith.user / "config")},
            monkeypatch,
            capsys,
        )
        if as_json:
            return seedsmith_finished(process)
        return process

    return call


def seedsmith_finished(process):
    events = [json.loads(line) for line in process.stdout.splitlines()]
    return process.returncode, events, process.stderr


def notices(events) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for event in events:
        if event["type"] == "notice":
            said.setdefault(event["code"], []).append(event["message"])
    return said


def test_every_documented_parameter_reaches_the_body_under_its_own_name(run, endpoint):
    endpoint.script(calls(("read", {"path": "."})), text("{}"))
    code, events, errors = run("Answer as JSON", *(flag for flag, _ in DOCUMENTED.values() if flag))
    assert code == 0, errors
    body, later = (request.body for request in endpoint.requests)
    for name, (_, value) in DOCUMENTED.items():
        assert name in body and value in (None, body[name]), name
    assert later["tool_choice"] == "auto", "a run whose every answer must call could never end"
    assert {name: later[name] for name in DOCUMENTED if name != "tool_choice"} == {
        name: body[name] for name in DOCUMENTED if name != "tool_choice"
    }
    assert "field_dropped" not in notices(events) and "parameter" in notices(events)


def test_nothing_is_sent_that_was_not_set(run, endpoint):
    endpoint.script(text("Done."))
    assert run("Do it")[0] == 0
    sent = {"model", "stream", "max_tokens", "messages", "tools"}
    assert set(endpoint.requests[0].body) == sent | {"stream_options", "tool_choice", "parallel_tool_calls"}
    assert endpoint.requests[0].body["max_tokens"] == 32768


def test_max_completion_tokens_takes_the_other_limit_s_place(run, endpoint):
    endpoint.script(text("Done."))
    assert run("Do it", "--max-completion-tokens", "777")[0] == 0
    body = endpoint.requests[0].body
    assert body["max_completion_tokens"] == 777 and "max_tokens" not in body


def test_what_a_provider_takes_no_one_is_told_is_not_sent(run, endpoint):
    endpoint.script(text("Done."))
    code, events, _ = run("Do it", "--top-k=4", "--top-p=0.5", model="ark-coding/doubao-seed-2.0-code")
    assert (
        code == 0 and "top_k" not in endpoint.requests[0].body and endpoint.requests[0].body["top_p"] == 0.5
    )
    assert notices(events)["field_dropped"] == ["ark-coding takes no top_k: it is not sent."]


def test_a_refusal_is_remembered_across_runs(run, endpoint, seedsmith):
    endpoint.script(error(400, "InvalidParameter", "unknown field: min_p"), text("one"), text("two"))
    for _ in range(2):
        code, events, _ = run("Do it", "--min-p=0.1")
        assert code == 0 and len(notices(events)["field_dropped"]) == 1
    assert [request.body.get("min_p") for request in endpoint.requests] == [0.1, None, None]
    assert (seedsmith.state / "refused-fields.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--temperature=3"], "--temperature can't be '3': it must be a number from 0 to 2."),
        (['--response-format={"type":"json_object"}'], "needs a prompt that asks for JSON"),
        (["--tool-choice=reed"], "--tool-choice can't be 'reed'"),
        (["--output-schema=/nowhere/s.json"], "There is no schema file /nowhere/s.json."),
    ],
)
def test_wrong_usage_is_told_before_anything_is_sent(run, endpoint, arguments, words):
    process = run("Do it", *arguments, as_json=False)
    assert process.returncode == 2 and process.stdout == ""
    assert words in process.stderr and endpoint.requests == []


def test_log_probabilities_come_out_in_the_usage_event(run, endpoint):
    def answer(request):
        token = {"token": "Done", "logprob": -0.25, "bytes": [68], "top_logprobs": []}
        choice = {"index": 0, "delta": {"content": "Done"}, "logprobs": {"content": [token]}}
        last = {"index": 0, "delta": {}, "finish_reason": "stop"}
        chunks = [json.dumps({"id": "c", "choices": [each]}) for each in (choice, last)]
        return raw("".join(f"data: {chunk}\n\n" for chunk in [*chunks, "[DONE]"]).encode())

    endpoint.script(answer)
    code, events, _ = run("Do it", "--logprobs", "--top-logprobs=0")
    (usage,) = [event for event in events if event["type"] == "usage"]
    assert code == 0 and usage["extra"]["logprobs"][0]["logprob"] == -0.25


def test_cost_is_estimated_first_and_true_afterwards(run, endpoint):
    endpoint.script(replace(text("Done."), usage={"prompt_tokens": 32_001, "completion_tokens": 1_000}))
    code, events, _ = run("Do it")
    assert code == 0 and events[2]["code"] == "cost_estimate"
    (usage,) = [event for event in events if event["type"] == "usage"]
    assert usage["cost_cny"] == pytest.approx(32.001 * 0.00485 + 0.0245) and usage["tier"] == "32k-128k"
    assert usage["cost_estimated"] is False and events[-1]["cost_cny"] == usage["cost_cny"]


def test_a_cost_limit_below_the_first_question_s_price_sends_nothing(run, endpoint):
    code, events, _ = run("Do it", "--max-cost=0.005")
    assert code == 3 and endpoint.requests == []
    assert events[-1]["status"] == "budget" and events[-1]["cost_cny"] == 0
    assert "--max-cost" in events[-1]["message"]


def test_the_output_is_in_the_last_event(run, endpoint, tmp_path):
    (tmp_path / "s.json").write_text('{"type": "object", "required": ["n"]}')
    endpoint.script(text("no"), text('{"n": 3}'))
    code, events, _ = run("Count", "--output-schema", str(tmp_path / "s.json"))
    assert (code, events[-1]["output"]) == (0, {"n": 3})


def test_a_broken_models_file_is_wrong_usage_where_models_are_needed(run, seedsmith, monkeypatch, capsys):
    folder = seedsmith.user / "config" / "seedsmith"
    folder.mkdir(parents=True)
    (folder / "models.yaml").write_text("providers:\n  mine:\n    base-url: x\n")
    process = run("Do it", as_json=False)
    assert process.returncode == 2 and "models.yaml line 2: mine needs a base_url" in process.stderr
    environment = seedsmith.environment | {"XDG_CONFIG_HOME": str(folder.parent)}

    def command(*arguments):
        return call_here(arguments, seedsmith.workspace, environment, monkeypatch, capsys)

    for listing in ("list", "check"):
        told = command("models", listing)
        assert told.returncode == 2 and "line 2: mine needs a base_url" in told.stderr
    assert command("tool", "read", '{"path": "."}').returncode == 0
    (folder / "models.yaml").write_text(
        "providers: {mine: {base_url: 'http://127.0.0.1:1/v1', models: {tiny: {vision: false, price: free}}}}"
    )
    assert "mine: http://127.0.0.1:1/v1 · tiny" in command("models", "check").stdout
    rows = [json.loads(line) for line in command("models", "list", "--json").stdout.splitlines()]
    (row,) = [row for row in rows if row["model"] == "mine/tiny"]
    assert row["ready"] and not row["vision"] and row["prices"][0]["input_cny"] == 0
