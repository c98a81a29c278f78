"""One worker: takes items of a batch, one after the other, until none is left.

As a process (``python -m seedsmith.agent.tasks.batch.worker``) it reads its job as one line of JSON from
standard input, and ends at once, with all that it had started, when that is closed: its runner died.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from seedsmith.agent.models.tries.shared_gate import share_gates
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.batch.attempt import Books, How, Make, WorkerLost
from seedsmith.agent.tasks.batch.item import perform
from seedsmith.agent.tasks.batch.steps import BudgetEnded, CannotWork, ProviderFailed
from seedsmith.agent.tasks.batch.store import LEASE_SECONDS, Store, Taken
from seedsmith.agent.tasks.batch.task_file import TaskFile
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.lazy_dataclass import dataclass

T = TypeVar("T")
DATABASE = "batch.sqlite"
_FAILURES = "provider_failures"
_MOST_FAILURES = 2
"""So many failures of the model's service, one after the other and beyond one a worker, pause a batch."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is given."""

    folder: Path
    owner: str
    settings: dict[str, Any]
    """The user's, as JSON has them."""
    rebase: bool = False

    def to_line(self) -> bytes:
        """As a worker's standard input has it."""
        fields = {"folder": os.fspath(self.folder), "owner": self.owner, "rebase": self.rebase}
        return json.dumps(fields | {"settings": self.settings}).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Job:
        """The inverse of :meth:`to_line`."""
        fields = json.loads(line)
        return cls(Path(fields["folder"]), fields["owner"], fields["settings"], fields["rebase"])


def settings_as_json(settings: Settings) -> dict[str, Any]:
    """What was set of ``settings``, for another process; the folder to work in is each item's own."""
    return settings.model_dump(mode="json", exclude_unset=True, exclude={"workspace"})


async def work(job: Job, environment: Mapping[str, str], make: Make | None = None) -> None:
    """Take items and work at them until none is left; when cancelled, the item at hand is given back.

    ``make`` makes the attempts; default: this process.
    """
    store = Store(job.folder / DATABASE)
    tasks = TaskFile.model_validate_json(store.meta("tasks"))
    settings = Settings(**job.settings)
    if tasks.model is not None and settings.model is None:
        settings = settings.model_copy(update={"model": tasks.model})
    how = How(tasks, job.folder, settings, environment, job.rebase, make=make)
    ended = threading.Event()
    heart = threading.Thread(target=_beat, args=(job, ended), daemon=True)
    heart.start()
    try:
        money = (tasks.budget.cost, tasks.budget.each.cost, tasks.workers)
        while (taken := store.take(job.owner, tasks.tries, money)) is not None:
            await _one(taken, how, store, job.owner)
    finally:
        ended.set()
        heart.join()
        store.close()


async def _one(taken: Taken, how: How, store: Store, owner: str) -> None:
    """Work at one item, and record what became of it whatever happens."""
    item = taken.item
    books = Books(lambda cost: store.add_cost(item, cost), lambda intended: store.intend(item, intended))
    try:
        result = await perform(taken, how, books)
    except ProviderFailed as error:
        store.give_back(owner, item, counts=True)
        if store.count(_FAILURES, 1) >= how.tasks.workers + _MOST_FAILURES:
            store.pause(f"The model's service failed again and again: {error}")
        return
    except BudgetEnded as error:
        store.give_back(owner, item, counts=False)
        store.pause(f"The batch's budget leaves no room: {str(error).partition(chr(10))[0]}")
        return
    except WorkerLost:
        store.give_back(owner, item, counts=True)
        return
    except (NoIsolation, CannotWork) as error:
        store.give_back(owner, item, counts=False)
        store.pause(str(error))
        return
    except asyncio.CancelledError:
        store.give_back(owner, item, counts=False)
        raise
    except Exception as error:  # a defect, or what a full disk leads to: the rest goes on
        said = f"Something unforeseen went wrong ({type(error).__name__}: {error})."
        store.fail(owner, item, "internal", said)
        return
    if any(step.session for step in result.steps):
        store.count(_FAILURES, None)
    store.finish(owner, item, result.to_json())


def _beat(job: Job, ended: threading.Event) -> None:
    store = Store(job.folder / DATABASE)
    while not ended.wait(LEASE_SECONDS / 4):
        store.beat(job.owner)
    store.close()


def main() -> int:
    """Work as a process; 0, or 1 where the batch's own state can't be used."""
    from seedsmith.sandbox.isolation.hardening import harden_agent

    harden_agent()
    line = first_line()
    if not line:
        return 0
    threading.Thread(target=end_with_starter, daemon=True).start()
    job = Job.from_line(line)
    share_gates(job.folder.with_name("gates"))
    asyncio.run(until_stopped(work(job, dict(os.environ))))
    return 0


async def until_stopped(working: Coroutine[Any, Any, T]) -> T | None:
    """What ``working`` returns; None where this process was told to end before."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await working
    except asyncio.CancelledError:
        return None


def first_line() -> bytes:
    """The first line of standard input, unbuffered: a thread waits there for its end."""
    line = b""
    while not line.endswith(b"\n") and (piece := os.read(0, 1)):
        line += piece
    return line


def end_with_starter() -> None:
    """Wait until standard input is closed, then end this process at once."""
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
