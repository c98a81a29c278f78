"""One item from its clone to its delivery: conditions, setup, steps, proof, and what is handed over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.batch.delivery import Delivery, DeliveryFailed
from seedsmith.agent.tasks.batch.plan import Item
from seedsmith.agent.tasks.batch.results import AttemptResult, Cause, ItemResult, StepResult, Verification
from seedsmith.agent.tasks.batch.steps import Asking, BudgetEnded, carry_out
from seedsmith.agent.tasks.batch.store import Taken
from seedsmith.agent.tasks.batch.task_file import Limits, TaskFile
from seedsmith.agent.tasks.batch.workshop import Workshop, open_workshop, with_own_programs
from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.private_clone import PrivateClone, make_clone, open_source, remove_folder

_NAMED = 3


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


async def perform(taken: Taken, how: How, books: Books) -> ItemResult:
    """Work at an item until it is delivered, or it is known why not.

    Raises ProviderFailed where the model's service failed, BudgetEnded where what the batch has left did not
    suffice, and NoIsolation.
    """
    start = time.monotonic()
    item, folder = taken.item, how.folder / "items" / taken.item.id
    result: ItemResult | None = None
    if taken.intended is not None:
        result = await _complete(taken, how, books, folder)
    if result is None:
        remove_folder(folder)
        work = await _work(taken, how, books)
        result = work.result
        if work.deliverable:
            result = await _deliver(work, item, how, books)
    if result.state != "failed":
        await asyncio.to_thread(remove_folder, folder)
    return replace(result, seconds=time.monotonic() - start)


async def attempt(taken: Taken, how: How, books: Books, variation: Variation) -> Work:
    """Work once at an item in a clone of its own, up to its proof."""
    folder = how.folder / "items" / taken.item.id / str(variation.number)
    try:
        source = await asyncio.to_thread(open_source, taken.item.source, how.tasks.base or "")
        clone = await asyncio.to_thread(make_clone, source, folder, how.environment)
        changed = [] if how.tasks.uncommitted == "leave" else await asyncio.to_thread(clone.uncommitted)
    except GitError as error:
        return Work(ItemResult("failed", "repository", str(error)))
    if changed:
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        said = (
            f"{taken.item.source} has changes that are not committed ({', '.join(changed[:_NAMED])}{more}): "
            "commit or stash them, or say 'uncommitted: leave' to begin without them."
        )
        return Work(ItemResult("failed", "uncommitted", said))
    values = {**taken.item.values, "branch": source.branch.removeprefix("refs/heads/")}
    environment = with_own_programs(how.environment)
    with open_workshop(clone, how.settings, environment, values, how.tasks.verify or "") as shop:
        return await _Attempt(taken, how, books, shop, variation).perform()


class _Attempt:
    """One attempt under way."""

    def __init__(self, taken: Taken, how: How, books: Books, shop: Workshop, variation: Variation) -> None:
        self._taken = taken
        self._tasks = how.tasks
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
        limits: Limits = self._tasks.budget.each
        if self._taken.reserved:
            left = max(self._taken.reserved - self._books.spent, 1e-6)
            limits = limits.model_copy(update={"cost": left})
        variation = dict(self._variation.settings or {})
        return Asking(limits, self._books.book, proves, variation, self._variation.emphasis)

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
        lines = clone.diff(tree).split(b"\n")
        added = sum(line[:1] == b"+" and line[:4] != b"+++ " for line in lines)
        removed = sum(line[:1] == b"-" and line[:4] != b"--- " for line in lines)
        return ItemResult("done", files=tuple(clone.changed(tree)), added=added, removed=removed)

    def _failed(self, cause: Cause, message: str) -> Work:
        verification = Verification(self._shop.verify, self._before, None) if self._shop.verify else None
        result = ItemResult("failed", cause, message, tuple(self._steps), verification)
        return Work(replace(result, base=self._shop.clone.base), self._shop.clone)


async def _work(taken: Taken, how: How, books: Books) -> Work:
    return await attempt(taken, how, books, Variation())


async def _deliver(work: Work, item: Item, how: How, books: Books) -> ItemResult:
    """Commit, record what is intended, hand over; with what is delivered, or why it is not."""
    assert work.clone is not None
    delivery = Delivery(how.tasks, item, how.environment, again=False)
    try:
        patch = await asyncio.to_thread(work.clone.diff, work.tree)
        await asyncio.to_thread(keep_patch, how.folder, item, patch)
        commit = await asyncio.to_thread(delivery.commit, work.clone, work.tree)
    except (GitError, DeliveryFailed) as error:
        return replace(work.result, state="failed", cause="deliver", message=str(error))
    work = replace(work, result=replace(work.result, commit=commit))
    _intend(work, books)
    return await _hand_over(work, item, how, books, delivery)


async def _complete(taken: Taken, how: How, books: Books, folder: Path) -> ItemResult | None:
    """Complete a delivery that was begun before; None where its clone is gone, so that it begins anew."""
    assert taken.intended is not None
    told = taken.intended
    result = _result(told["result"])
    clone_folder = folder / told["folder"]
    if not (clone_folder / "git").is_dir():
        return None
    delivery = Delivery(how.tasks, taken.item, how.environment, again=True)
    try:
        opened = await asyncio.to_thread(open_source, taken.item.source)
    except GitError as error:
        return replace(result, state="failed", cause="repository", message=str(error))
    source = replace(opened, branch=told["branch"], commit=result.base if opened.repository else "")
    clone = PrivateClone(clone_folder, source, result.base, how.environment)
    return await _hand_over(Work(result, clone, told["tree"]), taken.item, how, books, delivery)


def _intend(work: Work, books: Books) -> None:
    assert work.clone is not None
    clone = work.clone
    said = {"branch": clone.source.branch, "folder": clone.folder.name, "tree": work.tree}
    books.intend({"result": work.result.to_json(), **said})


async def _hand_over(work: Work, item: Item, how: How, books: Books, delivery: Delivery) -> ItemResult:
    """Deliver what was committed, where it is not yet; on a branch that moved only as ``how`` says."""
    clone = work.clone
    assert clone is not None
    try:
        if clone.source.moved_to and not await asyncio.to_thread(delivery.is_done, clone, work.result.commit):
            work = await _carried_over(work, item, how, delivery)
            _intend(work, books)
        assert work.clone is not None
        commit = work.result.commit
        delivered = await asyncio.to_thread(delivery.hand_over, work.clone, work.tree, commit)
    except (GitError, DeliveryFailed) as error:
        return replace(work.result, state="failed", cause="deliver", message=str(error))
    return replace(work.result, delivered=delivered)


async def _carried_over(work: Work, item: Item, how: How, delivery: Delivery) -> Work:
    """The work on what its branch is at now, verified again; raises DeliveryFailed."""
    clone = work.clone
    assert clone is not None
    source = clone.source
    name = source.branch.removeprefix("refs/heads/")
    if not how.rebase:
        raise DeliveryFailed(
            f"{name} of {source.path} moved from {source.commit[:12]} to {source.moved_to[:12]} meanwhile: "
            "--retry failed --rebase carries the changes over and verifies them again."
        )
    moved = await asyncio.to_thread(open_source, source.path, name)
    clone = await asyncio.to_thread(clone.merged_onto, work.result.commit, moved)
    tree = await asyncio.to_thread(clone.tree)
    verification = work.result.verification
    if verification is not None:
        values = {**item.values, "branch": name}
        environment = with_own_programs(how.environment)
        with open_workshop(clone, how.settings, environment, values, how.tasks.verify or "") as shop:
            done = await shop.proof()
        if not done.ok:
            raise DeliveryFailed(f"On what {name} is at now, `{verification.command}` {done.said}.")
    commit = await asyncio.to_thread(delivery.commit, clone, tree)
    return Work(replace(work.result, commit=commit, base=clone.base), clone, tree)


def keep_patch(folder: Path, item: Item, patch: bytes) -> None:
    """Keep an item's patch for the report."""
    try:
        path = patch_of(folder, item)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_bytes(patch)
    except OSError as error:
        raise DeliveryFailed(f"The patch can't be kept: {error.strerror}.") from None


def patch_of(folder: Path, item: Item) -> Path:
    """Where an item's patch is kept."""
    return folder / "patches" / f"{item.id}.patch"


def _result(told: dict[str, Any]) -> ItemResult:
    steps = tuple(StepResult(**each) for each in told["steps"])
    attempts = tuple(AttemptResult(**each) for each in told["attempts"])
    verification = Verification(**told["verification"]) if told["verification"] else None
    plain = {name: tuple(told[name]) for name in ("files", "delivered")}
    return ItemResult(**{**told, **plain, "steps": steps, "verification": verification, "attempts": attempts})
