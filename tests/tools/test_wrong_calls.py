"""Bad input: every wrong call is answered by one precise sentence, and nothing has happened."""

from __future__ import annotations

import os

import pytest

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import ToolError

FILE = "def f():\n    return 1\n\n\ndef g():\n    return 1\n"

PATHS = [
    # What stands for the path, and words of the answer; the same for every tool that takes one.
    ({"path": "../outside"}, "leads out of the workspace"),
    ({"path": "/etc/passwd"}, "leads out of the workspace"),
    ({"path": "a\0b"}, "NUL"),
    ({"path": ["a.py", "b"]}, '\'path\' must be a string, got ["a.py", "b"]'),
    ({"path": "\ud800"}, "must be valid Unicode"),
    ({"path": "escape"}, "leads out of the workspace"),
    ({"path": "fifo"}, "not a"),
]

READ = [
    ({}, "'path' is missing"),
    ({"path": None}, "'path' must be a string, got null"),
    ({"path": "a.py", "offset": -3}, "'offset' must be at least 1"),
    ({"path": "a.py", "offset": 1.5}, "'offset' must be an integer"),
    ({"path": "a.py", "limit": True}, "'limit' must be an integer, got true"),
    ({"path": "a.py", "offset": 99}, "offset 99 is past the end: a.py has 6 lines"),
    ({"path": "missing.txt"}, "missing.txt does not exist"),
    ({"path": "a.pi"}, "did you mean 'a.py'?"),
    ({"path": "a.py/b"}, "does not exist"),
    ({"path": "spill:s1"}, "There is no spilled output spill:s1"),
    ({"path": "spill:../../etc/passwd"}, "There is no spilled output"),
]

EDIT = [
    ({"path": "a.py"}, "'old' and 'new' are missing"),
    ({"path": "a.py", "old": "x"}, "'new' is missing"),
    ({"path": "a.py", "new": "x"}, "'old' is missing"),
    ({"path": "a.py", "old": "def f", "new": "x", "replace_all": "maybe"}, "must be true or false"),
    ({"path": "a.py", "old": "def f", "new": "def f"}, "the same: nothing would change"),
    ({"path": "a.py", "old": "", "new": "x"}, "'old' is empty, but a.py is not"),
    ({"path": "a.py", "old": "    return 1\n", "new": "x"}, "is in a.py 2 times, at lines 2, 6"),
    ({"path": "a.py", "old": "return 1 ", "new": "x"}, "2 times"),
    ({"path": "a.py", "old": "nowhere to be seen", "new": "x"}, "'old' was not found in a.py"),
    ({"path": "a.py", "old": "2\t    return 1", "new": "x"}, "Leave out the line numbers"),
    (
        {"path": "a.py", "old": "def f():", "new": "# ... existing code ..."},
        "placeholder '# ... existing code ...'",
    ),
    ({"path": "missing.py", "old": "x", "new": "y"}, "missing.py does not exist"),
    ({"path": "folder", "old": "x", "new": "y"}, "is a folder, not a regular file"),
    ({"path": "binary", "old": "x", "new": "y"}, "changes text only"),
    ({"path": ".git/config", "old": "x", "new": "y"}, ".git"),
    ({"path": "latin.txt", "old": "caf", "new": "中"}, "latin-1, which can't hold '中' (U+4E2D)"),
    ({"path": "a.py", "edits": []}, "'edits' is empty"),
    ({"path": "a.py", "edits": [{"old": "x"}]}, "'edits[0].new' is missing"),
    ({"path": "a.py", "edits": ["x"]}, "'edits[0]' must be an object"),
    ({"path": "a.py", "old": "x", "new": "y", "edits": [{"old": "x", "new": "y"}]}, "not both"),
    (
        {"path": "a.py", "edits": [{"old": "def f", "new": "def h"}, {"old": "nope nope", "new": "x"}]},
        "edit 2 of 2: 'old' was not found",
    ),
    (
        {"path": "a.py", "edits": [{"old": "def f", "new": "def h"}, {"old": "f():", "new": "k():"}]},
        "edits 1 and 2 overlap at line 1",
    ),
]

WRITE = [
    ({"path": "b.py"}, "'content' is missing"),
    ({"content": "x"}, "'path' is missing"),
    ({"path": "b.py", "content": None}, "'content' must be a string, got null"),
    ({"path": "b.py", "content": {"a": 1}}, "'content' must be a string"),
    ({"path": "b.py", "content": "x", "mode": "0777"}, "unknown parameter 'mode'"),
    ({"path": "a.py", "content": "x"}, "exists and you have not read it"),
    ({"path": "folder", "content": "x"}, "is a folder"),
    ({"path": ".", "content": "x"}, "a folder"),
    ({"path": "binary", "content": "x"}, "changes text only"),
    ({"path": ".git/hooks/pre-commit", "content": "x"}, ".git"),
    ({"path": ".GIT/config", "content": "x"}, ".GIT"),
    ({"path": "a.py/below", "content": "x"}, "a.py"),
    ({"path": "b.py", "content": "\ud800"}, "'content' must be valid Unicode"),
    ({"path": "n" * 300, "content": "x"}, "name is too long"),
]

GLOB = [
    ({}, "'pattern' is missing"),
    ({"pattern": ""}, "'pattern' must not be empty"),
    ({"pattern": "x" * 2000}, "at most 1000 characters"),
    ({"pattern": "[a"}, "malformed: unclosed character class"),
    ({"pattern": "*.{py"}, "malformed: unclosed alternate group"),
    ({"pattern": "../*"}, "leads upwards"),
    ({"pattern": "a\nb"}, "one line of text"),
    ({"pattern": "a\0b"}, "NUL"),
    ({"pattern": "*", "path": "missing"}, "missing does not exist"),
    ({"pattern": "*", "path": "a.py"}, "is not a folder"),
    ({"pattern": "*", "path": "binary"}, "is not a folder"),
    ({"patern": "*"}, "did you mean 'pattern'?"),
    ({"pattern": ["*", "a/*"]}, '\'pattern\' must be a string, got ["*", "a/*"]'),
]

GREP = [
    ({}, "'pattern' is missing"),
    ({"pattern": ""}, "'pattern' must not be empty"),
    ({"pattern": "("}, "The pattern '(' does not work: unclosed group"),
    ({"pattern": "*a"}, "does not work: repetition operator missing expression"),
    ({"pattern": "a(?=b)"}, "look-around"),
    ({"pattern": "[z-a]"}, "does not work"),
    ({"pattern": "a\nb"}, "a match can't span lines"),
    ({"pattern": "a\0b"}, "NUL"),
    ({"pattern": "a{1000}{1000}{1000}"}, "does not work"),
    ({"pattern": "x", "path": "missing"}, "missing does not exist"),
    ({"pattern": "x", "path": "binary"}, "binary is binary"),
    ({"pattern": "x", "glob": "[a"}, "malformed: unclosed character class"),
    ({"pattern": "x", "context": -1}, "'context' must be at least 0"),
    ({"pattern": "x", "limit": -5}, "'limit' must be at least 1"),
    ({"pattern": "x", "ignore_case": 2}, "'ignore_case' must be true or false, got 2"),
]

SHELL = [
    ({}, "'command' is missing"),
    ({"command": None}, "'command' must be a string, got null"),
    ({"command": ""}, "'command' must not be empty"),
    ({"command": ["ls -l", "ls"]}, '\'command\' must be a string, got ["ls -l", "ls"]'),
    ({"command": {"cmd": "ls"}}, "'command' must be a string"),
    ({"command": True}, "'command' must be a string, got true"),
    ({"command": "ls", "timeout": -5}, "'timeout' must be at least 1"),
    ({"command": "ls", "timeout": "1.5 x"}, "'timeout' must be an integer"),
    ({"command": "ls", "sandbox": "off"}, "unknown parameter 'sandbox'"),
    ({"command": "\ud800"}, "valid Unicode"),
    ({"command": "echo a\0b"}, "NUL"),
    ({"command": "ls", "background": "later"}, "'background' must be true or false, got \"later\""),
    ({"command": "ls", "background": 2}, "'background' must be true or false, got 2"),
]

IDS = [
    # What stands for the id; the same for every tool that takes one.
    ({"id": None}, "'id' must be a string, got null"),
    ({"id": 1.5}, "'id' must be a string, got 1.5"),
    ({"id": True}, "'id' must be a string, got true"),
    ({"id": ["b1", "b2"]}, '\'id\' must be a string, got ["b1", "b2"]'),
    ({"id": {"id": "b1"}}, "'id' must be a string, got {"),
    ({"id": ""}, "'id' must not be empty"),
    ({"id": "b1\0"}, "NUL"),
    ({"id": "\ud800"}, "valid Unicode"),
    ({"id": "b1"}, "There is no background command 'b1'; none is running."),
    ({"id": "B1"}, "There is no background command 'B1'; none is running."),
    ({"id": " b1"}, "There is no background command ' b1'"),
    ({"id": "1"}, "There is no background command '1'"),
    ({"id": "spill:s1"}, "There is no background command 'spill:s1'"),
    ({"id": "b1\nb2"}, r"There is no background command 'b1\nb2'"),
    ({"id": "b1", "signal": "KILL"}, "unknown parameter 'signal'"),
    ({"id": "b1", "pid": 7}, "unknown parameter 'pid' (did you mean 'id'?)"),
]

SHELL_OUTPUT = [
    ({}, "'id' is missing"),
    ({"id": "b1", "wait": 0.5}, "'wait' must be an integer, got 0.5"),
    ({"id": "b1", "wait": True}, "'wait' must be an integer, got true"),
    ({"id": "b1", "wait": -1}, "'wait' must be at least 0, got -1"),
]

SHELL_INPUT = [
    ({}, "'id' is missing; 'text' is missing"),
    ({"id": "b1"}, "'text' is missing"),
    ({"text": "x"}, "'id' is missing"),
    ({"id": "b1", "text": None}, "'text' must be a string, got null"),
    ({"id": "b1", "text": ["x", "y"]}, "'text' must be a string"),
    ({"id": "b1", "text": "\ud800"}, "'text' must be valid Unicode"),
    ({"id": "b1", "text": ""}, "'text' is empty and 'close' is not set"),
    ({"id": "b1", "text": "", "close": "maybe"}, "'close' must be true or false"),
    ({"id": "b1", "text": "x"}, "There is no background command 'b1'"),
]

SHELL_KILL = [({}, "'id' is missing")]

REST = {
    "read": {},
    "edit": {"old": "return 1", "new": "return 2"},
    "write": {"content": "x"},
    "glob": {"pattern": "*"},
    "grep": {"pattern": "x"},
}
TABLE = [
    (name, arguments, words)
    for name, rows in (
        ("read", READ),
        ("edit", EDIT),
        ("write", WRITE),
        ("glob", GLOB),
        ("grep", GREP),
        ("shell", SHELL),
        ("shell_output", SHELL_OUTPUT),
        ("shell_output", IDS),
        ("shell_input", SHELL_INPUT),
        ("shell_kill", SHELL_KILL),
        ("shell_kill", IDS),
    )
    for arguments, words in rows
] + [
    (name, {**rest, **arguments}, words)
    for name, rest in REST.items()
    for arguments, words in PATHS
    if name != "read" or not isinstance(arguments["path"], list)
]


@pytest.mark.parametrize(("name", "arguments", "words"), TABLE)
async def test_a_wrong_call_is_told_exactly_what_is_wrong(bench, name, arguments, words):
    bench.put("a.py", FILE)
    bench.put("latin.txt", "café\n".encode("latin-1"))
    bench.put("binary", b"\x7fELF\0\0")
    (bench.root / "folder").mkdir()
    (bench.root / ".git").mkdir()
    (bench.root / "escape").symlink_to("/etc")
    os.mkfifo(bench.root / "fifo")
    before = _tree(bench.root)
    with pytest.raises((ToolError, SandboxError)) as refusal:
        await bench.call(name, **arguments)
    message = str(refusal.value)
    assert words in message
    assert message[-1] in ".,)?" or "\n" in message or "Parameters: " in message
    assert _tree(bench.root) == before


async def test_several_faults_are_told_at_once_with_the_parameters(bench):
    with pytest.raises(ToolError) as refusal:
        await bench.call("edit", oldest="a", old=[3], new="x")
    assert str(refusal.value) == (
        "edit: 'path' is missing; 'old' must be a string, got [3]; unknown parameter "
        "'oldest' (did you mean 'old'?). Parameters: path (string, required), old (string), new (string), "
        "replace_all (boolean), edits ([{old: string, new: string, replace_all?: boolean}])"
    )


async def test_null_means_an_optional_parameter_left_out(bench):
    bench.put("a.py", FILE)
    result = await bench.call("read", path="a.py", offset=None, limit=None)
    assert result.data["total"] == 6


def _tree(root):
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
