"""Small questions, and the other answers a model nearly gave."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_house import House, answer

from seedsmith.agent.events import Text, TurnStarted, UsageReported
from seedsmith.agent.loop.budget import Budget, BudgetExhausted, Limits
from seedsmith.agent.models.base import Request
from seedsmith.agent.repair.asked_model import AskedModel

ASKED = Request((), sampling={"stop": ["\n"]}, continue_text="a = ")


class Doubting:
    """A model that is in doubt about its first token, and says so where it is asked."""

    provider, name, wire, context_tokens, priced, vision = "local", "played", "chat", 1000, False, False

    def __init__(self) -> None:
        self.asked: list[Request] = []

    async def stream(self, request):
        self.asked.append(request)
        said = answer("b + 1" if request.continue_text == "a = " else f" after {request.continue_text}")
        tops = [{"token": name, "logprob": value} for name, value in (("b", -0.1), ("c", -1.0), ("d", -2.0))]
        tokens = [{"token": "b", "logprob": -0.1, "top_logprobs": tops}]
        yield (
            replace(said, extra={"logprobs": tokens, "timings": {}})
            if "logprobs" in request.sampling
            else said
        )


@pytest.fixture
def asked(tmp_path: Path):
    root = tmp_path / "work"
    root.mkdir()
    house = House(root, tmp_path / "home")

    def make(turns: int = 9):
        model = Doubting()
        return (
            AskedModel(house.run_context(model, Budget(Limits(turns=turns))), house.dispatcher()),
            model,
            house,
        )

    return make


async def test_the_answer_comes_first_then_those_it_nearly_gave(asked) -> None:
    small, model, house = asked()
    assert await small.texts(ASKED, slice(0, 2)) == ["b + 1", "c after a = c", "d after a = d"]
    assert [request.sampling.get("logprobs") for request in model.asked] == [5, None, None]
    assert len(list(house.seen.of(TurnStarted))) == 3


async def test_only_those_that_are_wanted_are_asked_for(asked) -> None:
    small, model, _ = asked()
    assert await small.texts(ASKED, slice(1, 6)) == ["b + 1", "d after a = d"]
    assert await small.texts(ASKED, slice(0, 0)) == ["b + 1"]
    assert "logprobs" not in model.asked[-1].sampling


async def test_neither_answers_nor_likelihoods_are_shown(asked) -> None:
    small, _, house = asked()
    await small.texts(ASKED, slice(0, 1))
    assert not list(house.seen.of(Text))
    assert [dict(event.extra) for event in house.seen.of(UsageReported)] == [{"timings": {}}, {}]


async def test_each_answer_counts_as_a_turn(asked) -> None:
    small, model, _ = asked(turns=2)
    with pytest.raises(BudgetExhausted):
        await small.texts(ASKED, slice(0, 2))
    assert len(model.asked) == 2
