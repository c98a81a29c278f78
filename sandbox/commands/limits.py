"""Resource limits set on a command from outside, while a gate still holds it back."""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path

from seedsmith.sandbox.isolation.base import Limits

_MARK = 12
"""``RLIMIT_MSGQUEUE``, which hardly anything uses; the module has no name for it."""
_MARK_WHERE_UNLIMITED = 1 << 40
_OUT_OF_MEMORY_SCORE = b"1000"
"""Makes the kernel pick the command, never the agent or the desktop, when memory runs out."""


def apply_limits(pid: int, limits: Limits, *, own_user_namespace: bool) -> None:
    """Set ``limits`` for ``pid`` and all it will start, soft and hard; raises OSError where refused.

    The kernel counts processes by user: within a user namespace of its own a command starts at zero,
    elsewhere everything the user runs already is added on top (root is not counted at all, so
    :mod:`seedsmith.sandbox.commands.limit_watch` counts as well).
    """
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_NPROC: limits.processes,
    }
    if limits.processes is not None and not own_user_namespace:
        wanted[resource.RLIMIT_NPROC] = limits.processes + threads_on_machine()
    if not own_user_namespace:
        wanted[_MARK] = _mark()
    for kind, value in wanted.items():
        if value is not None:
            _lower(pid, kind, value)
    with suppress(OSError):  # A hardened /proc; the limits above hold all the same.
        with open(f"/proc/{pid}/oom_score_adj", "wb") as file:  # noqa: PTH123
            file.write(_OUT_OF_MEMORY_SCORE)


def is_marked(pid: int) -> bool:
    """Whether a process descends from a command: it can neither raise the limit back nor shed it by exec."""
    mark = _mark()
    try:
        return mark is not None and resource.prlimit(pid, _MARK)[1] <= mark
    except (OSError, ValueError):
        return False


def _mark() -> int | None:
    """One byte less of message queues than this process may have; None where it may have none."""
    hard = resource.getrlimit(_MARK)[1]
    if hard == resource.RLIM_INFINITY:
        return _MARK_WHERE_UNLIMITED
    return hard - 1 if hard > 0 else None


def threads_on_machine() -> int:
    """How many threads exist, whoever owns them; 0 where ``/proc`` doesn't say."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    except (OSError, ValueError, IndexError):
        return 0


def _lower(pid: int, kind: int, value: int) -> None:
    hard = resource.prlimit(pid, kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    with suppress(ProcessLookupError):
        resource.prlimit(pid, kind, (value, value))
