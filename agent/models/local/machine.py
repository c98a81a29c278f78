"""What this process may use of the machine: cores and memory, container limits included."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

from seedsmith.agent.models.errors import LocalModelError
from seedsmith.agent.models.local.weights import LocalWeights

_CGROUPS = Path("/sys/fs/cgroup")
_CONTEXTS = (16_384, 8_192, 4_096)
"""Contexts tried, in tokens, the largest first."""
_HEADROOM = 1 << 30
"""Bytes left for the server's working buffers and repacked weights, the agent and the commands it runs."""


def physical_cores() -> int:
    """Cores this process may run on, a hyper-threaded pair counted once, capped by a CPU quota.

    A second thread on the same core makes llama.cpp slower, not faster.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    cores = {_siblings(processor) for processor in allowed}
    return max(1, math.ceil(min(len(cores), _cpu_quota())))


def available_memory() -> float:
    """Bytes that may be taken without swapping, by the kernel's estimate and this process's cgroups."""
    limits = [_free_in(folder) for folder in _own_cgroups()]
    return min([_available_to_all(), *limits])


def fitting_context(weights: LocalWeights, available: float) -> int:
    """The largest context, in tokens, that fits into ``available`` bytes beside the weights."""
    for context in _CONTEXTS:
        if weights.size + context * weights.cache_bytes_per_token + _HEADROOM <= available:
            return context
    needed = weights.size + _CONTEXTS[-1] * weights.cache_bytes_per_token + _HEADROOM
    raise LocalModelError(
        f"{weights.name} needs {needed / 1e6:,.0f} MB of memory and {available / 1e6:,.0f} MB are free: "
        f"close something, or use a smaller local model."
    )


def _siblings(processor: int) -> str:
    listing = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
    return _read(listing) or str(processor)


def _cpu_quota() -> float:
    quotas = [math.inf]
    for folder in _own_cgroups():
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit() and int(period):
            quotas.append(int(quota) / int(period))
    return min(quotas)


def _own_cgroups() -> list[Path]:
    """Folders of this process's cgroup (version 2) and of all above it; inside a container, its root."""
    line = next(
        (line for line in _read(Path("/proc/self/cgroup")).splitlines() if line.startswith("0::")), ""
    )
    own = _CGROUPS / line.removeprefix("0::").lstrip("/")
    return [folder for folder in (own, *own.parents) if folder.is_relative_to(_CGROUPS)]


def _free_in(cgroup: Path) -> float:
    limit, used = _read(cgroup / "memory.max"), _read(cgroup / "memory.current")
    if not (limit.isdigit() and used.isdigit()):
        return math.inf
    reclaimable = _field(_read(cgroup / "memory.stat"), "inactive_file")
    return max(0, int(limit) - int(used) + reclaimable)


def _available_to_all() -> float:
    kibibytes = _field(_read(Path("/proc/meminfo")), "MemAvailable:")
    return kibibytes * 1024 if kibibytes else math.inf


def _field(table: str, name: str) -> int:
    for line in table.splitlines():
        if line.startswith(name):
            with suppress(IndexError, ValueError):
                return int(line.split()[1])
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
