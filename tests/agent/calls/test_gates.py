"""The gates of a call are asked in their order, each in the same way, and the first refusal ends it."""

from __future__ import annotations

import json

from small_house import SmallTool, reads, writes

from seedsmith.agent.calls.approval import CallPolicy
from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.calls.gates import ActiveSkillsGate, ApprovalGate, Gate, Passage, PlanGate
from seedsmith.agent.calls.runner import CallRunner
from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.events import ToolFinished
from seedsmith.sandbox.workspace.spill import SpillStore
from seedsmith.tools.base import ToolContext


class Noting(Gate):
    """Keeps what it is asked, refuses what it is told to, and adds a word before and after."""

    def __init__(self, name: str, asked: list[str], refuse: str = "") -> None:
        self.name, self.asked, self.refuse = name, asked, refuse

    async def before(self, prepared):
        self.asked.append(f"{self.name} before")
        return Passage(self.refuse, "no", (f"{self.name} early",))

    async def after(self, prepared, result):
        self.asked.append(f"{self.name} after {result.text}")
        return (f"{self.name} late",)


async def run(house, *gates: Gate, arguments: object = None, tool: SmallTool | None = None) -> str:
    context = ToolContext(house.workspace, None, SpillStore(house.session.folder / "spills"))
    tools = {"echo": tool or SmallTool("echo", reads, lambda path, _: path)}
    runner = CallRunner(tools, context, house.sink, house.redactor, gates=gates)
    calls = house.ask(ToolCall("1", "echo", json.dumps(arguments or {"path": "a"})))
    return (await Dispatcher(runner, house.session).dispatch(calls)).results[0].text


async def test_each_is_asked_before_and_after_and_may_add_to_the_result(house):
    asked = []
    text = await run(house, Noting("one", asked), Noting("two", asked))
    assert asked == ["one before", "two before", "one after a", "two after a"]
    assert text == "a\n\none early\n\ntwo early\n\none late\n\ntwo late"


async def test_the_first_refusal_ends_the_call_and_is_all_that_is_said(house):
    asked = []
    text = await run(house, Noting("one", asked), Noting("two", asked, "Not now."), Noting("three", asked))
    assert asked == ["one before", "two before"] and text == "Not now."
    assert [event.summary for event in house.seen.of(ToolFinished)] == ["no"]
    assert '"intended"' not in (house.session.folder / "records.jsonl").read_text()


async def test_a_closed_gate_answers_before_the_arguments_are_read(house):
    asked = []
    closed = ActiveSkillsGate(lambda tool: f"{tool} is left out.")
    assert await run(house, Noting("one", asked), closed, arguments={"path": 3}) == "echo is left out."
    assert asked == []


async def test_a_gate_that_says_nothing_is_open(house):
    class Open(Gate):
        """Nothing of its own."""

    policy = CallPolicy(confined=True, can_ask=False)
    assert await run(house, Open(), ApprovalGate(policy, house.sink)) == "a"


async def test_a_plan_lets_nothing_be_changed(house):
    asked = []
    writing = SmallTool("echo", writes, lambda path, _: asked.append(path))
    assert "only plans" in await run(house, PlanGate(), tool=writing) and asked == []


async def test_a_plan_lets_everything_be_read(house):
    assert await run(house, PlanGate()) == "a"
