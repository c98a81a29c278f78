"""Servers that rest before they begin, or tell what they find in parts."""

from __future__ import annotations

import pytest

from .conftest import made

FINDS = """
def publish(text, version):
    found = [{"range": {"start": {"line": n, "character": 0}}, "message": line}
             for n, line in enumerate(text.split("\\n")) if line.startswith("bad")]
    named = {"uri": uri, "diagnostics": found} | ({"version": version} if version else {})
    send(method="textDocument/publishDiagnostics", params=named)
def began(message):
    document = message["params"]["textDocument"]
    changes = message["params"].get("contentChanges")
    return document["uri"], document["version"], changes[0]["text"] if changes else document["text"]
"""
BEGINS_LATE = (
    FINDS
    + """
def answer(message):
    global uri, version, text
    if message["method"] in ("textDocument/didOpen", "textDocument/didChange"):
        uri, version, text = began(message)
    if message["method"] == "textDocument/documentSymbol":
        send(id=message["id"], result=[])
        publish(text, None)
serve({"documentSymbolProvider": True}, answer)
"""
)
TELLS_IN_PARTS = (
    FINDS
    + """
def progress(kind):
    send(method="$/progress", params={"token": "check", "value": {"kind": kind}})
while True:
    message = receive()
    if message.get("method") == "initialize":
        send(id=message["id"], result={"capabilities": {}})
    elif message.get("method") in ("textDocument/didOpen", "textDocument/didChange"):
        uri, version, text = began(message)
        progress("begin")
        publish("", version)
        send(id=7, method="workspace/configuration", params={"items": []})
    elif "method" not in message:
        publish(text, None)
        progress("end")
"""
)
COMPLAINS = """
def answer(message):
    if "id" in message:
        send(method="window/showMessage", params={"type": 1, "message": "No lock\\nfile."})
        send(id=message["id"], result=[])
serve({"documentSymbolProvider": True}, answer)
"""


@pytest.mark.slow
@pytest.mark.parametrize("program", [BEGINS_LATE, TELLS_IN_PARTS], ids=["begins late", "tells in parts"])
async def test_it_is_waited_for_until_it_rests(symbols, program):
    symbols.put("a.py", "bad old\n")
    symbols.open(made(program, silent=True))
    told = await symbols.told(("a.py", "good\nbad old\nbad new\n"))
    assert told.splitlines()[1:] == ["a.py:3:1: bad new"]


async def test_what_it_complains_of_is_told_with_an_answer_that_is_none(symbols):
    symbols.put("a.py", "x = 1\n")
    symbols.open(made(COMPLAINS))
    result = await symbols.call("references", "a.py", name="x", line=1)
    assert result.text == "The language server knows no references of x there. It complains: No lock file."
