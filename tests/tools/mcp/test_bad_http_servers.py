"""A server with a URL that hangs, breaks off, floods or speaks nonsense costs one failed call, too."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

_UNANSWERED = "no answer within"
JSON, EVENTS = "application/json", "text/event-stream"
TOOLS = {"tools": [{"name": "go", "description": "Goes.", "inputSchema": {"type": "object"}}]}


def answer(number, result):
    return json.dumps({"jsonrpc": "2.0", "id": number, "result": result}).encode()


def welcome(version="2025-06-18"):
    return {
        "protocolVersion": version,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "x", "version": "1"},
    }


class Server(ThreadingHTTPServer):
    """Says what is usual, but where ``odd`` has something else for a method: a status, a type and bytes."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.odd = {}
        self.ended = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/mcp"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        method, number = asked["method"], asked.get("id")
        if method in self.server.odd:
            status, kind, parts = self.server.odd[method]
            self.say(status, kind, parts(number))
        elif method == "initialize":
            self.say(200, JSON, [answer(number, welcome())])
        elif method == "tools/list":
            self.say(200, JSON, [answer(number, TOOLS)])
        elif number is None:
            self.say(202, JSON, [])
        else:
            error = {"code": -32601, "message": "unknown"}
            self.say(200, JSON, [json.dumps({"jsonrpc": "2.0", "id": number, "error": error}).encode()])

    def say(self, status, kind, parts):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()
        try:
            for part in parts:
                self.wfile.write(part)
        except OSError:
            return

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield made
        made.ended.set()
        made.shutdown()


def event(value):
    return b"event: message\ndata: " + json.dumps(value).encode() + b"\n\n"


def flood(number):
    one = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}}
    return (event(one) for _ in range(20_000))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "kind", "parts", "fault"),
    [
        (500, "text/html", lambda number: [b"<h1>Sorry</h1>"], "error response"),
        (404, "text/html", lambda number: [b"<h1>Sorry</h1>"], ""),
        (302, "text/html", lambda number: [], "not followed"),
        (200, "text/html", lambda number: [b"<h1>Welcome</h1>"], "Unexpected content type"),
        (200, JSON, lambda number: [b"{"], "Failed to parse JSON"),
        (200, JSON, lambda number: [b"\xff\xfe"], "Failed to parse JSON"),
        (200, JSON, lambda number: [b"[" * 100_000], "Failed to parse JSON"),
        (200, JSON, lambda number: [], "Failed to parse JSON"),
        (200, JSON, lambda number: [answer(number, {"content": "text"})], "what is no answer"),
        (200, JSON, lambda number: [answer(-1, {"content": []})], _UNANSWERED),
        (202, JSON, lambda number: [], "202"),
        (200, EVENTS, lambda number: [b"data: {\n\n"], "Failed to parse"),
        (200, EVENTS, lambda number: [], "ended without a response"),
        (200, EVENTS, lambda number: [b"data: ", b"x" * (17 << 20), b"\n\n"], "SSE"),
        (200, EVENTS, flood, "messages unasked"),
    ],
    ids=["500", "404", "redirect", "page", "cut JSON", "bytes", "nested", "empty", "shape", "another's id",
         "accepted", "bad event", "no event", "long event", "flood"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["tools/call", "initialize"])
async def test_bad_answers(mcp, server, monkeypatch, method, status, kind, parts, fault):
    server.odd = {method: (status, kind, parts)}
    mcp.open(bad={"url": server.url, "timeout": 1 if fault == _UNANSWERED else 60})
    with monkeypatch.context() as patched:
        if fault == _UNANSWERED and method == "initialize":
            patched.setattr("seedsmith.tools.mcp.connection.START_SECONDS", 1)
        said = await mcp.refused("go", server="bad")
    assert said.startswith("The MCP server bad ") and "Traceback" not in said and len(said) < 1_500
    if method == "tools/call":
        assert fault in said
    server.odd = {"tools/call": (200, JSON, lambda number: [answer(number, {"content": []})])}
    if fault == _UNANSWERED:
        mcp.open(bad={"url": server.url})
    assert (await mcp.call("go", server="bad")).ok, "the next call finds it mended"


@pytest.mark.slow
async def test_one_that_hangs_is_given_up(mcp, server):
    def never(number):
        server.ended.wait()
        return []

    server.odd = {"tools/call": (200, JSON, never)}
    mcp.open(bad={"url": server.url, "timeout": 1})
    assert "gave no answer within 1 seconds" in await mcp.refused("go", server="bad")


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1999-01-01", "", None, 7, "x" * 100_000])
async def test_a_version_that_nobody_speaks(mcp, server, version):
    server.odd = {"initialize": (200, JSON, lambda number: [answer(number, welcome(version))])}
    mcp.open(bad={"url": server.url})
    said = await mcp.refused("go", server="bad")
    assert said.startswith("The MCP server bad ") and len(said) < 1_500
