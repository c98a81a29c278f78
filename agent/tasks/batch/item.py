"""One item from its clone to its delivery: conditions, setup, steps, proof, and what is handed over."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from seedsmith.agent.tasks.batch.attempt import Books, How, Work
from seedsmith.agent.tasks.batch.attempt_selection import best_of
from seedsmith.agent.tasks.batch.delivery import Delivery, DeliveryFailed
from seedsmith.agent.tasks.batch.item_workspace import open_workshop, with_own_programs
from seedsmith.agent.tasks.batch.plan import Item
from seedsmith.agent.tasks.batch.results import ItemResult
from seedsmith.agent.tasks.batch.store import Taken
from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.private_clone import PrivateClone, remove_folder
from seedsmith.sandbox.git.source import open_source


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
        work = await best_of(taken, how, books)
        result = work.result
        if work.deliverable:
            result = await _deliver(work, item, how, books)
    if result.delivered:  # killed from here on, it is not delivered again although its clone is gone
        books.intend({"result": result.to_json()})
    if result.state != "failed":
        await asyncio.to_thread(remove_folder, folder)
    return replace(result, seconds=time.monotonic() - start)


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
    intended = taken.intended
    result = ItemResult.from_json(intended["result"])
    if result.delivered:
        return result
    clone_folder = folder / intended["folder"]
    if not (clone_folder / "git").is_dir():
        return None
    delivery = Delivery(how.tasks, taken.item, how.environment, again=True)
    try:
        opened = await asyncio.to_thread(open_source, taken.item.source)
    except GitError as error:
        return replace(result, state="failed", cause="repository", message=str(error))
    source = replace(opened, branch=intended["branch"], commit=result.base if opened.repository else "")
    clone = PrivateClone(clone_folder, source, result.base, how.environment)
    return await _hand_over(Work(result, clone, intended["tree"]), taken.item, how, books, delivery)


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
