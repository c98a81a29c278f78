"""Each question is estimated, reserved and bounded before it is sent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_house import Collected, PlayedModel, answer

from seedsmith.agent.conversation import AssistantMessage, SystemMessage, ToolCall, ToolOutput, UserMessage
from seedsmith.agent.events import EventSink, NoticeGiven
from seedsmith.agent.loop.budget import Budget, BudgetExhausted, Limits, choose_limits
from seedsmith.agent.loop.request_builder import RequestBuilder, RequestOptions
from seedsmith.agent.models.base import Answer, Usage
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.errors import ContextExceeded
from seedsmith.agent.models.service.estimate import PromptEstimate, item_tokens, text_tokens
from seedsmith.tools.base import Image, ToolSpec

SEED = catalog.resolve("wcode/doubao-seed-2.0-code")[1]
READ = ToolSpec("read", "Read a file.", {"type": "object", "properties": {}})
ITEMS = (SystemMessage("You fix bugs."), UserMessage("Fix it."))


class Asked:
    """Questions on the Seed's own limits and prices."""

    def __init__(self, limits=None, context=256_000, entry=SEED, **options):
        self.seen = Collected()
        self.budget = Budget(limits or Limits())
        model = PlayedModel()
        model.context_tokens = context
        ask = RequestOptions(tools=(READ,), entry=lambda: entry, **options)
        self.questions = RequestBuilder(ask, model, self.budget, EventSink("s", (self.seen,)))

    def next(self, *items):
        return self.questions.next(items or ITEMS)

    def notices(self):
        return {notice.code: notice.message for notice in self.seen.of(NoticeGiven)}


def counted(tokens: int, cost: float | None = None) -> Answer:
    return Answer("x", "", (), "stop", Usage(tokens, 0, 10, 0), cost_cny=cost)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("", 0, 0),
        ("a", 1, 1),
        ("def add(a, b):\n    return a + b\n" * 100, 700, 1400),
        ("修复这个错误" * 100, 350, 700),
        ("ошибка " * 100, 250, 700),
    ],
)
def test_a_text_is_estimated_by_its_script(text, low, high):
    assert low <= text_tokens(text) <= high


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(one, other):
    assert text_tokens(one + other) >= max(text_tokens(one), text_tokens(other))


def test_every_part_of_an_item_counts():
    call = ToolCall("1", "read", json.dumps({"path": "a" * 70}))
    picture = Image(b"x", "image/png", "a.png")
    for fuller, poorer in (
        (AssistantMessage("a", calls=(call,)), AssistantMessage("a")),
        (AssistantMessage("a", reasoning="because " * 9), AssistantMessage("a")),
        (UserMessage("a", images=(picture,)), UserMessage("a")),
        (ToolOutput("1", "read", "text " * 9), ToolOutput("1", "read", "")),
    ):
        assert item_tokens(fuller) > item_tokens(poorer) + 10


def test_what_the_service_counted_is_known_and_only_the_rest_estimated():
    prompt = PromptEstimate((READ,))
    first = prompt.tokens(ITEMS)
    assert not prompt.learned
    prompt.learn(ITEMS, first + 1000)
    assert prompt.learned and prompt.tokens(ITEMS) == first + 1000
    more = (*ITEMS, AssistantMessage("x" * 350))
    assert prompt.tokens(more) == first + 1000 + item_tokens(more[-1])
    prompt.learn(more, 0)
    assert prompt.tokens(more) > first + 1000, "no count teaches nothing"
    shortened = (ITEMS[0], UserMessage("Summary"))
    assert prompt.tokens(shortened) < first + 100 and not prompt.learned


def test_the_first_question_s_cost_is_said_once():
    asked = Asked()
    asked.next()
    said = asked.notices()["cost_estimate"]
    assert "(tier <=32k)" in said and "at most ¥0.54" in said
    asked.questions.answered(counted(100, 0.1))
    asked.next()
    assert [each.code for each in asked.seen.of(NoticeGiven)] == ["cost_estimate"]


def test_nothing_is_said_of_what_is_free_or_has_no_price():
    for name in ("local/qwen2.5-coder-1.5b", "openai/any"):
        asked = Asked(entry=catalog.resolve(name)[1])
        asked.next()
        assert asked.notices() == {}


@pytest.mark.parametrize(
    ("options", "field", "tokens"),
    [
        ({}, "max_output_tokens", None),
        ({"max_output_tokens": 500}, "max_output_tokens", 500),
        ({"max_completion_tokens": 600}, "max_completion_tokens", 600),
    ],
)
def test_the_limit_is_the_one_that_was_set(options, field, tokens):
    request = Asked(**options).next()
    other = {"max_output_tokens", "max_completion_tokens"} - {field}
    assert getattr(request, field) == tokens and getattr(request, other.pop()) is None


@pytest.mark.parametrize("limit", ["max_output_tokens", "max_completion_tokens"])
def test_a_limit_is_shortened_to_what_the_context_leaves_and_said_once(limit):
    asked = Asked(context=10_000, **{limit: 9_990})
    first = getattr(asked.next(), limit)
    assert 9_800 < first < 9_990 and f"{first:,}" in asked.notices()["output_limit"]
    asked.questions.answered(counted(8_000))
    assert getattr(asked.next(), limit) == 2_000
    assert [each.code for each in asked.seen.of(NoticeGiven)].count("output_limit") == 1


def test_the_usual_limit_is_shortened_too():
    asked = Asked(context=10_000)
    assert asked.next().max_output_tokens < 10_000 < SEED.output_tokens


def test_no_room_at_all_is_refused_but_a_doubtful_estimate_is_not():
    asked = Asked(context=1_000)
    long = (*ITEMS, UserMessage("x" * 4_000))
    asked.next(*long)
    asked.questions.answered(counted(1_000))
    with pytest.raises(ContextExceeded, match="leave no room"):
        asked.next(*long)
    with pytest.raises(ContextExceeded):
        Asked(context=1_000).next(UserMessage("x" * 10_000))


def test_a_cost_limit_ends_a_run_before_it_is_passed():
    for limit in (0.005, 0.02, 0.05, 0.1):
        asked = Asked(Limits(cost=limit))
        spent, items = 0.0, ITEMS
        with pytest.raises(BudgetExhausted, match="--max-cost"):
            for number in range(100):
                request = asked.next(*items)
                tokens = sum(map(item_tokens, items))
                longest = request.max_output_tokens or SEED.output_tokens
                cost = (tokens * 0.00325 + longest * 0.0165) / 1000
                spent += cost
                asked.questions.answered(Answer("", "", (), "stop", Usage(tokens, 0, longest), cost_cny=cost))
                items = (*items, UserMessage(f"more {number} " * 200))
        assert spent <= limit
    with pytest.raises(BudgetExhausted, match="the next question takes about"):
        Asked(Limits(cost=0.003)).next()


def test_a_token_limit_bounds_the_answer():
    asked = Asked(Limits(tokens=2_000))
    limit = asked.next().max_output_tokens
    assert 1_800 < limit < 2_000 and "budget" in asked.notices()["output_limit"]


def test_the_first_question_alone_must_call():
    asked = Asked(first_tool_choice="required")
    assert asked.next().tool_choice == "required"
    asked.questions.answered(answer("x"))
    assert asked.next().tool_choice == "auto"


def test_last_words_are_asked_for_without_a_call():
    form = {"type": "json_schema"}
    forms = iter([None, form, None])
    asked = Asked(sampling={"seed": 1}, last_words=lambda: next(forms))
    ordinary, last, after = (asked.next() for _ in range(3))
    assert (last.tool_choice, dict(last.sampling)) == ("none", {"seed": 1, "response_format": form})
    assert ordinary.tool_choice == after.tool_choice == "auto" and "response_format" not in after.sampling


def test_what_is_free_has_no_budget_in_yuan():
    given = {"turns": None, "tokens": None, "seconds": None}
    assert choose_limits(**given, cost=None, priced=True, free=True).cost is None
    assert choose_limits(**given, cost=3.0, priced=True, free=True).cost == 3.0
    assert choose_limits(**given, cost=None, priced=True).cost == 50.0
