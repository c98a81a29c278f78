"""Calls run together unless what they touch says otherwise."""

from __future__ import annotations

import asyncio

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from seedsmith.agent.calls.scheduler import must_wait, run_scheduled
from seedsmith.tools.base import EVERYTHING, Access

SHELL = Access(frozenset({EVERYTHING}), frozenset({EVERYTHING}))
READ_A = Access(reads=frozenset({"a"}))
WRITE_A = Access(writes=frozenset({"a"}))
WRITE_B = Access(writes=frozenset({"b"}))
COMMIT = Access(frozenset({EVERYTHING}), frozenset({EVERYTHING, ".git"}))


@pytest.mark.parametrize(
    ("earlier", "later", "waits"),
    [
        (READ_A, READ_A, False),
        (WRITE_A, READ_A, True),
        (READ_A, WRITE_A, True),
        (WRITE_A, WRITE_B, False),
        (SHELL, SHELL, False),
        (SHELL, COMMIT, True),
        (COMMIT, COMMIT, True),
        (COMMIT, READ_A, True),
        (SHELL, WRITE_A, True),
        (WRITE_A, SHELL, True),
        (READ_A, SHELL, True),
    ],
)
def test_who_waits_for_whom(earlier, later, waits):
    assert must_wait(earlier, later) is waits


async def overlapping(accesses, parallel=True):
    """Which pairs of calls were running at the same time, each call lasting a few steps of the loop."""
    running, pairs, order = set(), set(), []

    async def run(index):
        pairs.update((other, index) for other in running)
        running.add(index)
        order.append(index)
        for _ in range(5):
            await asyncio.sleep(0)
        running.discard(index)

    await run_scheduled(accesses, run, parallel=parallel)
    return pairs, order


async def test_shell_calls_of_one_answer_run_together_but_beside_no_writer():
    pairs, _ = await overlapping([SHELL, SHELL, WRITE_A, SHELL])
    assert (0, 1) in pairs and not {pair for pair in pairs if 2 in pair}


async def test_without_parallel_calls_everything_is_in_order():
    pairs, order = await overlapping([READ_A, READ_A, SHELL, SHELL], parallel=False)
    assert not pairs and order == [0, 1, 2, 3]


@settings(max_examples=examples(80), deadline=None)
@given(
    accesses=st.lists(st.sampled_from([READ_A, WRITE_A, WRITE_B, SHELL, Access()]), min_size=1, max_size=8)
)
async def test_whatever_conflicts_keeps_its_order(accesses):
    pairs, order = await overlapping(accesses)
    assert sorted(order) == list(range(len(accesses)))
    for earlier in range(len(accesses)):
        for later in range(earlier + 1, len(accesses)):
            if must_wait(accesses[earlier], accesses[later]):
                assert order.index(earlier) < order.index(later)
                assert (earlier, later) not in pairs and (later, earlier) not in pairs


async def test_an_error_is_raised_as_it_is_and_the_rest_is_cancelled():
    async def run(index):
        if index == 0:
            raise ValueError("first")
        await asyncio.Event().wait()

    with pytest.raises(ValueError, match="first"):
        await run_scheduled([READ_A, READ_A], run)


PATHS = ("a", "b", "c", "d/e", "d/f")
SOME_PATHS = st.frozensets(st.sampled_from(PATHS), max_size=2)
TOUCHES = st.one_of(
    st.builds(Access, SOME_PATHS, SOME_PATHS),
    st.builds(Access, reads=st.sampled_from([frozenset({"d"}), frozenset({"."}), frozenset({EVERYTHING})])),
    st.builds(Access, writes=st.just(frozenset({"d"}))),
    st.just(COMMIT),
)


def concerns(names):
    """The paths behind the names of an access: a folder's are those below it."""
    everything = not names.isdisjoint({EVERYTHING, "."})
    return [path for path in PATHS if everything or path in names or path.split("/")[0] in names]


async def outcome(accesses, pauses, *, parallel):
    """What files hold and what each call saw, where calls write what depends on all they read."""
    files, saw = dict.fromkeys(PATHS, ""), {}

    async def run(index):
        access = accesses[index]
        saw[index] = [files[path] for path in concerns(access.reads)]
        for path in concerns(access.writes):
            for _ in range(pauses[index]):
                await asyncio.sleep(0)
            files[path] = f"{index}({files[path]}{''.join(saw[index])})"[:200]

    await run_scheduled(accesses, run, parallel=parallel)
    return files, saw


@settings(max_examples=examples(150), deadline=None)
@given(
    accesses=st.lists(TOUCHES, min_size=2, max_size=7),
    pauses=st.lists(st.integers(0, 4), min_size=7, max_size=7),
)
async def test_the_outcome_is_that_of_one_after_another(accesses, pauses):
    together = await outcome(accesses, pauses, parallel=True)
    assert together == await outcome(accesses, pauses, parallel=False)
