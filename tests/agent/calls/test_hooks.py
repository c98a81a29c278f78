"""Hooks: real commands in a real sandbox that allow, deny, add a word, or fail."""

from __future__ import annotations

import json
import sys

import pytest
from small_house import SmallTool, writes

from seedsmith.agent.calls.hooks import Hooks, gather, programs
from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.events import NoticeGiven
from seedsmith.sandbox.choose.select import choose
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.skills.hook_specs import HookSpecs

PUT = SmallTool("put", writes, lambda path, context: context.workspace.write_bytes(path, b"x") and "written")


@pytest.fixture
def hooks(house, tmp_path):
    """Makes the hooks of a configuration: Python programs that see ``event`` and may print."""

    def make(timeout: int = 20, tools=None, form="own", **programs: str) -> Hooks:
        private = tmp_path / "private"
        private.mkdir(exist_ok=True)
        policy = Policy(house.root, private, house.home, environ={"PATH": "/usr/bin:/bin", "HOME": "/root"})
        runner = ProcessRunner(choose("auto", policy), policy, SpillStore(tmp_path / "spills"))
        before = "import json,sys; event = json.load(sys.stdin)\n"
        specs = {
            event: [
                {
                    "argv": [sys.executable, "-c", before + program],
                    "timeout": timeout,
                    "tools": tools,
                    "form": form,
                }
            ]
            for event, program in programs.items()
        }
        found = gather(HookSpecs.model_validate(specs), ())
        return Hooks(found, runner, house.sink, house.session.id, house.redactor)

    return make


async def run(house, hooks, name="put", path="a.txt"):
    calls = house.ask(ToolCall("1", name, json.dumps({"path": path})))
    return (await house.dispatcher(PUT, hooks=hooks).dispatch(calls)).results[0]


async def test_a_hook_hears_of_the_call_and_lets_it_run(house, hooks):
    result = await run(house, hooks(before_tool="open('heard', 'w').write(json.dumps(event))"))
    heard = json.loads((house.root / "heard").read_text())
    assert result.ok and (house.root / "a.txt").exists()
    assert heard == {
        "event": "before_tool", "session": house.session.id, "tool": "put", "arguments": {"path": "a.txt"},
    }  # fmt: skip


@pytest.mark.parametrize(
    "program",
    [
        'print("busy\\n" + json.dumps({"decision": "deny", "reason": "not today"}))',
        'sys.exit("not today") if 0 else (print("not today"), sys.exit(2))',
    ],
)
async def test_a_hook_denies_with_a_reason(house, hooks, program):
    result = await run(house, hooks(before_tool=program))
    assert (result.ok, result.text) == (False, "Refused by a hook: not today")
    assert not (house.root / "a.txt").exists()
    assert house.seen.of(NoticeGiven)[0].code == "hook_denied"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "timeout", "how"),
    [("1/0", 20, "exited with 1"), ("while 1: pass", 1, "took longer than 1 s")],
)
async def test_a_guard_that_fails_lets_nothing_through(house, hooks, program, timeout, how):
    result = await run(house, hooks(before_tool=program, timeout=timeout))
    assert not result.ok and how in result.text and not (house.root / "a.txt").exists()


@pytest.mark.slow
async def test_words_of_hooks_follow_the_result(house, hooks):
    say = 'print(json.dumps({"message": event["event"] + str(event.get("ok"))}))'
    result = await run(house, hooks(before_tool=say, after_tool=say))
    assert result.text == "written\n\n[hook] before_toolNone\n\n[hook] after_toolTrue"


async def test_a_hook_hears_only_of_the_tools_it_names(house, hooks):
    result = await run(house, hooks(before_tool="sys.exit(2)", tools=["shell"]))
    assert result.ok


async def test_a_hook_that_fails_afterwards_is_only_told_of(house, hooks):
    result = await run(house, hooks(after_tool="1/0"))
    assert result.ok and house.seen.of(NoticeGiven)[0].code == "hook_failed"


async def test_the_end_is_denied_at_most_some_times(house, hooks):
    asked = hooks(before_finish='print(json.dumps({"decision": "deny", "reason": "add a test"}))')
    said = [await asked.before_finish("done") for _ in range(4)]
    assert said == ["add a test"] * 3 + [None]
    assert house.seen.of(NoticeGiven)[-1].code == "hook_overruled"


async def test_a_session_may_begin_with_a_word(hooks):
    assert await hooks(session_start='print(\'{"message": "hello"}\')').session_start() == ("hello",)


def test_programs_named_by_path_are_shown_to_the_sandbox():
    specs = HookSpecs.model_validate({"after_tool": [{"argv": ["sh", sys.executable, "relative"]}]})
    assert [str(path) for path in programs(gather(specs, ()))] == [sys.executable]


@pytest.mark.parametrize(
    "wrong",
    [
        {"before_run": []},
        {"before_tool": [{"argv": []}]},
        {"before_finish": [{"argv": ["a"], "tools": ["x"]}]},
    ],
)
def test_what_is_no_hook(wrong):
    with pytest.raises(ValueError, match="HookSpecs"):
        HookSpecs.model_validate(wrong)


@pytest.mark.parametrize(
    "said",
    [
        'print(json.dumps({"decision": "deny", "reason": "no"}))\nprint("warning", file=sys.stderr)',
        'print("log")\nprint(json.dumps({"decision": "deny", "reason": "no"}, indent=1))',
        'print("\\ufeff" + json.dumps({"decision": "deny", "reason": "no"}))',
        'print(json.dumps({"decision": "Deny"}))',
        'print(json.dumps({"decision": 2}))',
        'print(json.dumps(["deny"]))',
        'print(json.dumps({"hookSpecificOutput": {"permissionDecision": "deny"}}))',
    ],
)
async def test_a_denial_in_whatever_form_stops_the_call(house, hooks, said):
    result = await run(house, hooks(before_tool=said))
    assert not result.ok and not (house.root / "a.txt").exists()


async def test_an_allowing_hook_may_say_what_it_likes_besides(house, hooks):
    said = 'print("was it denied? no")\nprint(json.dumps({"decision": "allow"}))\nprint("{ not json")'
    assert (await run(house, hooks(before_tool=said))).ok


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ('print("not today", file=sys.stderr); sys.exit(2)', "not today"),
        ('print(json.dumps({"decision": "block", "reason": "no"}))', "no"),
        (
            'print(json.dumps({"hookSpecificOutput": {"hookEventName": "PreToolUse", '
            '"permissionDecision": "deny", "permissionDecisionReason": "never"}}))',
            "never",
        ),
        ('print(json.dumps({"hookSpecificOutput": {"permissionDecision": "ask"}}))', "no reason was given"),
        ('print(json.dumps({"continue": False, "stopReason": "over"}))', "over"),
    ],
)
async def test_hooks_of_claude_code_deny_in_their_form(house, hooks, program, reason):
    result = await run(house, hooks(form="claude", before_tool=program))
    assert (result.ok, result.text) == (False, f"Refused by a hook: {reason}")
    assert not (house.root / "a.txt").exists()


@pytest.mark.slow
async def test_hooks_of_claude_code_allow_and_add_context_in_their_form(house, hooks):
    allow = {"hookSpecificOutput": {"permissionDecision": "allow", "additionalContext": "mind the gap"}}
    found = hooks(form="claude", before_tool=f"print({json.dumps(allow)!r})")
    assert (await found.before_tool("put", {"path": "a"})).messages == ("mind the gap",)
    begun = hooks(form="claude", session_start="print(event['hook_event_name'], event['source'])")
    assert await begun.session_start() == ("SessionStart startup",)


async def test_hooks_of_claude_code_hear_of_the_end_and_whether_they_denied_it_before(house, hooks):
    told = 'print(json.dumps({"decision": "block", "reason": str(event["stop_hook_active"])}))'
    found = hooks(form="claude", before_finish=told)
    assert [await found.before_finish("Done.") for _ in range(2)] == ["False", "True"]


DIFF = "--- a/one.py\n+++ b/one.py\n@@ -1 +1 @@\n-a\n+b\n--- a/two.py\n+++ b/two.py\n@@ -1 +1 @@\n-a\n+b\n"


@pytest.mark.parametrize(
    ("tool", "arguments", "name", "heard"),
    [
        ("shell", {"command": "ls"}, "Bash", [{"command": "ls"}]),
        ("read", {"path": "a/../b.py"}, "Read", [{"file_path": "{root}/b.py"}]),
        ("read", {"path": "/etc/hosts"}, "Read", [{"file_path": "/etc/hosts"}]),
        ("mcp", {"action": "list"}, "mcp", [{"action": "list"}]),
        ("put", [1], "put", [{"arguments": [1]}]),
        (
            "edit",
            {"path": "b.py", "edits": [{"old": "1", "new": "2"}]},
            "Edit",
            [{"file_path": "{root}/b.py", "edits": [{"old_string": "1", "new_string": "2"}]}],
        ),
        (
            "patch",
            {"patch": DIFF},
            "Edit",
            [{"file_path": f"{{root}}/{name}", "patch": DIFF} for name in ("one.py", "two.py")],
        ),
        ("patch", {"patch": "none"}, "Edit", [{"file_path": "{root}/", "patch": "none"}]),
    ],
)
async def test_what_hooks_of_claude_code_hear_of_a_call(house, hooks, tool, arguments, name, heard):
    found = hooks(form="claude", after_tool="print(json.dumps(event), file=open('heard', 'a'))")
    await found.after_tool(tool, arguments, True, "done")
    events = [json.loads(line) for line in (house.root / "heard").read_text().splitlines()]
    assert [event["tool_input"] for event in events] == json.loads(
        json.dumps(heard).replace("{root}", str(house.root))
    )
    assert {event["tool_name"] for event in events} == {name}
    assert events[0] | {"tool_input": 0, "tool_name": 0} == {
        "session_id": house.session.id,
        "transcript_path": "",
        "cwd": str(house.root),
        "hook_event_name": "PostToolUse",
        "tool_name": 0,
        "tool_input": 0,
        "tool_response": {"success": True, "content": "done"},
    }
