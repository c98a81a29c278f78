"""Questions reach the person where there is one, and never twice; without one the model decides."""

from __future__ import annotations

import asyncio
import json

import pytest
from scripted_endpoint import calls, text
from small_house import Collected, SmallTool, everything

from seedsmith import Agent
from seedsmith.agent.calls.ask_tool import NO_ANSWER, NOBODY, AskTool
from seedsmith.agent.calls.offered_tools import open_tools
from seedsmith.agent.calls.respondent import Question
from seedsmith.agent.context.profile import COMPACT, FULL
from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.events import ToolFinished
from seedsmith.agent.loop.early_calls import EarlyCalls
from seedsmith.tools.base import Effect, InvalidArguments


class Person:
    """Approves nothing and answers every question the same way."""

    def __init__(self, says: str) -> None:
        self.says = says
        self.asked: list[Question] = []

    async def approve(self, request):
        return False

    async def answer(self, question: Question) -> str:
        self.asked.append(question)
        return self.says


class Judge:
    """Only says yes or no."""

    async def approve(self, request):
        return True


def asking(identifier="1", **arguments):
    return ToolCall(identifier, "ask", json.dumps({"question": "Which one?"} | arguments))


async def test_the_answer_is_the_persons_words(house):
    person = Person("the second\n")
    await house.dispatcher(AskTool(person)).dispatch(house.ask(asking(options=["a", "b"])))
    assert person.asked == [Question("Which one?", ("a", "b"))]
    assert house.outputs[0].ok and house.outputs[0].text == "The user answers: the second"


@pytest.mark.parametrize(
    ("person", "said"), [(None, NOBODY), (Person(""), NO_ANSWER), (Person(" \n"), NO_ANSWER)]
)
async def test_without_an_answer_the_model_decides(house, person, said):
    await house.dispatcher(AskTool(person)).dispatch(house.ask(asking()))
    assert house.outputs[0].ok and house.outputs[0].text == said


async def test_no_question_is_asked_by_half_an_answer(house):
    person = Person("yes")
    dispatcher = house.dispatcher(AskTool(person))
    early = EarlyCalls(dispatcher.runner)
    early.offer(asking())
    await asyncio.sleep(0)
    await early.discard()
    assert person.asked == []
    await dispatcher.dispatch(house.ask(asking()), EarlyCalls(dispatcher.runner))
    assert len(person.asked) == 1


async def test_a_question_waits_for_what_changes_files_and_is_no_change(house):
    order = []
    command = SmallTool("command", everything, lambda path, _: order.append(path))

    class Slow(Person):
        async def answer(self, question):
            order.append(question.text)
            return "yes"

    dispatcher = house.dispatcher(command, AskTool(Slow("")))
    before, after = (ToolCall(path, "command", json.dumps({"path": path})) for path in ("before", "after"))
    done = await dispatcher.dispatch(house.ask(before, asking("2"), after))
    assert order == ["before", "Which one?", "after"]
    assert [call.id for call in done.changing] == ["before", "after"] and dispatcher.effects == 2


def test_only_the_full_profile_asks_and_plans():
    assert {"ask", "todo"} <= set(open_tools(FULL)) and not {"ask", "todo"} & set(open_tools(COMPACT))
    assert list(open_tools(FULL)) == list(open_tools(FULL, Person("")))
    tool = open_tools(FULL)["ask"]
    access = tool.access(tool.parse({"question": "a"}))
    assert access.effect is Effect.NONE and not access.early


WRONG = [
    ({}, "'question' is missing"),
    ({"question": None}, "'question' must be a string, got null"),
    ({"question": ["a", "b"]}, "'question' must be a string"),
    ({"question": {"text": "a"}}, "'question' must be a string"),
    ({"question": ""}, "'question' is empty"),
    ({"question": " \n"}, "'question' is empty"),
    ({"question": "x" * 4001}, "at most 4000 characters"),
    ({"question": "\ud800"}, "valid Unicode"),
    ({"questoin": "a"}, "did you mean 'question'?"),
    ({"question": "a", "options": {"b": 1}}, "'options' must be an array"),
    ({"question": "a", "options": [True]}, "'options[0]' must be a string, got true"),
    ({"question": "a", "options": ["b", ""]}, "'options[1]' is empty"),
    ({"question": "a", "options": ["b"] * 10}, "at most 9 items"),
    ({"question": "a", "options": ["x" * 501]}, "at most 500 characters"),
    ({"question": "a", "default": "b"}, "unknown parameter 'default'"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_a_wrong_question_is_told_exactly_what_is_wrong(arguments, words):
    with pytest.raises(InvalidArguments) as refusal:
        AskTool().parse(arguments)
    assert words in str(refusal.value)
    is_known = not any(each in words for each in ("missing", "unknown", "did you mean"))
    assert ("Parameters: question (string, required)" in str(refusal.value)) != is_known


@pytest.mark.slow
@pytest.mark.parametrize(
    ("approver", "answered"), [(None, NOBODY), (Judge(), NOBODY), (Person("42"), "The user answers: 42")]
)
async def test_a_run_asks_who_is_there_and_shows_the_plan(endpoint, tmp_path, approver, answered):
    (tmp_path / "work").mkdir()
    plan = [{"text": "Ask", "state": "active"}]
    endpoint.script(calls(("todo", {"items": plan}), ("ask", {"question": "How many?"})), text("Done."))
    seen = Collected()
    options = {"model": "openai/scripted", "base_url": endpoint.base_url, "api_key": "a-key-for-tests"}
    agent = Agent(
        tmp_path / "work", home=tmp_path / "state", approver=approver, front_ends=(seen,), **options
    )
    await agent.arun("Go")
    told = [message["content"] for message in endpoint.requests[1].body["messages"][-2:]]
    assert told == ["0 of 1 step done; now: Ask.", answered]
    assert [event.data.get("plan") for event in seen.of(ToolFinished)] == [plan, None]
