"""Hooks in whole runs: from the user's configuration file and from a named skill."""

from __future__ import annotations

import json
import sys

import pytest
from asked import messages, tool_texts
from scripted_endpoint import calls, text

HOOK = """\
import json, sys
event = json.load(sys.stdin)
if event["event"] == "session_start":
    print(json.dumps({"message": "Red since noon; the password is sk-very-secret-key-of-the-user."}))
elif event["event"] == "before_tool" and "secret" in json.dumps(event["arguments"]):
    print(json.dumps({"decision": "deny", "reason": "leave secrets alone"}))
elif event["event"] == "after_tool":
    print(json.dumps({"message": "formatted " + event["arguments"]["path"]}))
elif event["event"] == "before_finish" and "ticket" not in event["message"]:
    print(json.dumps({"decision": "deny", "reason": "name the ticket"}))
"""


@pytest.fixture
def configure(seedsmith):
    def write(text: str) -> None:
        folder = seedsmith.user / ".config" / "seedsmith"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yaml").write_text(text)

    return write


@pytest.fixture
def program(tmp_path):
    file = tmp_path / "hooks" / "guard.py"
    file.parent.mkdir()
    file.write_text(HOOK)
    return file


def hooks(program, *events: str, more: str = "") -> str:
    lines = [
        f"  {event}:\n    - argv: [{sys.executable}, {program}]\n      timeout: 20\n{more}"
        for event in events
    ]
    return "hooks:\n" + "".join(lines)


EVERY = ("session_start", "before_tool", "after_tool", "before_finish")


@pytest.mark.slow
def test_hooks_of_the_configuration_speak_deny_and_hold_the_end(seedsmith, endpoint, configure, program):
    configure(hooks(program, "session_start", "before_tool", "before_finish") + "  after_tool:\n"
              f"    - argv: [{sys.executable}, {program}]\n      tools: [write]\n")  # fmt: skip
    endpoint.script(
        calls(
            ("shell", {"command": "touch secret.txt"}),
            ("write", {"path": "a.txt", "content": "x"}),
        ),
        text("Done."),
        text("Done, ticket 7."),
    )
    done = seedsmith.run("Go", "--verify", "test -f a.txt")
    assert done.code == 0, done.errors
    started = messages(endpoint.requests[0])[-1]
    assert started["role"] == "user" and "Red since noon" in started["content"]
    assert "sk-very" not in json.dumps(endpoint.requests[0].body)
    refused, written = tool_texts(endpoint.requests[1])
    assert refused == "Refused by a hook: leave secrets alone" and "[hook] formatted a.txt" in written
    assert messages(endpoint.requests[2])[-1]["content"] == "name the ticket"
    assert seedsmith.tree() == {"a.txt": "x"}
    assert [notice["code"] for notice in done.of("notice")] == ["hook_denied", "hook_denied"]
    bodies = [request.raw for request in endpoint.requests]
    for before, after in zip(bodies, bodies[1:], strict=False):
        assert after.startswith(before[:-2])


@pytest.mark.slow
def test_the_named_skill_brings_its_hooks(seedsmith, endpoint):
    folder = seedsmith.user / ".agents" / "skills" / "careful"
    folder.mkdir(parents=True)
    (folder / "guard.py").write_text(HOOK)
    (folder / "skill.yaml").write_text(
        "name: careful\ndescription: Is careful.\ninstructions: Be careful.\n"
        'hooks: {before_tool: [{argv: [python3, "{skill}/guard.py"]}]}\n'
    )
    call = ("shell", {"command": "touch secret.txt"})
    endpoint.script(calls(call), text("Done."), calls(call), text("Done."))
    assert seedsmith.run("Go", "--skill", "careful").code == 0
    assert tool_texts(endpoint.requests[1]) == ["Refused by a hook: leave secrets alone"]
    assert seedsmith.tree() == {}
    assert seedsmith.run("Go").code == 0 and "secret.txt" in seedsmith.tree()


@pytest.mark.slow
def test_a_replay_asks_no_hook(seedsmith, endpoint, configure, program, tmp_path):
    endpoint.script(calls(("write", {"path": "secret.txt", "content": "x"})), text("Done."))
    assert seedsmith.run("Go", "--record", str(tmp_path / "run.jsonl")).code == 0
    (seedsmith.workspace / "secret.txt").unlink()
    configure(hooks(program, *EVERY))
    done = seedsmith.run_plain("run", "--replay", str(tmp_path / "run.jsonl"))
    assert done.code == 0, (done.errors, done.last)
    assert seedsmith.tree() == {"secret.txt": "x"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("hooks:\n  before_tol:\n    - argv: [x]\n", "before_tol"),
        ("hooks:\n  before_tool:\n    - argv: []\n", "before_tool.0.argv"),
        ("hooks:\n  before_tool:\n    - argv: [x]\n      timeout: soon\n", "before_tool.0.timeout"),
        ("hooks:\n  before_finish:\n    - argv: [x]\n      tools: [shell]\n", "which is about no tool"),
        ("hooks: yes\n", "hooks"),
    ],
)
def test_hooks_that_are_written_wrong_are_wrong_usage(seedsmith, endpoint, configure, written, said):
    configure(written)
    endpoint.script(text("no"))
    done = seedsmith.run("Go")
    assert done.code == 2 and said in done.errors and "config.yaml line 1" in done.errors
    assert not endpoint.requests


def test_a_repository_sets_no_hook(seedsmith, endpoint, program):
    folder = seedsmith.workspace / ".seedsmith"
    folder.mkdir()
    (folder / "config.yaml").write_text(hooks(program, *EVERY))
    endpoint.script(calls(("write", {"path": "secret.txt", "content": "x"})), text("Done."))
    done = seedsmith.run("Go")
    assert done.code == 0 and "a repository may not set it" in done.errors
    assert "secret.txt" in seedsmith.tree()
