"""One whole run: opens every room, lets the loop work, and says what came of it (DESIGN §2)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.approval import Approver, CallPolicy
from agent.budget import Budget, BudgetExhausted, Limits, choose_limits
from agent.context import first_items
from agent.conversation import AssistantMessage, ToolCall, UserMessage
from agent.dispatch import Dispatcher
from agent.errors import SessionError, UsageError
from agent.events import EventSink, FrontEnd, NoticeGiven, SessionStarted
from agent.finish import NAME as FINISH
from agent.images import Attached, attach
from agent.instructions import NestedInstructions
from agent.loop import Ask, LoopResult, run_loop
from agent.models.base import Model
from agent.models.errors import ModelError
from agent.outcome import Outcome, Status, Verified
from agent.profile import FULL, SEARCH_TURNS, Profile, choose_profile, profile_named
from agent.resume import changes, gone_on_with
from agent.rooms import Place, open_baseline, open_place, open_tool_context, open_tools
from agent.session import Session, SessionStart
from agent.settings import Settings
from agent.verify import Verifier
from sandbox.errors import NoIsolation
from tools.base import ToolContext, ToolResult

if TYPE_CHECKING:
    from sandbox.background import BackgroundCommands
    from sandbox.baseline import Baseline, Changes

_NO_SANDBOX = "none"
_SESSION_ENDED = "Ended with the session."
_BEFORE_VERIFICATION = "Ended before the verification, with everything it had started."


async def run(
    settings: Settings,
    prompt: str,
    front_ends: tuple[FrontEnd, ...] = (),
    approver: Approver | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    fixing: bool = False,
    typed: bool = False,
    notices: tuple[NoticeGiven, ...] = (),
) -> Outcome:
    """Carry out ``prompt`` in ``settings.workspace``, or go on with the session ``settings.resume``.

    ``environment`` is the user's (default: this process's). ``fixing`` says that all there is to do is to
    make ``settings.verify`` pass, which a small model does by a search of its own (``agent/repair``).
    ``typed`` says that a person typed the prompt, so that paths of pictures in it stand for the pictures.
    ``notices`` are what a person should know first. What
    ends a run once it began is part of the :class:`Outcome`; raised are :class:`agent.errors.AgentError`
    and :class:`sandbox.errors.SandboxError` for what can't begin, and ``CancelledError``, after the
    session's end was recorded and shown.
    """
    environment = dict(os.environ if environment is None else environment)
    async with AsyncExitStack() as stack:
        place = open_place(settings, environment)
        stack.callback(place.workspace.close)
        opened = await _open_session(settings, prompt, environment, place, stack, fixing, typed)
        the_run = _Run(settings, prompt, front_ends, approver, environment, place, opened, stack, fixing)
        return await the_run.perform((*notices, *opened.notices, *opened.attached.notices))


async def run_tool(
    settings: Settings, name: str, arguments: str, environment: Mapping[str, str] | None = None
) -> ToolResult:
    """Run one tool exactly as the model would; ``arguments`` is JSON text. Raises as :func:`run` does."""
    environment = dict(os.environ if environment is None else environment)
    async with AsyncExitStack() as stack:
        place = open_place(settings, environment)
        stack.callback(place.workspace.close)
        start = SessionStart(str(place.workspace.root), "", "", FULL.name, "")
        session = Session.create(place.home, start, place.redactor)
        stack.callback(session.close)
        context = open_tool_context(settings, environment, place, session.folder)
        stack.push_async_callback(context.background.end, _SESSION_ENDED)
        policy = CallPolicy(confined=settings.sandbox != "off", can_ask=False)
        sink = EventSink(session.id)
        dispatcher = Dispatcher(
            open_tools(FULL, vision=True), context, session, sink, policy, redactor=place.redactor
        )
        call = ToolCall("call-1", name, arguments)
        session.append(AssistantMessage(calls=(call,)))
        return (await dispatcher.dispatch((call,))).results[0]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A model, and the session it works on."""

    model: Model
    session: Session
    profile: Profile
    limits: Limits
    attached: Attached
    notices: tuple[NoticeGiven, ...] = ()


async def _open_session(
    settings: Settings,
    prompt: str,
    environment: Mapping[str, str],
    place: Place,
    stack: AsyncExitStack,
    fixing: bool,
    typed: bool,
) -> _Opened:
    from agent.models.open import open_model

    resumed: Session | None = None
    if settings.resume:
        resumed = Session.resume(place.home, settings.resume, place.workspace.root, place.redactor)
        stack.callback(resumed.close)
        settings = gone_on_with(settings, resumed.start)
    model = open_model(settings, environment)
    stack.push_async_callback(model.aclose)
    attached = await attach(settings.image or (), prompt, typed, resumed, place.workspace.root, model)
    profile = profile_named(resumed.start.profile) if resumed else choose_profile(model.provider)
    limits = choose_limits(
        turns=settings.max_turns or (SEARCH_TURNS if fixing and profile.searches else None),
        tokens=settings.max_tokens,
        cost=settings.max_cost,
        seconds=settings.max_time,
        priced=model.priced,
    )
    name = f"{model.provider}/{model.name}"
    if resumed is not None:
        notices = changes(resumed.start, name, model.wire)
        return _Opened(model, resumed, profile, limits, attached, notices)
    root = str(place.workspace.root)
    start = SessionStart(root, name, model.wire, profile.name, prompt, settings.verify, attached.paths)
    session = Session.create(place.home, start, place.redactor)
    stack.callback(session.close)
    return _Opened(model, session, profile, limits, attached)


class _Run:
    """The rooms of one run, and its way through them."""

    def __init__(
        self,
        settings: Settings,
        prompt: str,
        front_ends: tuple[FrontEnd, ...],
        approver: Approver | None,
        environment: Mapping[str, str],
        place: Place,
        opened: _Opened,
        stack: AsyncExitStack,
        fixing: bool,
    ) -> None:
        self._settings = settings
        self._fixing = fixing
        self._prompt = prompt
        self._approver = approver
        self._environment = environment
        self._place = place
        self._model = opened.model
        self._session = opened.session
        self._profile = opened.profile
        self._limits = opened.limits
        self._attached = opened.attached
        self._stack = stack
        self._budget = Budget(opened.limits)
        self._sink = EventSink(opened.session.id, front_ends)
        self._baseline: asyncio.Future[Baseline] | None = None
        self._dispatcher: Dispatcher | None = None
        self._verifier: Verifier | None = None
        self._background: BackgroundCommands | None = None

    async def perform(self, notices: tuple[NoticeGiven, ...] = ()) -> Outcome:
        """Begin, work, end; the last event is shown and recorded whatever happens in between."""
        cancelled: asyncio.CancelledError | None = None
        try:
            context = self._begin()
            for notice in notices:
                self._sink.emit(notice)
            status, text, reason = await self._work(context)
        except NoIsolation as error:
            status, text, reason = "no_sandbox", "", str(error)
        except ModelError as error:
            status, text, reason = "provider_error", "", str(error)
        except SessionError as error:  # the disk is full: what was done is still told
            status, text, reason = "gave_up", "", str(error)
        except asyncio.CancelledError as error:
            status, text, reason = "interrupted", "", "Interrupted."
            cancelled = error
        outcome = await self._end(status, text, reason)
        if cancelled is not None:
            raise cancelled
        return outcome

    def _begin(self) -> ToolContext:
        """Choose the isolation while the baseline is taken; say that the session starts."""
        folder = self._session.folder
        self._model.prepare()
        self._baseline = asyncio.ensure_future(asyncio.to_thread(open_baseline, self._place, folder))
        self._baseline.add_done_callback(self._close_baseline_at_the_end)
        sandbox = _NO_SANDBOX
        try:
            context = open_tool_context(self._settings, self._environment, self._place, self._session.folder)
            sandbox = context.processes.isolation.name
            self._background = context.background
            self._stack.push_async_callback(context.background.end, _SESSION_ENDED)
            return context
        finally:
            self._sink.emit(
                SessionStarted(
                    model=self._model.name,
                    provider=self._model.provider,
                    wire=self._model.wire,
                    workspace=str(self._place.workspace.root),
                    sandbox=sandbox,
                    budget=self._limits.to_json(),
                )
            )

    async def _work(self, context: ToolContext) -> tuple[Status, str, str]:
        """Converse within the time budget: how it ended, the model's last words, and the reason."""
        try:
            async with asyncio.timeout(self._budget.seconds_left) as clock:
                result = await self._converse(context)
        except TimeoutError:
            if not clock.expired():
                raise
            return "budget", "", str(self._budget.out_of_time())
        except BudgetExhausted as error:
            return "budget", "", str(error)
        status: Status = "provider_error" if result.status == "filtered" else result.status
        return status, result.text, result.reason

    async def _converse(self, context: ToolContext) -> LoopResult:
        session, settings, profile = self._session, self._settings, self._profile
        tools = open_tools(profile, self._approver, vision=self._model.vision)
        dispatcher = self._dispatcher = Dispatcher(
            tools,
            context,
            session,
            self._sink,
            CallPolicy(confined=settings.sandbox != "off", can_ask=self._approver is not None),
            approver=self._approver,
            redactor=self._place.redactor,
            instructions=NestedInstructions(self._place.workspace, session.conversation)
            if profile.facts
            else None,
            before_effects=self._baseline_taken,
            output_bytes=profile.output_bytes,
            parallel=settings.parallel_tool_calls,
        )
        command = settings.verify or session.start.verify
        if command:
            self._verifier = Verifier(
                command,
                context.processes,
                dispatcher,
                session,
                self._budget,
                self._sink,
                self._place.redactor,
                before_run=self._baseline_taken,
                output_bytes=profile.output_bytes // 4,
            )
        await self._open_conversation(dispatcher)
        ask = Ask(
            tools=tuple(tool.spec for tool in tools.values()),
            tool_choice=profile.tool_choice,
            parallel_tool_calls=settings.parallel_tool_calls,
            max_output_tokens=settings.max_output_tokens,
            effort=settings.effort,
            sampling=settings.sampling,
            finish_tool=FINISH if profile.finish_tool else None,
        )
        if self._verifier is not None and self._fixing:
            from agent.unusable_tests import why_unusable

            first = session.verifications[0]
            if why := why_unusable(first.command, first.exit_code, first.output):
                return LoopResult("gave_up", reason=why)
            if first.exit_code == 0:
                return LoopResult("done", "The tests pass already; nothing was changed.")
            if profile.searches:
                return await self._search(context, dispatcher, self._verifier)
        check = self._check if self._verifier else None
        return await run_loop(session, self._model, dispatcher, self._budget, self._sink, ask, check)

    async def _check(self) -> str | None:
        """Verify with no background command left: the proof may not need one, nor one change files later."""
        assert self._verifier is not None
        assert self._background is not None
        await self._background.end(_BEFORE_VERIFICATION)
        return await self._verifier.check()

    async def _search(self, context: ToolContext, dispatcher: Dispatcher, verifier: Verifier) -> LoopResult:
        from agent.repair.repair import Repair

        repair = Repair(
            verifier.command,
            self._session,
            self._model,
            dispatcher,
            self._budget,
            self._sink,
            context,
            verifier.check,
            hanging=self._session.verifications[0].exit_code is None,
        )
        return await repair.run()

    async def _open_conversation(self, dispatcher: Dispatcher) -> None:
        """Begin the conversation, or bring a resumed one to where it can go on."""
        session, attached = self._session, self._attached
        if len(session.conversation):
            await dispatcher.dispatch(session.conversation.open_calls)
            if self._prompt:
                session.append(UserMessage(attached.beside(self._prompt), images=attached.images))
            return
        task = self._prompt or session.start.prompt
        if not task:
            raise UsageError("There is nothing to do: give a prompt.")
        verification = (
            await self._verifier.before(self._profile.first_verify_seconds) if self._verifier else None
        )
        for item in first_items(
            self._profile, self._place.workspace, attached.beside(task), verification, attached.images
        ):
            session.append(item)

    async def _end(self, status: Status, text: str, reason: str) -> Outcome:
        """Compare the workspace with its baseline, bind the evidence, record and show the outcome."""
        if self._background is not None:  # Before the comparison: they may still be writing.
            await self._background.end(_SESSION_ENDED)
        changes = await self._changes()
        verified = self._verifier.evidence(changes.files_changed) if self._verifier else None
        if status == "done" and verified is not None and not verified.proven:
            status = "unverified"
        last = self._session.conversation.last_answer
        outcome = Outcome(
            status=status,
            message=_message(text or (last.text if last else ""), reason, verified, changes),
            session=self._session.id,
            turns=self._budget.turns,
            tool_calls=self._dispatcher.calls if self._dispatcher else 0,
            usage=self._budget.usage,
            cost_cny=self._budget.cost,
            cost_estimated=self._budget.cost_estimated,
            verified=verified,
            files_changed=changes.files_changed,
            diff=changes.diff,
        )
        with suppress(SessionError, OSError):
            self._session.record_finished(
                {"status": outcome.status, "exit_code": outcome.exit_code, "message": outcome.message}
            )
            await self._session.sync()
        self._sink.emit(outcome.to_event())
        return outcome

    def _close_baseline_at_the_end(self, taken: asyncio.Future[Baseline]) -> None:
        if not taken.cancelled() and taken.exception() is None:
            self._stack.callback(taken.result().close)

    async def _baseline_taken(self) -> None:
        """Return once the baseline is complete; nothing may be changed before."""
        if self._baseline is not None:
            await asyncio.shield(self._baseline)

    async def _changes(self) -> Changes:
        if self._baseline is None:
            from sandbox.baseline import Changes

            return Changes((), (), (), b"", ())
        baseline = await asyncio.shield(self._baseline)
        return await asyncio.to_thread(baseline.changes)


def _message(text: str, reason: str, verified: Verified | None, changes: Changes) -> str:
    """The model's last words, why the run ended where it was not done, and the evidence."""
    parts = [text.strip(), reason]
    if verified is not None:
        parts.append(f"Verification: {verified.sentence()}")
    elif changes.files_changed:
        parts.append("Nothing was verified: no verification command was given (--verify).")
    if changes.left_out:
        parts.append(f"Changed, but not shown in the diff: {', '.join(changes.left_out)}.")
    return "\n\n".join(part for part in parts if part)
