"""A file no tool may write is refused for that alone, before its content is looked at or asked for."""

from __future__ import annotations

import pytest

from seedsmith.sandbox.errors import ProtectedPath

CONFIG = "[core]\n\tbare = false\n"
HUNK = "@@ -1 +1 @@\n-not there\n+x\n"
CALLS = [
    ("write", {"content": "x"}),
    ("edit", {"old": "not there", "new": "x"}),
    ("edit", {"old": "[core]", "new": "[x]"}),
    ("patch", {}),
]
PATHS = [
    (".git/config", "belongs to git's own data"),
    (".git/index", "belongs to git's own data"),
    ("inner/config", "belongs to git's own data"),
    (".seedsmith/config.yaml", "is the agent's own configuration"),
    (".envrc", "needs a person's approval"),
]


@pytest.mark.parametrize(
    ("tool", "arguments", "path", "why"),
    [
        (*call, *path)
        for call in CALLS
        for path in PATHS
        if (call[0], path[0]) != ("patch", "inner/config")  # patch follows no links at all
    ],
)
async def test_the_first_answer_is_the_last(bench, tool, arguments, path, why):
    for name in (".git/config", ".seedsmith/config.yaml", ".envrc"):
        bench.put(name, CONFIG)
    bench.put(".git/index", b"DIRC\0\0\0\2")
    (bench.root / "inner").symlink_to(".git")
    arguments = arguments or {"patch": f"--- a/{path}\n+++ b/{path}\n{HUNK}"}
    with pytest.raises(ProtectedPath, match=why):
        await bench.call(tool, **(arguments if tool == "patch" else {"path": path, **arguments}))


async def test_what_is_only_read_may_be_copied_from(bench):
    bench.put(".envrc", CONFIG)
    copy = "diff --git a/.envrc b/b.txt\nsimilarity index 100%\ncopy from .envrc\ncopy to b.txt\n"
    await bench.call("patch", patch=copy)
    assert bench.bytes("b.txt") == CONFIG.encode()
