"""One attempt at an item in a clone of its own: conditions, setup, steps and proof."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import AgentError
from seedsmith.agent.events import FrontEnd
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.batch.delivery import Delivery, DeliveryFailed
from seedsmith.agent.tasks.batch.item_workspace import Workshop, open_workshop, with_own_programs
from seedsmith.agent.tasks.batch.results import Cause, ItemResult, StepResult, Verification
from seedsmith.agent.tasks.batch.steps import Asking, BudgetEnded, carry_out
from seedsmith.agent.tasks.batch.store import Taken
from seedsmith.agent.tasks.batch.task_file import TaskFile
from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.private_clone import PrivateClone, make_clone
from seedsmith.sandbox.git.source import open_source
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.text import first_of

_NAMED = 3


class WorkerLost(AgentError):
    """Whoever made an attempt ended without a result: a reason to make it again elsewhere."""


@dataclass(frozen=True, slots=True)
class How:
    """What all items of a batch are worked at with."""

    tasks: TaskFile
    folder: Path
    """The batch's own folder."""
    settings: Settings
    environment: Mapping[str, str]
    rebase: bool = False
    """Carry changes over to a branch that moved meanwhile, and verify again."""
    as_it_is: bool = False
    """Begin with what the folder holds, committed or not, ignored files, too."""
    hears: FrontEnd | None = None
    """Is shown the events of all models' work."""
    make: Make | None = None
    """Who makes an attempt; default: this process, by :func:`attempt`."""


@dataclass(slots=True)
class Books:
    """Where an item's costs and intentions are recorded as they come."""

    cost: Callable[[float], None]
    intend: Callable[[dict[str, Any]], None]
    spent: float = 0.0

    def book(self, cost: float) -> None:
        """Record what a question cost."""
        self.spent += cost
        self.cost(cost)


@dataclass(frozen=True, slots=True)
class Work:
    """What one attempt at an item came to, before anything is delivered."""

    result: ItemResult
    clone: PrivateClone | None = None
    tree: str = ""

    @property
    def deliverable(self) -> bool:
        """Whether there is something to hand over."""
        return self.result.state in ("verified", "done")


@dataclass(frozen=True, slots=True)
class Variation:
    """How one of several attempts differs from the others."""

    number: int = 1
    settings: Mapping[str, object] | None = None
    emphasis: str = ""
    """What its model is told besides."""
    share: float = 1.0
    """Of what the item may cost."""
    asks: Callable[[], None] = lambda: None
    """Is called before a model is asked."""


Make = Callable[[Taken, How, Books, Variation], Awaitable[Work]]
"""Works once at an item, as :func:`attempt` does."""


async def attempt(taken: Taken, how: How, books: Books, variation: Variation) -> Work:
    """Work once at an item in a clone of its own, up to its proof."""
    clone = await begin(taken, how, variation)
    if isinstance(clone, Work):
        return clone
    values = {**taken.item.values, "branch": clone.source.branch.removeprefix("refs/heads/")}
    environment = with_own_programs(how.environment)
    with open_workshop(clone, how.settings, environment, values, how.tasks.verify or "") as shop:
        return await _Attempt(taken, how, books, shop, variation).perform()


async def begin(taken: Taken, how: How, variation: Variation) -> PrivateClone | Work:
    """The clone to make an attempt in; where none can be made, the failed work that says why."""
    folder = how.folder / "items" / taken.item.id / str(variation.number)
    try:
        source = await asyncio.to_thread(open_source, taken.item.source, how.tasks.base or "")
        clone = await asyncio.to_thread(make_clone, source, folder, how.environment)
        if how.as_it_is:
            clone = await asyncio.to_thread(clone.as_it_is)
        changed = [] if how.tasks.uncommitted == "leave" else await asyncio.to_thread(clone.uncommitted)
    except GitError as error:
        return Work(ItemResult("failed", "repository", str(error)))
    if changed:
        said = (
            f"{taken.item.source} has changes that are not committed ({first_of(changed, _NAMED)}): "
            "commit or stash them, or say 'uncommitted: leave' to begin without them."
        )
        return Work(ItemResult("failed", "uncommitted", said))
    return clone


class _Attempt:
    """One attempt under way."""

    def __init__(self, taken: Taken, how: How, books: Books, shop: Workshop, variation: Variation) -> None:
        self._taken = taken
        self._tasks = how.tasks
        self._delivery = Delivery(how.tasks, taken.item, how.environment, again=False)
        self._hears = how.hears
        self._books = books
        self._shop = shop
        self._variation = variation
        self._steps: list[StepResult] = []
        self._before: int | None = None

    async def perform(self) -> Work:
        tasks, shop = self._tasks, self._shop
        if not await shop.wanted(tasks.when, tasks.unless):
            return Work(ItemResult("skipped", message="Its conditions do not hold."))
        for line in tasks.setup:
            done = await shop.command(line)
            if not done.ok:
                return self._failed("setup", f"The setup command {line!r} {done.said}.")
        if shop.verify:
            self._before = (await shop.proof()).exit_code
        asking = [step for step in tasks.steps if step.asks_model]
        for step in tasks.steps:
            try:
                done_step = await carry_out(
                    step, shop, self._asking(proves=bool(asking) and step is asking[-1])
                )
            except BudgetEnded as error:
                if self._limited_by_batch:
                    raise
                return self._failed("budget", str(error).partition("\n")[0])
            except DeliveryFailed as error:
                return self._failed("deliver", str(error))
            self._steps.append(done_step)
            if done_step.state == "failed":
                cause: Cause = "model" if step.asks_model else "step"
                return self._failed(cause, f"The step {done_step.title!r} failed: {done_step.message}")
        return await self._prove()

    @property
    def _limited_by_batch(self) -> bool:
        each, reserved = self._tasks.budget.each.cost, self._taken.reserved
        return bool(reserved) and (each is None or reserved < each)

    def _asking(self, *, proves: bool) -> Asking:
        limits = self._tasks.budget.each
        if self._taken.reserved:
            left = max(self._taken.reserved * self._variation.share - self._books.spent, 1e-6)
            limits = limits.model_copy(update={"cost": left})
        variation = dict(self._variation.settings or {})
        emphasis = self._variation.emphasis
        return Asking(limits, self._books.book, proves, variation, emphasis, self._begins, self._hears)

    def _begins(self) -> None:
        """A model is about to be asked: not for what could not be handed over."""
        self._delivery.check(self._shop.clone)
        self._variation.asks()

    async def _prove(self) -> Work:
        shop, clone = self._shop, self._shop.clone
        tree = await asyncio.to_thread(clone.tree)
        done = await shop.proof() if shop.verify else None
        after = done.exit_code if done else None
        changed = tree != await asyncio.to_thread(clone.base_tree)
        result = await asyncio.to_thread(self._measured, tree) if changed else ItemResult("unchanged")
        verification = None
        if done is not None:
            verification = Verification(shop.verify, self._before, after, "" if done.ok else done.output)
        result = replace(result, steps=tuple(self._steps), verification=verification, base=clone.base)
        if done is not None and not done.ok:
            what = "" if changed else "Nothing was changed, and "
            said = f"{what}`{shop.verify}` {done.said}."
            return Work(replace(result, state="failed", cause="verify", message=said), clone, tree)
        if not changed:
            return Work(replace(result, message="Nothing was to be changed."), clone, tree)
        said = f"`{shop.verify}` passes." if done is not None else "Nothing was verified: no verify is given."
        return Work(replace(result, state="verified" if done else "done", message=said), clone, tree)

    def _measured(self, tree: str) -> ItemResult:
        """How much was changed."""
        clone = self._shop.clone
        added, removed = clone.counts(tree)
        return ItemResult("done", files=tuple(clone.changed(tree)), added=added, removed=removed)

    def _failed(self, cause: Cause, message: str) -> Work:
        verification = Verification(self._shop.verify, self._before, None) if self._shop.verify else None
        result = ItemResult("failed", cause, message, tuple(self._steps), verification)
        return Work(replace(result, base=self._shop.clone.base), self._shop.clone)
