"""The scripted service does what scripts say, seen through a plain socket and the standard client."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from scripted_endpoint import Endpoint, calls, error, raw, reasoning, text


def post(endpoint, connection=None, path="/v1/chat/completions", **body):
    connection = connection or http.client.HTTPConnection(urlsplit(endpoint.base_url).netloc, timeout=60)
    connection.request("POST", path, json.dumps({"model": "m", "messages": [], **body}))
    return connection.getresponse()


def test_plain_and_streamed_answers_share_a_connection(endpoint):
    endpoint.script(text("你好"), reasoning("hm", "yes"))
    connection = http.client.HTTPConnection(urlsplit(endpoint.base_url).netloc, timeout=60)
    plain = json.loads(post(endpoint, connection).read())
    assert plain["choices"][0]["message"]["content"] == "你好"
    assert (
        plain["usage"]["total_tokens"]
        == plain["usage"]["prompt_tokens"] + plain["usage"]["completion_tokens"]
    )
    lines = post(endpoint, connection, stream=True).read().decode().split("\n\n")
    assert lines[-2] == "data: [DONE]"
    assert [json.loads(line[6:])["choices"][0]["finish_reason"] for line in lines[:-2]] == [
        None,
        None,
        None,
        "stop",
    ]
    assert [request.number for request in endpoint.requests] == [0, 1]
    assert endpoint.requests[1].streaming and endpoint.requests[1].headers["host"].startswith("127.0.0.1")


def test_usage_is_streamed_only_when_asked_for(endpoint):
    endpoint.script(lambda request: text("x"))
    assert b"usage" not in post(endpoint, stream=True).read()
    assert b"usage" in post(endpoint, stream=True, stream_options={"include_usage": True}).read()


def test_cut_closes_at_the_byte(endpoint):
    endpoint.script(text("long enough", cut_after=17))
    with pytest.raises(http.client.IncompleteRead) as cut:
        post(endpoint, stream=True).read()
    assert len(cut.value.partial) == 17


def test_chunks_cut_through_characters(endpoint):
    endpoint.script(text("汉字", chunk=1, comments=True))
    body = post(endpoint, stream=True).read()
    assert "汉字" in body.decode() and body.startswith(b": keep-alive")


def test_stall_waits_for_release(endpoint):
    endpoint.script(text("x", stall_after=1))
    response = post(endpoint, stream=True)
    assert b"assistant" in response.readline()
    endpoint.release()
    assert response.read().endswith(b"data: [DONE]\n\n")


def test_a_client_that_leaves_ends_the_stall(endpoint):
    endpoint.script(text("x", stall_after=0), text("next"))
    with socket.create_connection(
        (urlsplit(endpoint.base_url).hostname, urlsplit(endpoint.base_url).port)
    ) as held:
        held.sendall(b'POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 15\r\n\r\n{"stream":true}')
        assert held.recv(100).startswith(b"HTTP/1.1 200")
    assert b"next" in post(endpoint).read()


def test_errors_raw_and_an_exhausted_script(endpoint):
    endpoint.script(
        error(429, "ServerOverloaded", headers={"retry-after": "1"}), raw(b"\xff\x00", status=202)
    )
    refused = post(endpoint)
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert json.loads(refused.read())["error"]["code"] == "ServerOverloaded"
    assert post(endpoint).read() == b"\xff\x00"
    assert b"ScriptExhausted" in post(endpoint).read()


def test_calls_split_into_deltas(endpoint):
    endpoint.script(calls(("read", {"path": "a"}), ("shell", "{broken"), delta=3))
    body = post(endpoint, stream=True).read().decode()
    deltas = [
        json.loads(line[6:])["choices"][0]["delta"]
        for line in body.split("\n\n")
        if line.startswith("data: {")
    ]
    arguments = ["", ""]
    for part in (part for delta in deltas for part in delta.get("tool_calls", ())):
        arguments[part["index"]] += part["function"]["arguments"]
    assert arguments == ['{"path": "a"}', "{broken"]


def test_as_a_process_it_serves_a_script_file_and_logs(tmp_path):
    script, log = tmp_path / "script.json", tmp_path / "log.jsonl"
    script.write_text(
        json.dumps([{"calls": [["shell", {"command": "true"}]], "repeat": 2}, {"error": [500, "Boom"]}])
    )
    server = Path(__file__).parent / "support" / "serve_endpoint.py"
    command = [sys.executable, str(server), "--script", str(script), "--log", str(log)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        address = urlsplit(json.loads(process.stdout.readline())["base_url"]).netloc
        connection = http.client.HTTPConnection(address, timeout=60)
        answers = [post(None, connection).read() for _ in range(3)]
        process.stdin.close()
        assert process.wait(60) == 0
    assert b'"true\\' in answers[0] and b"shell" in answers[1] and b"Boom" in answers[2]
    assert [json.loads(line)["number"] for line in log.read_text().splitlines()] == [0, 1, 2]


def test_usable_as_a_context_manager():
    with Endpoint(text("hi")) as endpoint:
        assert b"hi" in post(endpoint).read()


def test_the_same_script_serves_the_responses_wire(endpoint):
    answer = calls(("read", {"path": "a"}), text="你好", reasoning="hm", delta=1)
    endpoint.script(answer, answer)
    plain = json.loads(post(endpoint, path="/v1/responses").read())
    assert [item["type"] for item in plain["output"]] == ["reasoning", "message", "function_call"]
    assert (plain["status"], plain["output"][2]["arguments"]) == ("completed", '{"path": "a"}')
    streamed = post(endpoint, path="/v1/responses", stream=True).read().decode().split("\n\n")
    events = [json.loads(event.partition("data: ")[2]) for event in streamed if event]
    kinds = [event["type"] for event in events]
    assert kinds[0] == "response.created" and kinds[-1] == "response.completed"
    said = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert said == ["你", "好"]
    whole = [item | {"id": "", "call_id": ""} for item in events[-1]["response"]["output"]]
    assert whole == [item | {"id": "", "call_id": ""} for item in plain["output"]]


@pytest.mark.slow
def test_events_of_the_responses_wire_fit_the_sdk_s_own_types(endpoint):
    """All but the response object, which has the fields of the vendor's sample and no more."""
    from openai.types.responses import ResponseStreamEvent
    from pydantic import TypeAdapter

    answer = calls(("read", {"path": "a"}), text="t", reasoning="r", finish_reason="length")
    endpoint.script(answer)
    streamed = post(endpoint, path="/v1/responses", stream=True).read().decode().split("\n\n")
    events = [json.loads(event.partition("data: ")[2]) for event in streamed if event]
    items = [event for event in events if "response" not in event]
    assert len(items) > 10 and events[-1]["type"] == "response.incomplete"
    for event in items:
        TypeAdapter(ResponseStreamEvent).validate_python(event)
