"""A server that hangs, dies, floods or speaks nonsense costs a missing note or one failed call."""

from __future__ import annotations

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedsmith.tools.symbols import json_rpc, language_server, pool, symbols_tool
from seedsmith.tools.symbols.diagnostics import findings_of
from seedsmith.tools.symbols.json_rpc import _framed

from .conftest import made

CAPABLE = {"diagnosticProvider": {}, "renameProvider": True, "documentSymbolProvider": True}
BAD = {
    "never there": "import time; time.sleep(600)",
    "gone at once": "sys.exit(3)",
    "no program": None,
    "gone at the first question": f"serve({CAPABLE}, lambda message: sys.exit())",
    "hangs": f"import time; serve({CAPABLE}, lambda message: time.sleep(600))",
    "deaf": "import time; send(id=1, result={'capabilities': {}}); time.sleep(600)",
    "floods": "while True: send(method='window/logMessage', params={'type': 1, 'message': 'x' * 999})",
    "prints": "while True: print('Hello! ' * 99)",
    "no JSON": "while True: sys.stdout.write('Content-Length: 4\\r\\n\\r\\n{]}{'); sys.stdout.flush()",
    "no end": "sys.stdout.write('Content-Length: 99999999999\\r\\n\\r\\n'); sys.stdout.flush(); receive()",
    "deep": "d = '[' * 200000; sys.stdout.write(f'Content-Length: {len(d)}\\r\\n\\r\\n{d}')\n"
    "sys.stdout.flush()\nwhile True: receive()",
    "no capabilities": "serve(None, lambda message: None)",
    "nonsense": f"serve({CAPABLE}, lambda message: send(id=message.get('id'), result=17))",
    "refuses": f"serve({CAPABLE}, lambda message: send(id=message.get('id'), error={{'code': 1}}))",
    "wrong refusals": f"serve({CAPABLE}, lambda message: send(id=message.get('id'), error='no'))",
    "wrong findings": f"serve({CAPABLE}, lambda message: "
    "send(id=message.get('id'), result={'items': [1, None, {}, {'range': 3}]}))",
    "always busy": f"serve({CAPABLE}, lambda message: "
    "send(id=message.get('id'), error={'code': -32802, 'message': 'busy'}))",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BAD)
async def test_nothing_but_a_note_is_missing(symbols, monkeypatch, kind):
    monkeypatch.setattr(pool, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(symbols_tool, "ASK_SECONDS", 0.3)
    monkeypatch.setattr(language_server, "START_SECONDS", 5.0)
    monkeypatch.setattr(json_rpc, "MOST_UNASKED", 200)
    server = made(BAD[kind] or "")
    if BAD[kind] is None:
        server = type(server)(server.known, ("/nowhere/server",))
    symbols.put("a.py", "x = 1\n")
    symbols.open(server)
    assert await symbols.told(("a.py", "x = 2\n")) == ""
    said = await symbols.refused("rename", "a.py", name="x", new_name="y")
    assert said.endswith(".") and len(said) < 500
    assert symbols.bytes("a.py") == b"x = 2\n"


@pytest.mark.slow
async def test_one_that_died_is_started_again_but_not_for_ever(symbols):
    symbols.put("a.py", "x = 1\n")
    program = "open('starts', 'a').write('x')\nserve({'diagnosticProvider': {}}, lambda message: sys.exit())"
    symbols.open(made(program))
    for number in range(language_server.MOST_STARTS + 2):
        assert await symbols.told(("a.py", f"x = {number + 2}\n")) == ""
    assert symbols.bytes("starts") == b"x" * language_server.MOST_STARTS


PUSHES = """
def answer(message):
    if message["method"] in ("textDocument/didOpen", "textDocument/didChange"):
        document = message["params"]["textDocument"]
        text = message["params"].get("contentChanges", [document])[0]["text"]
        for late in LATE:
            items = [{"range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}},
                      "message": each} for each in ["bad"] * text.count("bad")]
            version = {"version": document["version"] - late} if VERSIONED else {}
            send(method="textDocument/publishDiagnostics",
                 params={"uri": document["uri"], "diagnostics": [] if late else items, **version})
serve({}, answer)
"""


@pytest.mark.slow
@pytest.mark.parametrize("head", ["LATE, VERSIONED = (1, 0), True", "LATE, VERSIONED = (1, 0), False"])
async def test_findings_that_come_unasked_are_those_of_the_change(symbols, head):
    symbols.put("a.py", "x = 1\n")
    symbols.open(made(head + PUSHES))
    assert "a.py:1:1: bad" in await symbols.told(("a.py", "bad\n"))
    assert await symbols.told(("a.py", "bad \n")) == ""
    assert "1 new problem" in await symbols.told(("a.py", "bad bad\n"))


@pytest.mark.slow
async def test_one_that_is_silent_of_clean_files_tells_of_others(symbols, monkeypatch):
    monkeypatch.setattr(language_server, "_SILENT_SECONDS", 3.0)
    symbols.put("a.py", "x = 1\n")
    silent = PUSHES.replace("for late in LATE", "for late in (0,) * ('bad' in text)")
    symbols.open(made("VERSIONED = True" + silent, silent=True))
    assert "a.py:1:1: bad" in await symbols.told(("a.py", "bad\n"))


READS_ALL = """
known = []
def progress(kind):
    send(method="$/progress", params={"token": 1, "value": {"kind": kind}})
def answer(message):
    if message["method"] == "textDocument/didOpen":
        known.append(message["params"]["textDocument"]["uri"])
        progress("begin")
        send(id=7, method="workspace/configuration", params={"items": [{}]})
    elif message.get("id") == 7:
        progress("end")
    elif message["method"] == "textDocument/references":
        place = {"line": 0, "character": 0}
        place = {"start": place, "end": place}
        send(id=message["id"], result=[{"uri": each, "range": place} for each in known])
    elif "id" in message:
        send(id=message["id"], result=[])
serve({}, answer)
"""


async def test_a_question_waits_until_the_workspace_is_read(symbols):
    symbols.put("a.py", "x = 1\n")
    head = "receive_any, receive = receive, lambda: {'method': '', **receive_any()}\n"
    symbols.open(made(head + READS_ALL))
    assert (await symbols.call("references", "a.py", name="x")).text == "a.py:1:1: x = 1"
    assert not symbols.servers.navigator("a.py").works


@pytest.mark.parametrize(
    "edits, said",
    [
        ([("b.py", 0, 0, 1)], "b.py in line 1, where x is not"),
        ([("a.py", 0, 0, 1), ("a.py", 0, 0, 1), ("b.py", 9, 0, 1)], "edits of b.py are none"),
        ([("a.py", 0, 0, 1), ("gone.py", 0, 0, 1)], "gone.py, which is not there"),
        ([("a.py", 0, 0, 1), ("../outside.py", 0, 0, 1)], "leads out of the workspace"),
        ([("a.py", 0, 0, 1), (".git/config", 0, 0, 1)], ".git"),
        ([("a.py", 0, 0, 5), ("a.py", 0, 0, 1)], "where x is not"),
        ([], "nothing to rename"),
    ],
)
async def test_a_rename_in_doubt_changes_nothing(symbols, edits, said):
    symbols.put("a.py", "x = 1\n")
    symbols.put("b.py", "y = 1\n")
    symbols.put(".git/config", "x\n")
    changes: dict[str, list[object]] = {}
    for path, line, start, end in edits:
        places = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
        uri = f"file://{symbols.bench.root}/{path}"
        changes.setdefault(uri, []).append({"range": places, "newText": "z"})
    answer = f"lambda message: 'id' in message and send(id=message['id'], result={{'changes': {changes!r}}})"
    symbols.open(made(f"serve({{}}, {answer})"))
    assert said in await symbols.refused("rename", "a.py", name="x", new_name="z")
    assert (symbols.bytes("a.py"), symbols.bytes("b.py")) == (b"x = 1\n", b"y = 1\n")


async def test_a_server_may_move_no_files(symbols):
    symbols.put("a.py", "x = 1\n")
    changes = [{"kind": "delete", "uri": f"file://{symbols.bench.root}/a.py"}]
    result = {"documentChanges": changes}
    symbols.open(made(f"serve({{}}, lambda m: 'id' in m and send(id=m['id'], result={result!r}))"))
    assert "move them yourself" in await symbols.refused("rename", "a.py", name="x", new_name="z")


@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=60), max_size=5), st.binary(max_size=30))
def test_messages_are_cut_out_wherever_they_are_torn(bodies, rest):
    whole = b"".join(b"Content-Length: %d\r\nX: y\r\n\r\n%s" % (len(body), body) for body in bodies)
    buffer, found = bytearray(), []
    for number in range(0, len(whole), 7):
        buffer += whole[number : number + 7]
        while (body := _framed(buffer)) is not None:
            found.append(body)
    assert found == bodies and not buffer
    buffer += rest
    try:
        _framed(buffer)
    except ValueError:
        pass


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["range", "start", "line", "character", "message", "severity", "tags"]), inner
        )
    ),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=examples(100))
@given(st.lists(JSON, max_size=4) | JSON)
def test_whatever_is_said_to_be_findings_is_read(items):
    assert all(isinstance(each.message, str) for each in findings_of(items, 4))
