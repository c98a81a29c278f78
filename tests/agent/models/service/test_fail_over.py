"""Another model takes over: announced, with the history, and for good."""

from __future__ import annotations

import pytest
from scripted_endpoint import calls, error, raw, text

from seedsmith.agent.conversation import AssistantMessage, SystemMessage, ToolOutput, UserMessage
from seedsmith.agent.errors import UsageError
from seedsmith.agent.models import errors
from seedsmith.agent.models.base import Answer, CallReady, Notice, Retrying
from seedsmith.agent.models.errors import MissingKey, UnknownModel
from seedsmith.agent.models.open import open_model
from seedsmith.agent.models.service.fail_over import FailOverModel
from seedsmith.agent.models.tries.retry import RetryPolicy
from seedsmith.agent.settings.settings import Settings


@pytest.fixture
def two(asking):
    return FailOverModel((asking.model("openai/first"), asking.model("wcode/doubao-seed-2.0-code")))


def announced(parts):
    return [part.message for part in parts if isinstance(part, Notice) and part.code == "fail_over"]


@pytest.mark.parametrize(
    "refusal",
    [
        error(429, "QuotaExceeded"),
        error(403, "AccountOverdueError"),
        error(401, "AuthenticationError"),
        error(404, "ModelNotOpen"),
    ],
)
async def test_the_next_one_answers_at_once_where_trying_again_is_of_no_use(asking, endpoint, two, refusal):
    endpoint.script(refusal, text("ok"))
    parts = await asking.parts(two)
    (message,) = announced(parts)
    assert message.endswith("wcode/doubao-seed-2.0-code takes over from here.") and "openai" in message
    assert not [part for part in parts if isinstance(part, Retrying)] and not asking.pauses
    assert [request.model for request in endpoint.requests] == ["first", "doubao-seed-2.0-code"]
    assert (parts[-1].text, parts[-1].model) == ("ok", "doubao-seed-2.0-code")
    assert parts[-1].cost_cny is not None and not parts[-1].cost_estimated


async def test_a_service_that_is_down_is_left_after_its_tries(asking, endpoint, two):
    endpoint.script(*[error(503, "")] * 6, text("ok"))
    parts = await asking.parts(two)
    assert len(announced(parts)) == 1 and parts[-1].text == "ok" and len(endpoint.requests) == 7


async def test_a_long_pause_that_is_asked_for_is_not_waited_for_where_another_is_there(asking, endpoint):
    impatient = RetryPolicy(patience_seconds=30.0)
    two = FailOverModel((asking.model("openai/first", retry=impatient), asking.model("openai/second")))
    endpoint.script(error(429, "ServerOverloaded", headers={"Retry-After": "31"}), text("ok"))
    parts = await asking.parts(two)
    assert len(announced(parts)) == 1 and parts[-1].model == "second" and not asking.pauses


async def test_one_that_can_not_be_reached_is_left(asking, endpoint):
    nowhere = asking.model("openai/first", base_url="http://127.0.0.1:1/v1")
    endpoint.script(text("ok"))
    parts = await asking.parts(FailOverModel((nowhere, asking.model("openai/second"))))
    assert "can't be reached" in announced(parts)[0] and parts[-1].model == "second"


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (error(400, "InputTextSensitiveContentDetected"), errors.ContentFiltered),
        (error(400, "OutofContextError"), errors.ContextExceeded),
        (error(413, "SomethingNew"), errors.InvalidRequest),
        (text("half", finish_reason="content_filter"), errors.ContentFiltered),
    ],
)
async def test_a_question_that_is_at_fault_is_asked_nobody_else(asking, endpoint, two, refusal, kind):
    endpoint.script(refusal)
    with pytest.raises(kind):
        await asking.answer(two)
    assert len(endpoint.requests) == 1 and two.provider == "openai"


async def test_what_the_broken_answer_began_is_void_before_the_next_one_is_asked(asking, endpoint, two):
    half = calls(("read", {"path": "a"}), ("read", {"path": "b"}), delta=4)
    body = b'data: {"error": {"code": "QuotaExceeded", "message": "m"}}\n\n'
    first = b'data: {"choices": [{"delta": {"tool_calls": [%b]}}]}\n\n' % (
        b'{"index": 0, "id": "x", "function": {"name": "read", "arguments": "{}"}},'
        b'{"index": 1, "id": "y", "function": {"name": "read", "arguments": ""}}'
    )
    endpoint.script(raw(first + body), half)
    parts = await asking.parts(two)
    kinds = [type(part) for part in parts]
    notice = next(place for place, part in enumerate(parts) if isinstance(part, Notice))
    assert kinds[notice - 1] is Retrying
    assert [part.call for part in parts[notice:] if isinstance(part, CallReady)] == list(parts[-1].calls)


async def test_who_took_over_stays_and_gets_the_whole_history(asking, endpoint, two):
    before = (two.provider, two.name, two.priced, two.context_tokens)
    endpoint.script(calls(("read", {"path": "a"})), error(402, ""), text("b"), text("c"))
    items = [SystemMessage("s"), UserMessage("fix")]
    answer = await asking.answer(two, asking.request(*items))
    assert (two.provider, two.name, two.priced, two.context_tokens) == before
    items.append(AssistantMessage(answer.text, "thought", answer.calls))
    items.append(ToolOutput(answer.calls[0].id, "read", "content"))
    for _ in range(2):
        await asking.answer(two, asking.request(*items))
    assert (two.provider, two.name, two.wire) == ("wcode", "doubao-seed-2.0-code", "chat")
    assert two.priced and two.context_tokens == 256000
    asked = endpoint.requests
    assert [request.model for request in asked] == ["first", "first", *["doubao-seed-2.0-code"] * 2]
    assert asked[2].body["messages"] == asked[1].body["messages"]


async def test_the_last_one_s_failure_ends_it(asking, endpoint, two):
    endpoint.script(error(402, "", "no money here"), error(401, "", "no key there"))
    parts = []
    with pytest.raises(errors.AuthenticationFailed, match="wcode refuses the key"):
        async for part in two.stream(asking.request()):
            parts.append(part)
    assert len(announced(parts)) == 1 and not [part for part in parts if isinstance(part, Answer)]


KEYS = {"WCODE_API_KEY": "sk-wcode", "EVOLINK_API_KEY": "sk-evolink"}
WCODE, EVOLINK = "wcode/doubao-seed-2.0-code", "evolink/doubao-seed-2.0-pro"


def opened(environment=KEYS, **settings):
    return open_model(Settings(**settings), environment)


def test_without_fallbacks_nothing_is_wrapped():
    assert not isinstance(opened(model=WCODE), FailOverModel)
    assert not isinstance(opened(model=WCODE, fallback=[WCODE]), FailOverModel)


def test_a_fallback_without_a_key_is_told_before_anything_begins():
    with pytest.raises(MissingKey, match="fallback ark/ep-1 needs a key of its own: set ARK_API_KEY"):
        opened(model=WCODE, fallback=["ark/ep-1"])
    with pytest.raises(UnknownModel, match="no provider 'wcod'"):
        opened(model=WCODE, fallback=["wcod/x"])


def test_a_cost_limit_needs_every_fallback_s_price():
    with pytest.raises(UsageError, match=f"price is known, and that of {EVOLINK} is not"):
        opened(model=WCODE, fallback=[EVOLINK], max_cost=1.0)
    assert isinstance(
        opened(model=WCODE, fallback=["evolink/doubao-seed-2.0-code"], max_cost=1.0), FailOverModel
    )


async def test_the_first_one_s_address_and_key_go_to_no_other_provider(endpoint):
    endpoint.script(error(402, ""), error(402, ""))
    environment = KEYS | {"SEEDSMITH_API_KEY": "sk-first"}
    model = opened(
        environment,
        model="openai/a",
        base_url=endpoint.base_url,
        fallback=["openai/b", "wcode/doubao-seed-2.0-code"],
    )
    first, second, third = model._models
    assert first._who.base_url == second._who.base_url == endpoint.base_url
    assert (first._who.key, second._who.key, third._who.key) == ("sk-first", "sk-first", "sk-wcode")
    assert third._who.base_url == "https://wcode.net/api/gpt/v1"
    assert [each._retry.attempts for each in model._models] == [3, 3, 6]


def test_a_local_model_hands_over_to_nobody():
    pytest.importorskip("xllamacpp", reason="needs xllamacpp")
    assert opened(model="local/qwen2.5-coder-1.5b", fallback=[WCODE]).provider == "local"


def test_several_fallbacks_may_stand_in_one_variable():
    assert Settings(fallback="a/b, c/d").fallback == ["a/b", "c/d"]
    assert Settings(fallback=["a/b", "c/d"]).fallback == ["a/b", "c/d"]
