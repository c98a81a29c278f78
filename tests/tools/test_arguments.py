"""Arguments as models write them: what has one reading is done at once, and what was changed is told."""

from __future__ import annotations

import json

import pytest

from seedsmith.tools.base import InvalidArguments
from seedsmith.tools.registry import default_tools

TOOLS = {tool.spec.name: tool for tool in default_tools(vision=True)}
ONE = {"old": "x", "new": "y"}
HUNK = "@@ -1 +1 @@\n-x\n+y\n"
BLOCK = "<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE"
DIFF = f"--- a/src/a\n+++ b/src/a\n{HUNK}"

READ_AS = [
    # The tool, what was written, and what it means.
    ("read", {"file_path": "a", "offset": "290", "limit": 10.0}, {"path": "a", "offset": 290, "limit": 10}),
    ("read", {"filePath": "a", "offset": 0, "limit": ""}, {"path": "a", "offset": 1, "limit": 400}),
    ("read", {"path": "a", "start_line": 3, "end_line": 12}, {"offset": 3, "limit": 10}),
    ("read", {"path": "a", "view_range": [5, -1]}, {"offset": 5, "limit": 5000}),
    ("read", {"path": "a", "limit": 10**9}, {"limit": 5000}),
    ("read", {"path": 3, "file": "3", "explanation": "why"}, {"path": "3"}),
    ("edit", {"path": "a", "old_string": "x", "new_string": "y", "replace_all": "false"}, ONE),
    ("edit", {"path": "a", "edits": json.dumps([ONE])}, {"wanted": [ONE]}),
    ("edit", {"path": "a", "edits": [json.dumps(ONE)]}, {"wanted": [ONE]}),
    ("edit", {"path": "a", "edits": {"oldText": "x", "newText": "y"}}, {"wanted": [ONE]}),
    ("write", {"file_path": "a", "text": "x"}, {"path": "a", "content": "x"}),
    ("glob", {"pattern": "*", "directory": "src"}, {"path": "src"}),
    (
        "grep",
        {"query": "x", "-n": True, "-i": "true", "-A": 3, "-B": "5"},
        {"ignore_case": True, "context": 5},
    ),
    ("grep", {"pattern": 404, "include": "*.py", "head_limit": 5000}, {"pattern": "404", "limit": 2000}),
    ("grep", {"pattern": "x", "context": 45, "multiline": False}, {"context": 20}),
    ("shell", {"cmd": "ls", "description": "List", "timeout": 120_000}, {"command": "ls", "timeout": 120}),
    (
        "shell",
        {"command": "ls", "timeout": "60", "run_in_background": "yes"},
        {"timeout": 60, "background": True},
    ),
    ("shell", {"command": "ls", "timeout": 7200}, {"timeout": 3600}),
    ("shell", {"command": "ls", "timeout_ms": 2500}, {"timeout": 3}),
    ("shell", {"command": "ls", "workdir": "a b"}, {"command": "cd -- 'a b' || exit\nls"}),
    ("shell_output", {"bash_id": "b1", "timeout": "5"}, {"id": "b1", "wait": 5}),
    ("shell_input", {"id": "b1", "input": "x\n", "eof": 1}, {"text": "x\n", "close": True}),
    ("git", {"action": "add", "paths": "a.txt"}, {"paths": ["a.txt"]}),
    ("git", {"action": "add", "files": '["a.txt", "b.txt"]'}, {"paths": ["a.txt", "b.txt"]}),
    ("git", {"action": "LOG", "commit": "main", "all": "false"}, {"action": "log", "ref": "main"}),
    (
        "todo",
        {"todos": [{"content": "a\nb", "status": "in_progress", "activeForm": "A", "id": "1"}]},
        {"items": [{"text": "a b", "state": "active"}]},
    ),
    (
        "todo",
        {"items": json.dumps([{"step": "a", "status": "completed"}])},
        {"items": [{"text": "a", "state": "done"}]},
    ),
    ("read", {"path": ["a"], "limit": -1}, {"path": "a", "limit": 400}),
    ("read", {"path": "a", "line_range": "3-12"}, {"offset": 3, "limit": 10}),
    ("read", {"path": "a", "lines": "L3-L12"}, {"offset": 3, "limit": 10}),
    ("read", {"path": "a", "view_range": "[3, 12]"}, {"offset": 3, "limit": 10}),
    (
        "read",
        {"path": "a", "start_line_one_indexed": 2, "end_line_one_indexed_inclusive": 3},
        {"offset": 2, "limit": 2},
    ),
    ("grep", {"pattern": "x", "head_limit": 0}, {"limit": 200}),
    ("grep", {"pattern": "x", "glob": ["*.ts", "*.tsx"]}, {"glob": "{*.ts,*.tsx}"}),
    ("grep", {"pattern": "x", "include": "*.ts, *.tsx"}, {"glob": "{*.ts,*.tsx}"}),
    ("grep", {"pattern": "x", "type": "rust"}, {"glob": "*.rs"}),
    ("grep", {"pattern": "x", "case_sensitive": False}, {"ignore_case": True}),
    ("grep", {"query": "f(x", "isRegexp": "false"}, {"pattern": r"f\(x"}),
    ("grep", {"query": "a|b", "is_regex": True, "whole_word": True}, {"pattern": r"\b(?:a|b)\b"}),
    ("glob", {"patterns": ["*.py"], "respect_git_ignore": True}, {"pattern": "*.py"}),
    ("shell", {"command": ["bash", "-c", "echo 'a b'"]}, {"command": "bash -c 'echo '\"'\"'a b'\"'\"''"}),
    ("shell", {"command": ["bash", "-lc", "echo 'a b'"]}, {"command": "echo 'a b'"}),
    ("shell", {"command": ["/bin/bash", "-lc", "ls"], "workdir": "s"}, {"command": "cd -- s || exit\nls"}),
    ("shell", {"command": "bash -lc 'echo \"$HOME\" && ls'"}, {"command": 'echo "$HOME" && ls'}),
    ("shell", {"command": 'bash -lc "echo $HOME"'}, {"command": 'bash -lc "echo $HOME"'}),
    ("shell", {"command": "bash -lc 'ls' | tail -1"}, {"command": "bash -lc 'ls' | tail -1"}),
    ("shell", {"command": "bash -lc 'ls';ls"}, {"command": "bash -lc 'ls';ls"}),
    ("shell", {"command": '["ls", "a b"]', "workdir": "s"}, {"command": "cd -- s || exit\nls 'a b'"}),
    ("shell", {"command": "ls", "timeout": "2m"}, {"timeout": 120}),
    ("shell", {"command": "ls", "timeout": "1500 ms"}, {"timeout": 2}),
    ("shell", {"command": "ls", "timeout": 0}, {"timeout": None}),
    ("shell", {"command": "ls", "is_input": "false", "yield_time_ms": 1000}, {"command": "ls"}),
    ("edit", {"path": "a", "edits": "[{'old': 'x', 'new': 'y'}]"}, {"wanted": [ONE]}),
    ("edit", {"command": "str_replace", "path": "a", **ONE, "expected_replacements": "1"}, {"old": "x"}),
    ("todo", {"todos": ["a"]}, {"items": [{"text": "a", "state": "pending"}]}),
    (
        "todo",
        {"items": "- [x] a\n2. [ ] b"},
        {"items": [{"text": "a", "state": "done"}, {"text": "b", "state": "pending"}]},
    ),
    (
        "todo",
        {"items": [{"text": "a", "status": "cancelled"}, {"text": "b", "done": True}]},
        {"items": [{"text": "b", "state": "done"}]},
    ),
    ("git", {"action": "diff", "staged": "true", "args": ["--stat"]}, {"name": "staged"}),
    ("git", {"subcommand": "commit", "args": ["-m", "a b"]}, {"action": "commit", "message": "a b"}),
    ("git", {"command": "git log --oneline -5 main"}, {"action": "log", "limit": 5, "ref": "main"}),
    ("git", {"action": "add", "args": "-- a 'b c'"}, {"paths": ["a", "b c"]}),
    ("git", {"action": "merge", "ref": "--abort"}, {"name": "abort", "ref": None}),
    ("git", {"action": "rebase --continue"}, {"action": "rebase", "name": "continue"}),
    ("git", {"action": "blame", "path": "a", "start_line": 1, "end_line": "4"}, {"lines": "1,4"}),
    ("git", {"action": "abort"}, {"name": "abort", "under_way": True}),
    ("git", {"action": "git rebase", "name": "abort"}, {"action": "rebase", "under_way": False}),
    ("git", {"action": "continue", "name": "rebase"}, {"action": "rebase", "name": "continue"}),
    (
        "read",
        {"paths": ["a", "b"], "limit": 5},
        {"path": "a", "limit": 5, "more": [{"path": "b", "limit": 5}]},
    ),
    ("read", {"path": '["a", "b"]'}, {"path": "a", "more": [{"path": "b"}]}),
    ("read", {"path": "a", "file_paths": ["a", "b"]}, {"path": "a", "more": [{"path": "b"}]}),
    (
        "read",
        {"files": [{"path": "a", "line_range": "2-3"}, {"file_path": "b"}]},
        {"path": "a", "offset": 2, "limit": 2, "more": [{"path": "b", "offset": 1}]},
    ),
    (
        "write",
        {"path": "a.json", "content": {"é": [1, None]}},
        {"content": '{\n  "é": [\n    1,\n    null\n  ]\n}\n'},
    ),
    ("write", {"path": "a.json", "content": ["{", '  "a": 1', "}"]}, {"content": '{\n  "a": 1\n}\n'}),
    ("write", {"path": "a.json", "content": ["a"]}, {"content": '[\n  "a"\n]\n'}),
    ("write", {"path": "a.jsonl", "content": [{"a": 1}, {"b": 2}]}, {"content": '{"a": 1}\n{"b": 2}\n'}),
    ("write", {"path": "a.py", "content": ["import os", "", "x = 1"]}, {"content": "import os\n\nx = 1\n"}),
    ("write", {"path": "a.py", "content": ["import os\n", "x = 1"]}, {"content": "import os\nx = 1"}),
    ("patch", {"path": "src/a", "patch": DIFF}, {"patch": DIFF}),
    ("patch", {"patches": [DIFF.rstrip(), DIFF]}, {"patch": DIFF + DIFF}),
    ("read", {"parameters": {"file_path": "a"}}, {"path": "a"}),
    (
        "read",
        {
            "arguments": '{"path": "a"}',
        },
        {"path": "a"},
    ),
    ("read", {"uri": "file:///a%20b.txt", "encoding": "utf-8"}, {"path": "/a b.txt"}),
    ("write", {"path": "a", "content": "x", "create_dirs": True}, {"content": "x"}),
    ("edit", {"path": "a", **ONE, "count": 1}, {"old": "x"}),
    ("edit", {"path": "a", "diff": BLOCK}, {"wanted": [{"old": "x\n", "new": "y\n"}]}),
    (
        "edit",
        {
            "path": "a",
            "diff": f"{BLOCK}\n{BLOCK.replace('x', ':start_line:3' + chr(10) + '-------' + chr(10) + 'x=y')}",
        },
        {"wanted": [{"old": "x\n", "new": "y\n"}, {"old": "x=y\n", "new": "y\n"}]},
    ),
    ("glob", {"pattern": "*", "limit": 10}, {"pattern": "*"}),
    ("grep", {"pattern": ["a.b", "c"], "files_with_matches": True}, {"pattern": "(?:a.b)|(?:c)"}),
    ("grep", {"patterns": ["a.b", "c"], "literal": True}, {"pattern": r"(?:a\.b)|(?:c)"}),
    ("shell", {"command": "ls", "env": {"A": "b c", "D": 1}}, {"command": "export A='b c' D=1\nls"}),
    ("shell", {"command": "ls", "shell": "bash"}, {"command": "ls"}),
    ("git", {"args": ["log", "-1"]}, {"action": "log", "limit": 1}),
    ("git", {"action": "log", "n": 3, "format": "oneline"}, {"limit": 3}),
    ("git", {"action": "add", "path": "-A"}, {"all": True, "paths": []}),
    ("git", {"action": "commit", "message": "m", "add_all": True}, {"all": True}),
    ("patch", {"file_path": "/w/src/a", "diff": DIFF}, {"patch": DIFF}),
    ("patch", {"path": "src/a", "patch": HUNK}, {"patch": DIFF}),
    (
        "patch",
        {"path": "a", "patch": f"*** Begin Patch\n{HUNK}*** End Patch\n"},
        {"patch": f"*** Begin Patch\n*** Update File: a\n{HUNK}*** End Patch\n"},
    ),
]


@pytest.mark.parametrize(("name", "written", "meant"), READ_AS)
def test_what_has_one_reading_is_read_so(name, written, meant):
    parsed = TOOLS[name].parse(written)
    for key, value in meant.items():
        found = getattr(parsed, key)
        if isinstance(found, (list, tuple)) and found and hasattr(found[0], "model_dump"):
            found = [each.model_dump(include=set(wanted)) for each, wanted in zip(found, value, strict=True)]
        assert found == value


@pytest.mark.parametrize(
    ("name", "written", "words"),
    [
        ("read", {"path": "a", "file_path": "b"}, "unknown parameter 'file_path' (did you mean 'path'?)"),
        ("read", {"path": "a", "offset": "first"}, "'offset' must be an integer"),
        ("read", {"path": "a", "offset": True}, "'offset' must be an integer"),
        ("grep", {"pattern": "x", "limit": -2}, "'limit' must be at least 1"),
        ("grep", {"pattern": "x", "glob": ["*.py", "src/*.ts"]}, "'glob' must be a string"),
        ("grep", {"pattern": "x", "type": "py", "glob": "*.js"}, "unknown parameter 'type'"),
        ("glob", {"pattern": ["a,b", "c"]}, "'pattern' must be a string"),
        ("read", {"path": ["a", 3]}, "'path' must be a string"),
        (
            "read",
            {"paths": list("abcdefghijklmnopqrstuv")},
            "at most 20 files can be read at once, these are 22",
        ),
        ("read", {"files": [{"path": "a", "colour": 1}, {"path": "b"}]}, "unknown parameter 'colour'"),
        ("git", {"action": "abort", "ref": "main"}, "needs 'ref', or 'name'"),
        ("patch", {"path": "b", "patch": DIFF}, "the patch changes src/a, not b"),
        ("read", {"path": "a", "line_range": "the first"}, "unknown parameter 'line_range'"),
        ("shell", {"command": ["cd a", "ls -l"]}, "'command' must be a string"),
        ("shell", {"command": "ls", "timeout": "soon"}, "'timeout' must be an integer"),
        ("edit", {"path": "a", **ONE, "expected_replacements": 3}, "unknown parameter"),
        ("git", {"action": "log", "args": ["--graph", "-S", "x"]}, "unknown parameter 'args'"),
        ("git", {"action": "reset --hard HEAD~1"}, "reset --hard would lose work"),
        ("grep", {"pattern": "x", "multiline": True}, "unknown parameter 'multiline'"),
        ("shell", {"command": "ls", "sandbox": "off"}, "unknown parameter 'sandbox'"),
        ("edit", {"path": "a", "edits": "[{"}, "'edits' must be an array"),
        ("write", {"path": "a", "content": {"b": 1}}, "'content' must be a string"),
        ("read", {"arguments": {"path": "a"}, "limit": 3}, "unknown parameter 'arguments'"),
        ("edit", {"path": "a", "diff": f"{BLOCK}\nand so on"}, "unknown parameter 'diff'"),
        ("edit", {"path": "a", **ONE, "count": 2}, "unknown parameter 'count'"),
        ("shell", {"command": "ls", "env": {"A B": "1"}}, "unknown parameter 'env'"),
        (
            "git",
            {"action": "rev-parse HEAD"},
            "there is no action 'rev-parse': run it by shell, git rev-parse",
        ),
        ("write", {"path": "a.yaml", "content": {"b": 1}}, "'content' must be a string"),
        ("write", {"path": "a.py", "content": ["x", "y\nz"]}, "'content' must be a string"),
    ],
)
def test_what_may_mean_two_things_is_refused(name, written, words):
    with pytest.raises(InvalidArguments) as refusal:
        TOOLS[name].parse(written)
    assert words in str(refusal.value)


async def test_the_result_says_what_was_ignored_and_what_was_lowered(bench):
    bench.put("a.txt", "x\n")
    told = await bench.call("grep", pattern="x", limit=5000, description="Look", path="a.txt")
    assert told.text.endswith(
        "[ignored, as this tool has no such parameter: description]"
    ) or told.text.endswith(
        "['limit' was lowered from 5000 to 2000, the most there is; "
        "ignored, as this tool has no such parameter: description]"
    )
    assert "'limit' was lowered from 5000 to 2000" in told.text
    assert "[" not in (await bench.call("grep", query="x", path="a.txt")).text


async def test_a_time_in_milliseconds_is_told(bench):
    told = await bench.call("shell", command="echo hi", timeout=120_000)
    assert "120000 was taken for milliseconds, 120 s" in told.text


def test_the_most_is_told_beforehand():
    for name, parameter, most in (
        ("read", "limit", "5000"),
        ("grep", "context", "20"),
        ("grep", "limit", "2000"),
        ("shell", "timeout", "3600"),
        ("shell_output", "wait", "600"),
    ):
        assert most in TOOLS[name].spec.parameters["properties"][parameter]["description"]
