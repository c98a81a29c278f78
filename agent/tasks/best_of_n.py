"""Several independent attempts at one task, and the best of them taken into the workspace.

Each works in a clone of its own of the workspace as it is; which is taken is the rule of batches
(docs/batch.md, "Attempts"). Taking it is a session of its own, so that it can be undone.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import field, replace

from seedsmith.agent.context.opening_messages import first_items
from seedsmith.agent.context.profile import FULL
from seedsmith.agent.conversation import AssistantMessage
from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import (
    Envelope,
    EventSink,
    FrontEnd,
    NoticeGiven,
    SessionStarted,
    ToolStarted,
    TurnStarted,
    UsageReported,
)
from seedsmith.agent.models.base import Usage
from seedsmith.agent.run.snapshots import RunSnapshots
from seedsmith.agent.sessions.diffs import keep_diff
from seedsmith.agent.sessions.outcome import (
    Outcome,
    Status,
    Verified,
    changed_tests,
    closing_words,
    ending_of,
    refused,
)
from seedsmith.agent.sessions.run_place import Place, open_place
from seedsmith.agent.sessions.session import Session, SessionStart
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.tasks.batch.attempt import Books, How, Work
from seedsmith.agent.tasks.batch.attempt_selection import best_of
from seedsmith.agent.tasks.batch.plan import Item
from seedsmith.agent.tasks.batch.steps import BudgetEnded, ProviderFailed
from seedsmith.agent.tasks.batch.store import Taken
from seedsmith.agent.tasks.batch.task_file import TaskFile
from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.private_clone import remove_folder
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.snapshots.changes import Changes

_UNFIT = ("resume", "fork", "record", "replay", "image", "output_schema")
_ENDED_WELL_TOLD = ("provider_error", "budget", "no_sandbox")
"""What is part of the outcome; any other error is raised besides."""
_STATUS: dict[str, Status] = {"verify": "unverified", "budget": "budget", "repository": "refused"}


@dataclass(slots=True)
class _Heard:
    """A front end that counts what all attempts take."""

    turns: int = 0
    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    priced: bool = False
    cost: float = 0.0
    estimated: bool = False

    def show(self, envelope: Envelope) -> None:
        """Count it."""
        match envelope.event:
            case TurnStarted():
                self.turns += 1
            case ToolStarted():
                self.calls += 1
            case UsageReported() as used:
                self.priced = self.priced or used.cost_cny is not None
                self.cost += used.cost_cny or 0.0
                self.estimated = self.estimated or used.cost_estimated
                self.usage += Usage(
                    used.input_tokens, used.cached_tokens, used.output_tokens, used.reasoning_tokens
                )

    def close(self) -> None:
        """Nothing is held."""

    def counted(self, outcome: Outcome, cost: float) -> Outcome:
        """``outcome`` with what all attempts took."""
        return replace(
            outcome,
            turns=self.turns,
            tool_calls=self.calls,
            usage=self.usage,
            cost_cny=cost if self.priced else None,
            cost_estimated=self.estimated,
        )


async def attempt_task(
    settings: Settings, prompt: str, most: int, front_ends: tuple[FrontEnd, ...] = ()
) -> Outcome:
    """Carry out ``prompt``, or the skill of ``settings``, ``most`` times, and take the best.

    Raises :class:`UsageError` for settings that go with one run only, and what a run raises.
    """
    unfit = [name for name in _UNFIT if getattr(settings, name) is not None]
    if unfit:
        raise UsageError(f"--attempts does not go with --{unfit[0].replace('_', '-')}.")
    environment = dict(os.environ)
    async with AsyncExitStack() as stack:
        place = open_place(settings, environment)
        stack.callback(place.workspace.close)
        root = place.workspace.root
        start = SessionStart(str(root), settings.model or "", "", FULL.name, prompt, settings.verify)
        session = Session.create(place.home, start, place.redactor)
        stack.callback(session.close)
        folder = place.home / "attempts" / session.id
        stack.callback(remove_folder, folder)
        sink = EventSink(session.id, front_ends, redactor=place.redactor)
        past = RunSnapshots(place, session, sink)
        past.begin()
        stack.push_async_callback(past.close)
        provider, _, model = (settings.model or "").partition("/")
        sink.emit(SessionStarted(model, provider, "", str(root), settings.sandbox, {"attempts": most}))
        heard = _Heard()
        how = How(_tasks(settings, prompt, most), folder, settings, environment, as_it_is=True, hears=heard)
        taking = _Taking(place, session, sink, past, heard)
        try:
            outcome = await taking.perform(how, prompt or settings.skill or "")
        except BaseException as error:
            outcome = _failed(error, session.id, heard)
            session.record_finished(outcome.to_record(()))
            sink.emit(outcome.to_event())
            if outcome.status in _ENDED_WELL_TOLD:
                return outcome
            raise
        sink.emit(outcome.to_event())
        return outcome


@dataclass(frozen=True, slots=True)
class _Taking:
    """The session in which the best of all attempts is taken over."""

    place: Place
    session: Session
    sink: EventSink
    past: RunSnapshots
    heard: _Heard

    async def perform(self, how: How, task: str) -> Outcome:
        """Have the attempts made, take the best, and record what came of it."""
        await self.past.ready()
        item = Item("task", "task", self.place.workspace.root)
        taken = Taken(item, 1, how.settings.max_cost or 0.0, None)
        books = Books(lambda _: None, lambda _: None)
        work = await best_of(taken, how, books)
        for each in work.result.attempts:
            mark = "taken" if each.chosen else "not taken"
            self.sink.emit(NoticeGiven("attempt", f"Attempt {each.number}, {mark}: {each.reason}."))
        for message in first_items(FULL, self.place.workspace, task=task):
            self.session.append(message)
        self.session.append(AssistantMessage(_said(work) or "Done."))
        await self.past.ready()
        status, reason = await asyncio.to_thread(_take, work)
        self.past.changed()
        changes = await self.past.changes()
        outcome = self.heard.counted(_outcome(work, status, reason, changes, self.session.id), books.spent)
        await asyncio.to_thread(keep_diff, self.session.folder, changes.patch)
        self.session.record_finished(outcome.to_record(changes.left_out))
        await self.session.sync()
        return outcome


def _failed(error: BaseException, session: str, heard: _Heard) -> Outcome:
    """What an error that ended all attempts makes of the task."""
    status: Status
    match error:
        case ProviderFailed():
            status, reason = "provider_error", str(error)
        case BudgetEnded():
            status, reason = "budget", str(error)
        case _:
            ending = ending_of(error) or refused(error)
            status, reason = ending.status, ending.reason
    return heard.counted(Outcome(status=status, message=reason, session=session), heard.cost)


def _tasks(settings: Settings, prompt: str, most: int) -> TaskFile:
    step: dict[str, object] = {"prompt": prompt} if prompt.strip() else {}
    if settings.skill is not None:
        step |= {"skill": settings.skill, "with": settings.skill_with or {}}
    limits = {
        "tokens": settings.max_tokens,
        "turns": settings.max_turns,
        "seconds": settings.max_time,
        "cost": settings.max_cost,
    }
    each = {name: value for name, value in limits.items() if value is not None}
    said = {"steps": [step], "verify": settings.verify, "attempts": most, "uncommitted": "leave"}
    return TaskFile.model_validate(said | {"budget": {"each": each}})


def _take(work: Work) -> tuple[Status, str]:
    """Bring the work into the workspace: how the task ended, and why where it is not done."""
    result = work.result
    status: Status = "done" if result.state != "failed" else _STATUS.get(result.cause, "gave_up")
    if work.clone is not None and work.tree and result.files:
        try:
            work.clone.apply_to_source(work.clone.diff(work.tree))
        except GitError as error:
            return "gave_up", f"The workspace changed meanwhile, so nothing was taken over: {error}"
    return status, "" if status == "done" else result.message


def _outcome(work: Work, status: Status, reason: str, changes: Changes, session: str) -> Outcome:
    result, verified = work.result, None
    if (found := result.verification) is not None:
        tests = changed_tests(result.files)
        verified = Verified(found.command, found.before, found.after, found.after is not None, tests)
    return Outcome(
        status=status,
        message=closing_words(_said(work), reason, verified, changes),
        session=session,
        verified=verified,
        files_changed=changes.files_changed,
        diff=changes.diff,
        lost=changes.lost,
        undo=f"seedsmith undo {session}" if changes.differences else "",
    )


def _said(work: Work) -> str:
    """The last words of the model whose work is taken."""
    return next((step.message for step in reversed(work.result.steps) if step.session), "")
