"""A limit ends the run before it is passed."""

from __future__ import annotations

import pytest

from seedsmith.agent.loop.budget import (
    DEFAULT_COST,
    Budget,
    BudgetExhausted,
    Limits,
    UnknownPrice,
    choose_limits,
)
from seedsmith.agent.models.base import Usage


def spend(budget: Budget, usage: Usage, cost: float | None = None) -> int:
    """Ask until the budget says no; how many questions that were."""
    for number in range(100):
        try:
            budget.reserve()
        except BudgetExhausted:
            return number
        budget.commit(usage, cost)
    raise AssertionError("the budget never ended")


def test_turns():
    assert spend(Budget(Limits(turns=3)), Usage()) == 3


def test_tokens_end_before_the_limit_is_passed():
    budget = Budget(Limits(tokens=1000))
    assert spend(budget, Usage(300, 0, 20, 0)) == 3
    assert budget.usage.total_tokens == 960 <= 1000


def test_cost_ends_before_the_limit_is_passed():
    budget = Budget(Limits(cost=0.01))
    assert spend(budget, Usage(), 0.004) == 2
    assert budget.cost == pytest.approx(0.008)


def test_time_ends_it_too():
    now = 0.0
    budget = Budget(Limits(seconds=10), clock=lambda: now)
    budget.reserve()
    now = 4.0
    assert budget.seconds_left == 6
    now = 11.0
    assert budget.seconds_left == 0
    with pytest.raises(BudgetExhausted, match="--max-time"):
        budget.reserve()


def test_cost_is_unknown_until_a_price_is():
    budget = Budget(Limits())
    budget.commit(Usage(5, 0, 5, 0))
    assert budget.cost is None
    budget.commit(Usage(), 0.5, estimated=True)
    budget.commit(None)
    assert budget.cost == 0.5 and budget.cost_estimated and budget.usage.total_tokens == 10


def test_every_run_has_limits():
    limits = choose_limits(turns=None, tokens=None, cost=None, seconds=None, priced=True)
    assert limits.cost == DEFAULT_COST and all(limits.to_json().values())
    assert choose_limits(turns=7, tokens=None, cost=None, seconds=2.5, priced=False) == Limits(7, seconds=2.5)


def test_a_cost_limit_without_a_price_is_wrong_usage():
    with pytest.raises(UnknownPrice, match="--max-cost"):
        choose_limits(turns=None, tokens=None, cost=1.0, seconds=None, priced=False)


@pytest.mark.parametrize("costs", [(0.5, None), (None, 0.5)])
def test_a_cost_that_some_of_the_tokens_are_missing_from_is_an_estimate(costs):
    budget = Budget(Limits())
    for cost in costs:
        budget.commit(Usage(10, 0, 1, 0), cost)
    assert budget.cost == 0.5 and budget.cost_estimated
