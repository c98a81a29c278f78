"""What is no message, too large, of another version or cut off: an error, and the connection lives on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted_endpoint import calls, text
from waiting import appears

from seedsmith.agent.frontends.acp import editor_agent, line_transport
from seedsmith.agent.frontends.acp.line_transport import open_lines

HELLO = {"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": {"protocolVersion": 1}}


async def answers(both, *sent: bytes) -> list[dict]:
    """What comes back for ``sent``, up to the answer to a greeting after it."""
    both.writer.write(b"".join(line + b"\n" for line in sent) + json.dumps(HELLO).encode() + b"\n")
    found = []
    while True:
        answer = json.loads(await asyncio.wait_for(both.reader.readline(), 60))
        if answer.get("id") == "hello":
            assert answer["result"]["protocolVersion"] == 1
            return found
        found.append(answer)


def request(method, params=None, number=7):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"{", -32700),
        (b"hello", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b"5", -32600),
        (b'{"jsonrpc": "2.0"}', -32600),
        (b'{"id": 7, "method": ["a"]}', -32600),
        (b'{"id": {}, "method": "initialize"}', -32600),
        (b'{"id": {}, "result": 1}', -32600),
        (request("no/such"), -32601),
        (request("_extension/thing", {}), -32601),
        (request("initialize", {"protocolVersion": -1}), -32602),
        (request("initialize", {"protocolVersion": 1 << 70}), -32602),
        (request("initialize"), -32602),
        (request("session/new", {"cwd": 5}), -32602),
        (request("session/new", "text"), -32602),
        (request("session/prompt", {"sessionId": "a", "prompt": [{"type": "tune"}]}), -32602),
        (request("session/prompt", {"sessionId": "\ud800", "prompt": []}), -32002),
        (request("session/load", {"cwd": "/", "sessionId": "../..", "mcpServers": []}), None),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_what_cannot_be_taken_is_answered_with_an_error(pipes, sent, code):
    async with pipes() as both:
        (answer,) = await answers(both, sent)
    assert "result" not in answer and answer["error"]["message"]
    assert code is None or answer["error"]["code"] == code
    assert answer["id"] in (7, None)


@pytest.mark.parametrize("version", [0, 1, 2, 65535, "2025-06-18"])
async def test_another_version_is_answered_with_the_one_that_is_spoken(pipes, version):
    async with pipes() as both:
        (answer,) = await answers(both, request("initialize", {"protocolVersion": version}))
    assert answer["result"]["protocolVersion"] == 1


async def test_answers_that_nobody_asked_for_and_blank_lines_are_passed_over(pipes):
    sent = (b"", b"  ", b'{"id": 3, "result": 1}', b'{"id": 4, "error": "no"}', b'{"method": "none", "x": 1}')
    async with pipes() as both:
        assert await answers(both, *sent) == []


async def test_a_message_that_is_too_large_is_refused_and_the_next_one_taken(pipes, monkeypatch):
    monkeypatch.setattr(line_transport, "MOST_BYTES", 3 << 20)
    fits = request("none", {"text": "x" * (2 << 20)})
    async with pipes() as both:
        found = await answers(both, fits, request("none", {"text": "x" * (5 << 20)}), b"{}" * (3 << 20))
    assert [each["error"]["code"] for each in found] == [-32601, -32600, -32600]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
METHODS = st.sampled_from(
    [
        *("initialize", "authenticate", "session/new", "session/load", "session/list", "session/prompt"),
        *("session/cancel", "session/close", "session/resume", "session/fork", "session/set_mode"),
        *("session/set_config_option", "session/delete", "_own"),
    ]
)
FIELDS = st.sampled_from(
    ["sessionId", "cwd", "mcpServers", "prompt", "protocolVersion", "modeId", "cursor", "_meta"]
)
PARAMETERS = JSON | st.dictionaries(FIELDS, JSON | st.sampled_from(["/", "last", [], {}]), max_size=4)
REQUESTS = st.fixed_dictionaries(
    {"id": st.integers(0, 9), "method": METHODS | st.text()}, optional={"params": PARAMETERS}
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sent=st.lists(REQUESTS, max_size=6))
def test_every_request_gets_one_answer_whatever_is_in_it(pipes, sent):
    async def ask():
        async with pipes() as both:
            found = await answers(both, *(json.dumps(each).encode() for each in sent))
            while len(found) < len(sent):
                found += await answers(both)
            return found

    found = asyncio.run(ask())
    assert sorted(each["id"] for each in found) == sorted(each["id"] for each in sent)
    assert all(("result" in each) != ("error" in each) for each in found)


@given(sent=st.lists(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()), max_size=8))
def test_no_bytes_keep_the_next_message_from_being_read(sent):
    async def read():
        (ours, theirs), (back, answers_to) = os.pipe(), os.pipe()
        opened = await open_lines(os.fdopen(ours, "rb", 0), os.fdopen(answers_to, "wb", 0))
        with os.fdopen(theirs, "wb", 0) as file:
            file.write(b"\n".join([*(each.replace(b"\n", b"") for each in sent), b'{"method": "last"}', b""]))
        found = []
        while (message := await opened.receive()) is not None:
            found.append(message)
        await opened.close()
        os.close(back)
        return found

    found = asyncio.run(read())
    assert found[-1] == {"method": "last"} and all(isinstance(each, dict) for each in found)


async def test_an_editor_that_goes_ends_what_it_began(pipes, endpoint, repository, environment):
    endpoint.script(calls(("shell", {"command": "touch begun; sleep 600"})))
    async with pipes() as both:
        both.writer.write(request("session/new", {"cwd": str(repository), "mcpServers": []}) + b"\n")
        answer = json.loads(await both.reader.readline())
        while answer.get("id") != 7:
            answer = json.loads(await both.reader.readline())
        session = answer["result"]["sessionId"]
        prompt = [{"type": "text", "text": "Go"}]
        both.writer.write(request("session/prompt", {"sessionId": session, "prompt": prompt}) + b"\n")
        await appears(repository / "begun")
    records = Path(environment["SEEDSMITH_HOME"], "sessions", session, "records.jsonl").read_text()
    assert json.loads(records.splitlines()[-1])["status"] == "interrupted"


async def test_an_answer_that_is_none_is_a_no(pipes, endpoint, repository):
    endpoint.script(calls(("write", {"path": ".envrc", "content": "A=1\n"})), text("So be it."))
    async with pipes() as both:
        both.writer.write(request("session/new", {"cwd": str(repository), "mcpServers": []}) + b"\n")
        session = ""
        while line := await both.reader.readline():
            message = json.loads(line)
            if message.get("id") == 7:
                session = message["result"]["sessionId"]
                prompt = [{"type": "text", "text": "Go"}]
                sent = request("session/prompt", {"sessionId": session, "prompt": prompt}, 8)
                both.writer.write(sent + b"\n")
            elif message.get("method") == "session/request_permission":
                both.writer.write(
                    json.dumps({"id": message["id"], "result": {"outcome": 5}}).encode() + b"\n"
                )
            elif message.get("id") == 8:
                break
    assert message["result"]["stopReason"] == "end_turn" and not (repository / ".envrc").exists()


async def test_what_was_asked_before_the_pipe_closed_is_answered(pipes):
    async with pipes() as both:
        both.writer.write(request("initialize", {"protocolVersion": 1}, 1) + b"\n")
        both.writer.write(request("session/list", {}, 2) + b"\n")
        await both.cut()
        found = [json.loads(line) for line in (await both.reader.read()).splitlines()]
    assert sorted(each["id"] for each in found) == [1, 2] and all("result" in each for each in found)


async def test_an_editor_that_reads_nothing_and_goes_is_not_waited_for(pipes, monkeypatch):
    monkeypatch.setattr(editor_agent, "_LAST_ANSWERS_SECONDS", 0.1)
    async with pipes() as both:
        both.stop_reading()
        for number in range(200):
            both.writer.write(request("initialize", {"protocolVersion": 1}, number) + b"\n")
        await both.cut()
    assert both.serving.done()


async def test_letting_go_of_a_pipe_that_nobody_reads_any_more_is_no_error():
    (ours, theirs), (back, answers_to) = os.pipe(), os.pipe()
    opened = await open_lines(os.fdopen(ours, "rb", 0), os.fdopen(answers_to, "wb", 0))
    os.close(back)
    async with asyncio.timeout(60):
        while opened._writer.transport._loop is not None:  # it notices, and then lets go by itself
            with contextlib.suppress(ConnectionError):
                await opened.send({"id": 1})
            await asyncio.sleep(0)
    await opened.close()
    assert opened._writer.transport.is_closing()
    os.close(theirs)
