"""What a caller of ``mcp serve`` sends that is no message: answered with an error, and the server goes on."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import asynccontextmanager

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from seedsmith.agent.frontends import mcp_lines
from seedsmith.agent.frontends.mcp_server import Answered, Offered, serve
from seedsmith.tools.base import ToolSpec

PARSE_ERROR, INVALID = -32700, -32600
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "a test", "version": "1"},
}


class Outgoing:
    """Where the server writes: each line as the message it is."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[dict] = asyncio.Queue()

    async def write(self, text: str) -> None:
        assert text.endswith("\n") and text.count("\n") == 1
        self.messages.put_nowait(json.loads(text))

    async def flush(self) -> None:
        pass


def request(number=7, method="initialize", **members):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, **members}).encode()


async def answers(*sent: bytes, until=("hello",)) -> list[dict]:
    """What is answered to ``sent``, read until every id of ``until`` was; the last line is a greeting."""
    ours, theirs = os.pipe()
    outgoing = Outgoing()
    with os.fdopen(ours, "rb") as incoming:
        serving = asyncio.ensure_future(serve((), incoming, outgoing))
        found: list[dict] = []
        with os.fdopen(theirs, "wb", 0) as file:
            lines = b"\n".join([*sent, request("hello", params=HELLO), b""])
            writing = asyncio.ensure_future(asyncio.to_thread(lambda: os.writev(theirs, [lines])))
            while not set(until) <= {each["id"] for each in found}:
                found.append(await asyncio.wait_for(outgoing.messages.get(), 60))
            assert await writing == len(lines)
            assert not file.closed and not serving.done()
        await serving
    assert [each for each in found if each["id"] == "hello"][0]["result"]["serverInfo"]["name"] == "seedsmith"
    return [each for each in found if each["id"] != "hello"]


DEEP, DEEPEST = ("[" * depth + "]" * depth for depth in (300, 30_000))


@pytest.mark.parametrize(
    ("sent", "code", "number"),
    [
        (b"{", PARSE_ERROR, None),
        (b"hello", PARSE_ERROR, None),
        (b"\xff\xfe", PARSE_ERROR, None),
        (request()[:-1], PARSE_ERROR, None),
        (b"[" * 30_000, INVALID, None),
        (b"[]", INVALID, None),
        (b"[" + request() + b"]", INVALID, None),
        (b"5", INVALID, None),
        (b"null", INVALID, None),
        (b"{}", INVALID, None),
        (b'{"jsonrpc": "2.0", "id": 7}', INVALID, 7),
        (b'{"jsonrpc": "1.0", "id": 7, "method": "ping"}', INVALID, 7),
        (b'{"id": "seven", "method": "ping"}', INVALID, "seven"),
        (b'{"jsonrpc": "2.0", "method": "ping", "params": 5}', INVALID, None),
        (request(params=[1]), INVALID, 7),
        (request(method=5), INVALID, 7),
        (request(1.5), INVALID, None),
        (request(None), INVALID, None),
        (request(True), INVALID, None),
        (request([7]), INVALID, None),
        (request("\ud800"), INVALID, None),
        (request(params={"a": "\ud800"}), INVALID, 7),
        (request(params={"a": 0}).replace(b"0}", DEEP.encode() + b"}"), INVALID, 7),
        (request(params={"a": 0}).replace(b"0}", DEEPEST.encode() + b"}"), INVALID, 7),
        (b'{"params": {"id": 1, "a": %s}, "id": 7}' % DEEPEST.encode(), INVALID, 7),
        (b'{"params": {"id": 1, "a": %s}}' % DEEPEST.encode(), INVALID, None),
        (request(params={"a": 0}).replace(b"0}", b"9" * 5_000 + b"}"), INVALID, 7),
        (b'{"id": "\\ud800", "a": %s}' % DEEPEST.encode(), INVALID, None),
        (request(method="no/such"), -32601, 7),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_what_is_no_message_is_answered_with_an_error(sent, code, number):
    (answer,) = await answers(sent)
    assert (answer["error"]["code"], answer["id"], answer["jsonrpc"]) == (code, number, "2.0")
    assert 0 < len(answer["error"]["message"]) < 200


async def test_blank_lines_answers_and_notifications_are_not_answered():
    sent = (b"", b" \r", b'{"id": 3, "result": 1}', b'{"id": 4, "error": "no"}')
    assert await answers(*sent, b'{"jsonrpc": "2.0", "method": "none", "params": {}}\r') == []


async def test_a_line_that_is_too_long_is_refused_and_the_next_one_taken(monkeypatch):
    monkeypatch.setattr(mcp_lines, "MOST_BYTES", 2 << 20)
    fits, long = "x" * (1 << 20), "x\\" * (2 << 20)
    found = await answers(
        request(1, "none", params={"a": fits}),
        request(2, "none", params={"a": long}),
        json.dumps({"method": "none", "params": {"id": 8, "a": long}, "id": "three"}).encode(),
        json.dumps({"method": "none", "params": {"a": long, "id": 8}}).encode(),
        b"{}" * (2 << 20),
    )
    assert [each["id"] for each in found if each["id"] != 1] == [2, "three", None, None]
    assert {each["error"]["code"] for each in found if each["id"] != 1} == {INVALID}
    assert [each["error"]["code"] for each in found if each["id"] == 1] == [-32601]


async def test_the_last_line_may_end_without_a_line_break():
    ours, theirs = os.pipe()
    outgoing = Outgoing()
    with os.fdopen(ours, "rb") as incoming:
        os.write(theirs, b'{"id": 9}')
        os.close(theirs)
        await serve((), incoming, outgoing)
    assert outgoing.messages.get_nowait()["id"] == 9


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.sampled_from(["2.0", "2.0", "1.0", 2]),
        "method": st.sampled_from(["ping", "initialize", "tools/list", "tools/call"]) | JSON,
        "params": JSON | st.just(HELLO),
        "result": JSON,
    },
).filter(lambda each: "method" in each or "result" not in each)
NONSENSE = st.binary(max_size=30).map(lambda each: each.replace(b"\n", b"")) | JSON.map(
    lambda value: json.dumps(value).encode()
)


@settings(max_examples=25, deadline=None)
@given(sent=st.lists(REQUESTS | NONSENSE, max_size=6))
def test_every_request_with_an_id_gets_one_answer(sent):
    lines = [
        each if isinstance(each, bytes) else json.dumps({**each, "id": number}).encode()
        for number, each in enumerate(sent)
    ]
    asked = [number for number, each in enumerate(sent) if isinstance(each, dict)]
    found = asyncio.run(answers(*lines, until=("hello", *asked)))
    assert sorted(each["id"] for each in found if each["id"] is not None) == asked
    assert all(("result" in each) != ("error" in each) for each in found)


@asynccontextmanager
async def after(nonsense: bytes, *offered: Offered):
    """The SDK's way to a server that was sent ``nonsense`` first."""
    ours, theirs = os.pipe()
    outgoing = Outgoing()
    to_client, from_server = anyio.create_memory_object_stream(10)
    to_server, from_client = anyio.create_memory_object_stream(10)

    async def hear():
        async with to_client:
            while True:
                message = jsonrpc_message_adapter.validate_python(await outgoing.messages.get())
                await to_client.send(SessionMessage(message))

    async def speak():
        with os.fdopen(theirs, "wb", 0) as file:
            file.write(nonsense)
            async for each in from_client:
                file.write(each.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")

    with os.fdopen(ours, "rb") as incoming:
        async with asyncio.TaskGroup() as group:
            hearing, _ = group.create_task(hear()), group.create_task(speak())
            serving = group.create_task(serve(offered, incoming, outgoing))
            yield from_server, to_server
            await to_server.aclose()
            await serving
            hearing.cancel()


async def test_the_sdks_client_goes_on_after_nonsense_and_half_characters_are_sent_as_marks():
    async def perform(given, front_ends):
        return Answered(True, f"half \ud800 {given}", {"name": "\udcff", "figure": float("nan")})

    spec = ToolSpec("half", "Say half a character.", {"type": "object", "properties": {}})
    nonsense = b"{\n[]\n\xff\n" + request(900, params=[1]) + b"\n"
    async with (
        asyncio.timeout(60),
        Client(after(nonsense, Offered(spec, perform)), mode="legacy") as client,
    ):
        for _ in range(2):
            done = await client.call_tool("half", {"a": 1})
            assert not done.is_error and done.content[0].text == "half ? {'a': 1}"
            assert done.structured_content == {"name": "\\udcff", "figure": None}
        assert [tool.name for tool in (await client.list_tools()).tools] == ["half"]
