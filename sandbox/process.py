"""Run one command under an isolation: limits, a deadline, bounded output, and no survivor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.isolation.base import Isolation, Limits, Policy

if TYPE_CHECKING:
    from sandbox.spill import SpillStore


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command did. ``head + tail`` is the whole output where ``elided_bytes`` is 0."""

    exit_code: int | None
    """None where a signal ended it or it never started."""
    signal: int | None
    timed_out: bool
    duration_seconds: float
    head: bytes
    tail: bytes
    elided_bytes: int
    elided_lines: int
    spill_id: str | None
    """Where the whole output can be read back; None where nothing was elided."""
    total_bytes: int
    note: str = ""
    """What the sandbox has to say about it, in plain sentences; empty where there is nothing."""

    @property
    def ok(self) -> bool:
        """Whether it exited by itself with status 0."""
        return self.exit_code == 0 and not self.timed_out


class ProcessRunner:
    """Starts commands under one isolation and policy; one a session."""

    def __init__(
        self,
        isolation: Isolation,
        policy: Policy,
        spills: SpillStore,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """``environment`` is the user's, from which the clean one is built; None takes this process's."""
        self.isolation = isolation
        self.policy = policy

    async def run(
        self,
        command: str | Sequence[str],
        *,
        timeout: float,  # noqa: ASYNC109
        cwd: str = ".",
        head_bytes: int = 8_000,
        tail_bytes: int = 8_000,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        spill: bool = True,
    ) -> CommandResult:
        """Run ``command`` in ``cwd`` (relative to the workspace) and return when it exits.

        A string runs through bash, a sequence as it stands. ``timeout`` is in seconds. Standard output and
        error are one stream, in order. Raises :class:`sandbox.errors.OutsideWorkspace` for a ``cwd`` outside
        and :class:`sandbox.errors.SandboxError` where the command can't be started at all.
        """
        raise NotImplementedError
