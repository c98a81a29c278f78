"""The plan: replaced whole, shown as it is, and wrong calls told precisely."""

from __future__ import annotations

import pytest

from seedsmith.tools.base import Effect, ToolError
from seedsmith.tools.todo import TodoTool

STEP = {"text": "Read the code", "state": "done"}


async def test_the_plan_comes_back_as_data_and_is_counted(bench):
    items = [STEP, {"text": "修复它", "state": "active"}, {"text": "Test", "state": "pending"}]
    result = await bench.call("todo", items=items)
    assert result.data == {"plan": items}
    assert (result.summary, result.text) == ("1 of 3 steps done", "1 of 3 steps done; now: 修复它.")


async def test_an_empty_list_clears_the_plan_and_hidden_characters_are_shown(bench):
    assert (await bench.call("todo", items=[])).text == "no plan."
    result = await bench.call("todo", items=[{"text": "a\u202eb\x1b[2J", "state": "active"}])
    assert r"now: a\u{202E}b\u{1B}[2J" in result.text


def test_it_touches_nothing():
    tool = TodoTool()
    assert tool.access(tool.parse({"items": [STEP]})).effect is Effect.NONE


WRONG = [
    ({}, "'items' is missing"),
    ({"items": None}, "'items' must be an array, got null"),
    ({"items": "a, b"}, "'items' must be an array, got \"a, b\""),
    ({"items": [7]}, "'items[0]' must be an object, got 7"),
    ({"items": [[]]}, "'items[0]' must be an object"),
    ({"items": [{"text": "a", "state": "later"}]}, "'items[0].state' must be one of"),
    ({"items": [STEP, {"state": "done"}]}, "'items[1].text' is missing"),
    ({"items": [{"text": "", "state": "done"}]}, "'items[0].text' is empty"),
    ({"items": [{"text": " \t", "state": "done"}]}, "'items[0].text' is empty"),
    ({"items": [{"text": "a\0b", "state": "done"}]}, "NUL"),
    ({"items": [{"text": "\ud800", "state": "done"}]}, "valid Unicode"),
    ({"items": [{"text": "x" * 501, "state": "done"}]}, "at most 500 characters"),
    ({"items": [{"text": "a", "state": True}]}, "'items[0].state' must be one of"),
    ({"items": [STEP] * 51}, "at most 50 items"),
    ({"items": [STEP], "add": True}, "unknown parameter 'add'"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG)
async def test_a_wrong_plan_is_told_exactly_what_is_wrong(bench, arguments, words):
    with pytest.raises(ToolError) as refusal:
        await bench.call("todo", **arguments)
    assert words in str(refusal.value)
    is_known = not any(each in words for each in ("missing", "unknown", "did you mean"))
    assert (
        "Parameters: items ([{text: string, state: pending|active|done}]" in str(refusal.value)
    ) != is_known
