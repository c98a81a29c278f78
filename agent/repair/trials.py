"""Tries changes: in private copies of the workspace, several side by side, or in the workspace one by one."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol

from seedsmith.agent.conversation import ToolCall
from seedsmith.agent.events import TAKE_BACK, TRY
from seedsmith.agent.loop.budget import Budget
from seedsmith.agent.repair.answers import minimal_edit
from seedsmith.agent.repair.copies import PrivateCopy, can_copy
from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.quick_check import QuickCheck
from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass

_MOST_SIDE_BY_SIDE = 4
_EDIT_SECONDS, _PUT_SECONDS = 0.15, 0.01
"""For making a change and undoing it: in the workspace, and in a copy."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change of one file that may be the right one."""

    path: str
    old: str
    new: str
    by_model: bool = True
    doubtful: bool = False
    """Whether it is of a kind that often passes without being right: something left out, a constant."""

    def call(self, name: str) -> ToolCall:
        """The edit that makes the change."""
        return self._edit(f"{TRY}{name}", self.old, self.new)

    def back(self, name: str) -> ToolCall:
        """The edit that undoes it."""
        return self._edit(f"{TAKE_BACK}{name}", self.new, self.old)

    def _edit(self, identifier: str, before: str, after: str) -> ToolCall:
        old, new = minimal_edit(before, after)
        arguments = json.dumps({"path": self.path, "old": old, "new": new}, ensure_ascii=False)
        return ToolCall(identifier, "edit", arguments)


@dataclass(frozen=True, slots=True)
class Passing:
    """A change that passes, and its number among those tried."""

    number: int
    candidate: Candidate


class Bench(Protocol):
    """A place where one change at a time is tried."""

    @property
    def seconds(self) -> float:
        """What trying one change takes."""

    async def open(self) -> None:
        """Make ready."""

    async def passes(self, candidate: Candidate, number: int, seconds: float) -> bool:
        """Whether the tests pass with the change, within ``seconds``."""

    async def results(self, path: str, candidate: Candidate | None) -> Sequence[bytes]:
        """What the functions of the Python file ``path`` give in tests that passed before, with the change.

        None is known where the workspace itself is the place: it must not be run with what is unproven.
        """

    async def close(self) -> None:
        """Leave no process behind; :meth:`open` makes it ready again."""

    async def remove(self) -> None:
        """Leave nothing of it."""


class CopyBench:
    """A private copy of the workspace, its runner of the tests kept warm."""

    def __init__(self, copy: PrivateCopy, check: QuickCheck, tell: Callable[[ToolCall, float], None]) -> None:
        self._copy = copy
        self._check = check
        self._tell = tell

    @property
    def seconds(self) -> float:
        """What trying one change takes."""
        return self._check.seconds + _PUT_SECONDS

    async def open(self) -> None:
        """Have the tests' runner wait, where it can."""
        self._copy.put_back()
        await self._check.warm_up()

    async def passes(self, candidate: Candidate, number: int, seconds: float) -> bool:
        """Whether the tests pass with the change; it stays in the copy until the next one comes."""
        started = time.monotonic()
        try:
            self._copy.put(candidate.path, candidate.new)
            return await self._check.passes(seconds)
        except (SandboxError, UnicodeError):
            return False
        finally:
            self._tell(candidate.call(str(number)), time.monotonic() - started)

    async def results(self, path: str, candidate: Candidate | None) -> Sequence[bytes]:
        """What the functions of the Python file ``path`` give in tests that passed before."""
        try:
            self._copy.put_back()
            if candidate is not None:
                self._copy.put(candidate.path, candidate.new)
            return await self._check.results(path)
        except (SandboxError, UnicodeError, OSError):
            return ()

    async def close(self) -> None:
        """End what waits."""
        await self._check.cool_down()

    async def remove(self) -> None:
        """End its processes and remove the copy."""
        await self.close()
        self._copy.close()


class WorkspaceBench:
    """The workspace itself, where nothing can be shown in its place."""

    def __init__(self, check: QuickCheck, edit: Callable[[ToolCall], Awaitable[bool]]) -> None:
        self._check = check
        self._edit = edit

    @property
    def seconds(self) -> float:
        """What trying one change takes."""
        return self._check.seconds + _EDIT_SECONDS

    async def open(self) -> None:
        """It is ready."""

    async def passes(self, candidate: Candidate, number: int, seconds: float) -> bool:
        """Whether the tests pass with the change, which is undone in any case."""
        try:
            return await self._edit(candidate.call(str(number))) and await self._check.passes(seconds)
        finally:  # also where the time is up or a person interrupts: nothing unproven stays
            await self._edit(candidate.back(str(number)))

    async def results(self, path: str, candidate: Candidate | None) -> Sequence[bytes]:
        """Not known."""
        return ()

    async def close(self) -> None:
        """Nothing runs."""

    async def remove(self) -> None:
        """Nothing is left."""


@dataclass(frozen=True, slots=True)
class Failing:
    """A command that fails, and what its run showed."""

    command: str
    diagnosis: Diagnosis
    known: frozenset[str]
    """The workspace's files."""


async def open_benches(
    failing: Failing,
    processes: ProcessRunner,
    folder: Path,
    edit: Callable[[ToolCall], Awaitable[bool]],
    tell: Callable[[ToolCall, float], None],
) -> list[Bench]:
    """Where changes are tried: as many copies below ``folder`` as the machine has cores, or the workspace."""
    made: list[Bench] = []
    check: QuickCheck | None = None
    try:
        for number in range(min(os.cpu_count() or 1, _MOST_SIDE_BY_SIDE) if can_copy(processes) else 0):
            copy = await asyncio.to_thread(PrivateCopy, folder / str(number), processes)
            if check is None:
                check = QuickCheck(failing.command, copy.processes, failing.diagnosis)
                made.append(CopyBench(copy, check, tell))
                await check.open(failing.known)
            else:
                made.append(CopyBench(copy, check.at(copy.processes), tell))
                await made[-1].open()
    except (OSError, SandboxError):
        pass  # too large, or no room: what was made is enough
    except BaseException:
        await asyncio.gather(*(bench.remove() for bench in made))
        raise
    if not made:
        check = QuickCheck(failing.command, processes, failing.diagnosis)
        await check.prepare(failing.known)
        made.append(WorkspaceBench(check, edit))
    return made


class Trials:
    """The changes of one search, tried on all benches; which one wins depends on their order alone."""

    def __init__(
        self,
        benches: Sequence[Bench],
        candidates: AsyncIterator[Candidate],
        budget: Budget,
        shares: Callable[[], bool] = bool,
    ) -> None:
        """``shares`` says whether somebody else is at work: then half of the benches rest."""
        self.count = 0
        """So many were tried."""
        self._free = list(benches)
        self._half = max(1, len(benches) // 2)
        self._shares = shares
        self._candidates = candidates
        self._budget = budget
        self._pulling: asyncio.Task[Candidate | None] | None = None
        self._running: dict[asyncio.Task[bool], tuple[int, Candidate, Bench]] = {}
        self._passed: list[Passing] = []
        self._ended = False
        self._error: BaseException | None = None

    async def passing(self, until: int | None = None) -> Passing | None:
        """The next that passes, in their order; None where no other does, or none up to number ``until``.

        Those that were begun are ended first: so the first of them is the first of all that pass.
        Raises what the candidates raise, and :class:`BudgetExhausted` where the time is up.
        """
        while True:
            more = not self._passed and not self._ended and (until is None or self.count < until)
            wanted = more and bool(self._free) and not self._rests
            if wanted and self._pulling is None:
                self._pulling = asyncio.ensure_future(anext(self._candidates, None))
            waiting: set[asyncio.Task[Candidate | None] | asyncio.Task[bool]] = {*self._running}
            if wanted and self._pulling is not None:
                waiting.add(self._pulling)
            if not waiting:
                return self._next(until)
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in self._running if task.done()]:
                number, candidate, bench = self._running.pop(task)
                self._free.append(bench)
                if task.result():
                    self._passed.append(Passing(number, candidate))
            if wanted and self._pulling is not None and self._pulling.done():
                pulling, self._pulling = self._pulling, None
                self._take(pulling)

    def _next(self, until: int | None) -> Passing | None:
        if not self._passed and self._error is not None:
            raise self._error
        first = min(self._passed, key=lambda each: each.number, default=None)
        if first is None or (until is not None and first.number > until):
            return None
        self._passed.remove(first)
        return first

    def _take(self, pulled: asyncio.Task[Candidate | None]) -> None:
        """Begin what was pulled; an error of the candidates is raised when what was begun has ended."""
        self._error = pulled.exception()
        candidate = None if self._error is not None else pulled.result()
        if candidate is None:
            self._ended = True
        else:
            self._begin(candidate)

    @property
    def _rests(self) -> bool:
        return len(self._running) >= self._half and self._shares()

    def _begin(self, candidate: Candidate) -> None:
        if not (seconds := self._budget.seconds_left):
            raise self._budget.out_of_time()
        self.count += 1
        bench = self._free.pop()
        task = asyncio.ensure_future(bench.passes(candidate, self.count, seconds))
        self._running[task] = (self.count, candidate, bench)

    async def close(self) -> None:
        """Stop what runs."""
        left = [*self._running, *([self._pulling] if self._pulling else [])]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
