"""A server that hangs, dies, floods or speaks nonsense costs one failed call, whatever it does."""

from __future__ import annotations

import asyncio
import json

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import example, script

HANDSHAKE = """
import json, sys, os
def say(value):
    sys.stdout.write((value if isinstance(value, str) else json.dumps(value)) + "\\n"); sys.stdout.flush()
def answers(call):
    for line in sys.stdin:
        asked = json.loads(line)
        method, number = asked.get("method"), asked.get("id")
        if method == "initialize":
            say({"jsonrpc": "2.0", "id": number, "result": {"protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}}, "serverInfo": {"name": "x", "version": "1"}}})
        elif method == "tools/list":
            say({"jsonrpc": "2.0", "id": number, "result": {"tools": [
                {"name": "go", "description": "Goes.", "inputSchema": {"type": "object"}}]}})
        elif method == "tools/call":
            call(number)
        elif number is not None:
            say({"jsonrpc": "2.0", "id": number, "error": {"code": -32601, "message": "unknown"}})
"""
"""A server of the older protocol, by hand, whose one tool does what ``call`` does."""


def by_hand(call, **more):
    return script(f"{HANDSHAKE}\ndef call(number):\n    {call}\nanswers(call)", **more)


def result(value) -> str:
    return f'say({{"jsonrpc": "2.0", "id": number, "result": {value!r}}})'


@pytest.mark.slow
async def test_a_server_that_dies_costs_one_call(mcp):
    said = await mcp.refused("die")
    assert "example ended before it answered" in said and "out of heart" in said
    assert (await mcp.call("add", a=1, b=1)).ok, "it is started again"


@pytest.mark.slow
async def test_a_server_that_hangs_is_stopped(mcp):
    mcp.open(example=example(timeout=5))
    assert "no answer within 5 seconds" in await mcp.refused("hang")
    assert (await mcp.call("add", a=1, b=1)).ok


@pytest.mark.slow
async def test_long_answers_and_noise_pass(mcp):
    assert len((await mcp.call("long")).text) > 3_000_000
    assert (await mcp.call("noise")).text.endswith("said")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ('[say({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": n}})'
         " for n in range(100_000)]", "more than 5,000 messages unasked"),
        ("sys.stdout.write('x' * (20 << 20)); sys.stdout.flush()", "longer than 16 MB"),
        ("[say('Hello!') for _ in range(1000)]", "more than 200 lines were no messages"),
        ("os.close(1)", "ended before it answered"),
        (result({"content": "text"}), "no answer"),
        (result([]), ""),
        (result({"content": [{"type": "song", "text": "la"}]}), "no answer"),
        ('say({"jsonrpc": "2.0", "id": number, "error": {"code": -1, "message": "not now"}})', "not now"),
        ("sys.stdout.buffer.write(b'\\xff\\xfe\\n'); say('{'); os._exit(1)", "ended before it answered"),
    ],
    ids=["flood", "long line", "noise", "no output", "shape", "list", "block", "error", "bytes"],
)  # fmt: skip
async def test_bad_answers(mcp, call, fault):
    mcp.open(bad=by_hand(call, timeout=1 if fault in ("", "no answer") else 60))
    assert fault in await mcp.refused("go", server="bad")


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"command": "no-such-program"}, "can't be started: its program no-such-program is not installed"),
        (script("import sys; sys.exit('no key was given')"), "no key was given"),
        (script("print('hello')"), "can't be used"),
        (example(cwd="missing"), "doesn't exist"),
    ],
)
async def test_servers_that_never_begin(mcp, entry, fault):
    mcp.open(bad=entry)
    assert fault in await mcp.refused("go", server="bad")


@pytest.mark.slow
async def test_one_that_never_answers_at_its_start_is_given_up(mcp, monkeypatch):
    monkeypatch.setattr("seedsmith.tools.mcp.connection.START_SECONDS", 0.5)
    mcp.open(bad=script("import time; time.sleep(600)"))
    assert "was not ready within" in await mcp.refused("go", server="bad")


@pytest.mark.slow
async def test_nothing_of_a_server_is_left_when_its_call_is_interrupted(mcp):
    await mcp.call("add", a=1, b=1)
    call = asyncio.ensure_future(mcp.call("hang"))
    await asyncio.wait({call}, timeout=0.2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert (await mcp.call("add", a=2, b=2)).ok
    await mcp.pool.close()
    assert not mcp.context.processes._running


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    answers=st.lists(
        st.fixed_dictionaries(
            {"jsonrpc": st.just("2.0")},
            optional={"id": st.integers(0, 5) | json_values, "result": json_values, "error": json_values,
                      "method": st.sampled_from(["ping", "sampling/createMessage", "roots/list", "x"]),
                      "params": json_values},
        )
        | json_values,
        max_size=6,
    )
)  # fmt: skip
async def test_whatever_a_server_says_the_call_ends_with_a_result_or_one_sentence(mcp, answers):
    lines = [json.dumps(each) for each in answers]
    mcp.open(bad=by_hand(f"[say(line) for line in {lines!r}]; os._exit(0)", timeout=20))
    try:
        got = await mcp.call("go", server="bad")
        assert got.text
    except Exception as error:
        assert type(error).__name__ == "ToolError" and str(error)
    finally:
        await mcp.pool.close()
