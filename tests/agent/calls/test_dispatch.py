"""Every call gets exactly one result, whatever it asks for and whatever the tool does."""

from __future__ import annotations

import asyncio
import json
import os

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_house import SmallTool, everything, reads, writes

from seedsmith.agent.calls.approval import CallPolicy
from seedsmith.agent.calls.dispatch import INTERRUPTED, NOT_STARTED
from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.errors import SessionError
from seedsmith.agent.events import ApprovalRequested, NoticeGiven, ToolFinished, ToolStarted
from seedsmith.agent.loop.early_calls import EarlyCalls
from seedsmith.agent.redact import Redactor
from seedsmith.tools.base import Image, ToolError, ToolResult
from seedsmith.tools.git.git_tool import GitTool

ECHO = SmallTool("echo", reads, lambda path, _: f"read {path}")


def call(identifier: str, name: str = "echo", **arguments: object) -> ToolCall:
    return ToolCall(identifier, name, json.dumps(arguments))


def records(house, kind: str) -> list:
    lines = (house.session.folder / "records.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["kind"] == kind]


async def test_results_stand_in_call_order(house):
    first_may_end = asyncio.Event()

    async def slow(path, _):
        if path == "a":
            await first_may_end.wait()
        else:
            first_may_end.set()
        return path

    calls = house.ask(call("1", "slow", path="a"), call("2", "slow", path="b"))
    done = await house.dispatcher(SmallTool("slow", reads, slow)).dispatch(calls)
    assert [output.text for output in house.outputs] == ["a", "b"]
    assert [result.text for result in done.results] == ["a", "b"]
    assert [record["output"]["call"] for record in records(house, "done")] == ["2", "1"]


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (ToolCall("1", "eco", "{}"), ("no tool 'eco'", "echo")),
        (ToolCall("1", "echo", '{"path": "a"'), ("not a JSON object", "line 1 column", '"properties"')),
        (ToolCall("1", "echo", '["a"]'), ("it is list", '"properties"')),
        (ToolCall("1", "echo", "[" * 100_000), ("not a JSON object",)),
        (ToolCall("1", "echo", '{"path": 3}'), ("path must be a string",)),
        (ToolCall("1", "echo", ""), ("path must be a string",)),
    ],
)
async def test_bad_calls_are_told_what_fits_and_the_run_goes_on(house, bad, says):
    house.ask(bad, good := call("2", path="a"))
    await house.dispatcher(ECHO).dispatch((bad, good))
    wrong, right = house.outputs
    assert not wrong.ok and all(part in wrong.text for part in says)
    assert right.ok and right.text == "read a"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"action": "log", "message": "x"}, ""),
        ({"action": "stash", "paths": [True]}, ""),
        ({"action": "bless"}, ""),
        ({"act": "log"}, " Parameters: action (status|diff|log|"),
        ({}, " Parameters: action (status|diff|log|"),
    ],
)
async def test_only_who_does_not_know_the_parameters_is_told_them(house, arguments, told):
    asked = house.ask(ToolCall("1", "git", json.dumps(arguments)))
    await house.dispatcher(GitTool()).dispatch(asked)
    (output,) = house.outputs
    sentence, _, usage = output.text.partition(" Parameters: ")
    assert not output.ok and sentence.startswith("git: ") and sentence.endswith(".")
    assert usage.startswith(told.removeprefix(" Parameters: ")) and bool(usage) == bool(told)
    assert "properties" not in output.text and len(output.text) < 500


@settings(
    max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(arguments=st.text() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps), name=st.text())
async def test_any_name_and_arguments_get_one_result(house, arguments, name):
    (asked,) = house.session.conversation.distinct([ToolCall("x", name or "echo", arguments)])
    house.ask(asked)
    await house.dispatcher(ECHO).dispatch((asked,))
    assert house.session.conversation.open_calls == ()
    house.outputs[-1].text.encode()


async def test_a_broken_tool_is_a_result_and_a_notice(house):
    def broken(path, _):
        raise KeyError(path)

    house.ask(asked := call("1", "broken", path="a"))
    done = await house.dispatcher(SmallTool("broken", writes, broken)).dispatch((asked,))
    assert house.outputs[0].text == "failed: KeyError: 'a'" and not done.changing
    assert [notice.code for notice in house.seen.of(NoticeGiven)] == ["tool_failed"]


async def test_in_a_workspace_that_is_gone_no_tool_is_broken(house):
    house.root.rename(house.root.with_name("moved"))

    def broken(path, _):
        raise FileNotFoundError(path)

    house.ask(asked := call("1", "broken", path="a"))
    await house.dispatcher(SmallTool("broken", writes, broken)).dispatch((asked,))
    assert house.outputs[0].text == f"The workspace {house.root} is gone: it was moved or deleted."
    assert not house.seen.of(NoticeGiven)


async def test_a_refusing_tool_speaks_for_itself(house):
    def refuse(path, _):
        raise ToolError("Not that one.")

    house.ask(asked := call("1", "refuse", path="a"))
    await house.dispatcher(SmallTool("refuse", writes, refuse)).dispatch((asked,))
    assert house.outputs[0].text == "Not that one." and not house.seen.of(NoticeGiven)


async def test_long_output_is_bounded_counted_and_kept_whole(house):
    whole = "".join(f"line {number} ü\n" for number in range(20_000))
    house.ask(asked := call("1", "long", path="a"))
    dispatcher = house.dispatcher(SmallTool("long", reads, lambda *_: whole), output_bytes=1000)
    await dispatcher.dispatch((asked,))
    text = house.outputs[0].text
    head, rest = text.split("\n[... ")
    counts, tail = rest.split(" ...]\n")
    assert whole.startswith(head) and whole.endswith(tail) and len(text.encode()) < 1200
    missing = len(whole.encode()) - len((head + tail).encode())
    assert counts.startswith(f"{missing} of {len(whole.encode())} bytes")
    assert (house.session.folder / "spills" / "s1").read_text() == whole


async def test_secrets_reach_neither_model_nor_records_nor_screen(house):
    house.redactor = Redactor(["hunter2-hunter2"])
    result = ToolResult(
        ok=True, text="key=hunter2-hunter2", data={"all": ["hunter2-hunter2"]}, summary="hunter2-hunter2"
    )
    house.ask(asked := call("1", "leak", path="hunter2-hunter2"))
    await house.dispatcher(SmallTool("leak", reads, lambda *_: result)).dispatch((asked,))
    assert house.outputs[0].text == "key=[redacted]"
    assert "hunter2" not in repr(house.seen.of(ToolStarted)) + repr(house.seen.of(ToolFinished))


async def test_output_that_is_no_text_is_escaped(house):
    house.ask(asked := call("1", "odd", path="a"))
    await house.dispatcher(SmallTool("odd", reads, lambda *_: "caf\udce9")).dispatch((asked,))
    assert house.outputs[0].text == "caf\\udce9"


async def test_intended_is_on_record_before_a_call_runs_and_done_after(house):
    seen = []
    house.ask(asked := call("1", "look", path="a"))
    tool = SmallTool(
        "look", writes, lambda *_: seen.append((records(house, "intended"), records(house, "done")))
    )
    await house.dispatcher(tool).dispatch((asked,))
    ((intended, done),) = seen
    assert [record["call"] for record in intended] == ["1"] and done == []
    assert [record["output"]["call"] for record in records(house, "done")] == ["1"]


async def test_before_effects_is_awaited_for_effects_only(house):
    waited = []

    async def wait(paths):
        waited.extend(paths)

    tools = (ECHO, SmallTool("put", writes, lambda path, _: path))
    dispatcher = house.dispatcher(*tools, before_effects=wait)
    await dispatcher.dispatch(house.ask(call("1", path="a")))
    assert not waited and dispatcher.effects == 0
    done = await dispatcher.dispatch(house.ask(call("2", "put", path="a")))
    assert waited == ["a"] and dispatcher.effects == 1 and done.changing[0].id == "2"


async def test_a_command_is_recorded_before_it_begins_and_something_done_meanwhile(house, monkeypatch):
    seen = []
    recorded = asyncio.get_running_loop().create_future()

    def meanwhile():
        seen.append("meanwhile")
        recorded.set_result(None)

    monkeypatch.setattr(house.session, "sync", lambda: seen.append("to the disk") or recorded)
    command = SmallTool("shell", everything, lambda *_: seen.append("begun"))
    dispatcher = house.dispatcher(ECHO, command, while_recorded=meanwhile)
    await dispatcher.dispatch(house.ask(call("1", path="a"), call("2", "shell", path="a")))
    assert seen == ["to the disk", "meanwhile", "begun"]


async def test_cancelling_gives_every_open_call_a_result(house):
    running = asyncio.Event()

    async def hang(path, _):
        running.set()
        await asyncio.Event().wait()

    calls = house.ask(call("1", path="x"), call("2", "hang", path="a"), call("3", "hang", path="a"))
    dispatcher = house.dispatcher(ECHO, SmallTool("hang", writes, hang))
    task = asyncio.create_task(dispatcher.dispatch(calls))
    await running.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [output.text for output in house.outputs] == ["read x", INTERRUPTED, NOT_STARTED]
    assert [output.text for output in house.reopen().conversation if hasattr(output, "call_id")] == [
        "read x",
        INTERRUPTED,
        NOT_STARTED,
    ]


async def test_what_needs_a_person_is_refused_without_one(house):
    put = SmallTool("put", writes, lambda path, _: "written")
    await house.dispatcher(put).dispatch(house.ask(call("1", "put", path=".envrc")))
    assert "nobody to ask" in house.outputs[0].text and not records(house, "intended")


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_person_decides(house, allowed):
    class Person:
        async def approve(self, request):
            assert request.what == '{"path": "sub/.envrc"}'
            return allowed

    put = SmallTool("put", writes, lambda path, _: "written")
    policy = CallPolicy(confined=True, can_ask=True)
    dispatcher = house.dispatcher(put, policy=policy, approver=Person())
    await dispatcher.dispatch(house.ask(call("1", "put", path="sub/.envrc")))
    assert house.outputs[0].ok is allowed and len(house.seen.of(ApprovalRequested)) == 1
    assert house.accepted == (["sub/.envrc"] if allowed else [])


async def test_early_results_are_used_once(house):
    ran = []
    tool = SmallTool("note", reads, lambda path, _: ran.append(path))
    dispatcher = house.dispatcher(tool)
    early = EarlyCalls(dispatcher.runner)
    asked = call("1", "note", path="a")
    early.offer(asked)
    await dispatcher.dispatch(house.ask(asked), early)
    assert ran == ["a"] and house.outputs[0].ok


async def test_nothing_with_effects_and_nothing_behind_it_starts_early(house):
    ran = []
    note = SmallTool("note", reads, lambda path, _: ran.append(path))
    command = SmallTool("command", everything, lambda path, _: ran.append(path))
    early = EarlyCalls(house.dispatcher(note, command).runner)
    early.offer(call("1", "command", path="c"))
    early.offer(call("2", "note", path="n"))
    early.offer(ToolCall("3", "note", "{broken"))
    await asyncio.sleep(0)
    assert ran == [] and early.take(call("2", "note", path="n")) is None


async def test_discarded_early_calls_are_cancelled(house):
    started = asyncio.Event()
    ended = []

    async def hang(path, _):
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(path)

    early = EarlyCalls(house.dispatcher(SmallTool("hang", reads, hang)).runner)
    early.offer(call("1", "hang", path="a"))
    await started.wait()
    await early.discard()
    assert ended == ["a"] and not records(house, "intended")


async def test_records_that_cannot_be_written_end_the_run(house):
    dispatcher = house.dispatcher(ECHO)
    calls = house.ask(call("1", path="a"), call("2", path="b"))
    full = os.open("/dev/full", os.O_WRONLY)  # never locked: every process has the same one
    os.dup2(full, house.session._file._fd)
    os.close(full)
    with pytest.raises(SessionError, match="No space left"):
        await dispatcher.dispatch(calls)


async def test_pictures_follow_the_results_as_one_message(house):
    picture = Image(b"\x89PNG", "image/png", "a.png")
    seeing = SmallTool("see", reads, lambda path, _: ToolResult(True, "shown", images=(picture,)))
    calls = house.ask(call("1", "see", path="a"), call("2", "see", path="b"))
    await house.calls(seeing).dispatch(calls)
    *_, first, second, message = house.session.conversation
    assert (first.text, second.text) == ("shown", "shown")
    assert message.images == (picture, picture)
    assert "a.png, a.png" in message.text


@pytest.mark.parametrize("given", ["text", None, ToolResult(True, b"bytes"), SystemExit(3)])
async def test_a_tool_of_others_may_give_back_anything(house, given):
    async def body(path, _):
        if isinstance(given, BaseException):
            raise given
        return given

    tool = SmallTool("odd", reads, body)
    tool.run = lambda parsed, context: body(parsed, context)
    calls = house.ask(call("1", "odd", path="a"))
    (result,) = (await house.dispatcher(tool).dispatch(calls)).results
    assert not result.ok and result.text.startswith("failed: ")


async def test_an_access_that_is_none_is_a_refusal(house):
    calls = house.ask(call("1", "odd", path="a"))
    (result,) = (
        await house.dispatcher(SmallTool("odd", lambda path: None, lambda *_: "x")).dispatch(calls)
    ).results
    assert not result.ok and "not Access" in result.text


async def test_what_a_call_leaves_out_holds_for_the_calls_behind_it(house):
    left_out = set()
    narrow = SmallTool("narrow", reads, lambda path, _: left_out.add("echo") or "narrowed")
    calls = house.ask(call("1", "narrow", path="a"), call("2", path="b"))
    dispatcher = house.dispatcher(narrow, ECHO, narrowing=lambda name: "left out" if name in left_out else "")
    assert [output.text for output in (await dispatcher.dispatch(calls)).results] == ["narrowed", "left out"]
