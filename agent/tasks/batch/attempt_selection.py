"""Several independent attempts at one item, and which of them is taken, by rule.

Proven on both sides goes before proven now; no test touched that was there before any; then the smaller
change; of equals the one that passes more of the tests that others wrote; then the earlier. Where none is
proven, the one with the fewest failing tests left is told of, and nothing is delivered.
"""

from __future__ import annotations

import asyncio
import math
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.sessions.outcome import looks_like_a_test
from seedsmith.agent.tasks.batch.attempt import Books, How, Variation, Work, attempt
from seedsmith.agent.tasks.batch.item_workspace import open_workshop, with_own_programs
from seedsmith.agent.tasks.batch.results import AttemptResult, ItemResult
from seedsmith.agent.tasks.batch.store import Taken
from seedsmith.sandbox.lazy_dataclass import dataclass

_TEMPERATURES = (None, 0.6, 1.2, 0.3, 1.5)
_LEAST_LINES = 1
"""No change is smaller."""
_FAILING = re.compile(r"\b(\d+) (?:failed|failures?|errors?)\b|\bfailures=(\d+)", re.IGNORECASE)


@dataclass(slots=True)
class _Tried:
    """One attempt and what speaks for it."""

    number: int
    work: Work
    cost: float
    tests_touched: tuple[str, ...] = ()
    tests_written: tuple[str, ...] = ()
    agreement: int = 0

    @property
    def proven(self) -> bool:
        return self.work.result.state == "verified"

    @property
    def both_sides(self) -> bool:
        verification = self.work.result.verification
        return self.proven and verification is not None and verification.before != 0

    @property
    def lines(self) -> int:
        return self.work.result.added + self.work.result.removed

    @property
    def failing(self) -> float:
        """Tests that fail still; infinity where that is not known."""
        verification = self.work.result.verification
        found = _FAILING.findall(verification.output) if verification is not None else []
        return sum(int(first or second) for first, second in found) if found else math.inf

    @property
    def rank(self) -> tuple[float, ...]:
        """The smaller the better."""
        if not self.work.deliverable:
            return (1, self.failing, self.lines, self.number)
        touched, order = bool(self.tests_touched), (self.lines, -self.agreement, self.number)
        return (0, not self.both_sides, not self.proven, touched, *order)

    @property
    def unbeatable(self) -> bool:
        """Whether no later attempt could be chosen before it."""
        return self.both_sides and not self.tests_touched and self.lines <= _LEAST_LINES

    def as_result(self, chosen: bool) -> AttemptResult:
        """The attempt with its reasons."""
        if not self.work.deliverable:
            left = f"; {self.failing:.0f} tests fail still" if math.isfinite(self.failing) else ""
            reason = f"not proven: {self.work.result.message.partition(chr(10))[0]}{left}"
        else:
            sides = (
                "proven on both sides" if self.both_sides else "passes now" if self.proven else "unverified"
            )
            touched = f", changes tests ({', '.join(self.tests_touched)})" if self.tests_touched else ""
            agreed = f", passes {self.agreement} tests of others" if self.agreement else ""
            reason = f"{sides}{touched}, {self.lines} lines{agreed}"
        return AttemptResult(
            self.number, self.proven, reason, self.lines, self.tests_touched, self.cost or None, chosen
        )


async def best_of(taken: Taken, how: How, books: Books) -> Work:
    """Make as many attempts as the task file says, side by side, and return the one that is taken.

    Where no model is asked there is one. Raises what :func:`attempt` raises where all attempts do.
    """
    most = how.tasks.attempts
    if most == 1 or not any(step.asks_model for step in how.tasks.steps):
        return await (how.make or attempt)(taken, how, books, Variation())
    asks = asyncio.Event()
    running = [asyncio.ensure_future(_one(taken, how, books, _variation(how, 1, asks)))]
    try:
        asked = asyncio.ensure_future(asks.wait())
        await asyncio.wait((running[0], asked), return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not asks.is_set():
            return (await running[0]).work
        for number in range(2, most + 1):
            running.append(asyncio.ensure_future(_one(taken, how, books, _variation(how, number, asks))))
        tried = await _until_decided(running)
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    await _settle_ties(tried, how, taken)
    return _chosen(tried)


def _variation(how: How, number: int, asks: asyncio.Event) -> Variation:
    """By model, by sampling, and by what is said besides; the first is as it would be alone."""
    models, settings = how.tasks.attempt_models, dict[str, object]()
    if models:
        settings["model"] = models[(number - 1) % len(models)]
    temperature = _TEMPERATURES[(number - 1) % len(_TEMPERATURES)]
    if temperature is not None:
        settings["temperature"] = temperature
    emphases = [each.strip() for each in prompt("attempts.md").split("---")]
    emphasis = emphases[(number - 2) % len(emphases)] if number > 1 else ""
    return Variation(number, settings, emphasis, 1 / how.tasks.attempts, asks.set)


async def _one(taken: Taken, how: How, books: Books, variation: Variation) -> _Tried:
    own = Books(books.book, books.intend)
    work = await (how.make or attempt)(taken, how, own, variation)
    tried = _Tried(variation.number, work, own.spent)
    if work.clone is not None and work.tree:
        modified = set(await asyncio.to_thread(work.clone.modified, work.tree))
        tests = [path for path in work.result.files if looks_like_a_test(path)]
        tried.tests_touched = tuple(path for path in tests if path in modified)
        tried.tests_written = tuple(path for path in tests if path not in modified)
    return tried


async def _until_decided(running: Sequence[asyncio.Future[_Tried]]) -> list[_Tried]:
    """The attempts that ended before the choice could not change any more; raises where all failed."""
    numbers = {each: number for number, each in enumerate(running, 1)}
    waiting, tried = set(running), list[_Tried]()
    error: BaseException | None = None
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            if (raised := each.exception()) is not None:
                error = raised
            else:
                tried.append(each.result())
        first = min((numbers[each] for each in waiting), default=0)
        if any(each.unbeatable and each.number < first for each in tried):
            break
    if not tried:
        assert error is not None
        raise error
    return sorted(tried, key=lambda each: each.number)


async def _settle_ties(tried: Sequence[_Tried], how: How, taken: Taken) -> None:
    """Run the tests that others wrote against those attempts that nothing else tells apart."""
    best = min(tried, key=lambda each: each.rank)
    equal = [each for each in tried if each.rank[:5] == best.rank[:5] and each.proven]
    for one in equal if len(equal) > 1 else ():
        for other in tried:
            if other is not one and other.tests_written:
                one.agreement += await _passes(one, other, how, taken)


async def _passes(one: _Tried, other: _Tried, how: How, taken: Taken) -> bool:
    """Whether the work of ``one`` passes with the new tests of ``other`` beside it."""
    clone, source = one.work.clone, other.work.clone
    assert clone is not None
    assert source is not None
    try:
        for path in other.tests_written:
            target = clone.work / path
            if not target.parent.resolve().is_relative_to(clone.work) or target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):
                shutil.copyfile(source.work / path, target, follow_symlinks=False)
        values, environment = taken.item.values, with_own_programs(how.environment)
        with open_workshop(clone, how.settings, environment, values, how.tasks.verify or "") as shop:
            return (await shop.proof()).ok
    finally:
        await asyncio.to_thread(clone.put_back, one.work.tree)


def _chosen(tried: Sequence[_Tried]) -> Work:
    best = min(tried, key=lambda each: each.rank)
    attempts = tuple(each.as_result(each is best) for each in tried)
    result: ItemResult = replace(best.work.result, attempts=attempts)
    if result.state == "failed":
        left = f", with {best.failing:.0f} failing tests left" if math.isfinite(best.failing) else ""
        said = f"None of {len(tried)} attempts is proven; attempt {best.number} came closest{left}: "
        result = replace(result, message=said + result.message)
    return replace(best.work, result=result)
