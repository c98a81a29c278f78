"""Completions of a chat model on the scripted service: asked once, cut, reused, given up."""

from __future__ import annotations

import asyncio

import pytest
from scripted_endpoint import Answer, error, text

from seedsmith.agent.frontends.completion.completer import Completer
from seedsmith.agent.frontends.completion.hole import Hole
from seedsmith.agent.frontends.completion.hourly_budget import HourBudget, HourSpent
from seedsmith.agent.models.base import TextDelta
from seedsmith.agent.models.errors import ModelError
from seedsmith.agent.models.open import open_model
from seedsmith.agent.settings.settings import Settings


def hole(source: str, path: str = "a.py") -> Hole:
    return Hole(path, source.replace("¦", ""), source.index("¦"))


@pytest.fixture
async def completer(endpoint):
    settings = Settings(model="openai/any", base_url=endpoint.base_url, api_key="k")
    model = open_model(settings, {})
    made = Completer(model, {"b.py": "def helper(a, b): pass\n"}.get, HourBudget(100_000))
    yield made
    await made.aclose()
    await model.aclose()


def asked(endpoint) -> list[str]:
    """The last message of every request."""
    return [request.body["messages"][-1]["content"] for request in endpoint.requests]


async def test_an_answer_is_cut_and_reused_while_it_is_typed(completer, endpoint):
    endpoint.script(text("<COMPLETION>helper(1, 2)</COMPLETION>"), text("<COMPLETION>3</COMPLETION>"))
    source = "from b import helper\nx = ¦\n"
    found = await completer.complete(hole(source))
    assert found.text == "helper(1, 2)" and found.first_seconds is not None
    assert "def helper(a, b): ..." in asked(endpoint)[0]
    again = await completer.complete(hole(source.replace("¦", "hel¦")))
    assert again.text == "per(1, 2)" and again.first_seconds is None
    assert len(endpoint.requests) == 1
    other = await completer.complete(hole(source.replace("¦", "hex¦")))
    assert other.text == "3" and len(endpoint.requests) == 2


async def test_what_does_not_parse_hides_something_or_says_nothing_is_not_offered(completer, endpoint):
    endpoint.script(text("1)"), text("<COMPLETION></COMPLETION>"), text("'a\u202eb'"))
    assert await completer.complete(hole("x = ¦\n")) is None
    assert await completer.complete(hole("x = ¦\n")) is None
    assert await completer.complete(hole("y = ¦\n")) is None
    assert await completer.complete(hole("z = ¦\n")) is None
    assert len(endpoint.requests) == 3


async def test_the_rest_of_an_answer_is_not_waited_for(completer, endpoint):
    endpoint.script(Answer(text="1\ny = 2\n" + "z = 3\n" * 50, delta=4, stall_after=6))
    found = await completer.complete(hole("x = ¦\n"))
    assert found.text == "1"
    endpoint.release()


async def test_a_later_place_ends_the_request_before_it(completer, endpoint):
    endpoint.script(Answer(text="never", stall_after=0), text("2"))
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    endpoint.on_request = lambda _: loop.call_soon_threadsafe(begun.set)
    first = asyncio.ensure_future(completer.complete(hole("x = ¦\n")))
    await begun.wait()
    assert (await completer.complete(hole("y = ¦\n"))).text == "2"
    assert await first is None
    endpoint.release()


async def test_a_key_that_may_be_predicted_waits_for_the_request_under_way(completer, endpoint):
    endpoint.script(Answer(text="value + 1", stall_after=0))
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    endpoint.on_request = lambda _: loop.call_soon_threadsafe(begun.set)
    first = asyncio.ensure_future(completer.complete(hole("x = ¦\n")))
    await begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.ensure_future(completer.complete(hole("x = va¦\n")))
    await asyncio.sleep(0)
    endpoint.release()
    assert (await second).text == "lue + 1"
    assert len(endpoint.requests) == 1


async def test_a_file_of_keys_is_shown_to_no_model(completer, endpoint):
    assert await completer.complete(hole("KEY=¦", ".env")) is None
    assert not endpoint.requests


async def test_faults_are_raised_and_the_next_question_is_asked(completer, endpoint):
    endpoint.script(error(401, "AuthenticationError"), text("1"))
    with pytest.raises(ModelError):
        await completer.complete(hole("x = ¦\n"))
    assert (await completer.complete(hole("x = ¦\n"))).text == "1"


async def test_the_budget_of_the_hour_ends_it(completer, endpoint):
    endpoint.script(text("1", usage={"prompt_tokens": 100_000, "total_tokens": 100_001}))
    assert await completer.complete(hole("x = ¦\n"))
    with pytest.raises(HourSpent):
        await completer.complete(hole("y = ¦\n"))


class Local:
    """A local model that says the same to everything; what it was asked is kept."""

    provider = "local"

    def __init__(self, *said):
        self.asked, self.said = [], said or ("1\n",)

    async def stream(self, request):
        self.asked.append(request.continue_text)
        for each in self.said:
            yield TextDelta(each)


async def test_what_the_local_model_says_once_more_is_left_out():
    completer = Completer(Local(" ", "= he", "lper(", "2)\n"), {}.get, HourBudget(None))
    assert (await completer.complete(hole("y = he¦\n"))).text == "lper(2)"
    await completer.aclose()
    completer = Completer(Local(" = ", "h"), {}.get, HourBudget(None))
    assert await completer.complete(hole("y = he¦\n")) is None
    await completer.aclose()


async def test_the_local_model_is_shown_the_same_definitions_in_one_place():
    """They stand first: where they change, all is read anew."""
    model = Local()
    elsewhere = "def helper(a): pass\n\n\ndef other(b): pass\n"
    completer = Completer(model, {"b.py": elsewhere}.get, HourBudget(None))
    between = "a = 1\n" * 40
    head = f"from b import helper, other\n{between}x = helper(2)\n"
    await completer.complete(hole(f"{head}y = ¦\n{between}z = other(3)\nv = 2\n"))
    await completer.complete(hole(f"{head}y = 1\n{between}z = other(3)\nv = ¦\n"))
    first, second = model.asked
    assert "def helper(a): ..." in first and "def other" not in first
    assert second.startswith(first.partition("<|fim_suffix|>")[0])
    await completer.aclose()
