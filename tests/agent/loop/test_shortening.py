"""Shorter conversations are still conversations, and keep what must not be lost."""

from __future__ import annotations

import json

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from seedsmith.agent.conversation import (
    AssistantMessage,
    Conversation,
    SystemMessage,
    ToolCall,
    ToolOutput,
    UserMessage,
)
from seedsmith.agent.loop.shortening import (
    SUMMARY,
    calls_made,
    parted,
    transcript,
    with_summary,
    without_old_outputs,
)
from seedsmith.agent.loop.tier_crossing import Crossing, boundaries_below, worth_shortening
from seedsmith.agent.models.catalog.prices import Price, PriceTier
from seedsmith.tools.base import Image

SIZES = st.sampled_from([0, 10, 399, 401, 3000])
ORIGINS = st.sampled_from(["user", "verify", "nudge", "instructions", "images", SUMMARY])


@st.composite
def conversations(draw):
    """A system message, instructions, a task, and turns of any shape."""
    items = [
        SystemMessage("system"),
        UserMessage("be kind", "instructions", "AGENTS.md"),
        UserMessage("task"),
    ]
    for number in range(draw(st.integers(0, 9))):
        tools = draw(st.lists(st.sampled_from(["read", "shell", "edit", "skill"]), max_size=3))
        calls = tuple(
            ToolCall(
                f"{number}-{place}",
                name,
                json.dumps({"name": f"know-how-{place}", "path": f"文件{number}.py", "n": place}),
            )
            for place, name in enumerate(tools)
        )
        items.append(AssistantMessage("" if calls else "text", draw(st.sampled_from(["", "because"])), calls))
        for call in calls:
            told = f"# Skill {json.loads(call.arguments)['name']}\n" if call.name == "skill" else ""
            items.append(ToolOutput(call.id, call.name, told + "x" * draw(SIZES), draw(st.booleans())))
        for origin in draw(st.lists(ORIGINS, max_size=2)):
            shown = (Image(b"png", "image/png", "a.png"),) if origin == "images" else ()
            items.append(UserMessage(f"{origin} {number}", origin, images=shown))
    return tuple(items)


def is_subsequence(few, many):
    rest = iter(many)
    return all(any(item == other for other in rest) for item in few)


@settings(max_examples=examples(200), deadline=None)
@given(items=conversations(), turns=st.integers(0, 5))
def test_without_old_outputs(items, turns):
    shorter = without_old_outputs(items, turns)
    assert Conversation(shorter).open_calls == () and len(shorter) == len(items)
    assert sum(map(size, shorter)) <= sum(map(size, items))
    assert without_old_outputs(shorter, turns) == shorter
    answers = [place for place, item in enumerate(items) if isinstance(item, AssistantMessage)]
    recent = answers[-turns] if turns and len(answers) >= turns else 0 if turns else len(items)
    assert shorter[recent:] == items[recent:]
    for old, new in zip(items, shorter, strict=True):
        if not isinstance(old, ToolOutput) and getattr(old, "origin", "") != "images":
            assert new == old
    assert all(
        len(item.text) <= 400 or item in items[recent:] or (item.name == "skill" and item.ok)
        for item in shorter
        if isinstance(item, ToolOutput)
    )


@settings(max_examples=examples(200), deadline=None)
@given(items=conversations(), turns=st.integers(0, 5))
def test_with_summary(items, turns):
    shorter = with_summary(parted(items, turns), "notes")
    assert Conversation(shorter).open_calls == ()
    assert shorter[:3] == items[:3]
    kept = [
        item for item in items if isinstance(item, UserMessage) and item.origin in ("user", "instructions")
    ]
    assert is_subsequence(kept, shorter)
    assert shorter.count(UserMessage("notes", SUMMARY)) == 1
    answers = [item for item in items if isinstance(item, AssistantMessage)]
    tail = parted(items, turns).tail
    kept_answers = [item for item in tail if isinstance(item, AssistantMessage)]
    loaded = {call_name(items, item): item for item in items if loads(item)}
    assert set(loaded.values()) <= set(shorter)
    before = [item for item in shorter[: len(shorter) - len(tail)] if isinstance(item, ToolOutput)]
    assert all(loads(item) for item in before)
    assert len({call_name(items, item) for item in before}) == len(before)
    since = items[items.index(answers[-1]) :] if answers else ()
    summarised = SUMMARY in [getattr(item, "origin", "") for item in since]
    if answers and answers[-1].calls and not summarised:
        turns = max(turns, 1)  # the model has not seen what its calls gave
    assert kept_answers == (answers[max(len(answers) - turns, 0) :] if turns else [])
    assert with_summary(parted(shorter, turns), "notes") == shorter


def loads(item):
    return isinstance(item, ToolOutput) and item.name == "skill" and item.ok


def call_name(items, output):
    calls = (call for item in items if isinstance(item, AssistantMessage) for call in item.calls)
    return next(json.loads(call.arguments)["name"] for call in calls if call.id == output.call_id)


def size(item):
    return len(item.text) + 1000 * len(getattr(item, "images", ()))


def test_a_line_says_what_was_left_out_and_how_to_see_it_again():
    calls = (
        ToolCall("1", "read", '{"path": "a.py"}'),
        ToolCall("2", "shell", '{"command": "pytest\\n -q"}'),
        ToolCall("3", "shell", "{broken"),
    )
    outputs = [
        ToolOutput("1", "read", "ä" * 6000),
        ToolOutput("2", "shell", 'a [... read(path="spill:7-ab") ...] b' + "b" * 500, ok=False),
        ToolOutput("3", "shell", "c" * 500),
    ]
    shorter = without_old_outputs([UserMessage("t"), AssistantMessage("", "", calls), *outputs], 0)
    assert [item.text for item in shorter[2:]] == [
        "[output of read a.py, 12,000 bytes, left out; call it again if needed]",
        "[output of shell pytest -q, 537 bytes, left out; read spill:7-ab for the whole]",
        "[output of shell {broken, 500 bytes, left out]",
    ]
    assert [item.ok for item in shorter[2:]] == [True, False, True]


def test_the_instructions_of_skills_stay_and_what_else_the_tool_told_goes():
    look, report = "# Skill look\n" + "x" * 500, "What the helper that carried it out found: " + "x" * 500
    told = (
        ({"name": "look"}, look, True),
        ({"name": "look", "file": "a.md"}, look, True),
        ({"name": "look", "command": "measure"}, look, True),
        ({"name": "look"}, look, False),
        ({"name": "look"}, report, True),
    )
    calls = tuple(ToolCall(str(n), "skill", json.dumps(each)) for n, (each, _, _) in enumerate(told))
    outputs = [ToolOutput(str(n), "skill", text, ok) for n, (_, text, ok) in enumerate(told)]
    shorter = without_old_outputs([UserMessage("t"), AssistantMessage("", "", calls), *outputs], 0)
    assert [new == old for new, old in zip(shorter[2:], outputs, strict=True)] == [True, *[False] * 4]


def test_what_the_model_has_not_seen_yet_is_never_left_out():
    items = [UserMessage("t"), AssistantMessage("done"), UserMessage("it fails", "verify")]
    assert parted(items, 0).tail == (UserMessage("it fails", "verify"),)


def test_results_that_were_not_seen_yet_stay_whatever_goes():
    calls = (ToolCall("1", "read", "{}"), ToolCall("2", "read", "{}"))
    outputs = (ToolOutput("1", "read", "a"), ToolOutput("2", "read", "b"))
    last = (AssistantMessage("", "", calls), *outputs, UserMessage("a picture", "images"))
    items = [UserMessage("t"), AssistantMessage("", "", (ToolCall("0", "read", "{}"),))]
    items += [ToolOutput("0", "read", "old"), *last]
    assert parted(items, 0).tail == last


def test_the_plan_stays_as_it_was_noted_last():
    plans = [ToolCall(str(n), "todo", json.dumps({"items": [n]})) for n in range(3)]
    items = [UserMessage("t")]
    for n, plan in enumerate(plans):
        items += [AssistantMessage("", "", (plan,)), ToolOutput(plan.id, "todo", "noted", n != 2)]
    items.append(AssistantMessage("so"))
    head = parted(items, 0).head
    assert head == (items[0], AssistantMessage(calls=(plans[1],)), ToolOutput("1", "todo", "noted"))
    again = with_summary(parted(with_summary(parted(items, 0), "notes"), 0), "notes")
    assert again[:3] == head, "and over the next shortening, too"
    assert plans[1] not in [call for item in parted(items, 3).head for call in getattr(item, "calls", ())]


def test_a_transcript_gives_what_room_there_is_to_the_long_texts():
    items = [ToolOutput("1", "read", "x" * 30_000), *[ToolOutput("2", "read", "y" * 100)] * 20]
    told = transcript(items, 40_000)
    assert told.count("x") == 30_000 and told.count("y") == 2000
    assert transcript(items, 20_000).count("x") > 12_000


@pytest.mark.parametrize("most", [200, 2000, 50_000])
def test_a_transcript_fits(most):
    calls = (ToolCall("1", "read", '{"path": "a.py"}'),)
    items = [AssistantMessage("look", "why", calls), ToolOutput("1", "read", "x" * 20_000, False)] * 5
    told = transcript(items, most)
    assert len(told) <= most and "read" in told and "why" in told
    assert len(told) > most * 0.9 or most < 1000
    assert calls_made(items, 2) == "- read a.py\n- read a.py"


SEED = Price(
    (
        PriceTier(32_000, 0.00325, 0.0165),
        PriceTier(128_000, 0.00485, 0.0245),
        PriceTier(None, 0.00965, 0.0485),
    ),
    "seed",
)


@pytest.mark.parametrize(
    ("tokens", "boundaries"),
    [(32_000, []), (32_001, [32_000]), (128_000, [32_000]), (200_000, [128_000, 32_000])],
)
def test_the_boundaries_a_request_lies_beyond(tokens, boundaries):
    assert boundaries_below(SEED, tokens) == boundaries


@pytest.mark.parametrize(
    ("crossing", "worth"),
    [
        (Crossing(33_000, 12_000, 1_500, 400), True),
        (Crossing(33_000, 23_000, 1_500, 400), True),
        (Crossing(33_000, 25_000, 1_500, 400), False),  # it would be there again soon
        (Crossing(33_000, 23_000, 8_000, 400), False),  # the same, by long steps
        (Crossing(33_000, 12_000, 40_000, 400), False),  # in a single one
        (Crossing(33_000, 23_000, 3_500, 400, cached=True), False),  # the cache is worth more
        (Crossing(33_000, 23_000, 3_500, 400), True),
    ],
)
def test_shortening_has_to_pay(crossing, worth):
    assert worth_shortening(SEED, 32_000, crossing) is worth


def test_where_beyond_costs_the_same_only_the_shorter_input_counts():
    flat = Price((PriceTier(32_000, 1, 1), PriceTier(None, 1, 1)), "seed")
    free = Price((PriceTier(32_000, 0, 0), PriceTier(None, 0, 0)), "seed")
    assert worth_shortening(flat, 32_000, Crossing(33_000, 12_000, 1_500, 400))
    assert not worth_shortening(free, 32_000, Crossing(33_000, 12_000, 1_500, 400))
