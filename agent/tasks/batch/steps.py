"""One step of an item: a command, a codemod, a patch, or a model that is asked."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from seedsmith.agent.errors import AgentError, ConfigurationError
from seedsmith.agent.events import Envelope, FrontEnd, UsageReported
from seedsmith.agent.models.errors import NotAskable
from seedsmith.agent.sessions.outcome import Outcome
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.batch.delivery import DeliveryFailed
from seedsmith.agent.tasks.batch.item_workspace import Workshop
from seedsmith.agent.tasks.batch.plan import fill
from seedsmith.agent.tasks.batch.results import StepResult
from seedsmith.agent.tasks.batch.task_file import Limits, Step
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.skills.errors import SkillError

_FAILED = {"gave_up", "cannot_verify", "refused", "budget", "provider_error", "no_sandbox", "interrupted"}


class ProviderFailed(AgentError):
    """The model's service failed: a reason to try the item again later."""


class CannotWork(AgentError):
    """Where attempts are made none can be made at all, or no model asked; one sentence."""


class BudgetEnded(AgentError):
    """The item's budget ended its model's work."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How a model is asked in an item."""

    limits: Limits
    book: Callable[[float], None]
    """Is told each yuan that is spent, at once."""
    proves: bool = True
    """Whether the item's verify command is what proves this step."""
    variation: dict[str, object] | None = None
    """Settings by which this attempt differs from others."""
    emphasis: str = ""
    """What this attempt is told besides."""
    begins: Callable[[], None] = lambda: None
    """Is called before the model is asked."""
    hears: FrontEnd | None = None
    """Is shown the events of its work."""


async def carry_out(step: Step, shop: Workshop, asking: Asking) -> StepResult:
    """Carry out ``step`` where its conditions hold; a failure is told by the result.

    Raises :class:`ProviderFailed` and :class:`BudgetEnded` where a model could not go on,
    :class:`CannotWork` where it can't be asked in any item, and :class:`DeliveryFailed` where it needn't be.
    """
    start = time.monotonic()
    title = fill(step.title, shop.values)
    try:
        if not await shop.wanted(step.when, step.unless):
            return StepResult(title, step.kind, "left out", seconds=time.monotonic() - start)
        done = await _by_kind(step, shop, asking)
    except (ProviderFailed, BudgetEnded, CannotWork, DeliveryFailed):
        raise
    except (AgentError, SandboxError, SkillError) as error:
        done = StepResult(title, step.kind, "failed", str(error))
    return replace(done, title=title, seconds=time.monotonic() - start)


async def _by_kind(step: Step, shop: Workshop, asking: Asking) -> StepResult:
    match step.kind:
        case "run":
            return await _command(step, shop, step.run or "")
        case "ruff":
            return await _command(step, shop, _ruff(step))
        case "patch":
            return await asyncio.to_thread(_patch, step, shop)
        case "ast_grep" | "libcst":
            from seedsmith.agent.tasks.batch.codemods import apply

            return StepResult("", step.kind, "done", await asyncio.to_thread(apply, shop.clone.work, step))
        case _:
            return await _ask(step, shop, asking)


async def _command(step: Step, shop: Workshop, line: str) -> StepResult:
    done = await shop.command(line, step.timeout)
    if not done.ok:
        return StepResult("", step.kind, "failed", f"It {done.said}.")
    return StepResult("", step.kind, "done", done.last_line if step.kind == "ruff" else "")


def _ruff(step: Step) -> str:
    assert step.ruff is not None
    words = ["ruff", "check", "--fix", "--exit-zero", "--no-cache", "--output-format=concise", "--isolated"]
    words += ["--unsafe-fixes"] if step.ruff.unsafe else []
    words += [f"--select={','.join(step.ruff.select)}", "--", *step.ruff.files]
    return shlex.join(words)


def _patch(step: Step, shop: Workshop) -> StepResult:
    shop.clone.apply(read_patch(step, shop.values))
    return StepResult("", step.kind, "done")


def read_patch(step: Step, values: Mapping[str, str]) -> bytes:
    """The patch that ``step`` names; raises :class:`ConfigurationError`."""
    path = Path(fill(step.patch or "", values))
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"The patch {path} can't be read: {error.strerror}.") from None


async def _ask(step: Step, shop: Workshop, asking: Asking) -> StepResult:
    from seedsmith.agent.run.run import run

    asking.begins()
    seen = _Costs(asking.book)
    prompt = "\n\n".join(filter(None, (fill(step.prompt or "", shop.values), asking.emphasis)))
    hearing = (seen,) if asking.hears is None else (seen, asking.hears)
    try:
        outcome = await run(shop.request(_settings(step, shop, asking), prompt), hearing)
    except NotAskable as error:
        raise CannotWork(str(error)) from error
    seen.settle(outcome)
    if outcome.status == "provider_error":
        raise ProviderFailed(outcome.message)
    if outcome.status == "budget":
        raise BudgetEnded(outcome.message)
    state = "failed" if outcome.status in _FAILED else "done"
    message = outcome.message if state == "failed" else outcome.message.partition("\n")[0]
    return StepResult("", step.kind, state, message[:2000], 0.0, outcome.cost_cny, outcome.session)  # type: ignore[arg-type]


def _settings(step: Step, shop: Workshop, asking: Asking) -> Settings:
    limits = asking.limits
    given: dict[str, object] = {
        "max_cost": limits.cost,
        "max_tokens": limits.tokens,
        "max_turns": limits.turns,
        "max_time": limits.seconds,
        "model": step.model,
        "effort": step.effort,
        "skill": step.skill,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    changes |= asking.variation or {}
    if step.arguments:
        filled = {
            key: fill(each, shop.values) if isinstance(each, str) else each
            for key, each in step.arguments.items()
        }
        changes["skill_with"] = filled
    changes["verify"] = shop.verify if asking.proves and shop.verify else None
    changes["approve"] = "auto"
    return shop.settings.model_copy(update=changes)


class _Costs:
    """A front end that books what each question costs."""

    def __init__(self, book: Callable[[float], None]) -> None:
        self._book = book
        self._booked = 0.0

    def show(self, envelope: Envelope) -> None:
        """Book it."""
        event = envelope.event
        if isinstance(event, UsageReported) and event.cost_cny:
            self._booked += event.cost_cny
            self._book(event.cost_cny)

    def close(self) -> None:
        """Nothing is held."""

    def settle(self, outcome: Outcome) -> None:
        """Book what the whole run cost beyond that."""
        if outcome.cost_cny is not None and abs(outcome.cost_cny - self._booked) > 1e-9:
            self._book(outcome.cost_cny - self._booked)
