"""A batch's attempts as tasks of a Ray cluster; ray is the extra ``distributed``."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import UsageError
from seedsmith.agent.tasks.batch.attempt import Books, How, Variation, Work, WorkerLost, begin
from seedsmith.agent.tasks.batch.cluster.node import ERRORS
from seedsmith.agent.tasks.batch.cluster.ray_gates import gates_of_cluster, make_attempt_with_ray, ray_library
from seedsmith.agent.tasks.batch.cluster.task import Told
from seedsmith.agent.tasks.batch.cluster.transfer import keep_work, pack_order
from seedsmith.agent.tasks.batch.engines import Crew
from seedsmith.agent.tasks.batch.results import ItemResult
from seedsmith.agent.tasks.batch.steps import CannotWork
from seedsmith.agent.tasks.batch.store import BatchError, Taken
from seedsmith.agent.tasks.batch.worker import work
from seedsmith.sandbox.errors import GitError

_CONNECT_SECONDS = 10.0
Submit = Callable[[bytes, bytes], AsyncGenerator[Told, None]]
"""Has an attempt made by its order and archive; what its node says, as it comes."""


class RayEngine:
    """Attempts are made on the nodes of a Ray cluster; all else happens here."""

    def __init__(self, address: str = "") -> None:
        """``address`` of the cluster; default: ``$RAY_ADDRESS``, else the one that this machine is part of.

        Raises :class:`UsageError` where ray is not installed, or the address is not one for this.
        """
        if importlib.util.find_spec("ray") is None:
            raise UsageError("A Ray cluster needs one more package: pip install 'seedsmith[distributed]'.")
        self._address = address or os.environ.get("RAY_ADDRESS") or "auto"
        if "://" in self._address:
            raise UsageError(
                f"{self._address} is no address that tasks can be sent to from here: run the batch on a "
                "machine of the cluster, with RAY_ADDRESS as HOST:PORT or not set."
            )

    async def run(self, crew: Crew) -> None:
        """Work until no item is left or the batch is paused."""
        await asyncio.to_thread(_connect, self._address)
        gates = await asyncio.to_thread(gates_of_cluster)
        printing = ray_library()._private.worker
        printing._worker_logs_enabled = False  # else it tells of lost nodes on standard output
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(crew.workers):
                    job = replace(crew.job, owner=f"{os.getpid()}-{secrets.token_hex(4)}")
                    group.create_task(work(job, crew.environment, Remote(partial(_submit, gates))))
        finally:
            ray_library().shutdown()
            printing._worker_logs_enabled = True


class Remote:
    """Makes attempts elsewhere, each begun and kept in a clone that is here."""

    def __init__(self, submit: Submit) -> None:
        self._submit = submit

    async def __call__(self, taken: Taken, how: How, books: Books, variation: Variation) -> Work:
        """As :func:`seedsmith.agent.tasks.batch.attempt.attempt`; raises WorkerLost where its node died."""
        clone = await begin(taken, how, variation)
        if isinstance(clone, Work):
            return clone
        home = how.settings.home
        assert home is not None
        try:
            order, archive = await asyncio.to_thread(pack_order, taken, how, variation, clone)
        except GitError as error:
            return Work(ItemResult("failed", "repository", str(error)))
        async with aclosing(self._submit(order.to_line(), archive)) as said:
            async for message, parcel in said:
                if "cost" in message:
                    books.book(message["cost"])
                elif "asks" in message:
                    variation.asks()
                elif "ended" in message:
                    return await asyncio.to_thread(_kept, message, parcel, (clone, home))
        raise WorkerLost("The process that made the attempt ended without a result.")


def _kept(message: dict[str, Any], parcel: bytes, place: tuple[Any, Path]) -> Work:
    """The work that a node ended with, here; raises what it ended with instead."""
    made = keep_work(message.get("work", {}), parcel, *place) if parcel else None
    if "error" in message:
        kind = ERRORS.get(message["error"])
        raise kind(message["message"]) if kind else RuntimeError(f"{message['error']}: {message['message']}")
    assert made is not None
    return made


def _connect(address: str) -> None:
    """Join the cluster; raises :class:`BatchError`. In a thread of its own Ray leaves signals alone."""
    import logging

    try:
        if address != "auto":  # Ray asks a machine that is not there for minutes, and can't be interrupted
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
        ray_library().init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except OSError as error:
        where = "here" if address == "auto" else f"at {address}"
        raise BatchError(
            f"There is no Ray cluster {where}: `ray start --head` starts one, and RAY_ADDRESS names one "
            "as HOST:PORT."
        ) from error
    except (RuntimeError, ValueError) as error:
        raise BatchError(f"The Ray cluster can't be used: {str(error).partition(chr(10))[0]}") from error


async def _submit(gates: Any, order: bytes, archive: bytes) -> AsyncGenerator[Told, None]:
    """Have Ray make the attempt; it never tries again by itself, for who runs the batch counts tries.

    The actor ``gates``, which this runner keeps alive, is told when it ended: a lost node says nothing.
    """
    ray, attempt = ray_library(), secrets.token_hex(8)
    task = ray.remote(num_returns="streaming", max_retries=0, num_cpus=1)(make_attempt_with_ray)
    said = task.remote(order, archive, attempt)
    try:
        async for reference in said:
            yield await reference
    except ray.exceptions.RayTaskError as error:
        reason = str(error).strip().rpartition("\n")[2]
        raise CannotWork(f"A node of the cluster can't make attempts: {reason}") from error
    except ray.exceptions.RayError as error:
        raise WorkerLost(f"A node was lost: {type(error).__name__}.") from error
    finally:
        ray.cancel(said)
        gates.ended.remote(attempt)
