"""Bad input to the git tool: one precise sentence each, and nothing has happened."""

from __future__ import annotations

import pytest

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import InvalidArguments, ToolError
from seedsmith.tools.registry import default_tools

MISUNDERSTOOD = [
    ({}, "'action' is missing"),
    ({"action": "init"}, "'action' must be one of 'status', 'diff'"),
    ({"action": ["status", "log"]}, "'action' must be one of"),
    ({"action": "status", "ref": "HEAD"}, "action 'status' takes no 'ref', but paths"),
    ({"action": "status", "paths": [""]}, "'paths' holds an empty path"),
    ({"action": "diff", "ref": "--output=S"}, "'ref' must not be empty nor begin with '-', got '--output=S'"),
    ({"action": "diff", "name": "index"}, "'name' must be 'staged' or left out, got 'index'"),
    ({"action": "diff", "all": True, "ref": "HEAD"}, "all: true compares with HEAD: leave out 'ref'"),
    ({"action": "diff", "patch": "maybe"}, "'patch' must be true or false, got \"maybe\""),
    ({"action": "log", "message": "x"}, "action 'log' takes no 'message'"),
    ({"action": "blame"}, "action 'blame' needs exactly one file in 'paths'"),
    ({"action": "add"}, "action 'add' needs 'paths', or all: true"),
    ({"action": "add", "paths": ["a.txt"], "all": True}, "give either 'paths' or all: true, not both"),
    ({"action": "add", "paths": ["a\0b"]}, "NUL"),
    ({"action": "commit", "message": "  "}, "'message' is empty"),
    ({"action": "commit", "message": "x", "patch": True}, "action 'commit' takes no 'patch'"),
    ({"action": "branch", "ref": "main"}, "'name' is missing"),
    ({"action": "branch", "name": "-D"}, "'name' must not be empty nor begin with '-'"),
    ({"action": "switch"}, "action 'switch' needs 'ref', an existing branch or commit, or 'name'"),
    ({"action": "stash", "name": "clear"}, "'name' must be one of push, list, show, pop, apply, drop"),
    ({"action": "stash", "name": "pop", "ref": "HEAD"}, "'ref' must be stash@{n}, got 'HEAD'"),
    ({"action": "stash", "name": "pop", "all": True}, "stash pop takes no 'message', 'paths' or 'all'"),
    ({"action": "restore"}, "action 'restore' needs 'paths', or all: true"),
    ({"action": "restore", "paths": ["a.txt"], "files": 1}, "unknown parameter 'files'"),
]
REFUSED = [
    # In a repository with one commit, a clean tree and an ignored file.
    ({"action": "status", "paths": ["../x"]}, "leads out of the workspace"),
    ({"action": "status", "paths": ["/etc/passwd"]}, "leads out of the workspace"),
    ({"action": "diff", "ref": "mainn"}, "The repository has no commit 'mainn' (did you mean 'main'?)."),
    ({"action": "diff", "ref": "main..nowhere"}, "The repository has no commit 'nowhere'"),
    ({"action": "log", "ref": "^main"}, "The repository has no commit '^main'"),
    ({"action": "show", "ref": "HEAD:missing"}, "The repository has no object 'HEAD:missing'"),
    ({"action": "blame", "paths": ["missing"]}, "git blame failed: no such path 'missing' in HEAD"),
    ({"action": "add", "paths": ["a.text"]}, "a.text does not exist (did you mean 'a.txt'?)."),
    ({"action": "add", "paths": ["x.log"]}, "x.log is ignored by .gitignore"),
    ({"action": "commit", "all": True}, "'message' is missing: say what the commit does"),
    ({"action": "commit", "message": "x"}, "Nothing is staged: use add first"),
    ({"action": "commit", "message": "x", "paths": ["a.txt"]}, "Nothing below these paths has changed"),
    ({"action": "branch", "name": "a b"}, "git branch failed: 'a b' is not a valid branch name"),
    ({"action": "branch", "name": "main"}, "branch named 'main' already exists"),
    ({"action": "switch", "ref": "nowhere"}, "The repository has no commit 'nowhere'"),
    ({"action": "stash"}, "There is nothing to stash: no tracked file has changed"),
    ({"action": "stash", "name": "pop"}, "The stash has no entry stash@{0}; stash list"),
    ({"action": "restore", "paths": ["nope"]}, "pathspec 'nope' did not match any file(s) known to git"),
]


def state(git_bench):
    files = {path: path.read_bytes() for path in git_bench.root.rglob("*.txt")}
    return files, git_bench.git("status", "--porcelain"), git_bench.git("for-each-ref")


@pytest.mark.parametrize(("arguments", "words"), MISUNDERSTOOD)
def test_arguments_that_do_not_fit_are_refused_before_anything_is_looked_at(arguments, words):
    tool = next(tool for tool in default_tools() if tool.spec.name == "git")
    with pytest.raises(InvalidArguments) as refusal:
        tool.parse(arguments)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("arguments", "words"), REFUSED)
async def test_what_the_repository_cannot_do_is_told_exactly(git_bench, arguments, words):
    git_bench.put(".gitignore", "*.log\n")
    git_bench.save("first", a="1\n")
    git_bench.put("x.log", "ignored")
    before = state(git_bench)
    with pytest.raises((ToolError, SandboxError)) as refusal:
        await git_bench.ask(arguments)
    assert words in str(refusal.value)
    assert str(refusal.value).count("\n") <= 1
    assert state(git_bench) == before
