"""The pipes of a program that started this one to talk with it."""

from __future__ import annotations

import os
import stat
from typing import BinaryIO

from seedsmith.agent.errors import UsageError


def own_pipes(command: str) -> tuple[BinaryIO, BinaryIO]:
    """Its pipes, which nothing else reads or writes: whatever is printed goes to standard error.

    ``command`` is what an editor started. Raises :class:`UsageError` where one of them is no pipe or socket.
    """
    for descriptor in (0, 1):
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
            raise UsageError(f"An editor talks with seedsmith {command} over pipes; this is none.")
    incoming, outgoing = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return incoming, outgoing
