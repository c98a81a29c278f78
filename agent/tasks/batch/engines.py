"""What works at a batch's items: processes of this machine."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from seedsmith.agent.tasks.batch.store import BatchError, Store
from seedsmith.agent.tasks.batch.worker import DATABASE, Job
from seedsmith.sandbox.lazy_dataclass import dataclass

_MOST_IDLE_DEATHS = 3
"""So many workers in a row may die without an item before it is clear that none can work."""


@dataclass(frozen=True, slots=True)
class Crew:
    """How a batch is to be worked at."""

    job: Job
    workers: int
    environment: Mapping[str, str]
    lock: int
    """The descriptor of the batch's lock, which every process of the batch holds."""


class Engine(Protocol):
    """Something that works at a batch."""

    async def run(self, crew: Crew) -> None:
        """Work until no item is left or the batch is paused.

        When cancelled, the items at hand are given back. Raises :class:`BatchError` where nobody can work.
        """


class LocalEngine:
    """Processes of this machine; one that dies is replaced, and its item taken by another."""

    async def run(self, crew: Crew) -> None:
        """Work until no item is left or the batch is paused."""
        async with asyncio.TaskGroup() as group:
            for _ in range(crew.workers):
                group.create_task(self._seat(crew))

    async def _seat(self, crew: Crew) -> None:
        """One worker after the other, as long as the one before died."""
        store = Store(crew.job.folder / DATABASE)
        idle_deaths = 0
        try:
            while True:
                job = replace(crew.job, owner=f"{os.getpid()}-{secrets.token_hex(4)}")
                if await self._worker(crew, job) == 0:
                    return
                idle_deaths = 0 if store.release(job.owner) else idle_deaths + 1
                if idle_deaths >= _MOST_IDLE_DEATHS:
                    log = crew.job.folder / "workers.log"
                    raise BatchError(f"Workers end before they take an item; {log} has what they said.")
        finally:
            store.close()

    async def _worker(self, crew: Crew, job: Job) -> int:
        with (crew.job.folder / "workers.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "seedsmith.agent.tasks.batch.worker"),
                env=dict(crew.environment),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=(crew.lock,),
                start_new_session=True,
            )
        assert process.stdin is not None
        process.stdin.write(job.to_line())
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGTERM)
                await process.wait()
