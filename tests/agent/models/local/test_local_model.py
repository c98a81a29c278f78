"""A real model behind a real server; needs weights, see the fixture ``weights_file``."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from seedsmith.agent.conversation import AssistantMessage, SystemMessage, ToolCall, ToolOutput, UserMessage
from seedsmith.agent.models.base import Answer, CallReady, Notice, Request, Retrying, TextDelta
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.errors import ContextExceeded, LocalModelError
from seedsmith.agent.models.local.local_model import LocalModel
from seedsmith.agent.models.local.machine import physical_cores
from seedsmith.agent.models.local.server import LocalServer, ServerOptions
from seedsmith.tools.base import ToolSpec

pytestmark = [pytest.mark.local_model, pytest.mark.slow, pytest.mark.xdist_group("machine")]

NAME = "qwen2.5-coder-0.5b"
READ = ToolSpec(
    "read",
    "Read a file.",
    {
        "type": "object",
        "properties": {"path": {"type": "string", "description": "File to read"}},
        "required": ["path"],
    },
)
GREEDY = {"temperature": 0, "seed": 1}


def open_model(weights: Path, cache: Path, wire: str = "chat") -> LocalModel:
    environment = {**os.environ, "SEEDSMITH_LOCAL_MODEL": str(weights)}
    return LocalModel(NAME, catalog.load(), environment, wire=wire, cache=cache)


def options(weights: Path, folder: Path) -> ServerOptions:
    return ServerOptions(NAME, weights, 4096, physical_cores(), folder / "server.log")


@pytest.fixture
async def model(weights_file: Path, tmp_path: Path) -> AsyncIterator[LocalModel]:
    model = open_model(weights_file, tmp_path)
    yield model
    await model.aclose()


async def ask(model: LocalModel, request: Request) -> tuple[list, Answer]:
    parts = [part async for part in model.stream(request)]
    assert isinstance(parts[-1], Answer)
    return parts[:-1], parts[-1]


def get(address: str, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    connection = HTTPConnection(address.removeprefix("http://"))
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, dict(response.headers)


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def has_ended(process: int, within_seconds: float) -> bool:
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within_seconds)[0])
    finally:
        os.close(handle)


async def test_it_answers_calls_and_continues(model):
    first, answer = await ask(
        model,
        Request(
            [SystemMessage("You are brief."), UserMessage("Say hello.")],
            max_output_tokens=16,
            sampling=GREEDY,
        ),
    )
    assert [part.code for part in first if isinstance(part, Notice)] == ["model_load"]
    assert "".join(part.text for part in first if isinstance(part, TextDelta)) == answer.text != ""
    assert answer.usage.input_tokens > 0 and 0 < answer.usage.output_tokens <= 16
    assert answer.cost_cny in (None, 0)
    assert 4096 <= model.context_tokens <= 16_384

    question = [SystemMessage("You are brief."), UserMessage("What is in the file notes.txt? Read it.")]
    second, answer = await ask(
        model,
        Request(question, (READ,), tool_choice="required", max_output_tokens=64, sampling=GREEDY),
    )
    (call,) = answer.calls
    assert call.name == "read" and isinstance(json.loads(call.arguments)["path"], str)
    # A loaded machine may lose a connection once; what counts is that no JSON is shown as text.
    shown = [part for part in second if not isinstance(part, Retrying)]
    assert answer.text == "" and shown == [CallReady(call)]

    broken = [
        AssistantMessage(calls=(ToolCall("call_1", "read", '{"path'),)),
        ToolOutput("call_1", "read", "No."),
    ]
    _, answer = await ask(
        model,
        Request([*question, *broken], (READ,), tool_choice="none", max_output_tokens=4, sampling=GREEDY),
    )
    assert answer.usage.output_tokens > 0

    schema = {"type": "object", "properties": {"n": {"const": 7}}, "required": ["n"]}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    _, answer = await ask(
        model,
        Request(question, sampling={**GREEDY, "response_format": form}, max_output_tokens=32),
    )
    assert json.loads(answer.text) == {"n": 7}

    with pytest.raises(ContextExceeded):
        await ask(model, Request([UserMessage("word " * (model.context_tokens + 1))]))


async def test_it_answers_and_calls_over_the_responses_wire(weights_file, tmp_path):
    model = open_model(weights_file, tmp_path, "responses")
    try:
        brief = SystemMessage("You are brief.")
        request = Request([brief, UserMessage("Say hello.")], max_output_tokens=16, sampling=GREEDY)
        parts, answer = await ask(model, request)
        assert "".join(part.text for part in parts if isinstance(part, TextDelta)) == answer.text != ""
        assert answer.usage.input_tokens > 0 and answer.request_id.startswith("resp")

        history = [brief, UserMessage("What is in the file notes.txt? Read it.")]
        asked = Request(history, (READ,), tool_choice="required", max_output_tokens=64, sampling=GREEDY)
        parts, answer = await ask(model, asked)
        (call,) = answer.calls
        assert call.name == "read" and isinstance(json.loads(call.arguments)["path"], str)
        assert [part for part in parts if not isinstance(part, Retrying)] == [CallReady(call)]

        history += [
            AssistantMessage("", "Another model thought this.", answer.calls),
            ToolOutput(call.id, "read", "Buy milk."),
        ]
        parts, answer = await ask(
            model, Request(history, (READ,), tool_choice="none", max_output_tokens=8, sampling=GREEDY)
        )
        assert answer.usage.output_tokens > 0
        assert [part.code for part in parts if isinstance(part, Notice)] == ["field_dropped"]

        text = "def add(a, b):\n    # wrong: return a - b\n    # right:\n    "
        _, answer = await ask(model, Request((), sampling={**GREEDY, "stop": ["\n"]}, continue_text=text))
        assert "return a + b" in answer.text
    finally:
        await model.aclose()


async def test_it_goes_on_with_a_text_and_fills_a_gap(model):
    texts = {
        "def add(a, b):\n    # wrong: return a - b\n    # right:\n    ": "return a + b",
        "<|fim_prefix|>for index in range(3):\n    <|fim_suffix|>\n    print(half)<|fim_middle|>": "half",
    }
    for text, right in texts.items():
        sampling = {**GREEDY, "stop": ["\n"]}
        parts = [part async for part in model.stream(Request((), sampling=sampling, continue_text=text))]
        assert isinstance(parts[-1], Answer) and right in parts[-1].text


async def test_a_server_that_dies_is_said_and_started_anew(model):
    await model.start()
    endpoint = model._endpoint
    os.kill(model._server._process.pid, signal.SIGKILL)
    with pytest.raises(LocalModelError, match=r"ended in the middle of an answer"):
        await ask(model, Request([UserMessage("Say hello.")], max_output_tokens=4))
    _, answer = await ask(model, Request([UserMessage("Say hello.")], max_output_tokens=4))
    assert answer.usage.output_tokens > 0
    assert model._endpoint.key != endpoint.key


async def test_only_the_holder_of_the_key_on_this_machine_gets_in(weights_file, tmp_path):
    server = LocalServer(options(weights_file, tmp_path), os.environ)
    try:
        endpoint = await server.start()
        assert endpoint.address.startswith("http://127.0.0.1:")
        assert endpoint.key not in Path(f"/proc/{server._process.pid}/cmdline").read_text()
        assert endpoint.key not in Path(f"/proc/{server._process.pid}/environ").read_text()
        with_key = {"Authorization": f"Bearer {endpoint.key}", "Origin": "http://page.example"}
        assert get(endpoint.address, "/props")[0] == 401
        status, headers = get(endpoint.address, "/props", **with_key)
        assert status == 200
        assert headers.get("Access-Control-Allow-Origin") not in ("*", "null", "http://page.example")
        assert get(endpoint.address, "/slots", **with_key)[0] == 501
        process = server._process.pid
    finally:
        await server.stop()
    assert not is_running(process)
    assert not server.running


PARENT = """
    import asyncio, os, signal, sys
    from pathlib import Path
    from seedsmith.agent.models.local.server import LocalServer, ServerOptions

    async def main():
        weights, log = map(Path, sys.argv[1:])
        server = LocalServer(ServerOptions("small", weights, 4096, 1, log), os.environ)
        await server.start()
        print(server._process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(main())
"""


def test_the_child_ends_with_a_killed_parent(weights_file, tmp_path):
    command = [sys.executable, "-c", textwrap.dedent(PARENT), weights_file, tmp_path / "log"]
    parent = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert parent.returncode == -signal.SIGKILL
    assert has_ended(int(parent.stdout), within_seconds=60)


async def test_a_file_that_is_no_model_is_said_with_the_servers_words(weights_file, tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(weights_file.read_bytes()[:4096])
    server = LocalServer(options(bad, tmp_path), os.environ)
    with pytest.raises(LocalModelError, match=r"can't start: .*last words were: .*bad\.gguf"):
        await server.start()
    assert (tmp_path / "server.log").read_text()
    assert not server.running


async def test_stopping_while_it_loads_leaves_nothing(weights_file, tmp_path):
    model = open_model(weights_file, tmp_path)
    model.start()
    while model._server is None or model._server._process is None:
        await asyncio.sleep(0)
    process = model._server._process.pid
    await model.aclose()
    assert not is_running(process)
