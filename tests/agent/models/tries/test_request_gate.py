"""The concurrency gate: nothing is lost, nobody overtakes, pressure shrinks it and success lets it grow."""

from __future__ import annotations

import asyncio
import threading

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_endpoint import error, text

from seedsmith.agent.models.tries.refusal import Refusal
from seedsmith.agent.models.tries.request_gate import Gate, gate_for
from seedsmith.agent.models.tries.retry import BrokenAnswer, ServiceRefused

BURST = ServiceRefused(Refusal(429, "RequestBurstTooFast", "m"))
LIMITED = ServiceRefused(Refusal(429, "ModelAccountRpmRateLimitExceeded", "m"))
OTHER = ServiceRefused(Refusal(500, "InternalServiceError", "m"))
BROKEN = BrokenAnswer("broke off")


class Crowd:
    """Requests that stay in flight until the test ends them."""

    def __init__(self, gate):
        self.gate = gate
        self.admitted = []
        self.tasks = {}
        self._ends = {}

    async def _ask(self, number):
        async with self.gate.admission():
            self.admitted.append(number)
            await self._ends[number]

    def ask(self):
        number = len(self.tasks)
        self._ends[number] = asyncio.get_running_loop().create_future()
        self.tasks[number] = asyncio.ensure_future(self._ask(number))
        return number

    @property
    def running(self):
        return [number for number in self.admitted if not self.tasks[number].done()]

    def end(self, number, failure=None):
        end = self._ends[number]
        if not end.done():
            end.set_result(None) if failure is None else end.set_exception(failure)

    async def settle(self):
        for _ in range(6):
            await asyncio.sleep(0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "ask",
                    "ask",
                    "ask",
                    "answer",
                    "burst",
                    "limited",
                    "broken",
                    "cancel",
                    "tick",
                    "tick",
                    "pause",
                ]
            ),
            st.integers(0, 30),
        ),
        max_size=60,
    ),
    st.integers(1, 5),
)
@settings(max_examples=examples(300), deadline=None)
def test_whatever_happens_no_slot_is_lost_and_nobody_overtakes(steps, most):
    failures = {"answer": None, "burst": BURST, "limited": LIMITED, "broken": BROKEN}

    async def play():
        gate = Gate(most)
        crowd = Crowd(gate)
        for action, which in steps:
            if action == "ask":
                await crowd.settle()  # who was let in runs on before the newcomer does
                crowd.ask()
            elif action == "tick":
                await asyncio.sleep(0)
            elif action == "pause":
                await crowd.settle()
                assert gate._in_flight == len(crowd.running) <= most
                assert not (gate._waiting and gate._in_flight < gate.limit)
            elif action == "cancel" and crowd.tasks:
                crowd.tasks[which % len(crowd.tasks)].cancel()
            elif action in failures and crowd.running:
                crowd.end(crowd.running[which % len(crowd.running)], failures[action])
            assert 1 <= gate.limit <= most
        for number in crowd.tasks:
            crowd.end(number)
        await asyncio.gather(*crowd.tasks.values(), return_exceptions=True)
        await crowd.settle()
        assert (gate._in_flight, len(gate._waiting)) == (0, 0)
        assert crowd.admitted == sorted(crowd.admitted)

    asyncio.run(play())


async def test_a_burst_halves_what_was_in_flight_once_and_a_rate_limit_takes_a_fifth():
    for failure, limit in [(BURST, 4), (LIMITED, 6), (OTHER, 64), (BROKEN, 64)]:
        gate = Gate()
        crowd = Crowd(gate)
        for _ in range(8):
            crowd.ask()
        await crowd.settle()
        for number in range(8):
            crowd.end(number, failure)
        await asyncio.gather(*crowd.tasks.values(), return_exceptions=True)
        assert gate.limit == limit


async def test_answers_let_it_grow_again_and_not_above_its_first_limit():
    gate = Gate(3)
    with pytest.raises(ServiceRefused):
        async with gate.admission():
            raise BURST
    limits = [gate.limit]
    for _ in range(7):
        async with gate.admission():
            pass
        limits.append(gate.limit)
    assert limits == [1, 2, 2, 2, 3, 3, 3, 3]


async def test_one_at_a_time_waits_for_the_other():
    gate = Gate(1)
    crowd = Crowd(gate)
    first, second = crowd.ask(), crowd.ask()
    await crowd.settle()
    assert crowd.admitted == [first]
    crowd.end(first)
    await crowd.settle()
    assert crowd.admitted == [first, second]
    crowd.end(second)
    await asyncio.gather(*crowd.tasks.values())


async def test_loops_of_several_threads_share_it():
    gate = Gate(1)

    async def others():
        async with gate.admission():
            return threading.get_ident()

    async with gate.admission():
        running = asyncio.ensure_future(asyncio.to_thread(asyncio.run, others()))
        while not gate._waiting:
            await asyncio.sleep(0)
    assert await running != threading.get_ident()
    assert gate._in_flight == 0


def test_one_whose_loop_is_gone_holds_nobody_up():
    gate = Gate(1)

    async def hold(crowd):
        crowd.ask()
        await crowd.settle()

    async def pass_by():
        async with gate.admission():
            return True

    abandoned = asyncio.new_event_loop()
    crowd = Crowd(gate)
    abandoned.run_until_complete(hold(crowd))
    abandoned.run_until_complete(hold(crowd))
    assert (gate._in_flight, len(gate._waiting)) == (1, 1)
    crowd.tasks[0].cancel()
    abandoned.run_until_complete(asyncio.gather(crowd.tasks[0], return_exceptions=True))
    crowd.tasks[1].cancel()
    abandoned.run_until_complete(asyncio.gather(crowd.tasks[1], return_exceptions=True))
    abandoned.close()
    assert asyncio.run(pass_by())


async def test_models_of_one_service_share_a_gate(asking, endpoint):
    gate = Gate(2)
    endpoint.script(error(429, "RequestBurstTooFast"), text("a"), text("b"))
    answers = await asyncio.gather(*(asking.answer(asking.model(gate=gate)) for _ in range(2)))
    assert sorted(answer.text for answer in answers) == ["a", "b"]
    assert gate._in_flight == 0


async def test_a_question_that_is_dropped_half_way_gives_its_slot_back(asking, endpoint):
    gate = Gate(1)
    endpoint.script(text("one two three", delta=1, stall_after=3), text("ok"))
    stream = asking.model(gate=gate).stream(asking.request())
    await anext(stream)
    assert gate._in_flight == 1
    await stream.aclose()
    assert gate._in_flight == 0
    assert (await asking.answer(asking.model(gate=gate))).text == "ok"


def test_each_address_has_its_own():
    assert gate_for("http://a.test/v1") is gate_for("http://a.test/v1") is not gate_for("http://b.test/v1")
