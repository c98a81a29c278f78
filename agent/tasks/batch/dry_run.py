"""What a batch would do: its items, and which steps' conditions hold as the repositories are now.

No command is run: a condition that needs one is told as open.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.tasks.batch.batch import Batch, Options, wanted
from seedsmith.agent.tasks.batch.codemods import apply
from seedsmith.agent.tasks.batch.delivery import Delivery, DeliveryFailed
from seedsmith.agent.tasks.batch.file_search import grep, matching
from seedsmith.agent.tasks.batch.plan import Item, fill, plan
from seedsmith.agent.tasks.batch.steps import read_patch
from seedsmith.agent.tasks.batch.task_file import Condition, Step
from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.private_clone import PrivateClone, make_clone
from seedsmith.sandbox.git.source import open_source
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step as things are now."""

    title: str
    happens: bool | None
    """None: it depends on a command, or on what steps before it do."""
    matches: str = ""
    """What a codemod would change."""
    asks_model: bool = False


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """One item as things are now."""

    item: Item
    steps: tuple[PlannedStep, ...] = ()
    problem: str = ""
    """Why nothing can be done, as one sentence."""
    begins: str = ""
    """Branch and commit it begins with."""
    became: str = ""
    """The state it is finished in already."""

    @property
    def asks_model(self) -> bool:
        """Whether a model may be asked."""
        return any(step.asks_model and step.happens is not False for step in self.steps)

    def to_json(self) -> dict[str, Any]:
        """One object for ``--json``."""
        steps = [
            {"title": step.title, "happens": step.happens, "matches": step.matches, "model": step.asks_model}
            for step in self.steps
        ]
        return {
            "type": "item.planned",
            "item": self.item.name,
            "source": str(self.item.source),
            "begins": self.begins,
            "became": self.became,
            "problem": self.problem,
            "steps": steps,
        }


async def dry_run(batch: Batch, options: Options) -> list[PlannedItem]:
    """Look at every item that is wanted; nothing is run, and nothing of the repositories changes."""
    fits, done = wanted(options.only), _done(batch, options)
    items = [item for item in plan(batch.tasks) if fits(item.name)]
    waiting = [item.id for item in items if item.id not in done]
    beyond = set(waiting[options.limit :]) if options.limit is not None else set()
    return [
        PlannedItem(item, became=done[item.id])
        if item.id in done
        else await asyncio.to_thread(_planned, batch, item)
        for item in items
        if item.id not in beyond
    ]


def cost_words(batch: Batch, options: Options, asking: int) -> str:
    """What asking a model in so many items costs: about, by those done before, and at most, by the budget."""
    budget, words = batch.tasks.budget, []
    costs = [cost for _, cost in ({} if options.new else batch.finished()).values() if cost]
    bounds = [budget.each.cost * asking] if budget.each.cost is not None else []
    bounds += [max(0.0, budget.cost - sum(costs))] if budget.cost is not None else []
    if asking and costs:
        words.append(f"about {statistics.median(costs) * asking:.2g} yuan as {len(costs)} before cost")
    if asking and bounds:
        words.append(f"at most {min(bounds):g} yuan by the budget")
    return "".join(f", {each}" for each in words)


def _done(batch: Batch, options: Options) -> dict[str, str]:
    """The states of the items that this run would leave alone."""
    found = {} if options.new else batch.finished()
    return {
        item: state for item, (state, _) in found.items() if not (options.retry_failed and state == "failed")
    }


def _planned(batch: Batch, item: Item) -> PlannedItem:
    tasks = batch.tasks
    with tempfile.TemporaryDirectory() as folder:
        try:
            source = open_source(item.source, tasks.base or "")
            clone = make_clone(source, Path(folder, "clone"), batch.environment)
            changed = clone.uncommitted() if tasks.uncommitted == "refuse" else []
        except GitError as error:
            return PlannedItem(item, problem=str(error))
        branch = source.branch.removeprefix("refs/heads/")
        begins = f"{branch or 'no branch'} {source.commit[:12]}".rstrip()
        if changed:
            return PlannedItem(item, (), f"{len(changed)} files have changes that are not committed.", begins)
        values = {**item.values, "branch": branch}
        if _wanted(clone, values, tasks.when, tasks.unless) is False:
            return PlannedItem(item, (), "Its conditions do not hold: it would be left out.", begins)
        certain, steps = not tasks.setup, []
        for step in tasks.steps:
            happens = _wanted(clone, values, step.when, step.unless)
            if not certain and (step.when or step.unless):
                happens = None
            matches = ""
            if step.kind in ("ast_grep", "libcst", "patch") and happens is not False:
                matches = _matches(clone, step, values)
            elif happens is not False:
                certain = False
            steps.append(PlannedStep(fill(step.title, values), happens, matches, step.asks_model))
        problem = ""
        try:
            Delivery(tasks, item, batch.environment, again=False).check(clone)
        except DeliveryFailed as error:
            problem = f"What changes there can't be handed over: {error}"
        return PlannedItem(item, tuple(steps), problem, begins)


def _matches(clone: PrivateClone, step: Step, values: dict[str, str]) -> str:
    try:
        if step.patch is None:
            return apply(clone.work, step)
        clone.apply(read_patch(step, values))
        return "it applies"
    except (ConfigurationError, GitError) as error:
        return str(error)


def _wanted(
    clone: PrivateClone, values: dict[str, str], when: Condition | None, unless: Condition | None
) -> bool | None:
    wants = True if when is None else _holds(clone, values, when)
    hinders = False if unless is None else _holds(clone, values, unless)
    if wants is False or hinders is True:
        return False
    return None if wants is None or hinders is None else True


def _holds(clone: PrivateClone, values: dict[str, str], condition: Condition) -> bool | None:
    root = clone.work
    for each in condition.files or ():
        if not any(matching(root, (fill(each, values),))):
            return False
    sought = condition.grep
    if sought is not None and not grep(root, fill(sought.pattern, values), sought.files):
        return False
    return None if condition.command is not None or condition.verified is not None else True
