"""One whole run: opens every room, lets the loop work, and says what came of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

from seedsmith.agent.calls.approval import Approver, CallPolicy
from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.calls.finish import NAME as FINISH
from seedsmith.agent.calls.tools import open_tools
from seedsmith.agent.context.instructions import NestedInstructions, root_notice
from seedsmith.agent.context.opening_messages import first_items
from seedsmith.agent.conversation import UserMessage
from seedsmith.agent.errors import SessionError, UsageError
from seedsmith.agent.events import EventSink, FrontEnd, NoticeGiven, SessionStarted
from seedsmith.agent.loop import parameters
from seedsmith.agent.loop.asking import Ask
from seedsmith.agent.loop.budget import Budget, BudgetExhausted
from seedsmith.agent.loop.compaction import Compactor
from seedsmith.agent.loop.loop import LoopResult, run_loop
from seedsmith.agent.run.opening import Opened, open_session
from seedsmith.agent.run.tool_context import open_baseline, open_tool_context, shown_programs
from seedsmith.agent.run.verification import Verifier
from seedsmith.agent.sessions.outcome import Outcome, Status, closing_words, ending_of
from seedsmith.agent.sessions.place import Place, open_place
from seedsmith.agent.settings.settings import Settings
from seedsmith.tools.base import Tool, ToolContext

if TYPE_CHECKING:
    from seedsmith.agent.calls.hooks import Hooks
    from seedsmith.agent.recording.tape import Tape
    from seedsmith.sandbox.commands.background import BackgroundCommands
    from seedsmith.sandbox.past.baseline import Baseline, Changes
    from seedsmith.skills.loader import Library

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
    library: Library | None = None,
) -> Outcome:
    """Carry out ``prompt`` in ``settings.workspace``, or go on with the session ``settings.resume``.

    ``environment`` is the user's (default: this process's). ``fixing`` says that all there is to do is to
    make ``settings.verify`` pass, which a small model does by a search of its own (``agent/repair``).
    ``typed`` says that a person typed the prompt, so that paths of pictures in it stand for the pictures.
    ``notices`` are what a person should know first. ``library`` holds the skills (default: those found).

    What ends a run once it began is part of the :class:`Outcome`; raised are
    :class:`AgentError` and :class:`SandboxError` for what can't begin, and
    after the session's end was recorded and shown, ``CancelledError`` and whatever nobody foresaw.
    """
    environment = dict(os.environ if environment is None else environment)
    async with AsyncExitStack() as stack:
        tape: Tape | None = None
        if settings.record is not None or settings.replay is not None:
            from seedsmith.agent.recording.opening import open_tape

            settings, prompt, fixing, tape = open_tape(settings, prompt, fixing)
            stack.callback(tape.close)
        place = open_place(settings, environment)
        stack.callback(place.workspace.close)
        opened = await open_session(settings, prompt, environment, place, stack, fixing, typed, tape, library)
        the_run = _Run(prompt, front_ends, approver, environment, place, opened, stack, fixing, tape)
        return await the_run.perform((*notices, *opened.notices, *opened.attached.notices))


class _Run:
    """The rooms of one run, and its way through them."""

    def __init__(
        self,
        prompt: str,
        front_ends: tuple[FrontEnd, ...],
        approver: Approver | None,
        environment: Mapping[str, str],
        place: Place,
        opened: Opened,
        stack: AsyncExitStack,
        fixing: bool,
        tape: Tape | None = None,
    ) -> None:
        self._settings = opened.settings
        self._tape = tape
        self._fixing = fixing
        self._prompt = prompt
        self._approver = approver
        self._environment = environment
        self._place = place
        self._model = opened.model
        self._session = opened.session
        self._profile = opened.profile
        self._command = opened.settings.verify or opened.session.start.verify or ""
        self._opened = opened
        self._output = opened.output
        self._stack = stack
        self._budget = Budget(opened.limits)
        self._sink = EventSink(opened.session.id, front_ends)
        self._baseline: asyncio.Future[Baseline] | None = None
        self._dispatcher: Dispatcher | None = None
        self._verifier: Verifier | None = None
        self._background: BackgroundCommands | None = None
        self._hooks: Hooks | None = None

    async def perform(self, notices: tuple[NoticeGiven, ...] = ()) -> Outcome:
        """Begin, work, end; the last event is shown and recorded whatever happens in between."""
        raised: BaseException | None = None
        try:
            context = self._begin()
            for notice in (*shown_programs(context), *notices):
                self._sink.emit(notice)
            for warning in parameters.warnings(self._settings, self._opened.entry, self._model.provider):
                self._sink.emit(NoticeGiven("parameter", warning))
            if self._tape is not None:
                await self._begin_tape(self._tape)
            status, text, reason = await self._work(context)
        except (Exception, asyncio.CancelledError) as error:
            ending = ending_of(error)
            if ending is None:
                raise
            status, text, reason = ending.status, "", ending.reason
            raised = error if ending.raised else None
        taken = self._baseline if raised is not None else None
        if taken is not None and taken.done() and not taken.cancelled() and taken.exception() is not None:
            self._baseline = None  # its failure must not keep the end from being told
        outcome = await self._end(status, text, reason)
        if raised is not None:
            raise raised
        return outcome

    def _begin(self) -> ToolContext:
        """Choose the isolation while the baseline is taken; say that the session starts."""
        folder = self._session.folder
        self._model.prepare()
        self._baseline = asyncio.ensure_future(asyncio.to_thread(open_baseline, self._place, folder))
        self._baseline.add_done_callback(self._close_baseline_at_the_end)
        sandbox = _NO_SANDBOX
        try:
            given = (self._settings, self._environment, self._place, folder, self._opened.skills.readable)
            context = open_tool_context(*given, verify=self._command)
            sandbox = context.processes.isolation.name
            self._background = context.background
            self._stack.callback(context.processes.close)
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
                    budget=self._opened.limits.to_json(),
                )
            )

    async def _begin_tape(self, tape: Tape) -> None:
        """Let a recorder or replayer look at the workspace before anything runs there."""
        from seedsmith.agent.recording.tape import RunFacts

        folder = self._opened.skills.folder
        opened, output = self._opened, self._output.schema if self._output else None
        told = (self._settings, self._prompt, opened.attached.images, self._fixing, opened.known, output)
        await tape.begin(RunFacts(self._model, self._profile, self._place, *told, folder), self._sink)
        self._session.observer = tape.observe

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
        skills, redactor = self._opened.skills, self._place.redactor
        tools = open_tools(
            profile, self._approver, self._opened.extensions, vision=self._model.vision, skills=skills.active
        )
        self._hooks = skills.open_hooks(context, self._sink, session.id, redactor)
        if self._hooks is not None:  # they may change files, too
            await self._baseline_taken()
        dispatcher = self._dispatcher = self._open_dispatcher(tools, context)
        if self._command:
            self._verifier = Verifier(
                self._command,
                context.processes,
                dispatcher,
                session,
                self._budget,
                self._sink,
                redactor,
                before_run=self._baseline_taken,
                output_bytes=profile.output_bytes // 4,
            )
        await self._open_conversation(dispatcher)
        first_choice, later_choice = parameters.tool_choices(settings.tool_choice, profile.tool_choice)
        ask = Ask(
            tools=tuple(tool.spec for tool in tools.values()),
            tool_choice=later_choice,
            first_tool_choice=first_choice,
            parallel_tool_calls=settings.parallel_tool_calls,
            max_output_tokens=settings.max_output_tokens,
            max_completion_tokens=settings.max_completion_tokens,
            effort=settings.effort,
            sampling=settings.sampling,
            finish_tool=FINISH if profile.finish_tool else None,
            entry=lambda: self._opened.entry,
            last_words=self._last_words if self._output else None,
        )
        if self._verifier is not None:
            if (settled := self._verifier.settled(fixing=self._fixing)) is not None:
                return settled
            if self._fixing and profile.searches:
                return await self._search(context, dispatcher, self._verifier)
        check = self._check if self._verifier or self._output or self._hooks else None
        compactor = None if settings.compact == "off" else self._compactor(ask)
        return await run_loop(
            session, self._model, dispatcher, self._budget, self._sink, ask, check, compactor
        )

    def _open_dispatcher(self, tools: Mapping[str, Tool], context: ToolContext) -> Dispatcher:
        settings, profile, workspace = self._settings, self._profile, self._place.workspace
        nested = NestedInstructions(workspace, self._session.conversation) if profile.facts else None
        return Dispatcher(
            tools,
            context,
            self._session,
            self._sink,
            CallPolicy(confined=settings.sandbox != "off", can_ask=self._approver is not None),
            approver=self._approver,
            redactor=self._place.redactor,
            instructions=nested,
            narrowing=self._opened.skills.active.refusal,
            hooks=self._hooks,
            before_effects=self._baseline_taken,
            output_bytes=profile.output_bytes,
            parallel=settings.parallel_tool_calls,
        )

    def _compactor(self, ask: Ask) -> Compactor:
        entry = self._opened.entry
        parts = self._session, self._model, self._budget, self._sink
        return Compactor(
            *parts,
            tools=ask.tools,
            answer_tokens=ask.max_output_tokens or entry.output_tokens,
            price=entry.price,
            open_commands=self._background.listed if self._background is not None else str,
        )

    async def _check(self, text: str) -> str | None:
        """The work first, then what hooks say, then the form of the model's last words."""
        feedback = await self._verify() if self._verifier else None
        if feedback is None and self._hooks is not None:
            feedback = await self._hooks.before_finish(text)
        if feedback is None and self._output is not None:
            feedback = await self._output.check(text, self._sink)
        return feedback

    def _last_words(self) -> dict[str, Any] | None:
        assert self._output is not None
        return self._output.last_words(lambda: self._opened.spoken.json_schema)

    async def _verify(self) -> str | None:
        """Verify with no background command left: the proof may not need one, nor one change files later."""
        assert self._verifier is not None
        assert self._background is not None
        await self._background.end(_BEFORE_VERIFICATION)
        return await self._verifier.check()

    async def _search(self, context: ToolContext, dispatcher: Dispatcher, verifier: Verifier) -> LoopResult:
        from seedsmith.agent.repair.repair import Repair

        repair = Repair(
            verifier.command,
            self._session,
            self._model,
            dispatcher,
            self._budget,
            self._sink,
            context,
            verifier.check,
            hanging=verifier.first is not None and verifier.first.exit_code is None,
            measured=self._tape.measured if self._tape else float,
        )
        return await repair.run()

    async def _open_conversation(self, dispatcher: Dispatcher) -> None:
        """Begin the conversation, or bring a resumed one to where it can go on."""
        session, attached, task = self._session, self._opened.attached, self._opened.task
        profile = self._profile
        if len(session.conversation):
            await dispatcher.dispatch(session.conversation.open_calls)
            if self._verifier is not None and self._verifier.first is None:
                await self._verifier.before(profile.first_verify_seconds)
            more = [
                attached.beside(task) if task else "",
                self._output.instruction if self._output else "",
            ]
            if any(more):
                text = "\n\n".join(part for part in more if part)
                session.append(UserMessage(text, images=attached.images))
            return
        if not task:
            raise UsageError("There is nothing to do: give a prompt.")
        verification = await self._verifier.before(profile.first_verify_seconds) if self._verifier else None
        task = attached.beside(task)
        if self._output is not None:
            task = f"{task}\n\n{self._output.instruction}"
        told = (task, verification, attached.images, self._opened.skills.listing)
        for item in first_items(profile, self._place.workspace, *told):
            session.append(item)
        if self._profile.facts and (notice := root_notice(self._place.workspace)):
            self._sink.emit(notice)
        for message in await self._hooks.session_start() if self._hooks else ():
            session.append(UserMessage(self._place.redactor.text(message), "hook"))

    async def _end(self, status: Status, text: str, reason: str) -> Outcome:
        """Compare the workspace with its baseline, bind the evidence, record and show the outcome."""
        if self._background is not None:  # Before the comparison: they may still be writing.
            await self._background.end(_SESSION_ENDED)
        if status == "budget" and self._verifier is not None:
            await self._verifier.at_the_end()
        changes = await self._changes()
        verified = self._verifier.evidence(changes.files_changed) if self._verifier else None
        if status == "done" and verified is not None and not verified.proven:
            status = "unverified"
        output = None
        if status == "done" and self._output is not None:
            output, fault = await self._output.result(text)
            status, reason = ("unverified", fault) if fault else (status, reason)
        last = self._session.conversation.last_answer
        cost = self._budget.cost
        if cost is None and self._model.priced and not self._budget.turns:
            cost = 0.0
        outcome = Outcome(
            status=status,
            message=closing_words(text or (last.text if last else ""), reason, verified, changes),
            session=self._session.id,
            turns=self._budget.turns,
            tool_calls=self._dispatcher.calls if self._dispatcher else 0,
            usage=self._budget.usage,
            cost_cny=cost,
            cost_estimated=self._budget.cost_estimated,
            verified=verified,
            files_changed=changes.files_changed,
            diff=changes.diff,
            output=output,
        )
        with suppress(SessionError, OSError):
            self._session.record_finished(
                {"status": outcome.status, "exit_code": outcome.exit_code, "message": outcome.message}
            )
            await self._session.sync()
        if self._tape is not None:
            outcome = await self._tape.conclude(outcome)
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
            from seedsmith.sandbox.past.baseline import Changes

            return Changes((), (), (), b"", ())
        baseline = await asyncio.shield(self._baseline)
        return await asyncio.to_thread(baseline.changes)
