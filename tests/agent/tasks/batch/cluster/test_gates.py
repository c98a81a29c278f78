"""One gate a service for a whole cluster: who waits is let in whatever became of those who were in."""

from __future__ import annotations

import asyncio

import pytest

from seedsmith.agent.models.tries.refusal import Refusal
from seedsmith.agent.models.tries.retry import ServiceRefused
from seedsmith.agent.tasks.batch.cluster.gates import LEASE_SECONDS, Gates
from seedsmith.agent.tasks.batch.cluster.remote_gate import Answers, RemoteGate


def entering(gates, attempt, number=1):
    return asyncio.ensure_future(gates.enter(attempt, number, "service"))


async def full(**more):
    """Gates for one request at once, which attempt ``a`` makes, and ``b`` waits."""
    gates = Gates(most=1, **more)
    await gates.enter("a", 1, "service")
    waiting = entering(gates, "b")
    await asyncio.sleep(0)
    assert not waiting.done()
    await gates.enter("a", 2, "another service")
    return gates, waiting


async def test_who_waits_is_let_in_when_a_request_ends():
    gates, waiting = await full()
    await gates.leave("a", 1, "answered")
    await waiting


async def test_or_when_its_attempt_ends():
    gates, waiting = await full()
    await gates.ended("a")
    await waiting
    await gates.leave("a", 1, "answered")  # comes too late, and frees nothing twice
    third = entering(gates, "c")
    await asyncio.sleep(0)
    assert not third.done()
    await gates.ended("b")
    await third


async def test_or_when_nothing_is_heard_of_it():
    now = [0.0]
    gates, waiting = await full(clock=lambda: now[0])
    for seconds in (LEASE_SECONDS, 1.0):
        assert not waiting.done()
        now[0] += seconds
        await gates.beat("b")
    await waiting


@pytest.mark.parametrize("how", ["leaves", "ends"])
async def test_who_is_gone_before_it_is_let_in_keeps_no_place(how):
    gates, waiting = await full()
    await (gates.leave("b", 1, "other") if how == "leaves" else gates.ended("b"))
    last = entering(gates, "c")
    await gates.leave("a", 1, "other")
    await asyncio.gather(waiting, last)


async def test_a_burst_that_one_meets_lowers_the_limit_for_all():
    gates, answers = Gates(most=4), Answers()
    asked = []

    def say(told):
        async def serve():
            if "leave" in told:
                asked.append(told["ending"])
                return await gates.leave("a", told["leave"], told["ending"])
            await gates.enter("a", told["enter"], told["service"])
            answers.entered(told["enter"])

        tasks.append(asyncio.ensure_future(serve()))

    tasks = []
    gate = RemoteGate("https://me:secret@example.org/v1", say, answers)

    async def refused():
        async with gate.admission():
            raise ServiceRefused(Refusal(429, "RequestBurstTooFast", "m"))

    ends = await asyncio.gather(*(refused() for _ in range(4)), return_exceptions=True)
    assert {type(end) for end in ends} == {ServiceRefused}
    await asyncio.gather(*tasks)
    assert asked == ["burst"] * 4
    (limited,) = gates._gates.values()
    assert limited.limit == 2
    leaving = asyncio.ensure_future(gate.enter())
    leaving.cancel()
    await asyncio.gather(leaving, *tasks, return_exceptions=True)
    assert not answers._waiting
