"""Watch a running command's memory and processes, where the kernel's own limits don't reach.

Control groups are seldom to be had (:mod:`seedsmith.sandbox.commands.control_group`), ``RLIMIT_DATA`` breaks
address sanitizers, and ``RLIMIT_NPROC`` doesn't bind root; so the tree is measured a few times a second.
"""

from __future__ import annotations

import asyncio
import itertools

from seedsmith.sandbox.commands.descendants import ProcessTree
from seedsmith.sandbox.commands.limits import threads_on_machine
from seedsmith.sandbox.commands.memory import resident_bytes, unmapped_on_machine, used_bytes
from seedsmith.sandbox.isolation.base import Limits

_PERIOD_SECONDS = 0.05
_MEMORY_EVERY = 4
"""Memory is measured in every fourth round: it takes a look at every process."""
_WHOLE_EVERY = 100
"""In every hundredth round it is measured whole, whatever the machine's figures say: others free memory."""


async def exceeded_limit(tree: ProcessTree, limits: Limits) -> str:
    """Return once ``tree`` uses more than ``limits`` allow, with a sentence that says what; else never."""
    threads_before, unmapped_before = threads_on_machine(), unmapped_on_machine()
    rounds = itertools.count()
    while True:
        number = next(rounds)
        await asyncio.sleep(_PERIOD_SECONDS)
        if limits.processes is not None:
            # One cheap number first: among the thousands of a fork bomb there is no time to count.
            grown = threads_on_machine() - threads_before > limits.processes
            if grown and tree.is_larger_than(limits.processes):
                return f"Stopped: it ran more than {limits.processes} processes at once."
        if number % _MEMORY_EVERY:
            continue
        most = limits.memory_bytes
        if most is None:
            continue
        members = tree.members()
        # Upper bounds that cost little come first; what others of the machine share may be among them.
        unmapped = unmapped_on_machine()
        unmapped_before = min(unmapped_before, unmapped)
        likely = resident_bytes(members) + unmapped - unmapped_before > most
        if (likely or (number and number % _WHOLE_EVERY == 0)) and used_bytes(members, tree.root) > most:
            return f"Stopped: it used more than {most >> 20} MB of memory."
