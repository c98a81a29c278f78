"""One gate for several processes: places are free however a process ends, its limit holds for all."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from seedsmith.agent.models.tries.refusal import Refusal
from seedsmith.agent.models.tries.request_gate import gate_for, make_gates
from seedsmith.agent.models.tries.retry import ServiceRefused
from seedsmith.agent.models.tries.shared_gate import SharedGate, share_gates

BURST = ServiceRefused(Refusal(429, "RequestBurstTooFast", "m"))
HOLD = """
import asyncio, sys
from pathlib import Path
from seedsmith.agent.models.tries.shared_gate import SharedGate

async def hold():
    async with SharedGate(Path(sys.argv[1]), 1).admission():
        print("in", flush=True)
        sys.stdin.read()

asyncio.run(hold())
"""


async def test_a_place_of_another_process_is_free_when_that_is_killed(tmp_path):
    command = (sys.executable, "-c", HOLD, tmp_path)
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"in\n"
    gate = SharedGate(tmp_path, 1)
    assert gate._free_place() is None
    waiting = asyncio.ensure_future(gate._enter())
    other.kill()
    other.communicate()
    await waiting
    assert SharedGate(tmp_path, 1)._free_place() is None, "it is taken again"
    gate._leave()


async def test_the_limit_falls_once_for_a_burst_and_rises_for_all(tmp_path):
    one, two = SharedGate(tmp_path, 8), SharedGate(tmp_path, 8)

    async def refused(gate):
        async with gate.admission():
            await asyncio.sleep(0)
            raise BURST

    asked = (refused(gate) for gate in (one, two, one, two))
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert ends == [BURST] * 4
    assert one.limit == two.limit == 2
    for _ in range(3):
        async with two.admission():
            assert two._under_way() == 1
    assert one.limit == 3 and one._under_way() == 0
    with pytest.raises(ValueError):
        async with one.admission():
            raise ValueError
    assert one.limit == 3


def test_a_process_that_shares_its_gates_has_one_for_each_service(tmp_path):
    share_gates(tmp_path)
    try:
        first, second = gate_for("http://a.test/v1"), gate_for("http://b.test/v1")
        assert isinstance(first, SharedGate) and first._folder != second._folder
        assert gate_for("http://a.test/v1") is first
    finally:
        make_gates()
