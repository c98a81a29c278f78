"""Whole runs over the Responses wire, and sessions that go on over another wire with another model."""

from __future__ import annotations

import time

import pytest
from scripted_endpoint import calls, error, text

WORK = calls(
    ("read", {"path": "a.txt"}),
    ("shell", {"command": "echo 汉字 > b.txt"}),
    text="I look.",
    reasoning="Both at once.",
    delta=4,
)


@pytest.fixture
def started(seedsmith):
    (seedsmith.workspace / "a.txt").write_text("one\n")
    return seedsmith


def bodies(endpoint):
    return [request.body for request in endpoint.requests]


def codes(done):
    return [event["code"] for event in done.of("notice")]


@pytest.mark.slow
def test_a_run_with_parallel_calls_reasoning_a_429_and_a_cut_stream(started, endpoint):
    read = calls(("read", {"path": "b.txt"}), reasoning="Look.", delta=3)
    endpoint.script(
        WORK,
        error(429, "ServerOverloaded", headers={"retry-after": "0"}),
        calls(("read", {"path": "b.txt"}), delta=3, cut_after=1500),
        read,
        text("Done.", delta=2, chunk=5, comments=True),
    )
    done = started.run("Go", "--wire", "responses", "--effort", "low", "--store", "--caching", "enabled")
    assert (done.code, done.last["status"], done.last["tool_calls"]) == (0, "done", 3)
    assert started.tree()["b.txt"] == "汉字\n" and codes(done) == ["retry", "retry"]
    assert {request.path for request in endpoint.requests} == {"/v1/responses"}
    assert [event["request_id"] for event in done.of("usage")] == ["resp_0", "resp_3", "resp_4"]
    assert (
        done.of("usage")[0]["extra"]["store"] is True and done.of("session.started")[0]["wire"] == "responses"
    )
    last = bodies(endpoint)[-1]
    assert [item["type"] for item in last["input"]][2:] == [
        *("reasoning", "message", "function_call", "function_call", "function_call_output"),
        *("function_call_output", "reasoning", "function_call", "function_call_output"),
    ]
    assert (last["reasoning"], last["caching"]) == ({"effort": "low"}, {"type": "enabled"})


def test_a_chained_run_sends_what_is_new(started, endpoint):
    endpoint.script(WORK, error(400, "previous_response_not_found", "resp_0 not found"), WORK, text("Done."))
    done = started.run("Go", "--wire", "responses", "--chain")
    assert (done.code, codes(done)) == (0, ["chain_broken"])
    assert [body.get("previous_response_id") for body in bodies(endpoint)] == [None, "resp_0", None, "resp_2"]
    assert [item["type"] for item in bodies(endpoint)[3]["input"]] == ["function_call_output"] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second"), [("chat", "responses"), ("responses", "chat")], ids=["to-responses", "to-chat"]
)
def test_a_session_goes_on_over_another_wire_with_another_model(started, endpoint, first, second):
    endpoint.script(WORK, text("First.", reasoning="Enough."), text("Second."), text("Third."))
    assert started.run("Go", "--wire", first).code == 0
    identity = started.session.name
    started.model = "evolink/doubao-seed-2.0-pro"
    again = started.run("And now?", "--resume", identity, "--wire", second)
    assert again.code == 0 and again.last["message"].startswith("Second.")
    assert codes(again) == ["model_changed", "wire_changed"]
    body = bodies(endpoint)[2]
    if second == "responses":
        kinds = [item["type"] for item in body["input"]][2:]
        assert kinds == [
            *("reasoning", "message", "function_call", "function_call"),
            *("function_call_output", "function_call_output", "reasoning", "message", "message"),
        ]
        assert body["input"][2]["summary"] == [{"type": "summary_text", "text": "Both at once."}]
    else:
        assert [message["role"] for message in body["messages"]][2:] == [
            *("assistant", "tool", "tool", "assistant", "user")
        ]
        assert body["messages"][2]["reasoning_content"] == "Both at once."
    started.model = "openai/scripted"
    back = started.run("And then?", "--resume", identity)
    assert (codes(back), back.of("session.started")[0]["wire"]) == ([], first)


def test_evolink_speaks_the_wire_of_its_document_first(started, endpoint):
    endpoint.script(text("Done."))
    started.model = "evolink/doubao-seed-2.0-code"
    assert started.run("Go").of("session.started")[0]["wire"] == "responses"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--expire-at", str(int(time.time()) + 3600)), "1 to 7 days ahead"),
        (("--expire-at", str(int(time.time()) + 8 * 86_400)), "1 to 7 days ahead"),
        (("--chain", "--no-store"), "leave out --no-store"),
        (("--wire", "telegraph"), "wire"),
    ],
)
def test_what_can_not_be_asked_is_said_before_anything_is_sent(started, endpoint, arguments, words):
    done = started.run("Go", *arguments)
    assert done.code == 2 and words in done.errors and not endpoint.requests


def test_a_wire_the_provider_does_not_speak(started, endpoint):
    started.model = "wcode/doubao-seed-2.0-code"
    done = started.run("Go", "--wire", "responses")
    assert done.code == 2 and "wcode doesn't speak the responses wire: use --wire chat" in done.errors
