"""Decides which calls of one answer run at the same time (docs/decisions.md, "Early start, safe retry")."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from seedsmith.tools.base import EVERYTHING, Access

_ANYTHING = frozenset({EVERYTHING})


def must_wait(earlier: Access, later: Access) -> bool:
    """Whether ``later`` has to wait until ``earlier`` is done.

    Calls that touch the same paths keep their order. Shell commands of one answer run at the same time, since
    the model asked for them together. No command runs at the same time as a file tool that writes, or as a
    call that locks more than the workspace, such as one that changes git's state.
    """
    if earlier.writes == later.writes == _ANYTHING:
        return False
    return earlier.conflicts_with(later)


async def run_scheduled(
    accesses: Sequence[Access], run: Callable[[int], Awaitable[None]], *, parallel: bool = True
) -> None:
    """Call ``run(index)`` once for each access, as early as :func:`must_wait` allows.

    Without ``parallel`` every call waits for all calls before it. Cancelling cancels the running calls, waits
    for them to end, and starts no others.
    """
    done = [asyncio.Event() for _ in accesses]

    async def one(index: int) -> None:
        for before in range(index):
            if not parallel or must_wait(accesses[before], accesses[index]):
                await done[before].wait()
        try:
            await run(index)
        finally:
            done[index].set()

    if len(accesses) == 1:
        await run(0)
        return
    try:
        async with asyncio.TaskGroup() as group:
            for index in range(len(accesses)):
                group.create_task(one(index))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
