"""A conversation that grows too long is shortened, and the run goes on."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from small_house import PlayedModel, SmallTool, answer, reads

from seedsmith.agent.conversation import AssistantMessage, SystemMessage, ToolCall, ToolOutput, UserMessage
from seedsmith.agent.events import Compacted, Text, UsageReported
from seedsmith.agent.loop.budget import Budget, Limits
from seedsmith.agent.loop.compaction import MOST_IN_A_ROW, Compactor
from seedsmith.agent.loop.loop import RequestOptions, run_loop
from seedsmith.agent.loop.shortening import SUMMARY
from seedsmith.agent.models.base import Usage
from seedsmith.agent.models.catalog.prices import Price, PriceTier
from seedsmith.agent.models.errors import ContentFiltered, ContextExceeded, ServiceUnavailable

READ = SmallTool("read", reads, lambda path, _: f"{path} " + "x" * 2000)
"""Some 570 tokens a call."""


def call(number):
    return ToolCall(f"c{number}", "read", json.dumps({"path": f"{number}.py"}))


def turns(count, start=0, **options):
    return [answer(f"step {n}", call(n), **options) for n in range(start, start + count)]


async def play(house, *answers, context=10_000, price=None, limits=None, answer_tokens=1000, **more):
    model = PlayedModel(*answers)
    model.context_tokens = context
    budget = Budget(limits or Limits())
    run = house.run_context(model, budget)
    compactor = Compactor(run, tools=(READ.spec,), answer_tokens=answer_tokens, price=price, **more)
    ask = RequestOptions(tools=(READ.spec,))
    calls = house.calls(READ)
    return await run_loop(run, calls, ask, None, compactor), model


def silent(*answers):
    """The same answers from a service that counts nothing."""
    return [type(each)(each.text, each.reasoning, each.calls, each.finish_reason, None) for each in answers]


async def test_old_outputs_are_left_out_before_the_context_is_full(house):
    result, model = await play(house, *silent(*turns(17), answer("done")))
    assert result.text == "done"
    (event,) = house.seen.of(Compacted)
    assert event.before > 9000 > event.after and "nearly full" in event.why
    items = model.requests[-1].items
    texts = [item.text for item in items if isinstance(item, ToolOutput)]
    assert len(texts) == 17 and texts[0].startswith("[output of read 0.py") and texts[-1].endswith("xxx")
    assert len(model.requests) == 18  # no question about notes


async def test_between_two_shortenings_each_request_begins_with_the_one_before(house):
    _, model = await play(house, *silent(*turns(17), answer("done")))
    breaks = [
        number
        for number, (before, after) in enumerate(zip(model.requests, model.requests[1:], strict=False))
        if tuple(after.items)[: len(before.items)] != tuple(before.items)
    ]
    assert len(breaks) == len(house.seen.of(Compacted)) == 1


async def test_what_the_service_counts_is_what_counts(house):
    counted = [answer(f"step {n}", call(n), tokens=1500 * (n + 1)) for n in range(6)]
    result, _ = await play(house, *counted, answer("notes", tokens=10), answer("done", tokens=10))
    assert result.status == "done" and len(house.seen.of(Compacted)) == 1


async def test_a_refusal_as_too_long_is_answered_with_notes(house):
    refusal = ContextExceeded("Too long.", "OutofContextError", 400)
    result, model = await play(house, *turns(4), refusal, answer("the notes"), answer("done"))
    assert (result.status, result.text) == ("done", "done")
    question, following = model.requests[-2:]
    assert question.tools == () and "step 0" in question.items[-1].text and "task" in question.items[-1].text
    assert following.items[:2] == (SystemMessage("system"), UserMessage("task"))
    summary = following.items[2]
    assert isinstance(summary, UserMessage) and summary.origin == SUMMARY and "the notes" in summary.text
    assert [type(item) for item in following.items[3:]] == [AssistantMessage, ToolOutput] * (
        len(following.items[3:]) // 2
    )
    assert len(following.items) < 2 + 8 and following.tools
    assert len(house.seen.of(UsageReported)) == 6 and house.seen.of(Text) == []
    (event,) = house.seen.of(Compacted)
    assert event.after < event.before and "refused" in event.why


async def test_it_is_given_up_on_after_some_refusals_in_a_row(house):
    refusal = ContextExceeded("The conversation is longer than it can take.", "OutofContextError", 400)
    answers = [*turns(8), refusal, answer("notes"), *[refusal] * MOST_IN_A_ROW]
    with pytest.raises(ContextExceeded, match="nothing more|times in a row"):
        await play(house, *answers)
    assert house.reopen().conversation.open_calls == ()


async def test_a_task_that_is_too_long_by_itself_is_refused_with_a_reason(house):
    with pytest.raises(ContextExceeded, match="Too long, and nothing more of it can be left out"):
        await play(house, ContextExceeded("Too long.", "OutofContextError", 400))
    assert house.seen.of(Compacted) == []


@pytest.mark.parametrize(
    "refused",
    [ContentFiltered("No."), answer(""), answer(reasoning="hm")],
    ids=["filtered", "empty", "thought"],
)
async def test_without_notes_the_calls_are_told(house, refused):
    refusal = ContextExceeded("Too long.")
    result, model = await play(house, *turns(4), refusal, refused, answer("done"))
    assert result.text == "done" and "- read 0.py" in model.requests[-1].items[2].text


async def test_notes_that_are_too_long_to_ask_for_are_asked_for_shorter(house):
    refusal = ContextExceeded("Too long.")
    last = [answer("notes"), answer("done")]
    result, model = await play(house, *silent(*turns(10)), refusal, refusal, refusal, *last)
    assert result.text == "done"
    first, second = (request.items[-1].text for request in model.requests[12:14])
    assert len(second) < len(first)


async def test_a_service_that_fails_over_the_notes_ends_the_run_as_it_was(house):
    before = None
    with pytest.raises(ServiceUnavailable):
        await play(house, *turns(4), ContextExceeded("Too long."), ServiceUnavailable("down"))
    before = house.session.conversation.items
    assert len(before) == 10 and house.reopen().conversation.items == before


async def test_the_budget_holds_for_notes_too(house):
    result, _ = await play(house, *turns(4), ContextExceeded("Too long."), limits=Limits(turns=5))
    assert result.status == "budget"


async def test_a_resumed_session_goes_on_from_the_same_items(house):
    later = silent(*turns(2, start=4), answer("done"))
    await play(house, *silent(*turns(4)), ContextExceeded("Too long."), answer("notes"), *later)
    before = house.session.conversation
    again = house.reopen().conversation
    assert again.items == before.items and len(house.seen.of(Compacted)) == 1
    assert again.distinct([call(0)]) != (call(0),)  # ids of turns that were left out stay taken


async def test_results_the_model_has_not_seen_are_never_thrown_away(house):
    refusal = ContextExceeded("Too long.")
    notes = [answer("notes"), refusal, answer("done")]
    result, model = await play(house, *turns(4), refusal, *notes)
    assert result.text == "done"
    seen = [item for item in model.requests[-1].items if isinstance(item, ToolOutput)]
    assert seen and seen[-1].call_id == "c3" and seen[-1].text.startswith("3.py x")


async def test_results_of_one_turn_that_leave_no_room_are_cut_and_say_so(house):
    calls = tuple(call(number) for number in range(9))
    result, model = await play(house, answer("all", *calls), ContextExceeded("Too long."), answer("done"))
    assert result.text == "done" and len(model.requests) == 3
    seen = [item.text for item in model.requests[-1].items if isinstance(item, ToolOutput)]
    assert len(seen) == 9 and all("characters left out to make room" in text for text in seen)
    assert [text[:5] for text in seen] == [f"{number}.py " for number in range(9)]


async def test_background_commands_that_run_are_told_beside_the_notes(house):
    answers = [*turns(4), ContextExceeded("Too long."), answer("notes"), answer("done")]
    _, model = await play(house, *answers, open_commands=lambda: "b1 (serve)")
    assert "notes\n\nBackground commands that still run: b1 (serve)." in model.requests[-1].items[2].text


async def test_heavy_last_turns_are_left_out_once_they_are_old(house):
    """At the crossing nothing is old enough to go; some turns later it is."""
    sizes = [500, 1500, 2500, 3500, 3600, 3700, 3800, 3900, 2000, 2100, 2200]
    heavy = SmallTool("read", reads, lambda path, _: "x" * (4000 if path[0] in "012" else 50))
    counted = [replace(each, usage=Usage(size, 0, 9)) for each, size in zip(turns(11), sizes, strict=True)]
    last = replace(answer("done"), usage=Usage(2300, 0, 9))
    model = PlayedModel(*counted, last)
    model.context_tokens = 100_000
    run = house.run_context(model, Budget(Limits()))
    compactor = Compactor(run, tools=(heavy.spec,), price=TIERS)
    ask = RequestOptions(tools=(heavy.spec,))
    result = await run_loop(run, house.calls(heavy), ask, None, compactor)
    assert result.status == "done"
    (event, *_) = house.seen.of(Compacted)
    assert event.before > 3000 > event.after and "price tier of 3,000" in event.why


async def test_a_long_session_that_is_gone_on_with_is_shortened_before_its_first_request(house):
    await play(house, *silent(*turns(12), answer("done")), context=100_000)
    house.session.append(UserMessage("Go on."))
    tiers = Price((PriceTier(4000, 0.001, 0.01), PriceTier(None, 0.002, 0.02)), "seed")
    _, model = await play(house, answer("done"), context=100_000, price=tiers)
    (event,) = house.seen.of(Compacted)
    assert event.before > 6000 and event.after < 3000 and "price tier of 4,000" in event.why
    assert len(model.requests) == 1


TIERS = Price((PriceTier(3000, 0.001, 0.01), PriceTier(None, 0.002, 0.02)), "seed")


def counting(*answers):
    """Answers that report an input of 600 tokens more each."""
    return [
        type(each)(
            each.text, each.reasoning, each.calls, each.finish_reason, type(each.usage)(600 * (n + 1), 0, 9)
        )
        for n, each in enumerate(answers)
    ]


async def test_a_tier_is_not_passed_where_old_outputs_can_go(house):
    result, model = await play(
        house, *counting(*turns(8), answer("done")), context=100_000, price=Price(TIERS.tiers, "seed")
    )
    assert result.status == "done"
    events = house.seen.of(Compacted)
    assert len(events) <= 1 and all("price tier of 3,000" in event.why for event in events)


async def test_a_tier_is_passed_where_there_is_nothing_to_leave_out(house):
    result, _ = await play(house, *counting(*turns(5), answer("done")), context=100_000, price=TIERS)
    assert result.status == "done" and house.seen.of(Compacted) == []


async def test_the_user_has_the_history_shortened_and_says_what_to_keep(house):
    model = PlayedModel(*silent(*turns(3)), answer("the notes"), answer("done"))
    model.context_tokens = 100_000
    run = house.run_context(model, Budget(Limits()))
    compactor = Compactor(run, tools=(READ.spec,), answer_tokens=1000)
    calls = house.calls(SmallTool("read", reads, lambda path, _: asked(path)))

    def asked(path):
        if path == "2.py":
            run.inbox.shorten("the names of the files")
        return "x" * 2000

    result = await run_loop(run, calls, RequestOptions(tools=(READ.spec,)), None, compactor)
    assert result.text == "done" and not run.inbox.shortening
    (event,) = house.seen.of(Compacted)
    assert event.why == "the user asked for it" and event.after < event.before
    assert "keep above all: the names of the files" in model.requests[-2].items[0].text
    assert any("the notes" in item.text for item in model.requests[-1].items)
