"""A batch as a whole: begun or gone on with, run by an engine, and summed up."""

from __future__ import annotations

import asyncio
import fcntl
import fnmatch
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path
from typing import Any

from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.settings.state_folder import prepare_state, state_folder
from seedsmith.agent.tasks.batch.codemods import check_installed
from seedsmith.agent.tasks.batch.engines import Crew, Engine, LocalEngine
from seedsmith.agent.tasks.batch.plan import plan
from seedsmith.agent.tasks.batch.store import FINISHED, BatchError, Row, Store
from seedsmith.agent.tasks.batch.task_file import TaskFile
from seedsmith.agent.tasks.batch.task_file_reader import read_tasks
from seedsmith.agent.tasks.batch.worker import DATABASE, Job, settings_as_json
from seedsmith.sandbox.git.private_clone import remove_folder
from seedsmith.sandbox.lazy_dataclass import dataclass

_LIMITS = {"budget", "workers", "tries"}
_LOOK_SECONDS = 0.25
_LATE_SECONDS = 5.0
"""What finished so long ago at most may not have been seen at the last look."""
_LOCK_TRIES = 300
_LOCK_PAUSE = 0.1
GOOD = ("verified", "done", "unchanged", "skipped")


@dataclass(frozen=True, slots=True)
class Options:
    """What of a batch is run, and how."""

    new: bool = False
    """Forget what was done, and begin anew."""
    resume: bool = False
    """Go on with what was begun, as it was then."""
    retry_failed: bool = False
    rebase: bool = False
    only: tuple[str, ...] = ()
    """Names or globs of items; none: all."""
    limit: int | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class AtWork:
    """An item that is worked at."""

    name: str
    seconds: float
    """Since it was begun first."""
    cost: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is."""

    counts: Mapping[str, int]
    cost: float
    seconds: float
    """Since this run began."""
    finished_here: int = 0
    """Items that finished in this run."""
    at_work: tuple[AtWork, ...] = ()

    @property
    def total(self) -> int:
        """All items that are not held back."""
        return sum(self.counts.values())

    @property
    def finished(self) -> int:
        """Items of which it is known what became of them."""
        return sum(self.counts.get(state, 0) for state in FINISHED)

    @property
    def seconds_left(self) -> float | None:
        """About how long the rest takes; None where nothing finished yet."""
        if not self.finished_here:
            return None
        return (self.total - self.finished) * self.seconds / self.finished_here


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run of a batch came to."""

    tasks: TaskFile
    folder: Path
    """The batch's own, where reports and patches are kept."""
    progress: Progress
    paused: str = ""
    """Why it stopped before its end."""
    rows: Callable[[], Iterator[Row]] = field(default=lambda: iter(()), compare=False)

    @property
    def exit_code(self) -> int:
        """0 where all that was to be done is verified, else 1."""
        counts = self.progress.counts
        return 0 if sum(counts.get(state, 0) for state in GOOD) == self.progress.total else 1


Watch = Callable[[Progress, list[Row]], None]
"""Is shown how far a batch is, and what finished since it was shown last."""


class Batch:
    """One task file's batch; :meth:`open` it, then :meth:`run` it."""

    def __init__(
        self, tasks: TaskFile, folder: Path, settings: Settings, environment: Mapping[str, str]
    ) -> None:
        self.tasks = tasks
        self.folder = folder
        self._settings = settings
        self.environment = environment

    @classmethod
    def open(cls, file: Path, settings: Settings, environment: Mapping[str, str] | None = None) -> Batch:
        """Read the task file; raises UsageError for what is wrong in it, or with the state folder.

        ``environment`` is the user's, this process's unless given.
        """
        environment = dict(os.environ if environment is None else environment)
        tasks = read_tasks(file)
        check_installed(tasks)
        home = prepare_state(state_folder(settings.home, environment), Path("/nonexistent"))
        mark = hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:8]
        settings = settings.model_copy(update={"home": home})
        return cls(tasks, home / "batches" / f"{tasks.name}-{mark}", settings, environment)

    async def run(
        self, options: Options, watch: Watch | None = None, engine: Engine | None = None
    ) -> Summary:
        """Work at the batch until nothing is left, or it is paused.

        Raises :class:`BatchError` where another runs it, or its file says something else than when it began;
        when cancelled, the items at hand are given back first.
        """
        with self._locked() as lock:
            if options.new:
                self._forget()
            store = Store(self.folder / DATABASE)
            try:
                tasks = self._begin(store, options)
                start = time.time()
                await self._work(store, tasks, options, (watch, engine, lock))
                progress = _progress(store, start)
                return Summary(tasks, self.folder, progress, store.meta("paused"), self.rows)
            finally:
                store.close()

    def rows(self) -> Iterator[Row]:
        """The items as they stand, in their order."""
        store = Store(self.folder / DATABASE)
        try:
            yield from store.rows()
        finally:
            store.close()

    def finished(self) -> dict[str, tuple[str, float]]:
        """State and cost of the items that are finished, by their ids; nothing where none was begun."""
        if not (self.folder / DATABASE).is_file():
            return {}
        store = Store(self.folder / DATABASE)
        try:
            return store.finished()
        finally:
            store.close()

    def _begin(self, store: Store, options: Options) -> TaskFile:
        """Begin the batch, or find it begun; its tasks as they were then."""
        recorded, now = store.meta("tasks"), self.tasks.model_dump_json(by_alias=True, exclude_unset=True)
        if not recorded:
            if options.resume or options.retry_failed:
                raise BatchError("This batch was never begun: leave --resume and --retry out.")
            store.begin(plan(self.tasks), {"tasks": now})
            recorded = now
        elif recorded != now and _work_of(TaskFile.model_validate_json(recorded)) == _work_of(self.tasks):
            store.set_meta("tasks", now)
            recorded = now
        elif recorded != now and not options.resume:
            raise BatchError(
                "The task file says something else than when this batch began: --resume goes on with it as "
                "it was, --new begins anew."
            )
        tasks = TaskFile.model_validate_json(recorded)
        store.release()  # the lock is ours: whoever worked at them is dead
        store.go_on()
        store.count("provider_failures", None)
        if options.retry_failed:
            store.retry_failed()
        store.choose(wanted(options.only), options.limit)
        if options.only and not store.counts():
            raise BatchError(f"No item is called {' or '.join(options.only)}.")
        return tasks

    async def _work(
        self,
        store: Store,
        tasks: TaskFile,
        options: Options,
        means: tuple[Watch | None, Engine | None, int],
    ) -> None:
        watch, engine, lock = means
        waiting = store.counts().get("ready", 0)
        if not waiting:
            return
        workers = min(options.workers or tasks.workers, waiting)
        job = Job(self.folder, "", settings_as_json(self._settings), options.rebase)
        crew = Crew(job, workers, self.environment, lock)
        working = asyncio.ensure_future((engine or LocalEngine()).run(crew))
        try:
            await _watched(working, store, watch)
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await working
            store.release()

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the batch's lock, which its workers share: what a killed runner left behind has ended then."""
        path = self.folder.with_name(f"{self.folder.name}.lock")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            yield descriptor
        finally:
            os.close(descriptor)

    def _forget(self) -> None:
        remove_folder(self.folder)
        self.folder.mkdir(mode=0o700, exist_ok=True)


def _lock(descriptor: int) -> None:
    """Take the lock; raises :class:`BatchError` where a runner that lives has it."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = int(os.pread(descriptor, 20, 0) or 0)
            if holder and _lives(holder):
                raise BatchError(f"This batch is run by process {holder} already.") from None
            time.sleep(_LOCK_PAUSE)  # workers of a killed runner are about to end
    raise BatchError("Workers of an earlier run of this batch do not end.")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _work_of(tasks: TaskFile) -> dict[str, Any]:
    """What ``tasks`` says but for its limits: those may change while a batch is paused."""
    return tasks.model_dump(exclude=_LIMITS)


def wanted(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Tells whether an item's name is one of ``patterns``, or fits one; without any all are wanted."""
    if not patterns:
        return lambda _: True
    return lambda name: any(fnmatch.fnmatchcase(name, each) for each in patterns)


def _progress(store: Store, start: float) -> Progress:
    here = sum(1 for _ in store.rows(start))
    return Progress(store.counts(), store.cost(), time.time() - start, here)


async def _watched(working: asyncio.Future[None], store: Store, watch: Watch | None) -> None:
    """Show how far it is, again and again, until ``working`` ends; raises what it raises."""
    start = latest = time.time()
    seen, finished = set[str](), 0
    while True:
        done, _ = await asyncio.wait((working,), timeout=_LOOK_SECONDS)
        if watch is not None:
            since = max(start, latest - _LATE_SECONDS)
            rows, before, seen = [], seen, set()
            for row in store.rows(since):
                seen.add(row.item.id)
                if row.item.id not in before:
                    rows.append(row)
            finished += len(rows)
            latest = max(start, time.time())
            at_work = tuple(AtWork(name, latest - begun, cost) for name, begun, cost in store.at_work())
            watch(Progress(store.counts(), store.cost(), latest - start, finished, at_work), rows)
        if done:
            break
    try:
        await working
    except ExceptionGroup as group:
        if isinstance(group.exceptions[0], BatchError):
            raise group.exceptions[0] from None
        raise
