"""One turn after the other, until nothing is asked or something stops it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from small_house import PlayedModel, SmallTool, answer, reads, writes

from seedsmith.agent.calls.finish_tool import FinishTool
from seedsmith.agent.conversation import AssistantMessage, ToolCall, UserMessage
from seedsmith.agent.events import NoticeGiven, Text, TurnStarted, UsageReported
from seedsmith.agent.loop.budget import Budget, Limits
from seedsmith.agent.loop.loop import MOST_WRITTEN_CALLS, run_loop
from seedsmith.agent.loop.request_builder import RequestOptions
from seedsmith.agent.models.base import CallReady, Retrying, TextDelta
from seedsmith.tools.base import ToolResult

ECHO = SmallTool("echo", reads, lambda path, _: f"read {path}")
PUT = SmallTool("put", writes, lambda path, _: f"put {path}")


def call(identifier: str, name: str = "echo", path: str = "a") -> ToolCall:
    return ToolCall(identifier, name, json.dumps({"path": path}))


async def play(house, *answers, limits=None, check=None, tools=(ECHO, PUT), ask=None):
    model = PlayedModel(*answers)
    calls = house.calls(*tools)
    budget = Budget(limits or Limits())
    result = await run_loop(house.run_context(model, budget), calls, ask or RequestOptions(), check)
    return result, model


def notices(house) -> list[str]:
    return [notice.code for notice in house.seen.of(NoticeGiven)]


async def test_it_ends_when_nothing_is_asked(house):
    result, model = await play(house, answer("", call("1"), call("2", path="b")), answer("All done."))
    assert (result.status, result.text) == ("done", "All done.")
    assert [output.text for output in house.outputs] == ["read a", "read b"]
    assert [turn.turn for turn in house.seen.of(TurnStarted)] == [1, 2]
    assert len(house.seen.of(UsageReported)) == 2
    assert len(model.requests) == 2


async def test_each_request_begins_with_the_whole_of_the_one_before(house):
    answers = [answer(f"step {n}", call(str(n), path=str(n))) for n in range(5)]
    _, model = await play(
        house, *answers, answer(reasoning="hm"), answer("cut", finish="length"), answer("done")
    )
    for before, after in zip(model.requests, model.requests[1:], strict=False):
        assert tuple(after.items)[: len(before.items)] == tuple(before.items)
        assert len(after.items) > len(before.items)


@pytest.mark.parametrize("first", [answer(), answer("  \n"), answer(reasoning="I think")])
async def test_an_empty_answer_is_nudged_once(house, first):
    result, model = await play(house, first, answer("done"))
    assert result.status == "done" and notices(house) == ["empty"]
    assert (
        isinstance(model.requests[1].items[-1], UserMessage) and model.requests[1].items[-1].origin == "nudge"
    )


async def test_two_empty_answers_end_it(house):
    result, _ = await play(house, answer(), answer(reasoning="still thinking"))
    assert result.status == "gave_up" and "only reasoning" in result.reason


async def test_an_answer_in_between_earns_another_nudge(house):
    result, _ = await play(house, answer(), answer("", call("1")), answer(), answer("done"))
    assert result.status == "done"


async def test_one_call_without_end_is_nudged_once_then_stopped(house):
    result, model = await play(house, *(answer("", call(str(n))) for n in range(9)))
    assert result.status == "gave_up" and "echo" in result.reason and notices(house) == ["stuck"]
    assert len(model.requests) == 6
    assert "`echo`" in model.requests[3].items[-1].text


async def test_changes_in_between_are_no_repetition(house):
    answers = [answer("", call(f"{n}e"), call(f"{n}p", "put", str(n))) for n in range(8)]
    result, _ = await play(house, *answers, answer("done"))
    assert result.status == "done" and notices(house) == []


async def test_looking_at_what_goes_on_by_itself_is_no_repetition(house):
    watch = SmallTool("watch", writes, lambda path, _: ToolResult(True, "still running", pending=True))
    answers = [answer("", call(f"{n}w", "watch")) for n in range(8)]
    result, _ = await play(house, *answers, answer("done"), tools=(watch,))
    assert result.status == "done" and notices(house) == []


async def test_a_cut_answer_is_never_run_and_told_to_go_on_smaller(house):
    cut = answer("I will", call("1", "put"), finish="length")
    result, model = await play(house, cut, answer("done"))
    assert result.status == "done" and house.outputs == [] and notices(house) == ["length"]
    assert AssistantMessage("I will") in model.requests[1].items


async def test_answers_that_stay_cut_are_given_up_on(house):
    result, _ = await play(house, *(answer(finish="length") for _ in range(3)))
    assert result.status == "gave_up" and "--max-output-tokens" in result.reason


async def test_a_filtered_answer_stops_it(house):
    result, _ = await play(house, answer("no", call("1"), finish="content_filter"))
    assert result.status == "filtered" and house.outputs == []


async def test_the_budget_stops_it(house):
    answers = (answer("", call(str(n), path=str(n))) for n in range(5))
    result, model = await play(house, *answers, limits=Limits(turns=2))
    assert result.status == "budget" and "--max-turns" in result.reason and len(model.requests) == 2


async def test_a_failed_check_is_fed_back(house):
    said, heard = iter(["It still fails.", None]), []

    async def check(words):
        heard.append(words)
        return next(said)

    result, model = await play(house, answer("done?"), answer("done!"), check=check)
    assert (result.status, result.text) == ("done", "done!")
    assert model.requests[1].items[-1] == UserMessage("It still fails.", "verify")
    assert heard == ["done?", "done!"]


async def test_a_retry_discards_what_was_begun(house):
    ran = []
    note = SmallTool("note", reads, lambda path, _: ran.append(path) or f"run {len(ran)}")
    same = call("1", "note")
    stream = [
        TextDelta("half"),
        CallReady(same),
        Retrying("broken_stream", "The stream broke.", 0.0, 1),
        CallReady(same),
        answer("", same),
    ]
    result, _ = await play(house, stream, answer("done"), tools=(note,))
    assert result.status == "done" and [output.text for output in house.outputs] == ["run 2"]
    assert notices(house) == ["retry"] and [text.delta for text in house.seen.of(Text)] == ["half"]


async def test_repeated_and_missing_ids_are_made_distinct(house):
    same = [answer("", call("x", path=str(n)), call("", path=f"{n}b")) for n in range(3)]
    result, _ = await play(house, *same, answer("done"))
    assert result.status == "done"
    ids = [output.call_id for output in house.outputs]
    assert len(ids) == len(set(ids)) == 6 and all(ids)


async def test_finish_ends_it_with_its_message(house):
    finish = ToolCall("1", "finish", '{"message": "The sign was wrong."}')
    ask = RequestOptions(tool_choice="required", finish_tool="finish")
    result, _ = await play(house, answer("", finish), tools=(FinishTool(),), ask=ask)
    assert (result.status, result.text) == ("done", "The sign was wrong.")


async def test_finish_with_wrong_arguments_goes_on(house):
    wrong, right = ToolCall("1", "finish", "{}"), ToolCall("2", "finish", '{"message": ""}')
    ask = RequestOptions(finish_tool="finish")
    result, _ = await play(house, answer("", wrong), answer("", right), tools=(FinishTool(),), ask=ask)
    assert result.text == "Done." and "message" in house.outputs[0].text


async def test_cancelling_leaves_the_session_consistent(house):
    running = asyncio.Event()

    async def hang(path, _):
        running.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(
        play(house, answer("", call("1", "hang")), tools=(SmallTool("hang", reads, hang),))
    )
    await running.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert house.session.conversation.open_calls == ()
    result, _ = await play(house, answer("picked up"))
    assert result.text == "picked up"


def written(words):
    return replace(answer(words), attempted="echo")


TRIES = '<tool_call>{"name": "echo", "arguments": {"path": "a"}}</tool_call>\nI wait.'


async def test_a_call_amid_words_is_asked_for_again_and_never_the_end(house):
    result, model = await play(house, written(TRIES), answer("", call("1")), answer("Seen."))
    assert (result.status, result.text) == ("done", "Seen.")
    nudge = model.requests[1].items[-1]
    assert nudge.origin == "nudge" and "call of `echo` written as text" in nudge.text
    assert model.requests[1].items[-2] == AssistantMessage(TRIES)
    assert notices(house) == ["call_as_text"]


async def test_a_model_that_goes_on_writing_calls_has_given_up(house):
    result, model = await play(house, *[written(TRIES)] * MOST_WRITTEN_CALLS)
    assert result.status == "gave_up" and "nothing was run" in result.reason
    assert len(model.requests) == MOST_WRITTEN_CALLS
