"""What questions take counts against the limits, whatever the service says of it and when."""

from __future__ import annotations

import json

import pytest
from scripted_endpoint import calls, raw, reasoning, text
from small_house import Collected

from seedsmith import Agent
from seedsmith.agent.events import UsageReported
from seedsmith.agent.models.base import Answer, Retrying, Spent, Usage
from seedsmith.agent.models.errors import ContentFiltered, StreamBroken

SEED = "wcode/doubao-seed-2.0-code"
MODELS = {"chat": SEED, "responses": "evolink/doubao-seed-2.0-code"}
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100}


@pytest.fixture
def options(options):
    return options | {"model": SEED}


def listing(number, **more):
    return calls(("shell", {"command": f"echo {number}"}), **more)


@pytest.mark.parametrize("wire", ["chat", "responses"])
@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 0, "completion_tokens": 0}])
async def test_an_answer_without_usage_is_estimated(asking, endpoint, wire, usage):
    endpoint.script(reasoning("Thinking it over. " * 10, "Done. " * 20, usage=usage))
    answer = await asking.answer(asking.model(MODELS[wire], wire))
    assert answer.usage_estimated and answer.cost_estimated
    assert answer.usage.input_tokens > 10 and answer.usage.output_tokens > answer.usage.reasoning_tokens > 30


@pytest.mark.parametrize("limit", [{"max_tokens": 20_000}, {"max_cost": 0.06}])
async def test_limits_hold_where_the_service_counts_nothing(endpoint, options, limit):
    endpoint.script(*(listing(number, usage=None) for number in range(60)), text("Done."))
    seen = Collected()
    outcome = await Agent(**options, front_ends=(seen,), **limit).arun("Go")
    assert outcome.status == "budget" and outcome.turns < 30
    assert outcome.cost_estimated and outcome.cost_cny > 0
    reported = seen.of(UsageReported)
    assert sum(each.input_tokens for each in reported) == outcome.usage.input_tokens
    assert all(each.cost_estimated for each in reported)


def failed(usage=True, status="failed"):
    counts = {"input_tokens": 1000, "output_tokens": 100} if usage else None
    response = {"id": "r", "status": status, "usage": counts, "output": []}
    if status == "failed":
        response["error"] = {"code": "InternalServiceError", "message": "no"}
    else:
        response["incomplete_details"] = {"reason": "content_filter"}
    event = {"type": f"response.{status}", "response": response}
    return raw(b"data: " + json.dumps(event).encode() + b"\n\n")


def unfinished():
    events = [{"choices": [{"index": 0, "delta": {"content": "Half"}}]}, {"choices": [], "usage": USAGE}]
    return raw(b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in events))


def erring():
    event = {"error": {"code": "InternalServiceError", "message": "no"}, "usage": USAGE}
    return raw(b"data: " + json.dumps(event).encode() + b"\n\n")


@pytest.mark.parametrize(
    ("wire", "broken"),
    [("responses", failed), ("chat", unfinished), ("chat", erring)],
    ids=lambda x: str(x)[:20],
)
async def test_what_a_failed_try_took_is_handed_out_before_the_next(asking, endpoint, wire, broken):
    endpoint.script(broken(), text("Done."))
    parts = await asking.parts(asking.model(MODELS[wire], wire))
    kinds = [type(part) for part in parts if isinstance(part, Spent | Retrying | Answer)]
    assert kinds == [Spent, Retrying, Answer]
    assert parts[[type(part) for part in parts].index(Spent)].usage == Usage(1000, 0, 100, 0)


@pytest.mark.slow
async def test_it_is_reported_and_booked(endpoint, options):
    endpoint.script(unfinished(), text("Done.", usage=USAGE))
    seen = Collected()
    outcome = await Agent(**options, front_ends=(seen,)).arun("Go")
    assert outcome.usage == Usage(2000, 0, 200, 0) and outcome.turns == 1
    reported = seen.of(UsageReported)
    assert [each.input_tokens for each in reported] == [1000, 1000]
    assert outcome.cost_cny == pytest.approx(sum(each.cost_cny for each in reported))


@pytest.mark.parametrize("wire", ["chat", "responses"])
async def test_an_answer_held_back_is_paid_too(endpoint, options, wire):
    held = text("no", finish_reason="content_filter", usage=USAGE)
    endpoint.script(held if wire == "chat" else failed(status="incomplete"))
    outcome = await Agent(**options | {"model": MODELS[wire]}, wire=wire).arun("Go")
    assert outcome.status == "provider_error" and outcome.usage == Usage(1000, 0, 100, 0)


async def test_an_error_after_all_tries_is_paid_for_each_of_them(asking, endpoint):
    endpoint.script(*(unfinished() for _ in range(6)))
    parts = []
    with pytest.raises(StreamBroken):
        async for part in asking.model().stream(asking.request()):
            parts.append(part)
    assert [isinstance(part, Spent) for part in parts].count(True) == 6


async def test_a_filter_without_a_count_takes_nothing(asking, endpoint):
    endpoint.script(text("no", finish_reason="content_filter", usage=None))
    with pytest.raises(ContentFiltered):
        await asking.parts()
