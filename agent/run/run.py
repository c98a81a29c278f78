"""One whole run: opens what it needs, lets the loop or the repair work, and says what came of it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from seedsmith.agent.calls.approval import Approver
from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.calls.finish_tool import NAME as FINISH
from seedsmith.agent.context.instructions import root_notices
from seedsmith.agent.context.opening_messages import Listings, first_items
from seedsmith.agent.context.third_party import is_versioned
from seedsmith.agent.conversation import UserMessage
from seedsmith.agent.errors import SessionError, UsageError
from seedsmith.agent.events import EventSink, FrontEnd, NoticeGiven, SessionStarted
from seedsmith.agent.loop import parameter_checks
from seedsmith.agent.loop.budget import Budget, BudgetExhausted
from seedsmith.agent.loop.compaction import Compactor
from seedsmith.agent.loop.loop import LoopResult, run_loop
from seedsmith.agent.loop.request_builder import RequestOptions
from seedsmith.agent.loop.run_context import RunContext
from seedsmith.agent.loop.turn_calls import TurnCalls
from seedsmith.agent.run.lasting_commands import LastingCommands, Surroundings
from seedsmith.agent.run.open_calls import follow, open_dispatcher
from seedsmith.agent.run.open_run import OpenedRun, open_run
from seedsmith.agent.run.server_prompts import with_server_prompt
from seedsmith.agent.run.skill_delegation import delegate
from seedsmith.agent.run.snapshots import RunSnapshots
from seedsmith.agent.run.subagents_offered import with_subagents
from seedsmith.agent.run.tool_context import noteworthy, open_tool_context, report_connections
from seedsmith.agent.run.usage_records import UsageRecords
from seedsmith.agent.sessions.diffs import keep_diff
from seedsmith.agent.sessions.outcome import Outcome, Status, closing_words, ending_of, refused
from seedsmith.agent.sessions.prune import prune_daily
from seedsmith.agent.settings.run_request import RunRequest
from seedsmith.tools.base import ToolContext, ToolSpec

if TYPE_CHECKING:
    from seedsmith.agent.calls.hooks import Hooks
    from seedsmith.agent.recording.interceptor import RunInterceptor
    from seedsmith.agent.run.run_proof import RunProof
    from seedsmith.agent.run.verification import Verifier
    from seedsmith.skills.loader import Library

_SEARCHED = "A local model's search goes by the tests alone; what was told or piped in besides is not read."
_SESSION_ENDED = "Ended with the session."
_BEFORE_VERIFICATION = "Ended before the verification, with everything it had started."


async def run(
    request: RunRequest,
    front_ends: tuple[FrontEnd, ...] = (),
    approver: Approver | None = None,
    *,
    notices: tuple[NoticeGiven, ...] = (),
    library: Library | None = None,
    surroundings: Surroundings | None = None,
) -> Outcome:
    """Carry out ``request``: its prompt in its workspace, or go on with the session it names.

    ``notices`` are what a person should know first, ``library`` holds the skills (default: those found), and
    ``surroundings`` is what its caller sees and says meanwhile. What ends a run once it began is part of the
    :class:`Outcome`; raised are :class:`AgentError` and :class:`SandboxError` for what can't begin, and after
    the session's end was recorded and shown, ``CancelledError`` and whatever nobody foresaw.
    """
    request = await with_server_prompt(request)
    async with AsyncExitStack() as stack:
        interceptor: RunInterceptor | None = None
        if request.settings.record is not None or request.settings.replay is not None:
            from seedsmith.agent.recording.record_or_replay import record_or_replay

            interceptor = record_or_replay(request)
            stack.callback(interceptor.close)
        asked = request if interceptor is None else interceptor.asked
        opened = await open_run(asked, stack, interceptor, library)
        begun = _Run(opened, stack, front_ends, approver, surroundings or Surroundings())
        return await begun.perform(notices)


class _Run:
    """One run under way: it begins, works and ends."""

    def __init__(
        self,
        opened: OpenedRun,
        stack: AsyncExitStack,
        front_ends: tuple[FrontEnd, ...],
        approver: Approver | None,
        surroundings: Surroundings,
    ) -> None:
        self._command = opened.request.settings.verify or opened.session.start.verify or ""
        self._budget = Budget(opened.limits)
        self._opened = with_subagents(opened, run, self._budget, lambda: self._dispatcher)
        self._settings = opened.request.settings
        self._session = opened.session
        self._stack = stack
        self._approver = approver
        seen_by = (*front_ends, UsageRecords(opened.session))
        self._sink = EventSink(opened.session.id, seen_by, redactor=opened.place.redactor)
        self._context = RunContext(opened.session, opened.model, self._budget, self._sink, surroundings.inbox)
        self._snapshots = RunSnapshots(opened.place, opened.session, self._sink, self._settings.caches or ())
        self._dispatcher: Dispatcher | None = None
        self._verifier: Verifier | None = None
        self._proof: RunProof | None = None
        self._commands = surroundings.commands or LastingCommands()
        self._ends_commands = surroundings.commands is None
        self._hooks: Hooks | None = None

    async def perform(self, notices: tuple[NoticeGiven, ...]) -> Outcome:
        """Begin, show ``notices``, work, end; the last event is shown and recorded whatever happens.

        Only what fails before the first event is told by its error alone.
        """
        raised: BaseException | None = None
        try:
            context = self._begin()
            report_connections(context, self._sink)
            for notice in (*noteworthy(context, self._settings.verify), *notices, *self._opened.notices):
                self._sink.emit(notice)
            provider = self._opened.model.provider
            for warning in parameter_checks.warnings(self._settings, self._opened.entry, provider):
                self._sink.emit(NoticeGiven("parameter", warning))
            if (interceptor := self._opened.interceptor) is not None:
                await interceptor.begin(self._opened.facts, self._sink)
                self._session.observer = interceptor.observe
            status, text, reason = await self._work(context)
        except BaseException as error:
            ending = ending_of(error)
            if ending is None and not self._sink.used:
                raise
            ending = ending or refused(error)
            status, text, reason = ending.status, "", ending.reason
            raised = error if ending.raised else None
        outcome = await self._end(status, text, reason, compares=raised is None or not self._snapshots.failed)
        if raised is not None:
            raise raised
        return outcome

    def _begin(self) -> ToolContext:
        """Choose the isolation while the first snapshot is taken; say that the session starts."""
        opened = self._opened
        opened.model.prepare()
        self._snapshots.begin()
        self._stack.push_async_callback(self._snapshots.close)
        sandbox = "none"
        try:
            context = open_tool_context(
                opened.request,
                opened.place,
                self._session.folder,
                opened.skills.readable,
                verify=self._command,
                expects=not self._command and opened.runs_calls_alone,
            )
            sandbox = context.processes.isolation.name
            self._commands.take(context)
            self._stack.callback(context.processes.unprepare)
            self._snapshots.set_busy(lambda: self._hooks is not None or context.background.runs)
            if self._ends_commands:
                self._stack.push_async_callback(self._commands.end, _SESSION_ENDED)
            return context
        finally:
            self._sink.emit(
                SessionStarted(
                    model=opened.model.name,
                    provider=opened.model.provider,
                    wire=opened.model.wire,
                    workspace=str(opened.place.workspace.root),
                    sandbox=sandbox,
                    budget=opened.limits.to_json(),
                    git=is_versioned(opened.place.workspace.root),
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
        opened, session = self._opened, self._session
        redactor, profile = opened.place.redactor, opened.profile
        self._hooks = opened.skills.open_hooks(context, self._sink, session.id, redactor)
        if self._hooks is not None:  # they may change files, too
            await self._snapshots.ready()
        dispatcher = self._dispatcher = open_dispatcher(
            opened,
            context,
            self._sink,
            approver=self._approver,
            hooks=self._hooks,
            snapshots=self._snapshots,
        )
        fixing = opened.request.fixing and (profile.searches or not self._settings.symptom)
        if self._command:
            from seedsmith.agent.run.run_proof import RunProof

            proof = RunProof(opened, self._context, self._snapshots, dispatcher, context.processes)
            self._proof, self._verifier = proof, proof.verifier
        calls = follow(opened, dispatcher, self._sink)
        await self._open_conversation(calls)
        if self._verifier is not None:
            if (settled := self._verifier.settled(fixing=fixing)) is not None:
                return settled
            if fixing and profile.searches:
                if opened.request.prompt:
                    self._sink.emit(NoticeGiven("prompt_unused", _SEARCHED))
                return await self._search(context, dispatcher, self._verifier)
        if opened.delegation is not None and (ended := await delegate(opened, calls)) is not None:
            return ended
        options = self._request_options(dispatcher.runner.specs)
        check = self._check if self._verifier or opened.output or self._hooks else None
        compactor = None if self._settings.compact == "off" else self._compactor(options)
        return await run_loop(self._context, calls, options, check, compactor)

    def _request_options(self, tools: tuple[ToolSpec, ...]) -> RequestOptions:
        """How the questions of the run are put."""
        settings, profile = self._settings, self._opened.profile
        first_choice, later_choice = parameter_checks.tool_choices(settings.tool_choice, profile.tool_choice)
        return RequestOptions(
            tools=tools,
            tool_choice=later_choice,
            first_tool_choice=first_choice,
            parallel_tool_calls=settings.parallel_tool_calls,
            max_output_tokens=settings.max_output_tokens,
            max_completion_tokens=settings.max_completion_tokens,
            effort=settings.effort,
            sampling=settings.sampling,
            finish_tool=FINISH if profile.finish_tool else None,
            entry=lambda: self._opened.entry,
            last_words=self._last_words if self._opened.output else None,
        )

    def _compactor(self, options: RequestOptions) -> Compactor:
        entry = self._opened.entry
        return Compactor(
            self._context,
            tools=options.tools,
            answer_tokens=options.max_output_tokens or entry.output_tokens,
            price=entry.price,
            open_commands=self._commands.background.listed,
        )

    async def _check(self, text: str) -> str | None:
        """The work first, then what hooks say, then the form of the model's last words."""
        feedback = await self._verify(text) if self._verifier else None
        if feedback is None and self._hooks is not None:
            feedback = await self._hooks.before_finish(text)
        if feedback is None and self._opened.output is not None:
            feedback = await self._opened.output.check(text, self._sink)
        return feedback

    def _last_words(self) -> dict[str, Any] | None:
        assert self._opened.output is not None
        return self._opened.output.last_words(lambda: self._opened.wire_entry.json_schema)

    async def _verify(self, text: str) -> str | None:
        """Verify with no background command left: the proof may not need one, nor one change files later."""
        assert self._proof is not None
        await self._commands.background.end(_BEFORE_VERIFICATION, but_harmless=True)
        return await self._proof.check(text)

    async def _search(self, context: ToolContext, dispatcher: Dispatcher, verifier: Verifier) -> LoopResult:
        from seedsmith.agent.repair.repair import Repair

        self._snapshots.set_busy(lambda: True)  # it tries changes while the model is asked for more
        repair = Repair(
            verifier.command,
            self._context,
            dispatcher,
            context,
            verifier.check,
            facts=self._opened.interceptor,
        )
        return await repair.run()

    async def _open_conversation(self, calls: TurnCalls) -> None:
        """Begin the conversation, or bring a resumed one to where it can go on."""
        opened, session = self._opened, self._session
        attached, output = opened.attached, opened.output
        longest = opened.profile.first_verify_seconds
        if len(session.conversation):
            await calls.dispatch(session.conversation.open_calls)
            if self._verifier is not None and self._verifier.first is None:
                await self._verifier.run_first(longest)
            more = [
                attached.beside(opened.task) if opened.task else "",
                output.instruction if output and "output_schema" in opened.changed_settings else "",
            ]
            if text := "\n\n".join(part for part in more if part):
                session.append(UserMessage(text, images=attached.images))
            return
        if not opened.task:
            raise UsageError("There is nothing to do: give a prompt.")
        task = attached.beside(opened.task)
        system, *rest = first_items(
            opened.profile,
            opened.place.workspace,
            task=f"{task}\n\n{output.instruction}" if output else task,
            verification=await self._verifier.run_first(longest) if self._verifier else None,
            images=attached.images,
            listings=Listings(opened.skills.listing, opened.servers.listing),
        )
        for item in (system, *opened.own_instructions, *rest):
            session.append(item)
        for notice in root_notices(opened.place.workspace) if opened.profile.facts else ():
            self._sink.emit(notice)
        for message in await self._hooks.session_start() if self._hooks else ():
            session.append(UserMessage(opened.place.redactor.text(message), "hook"))

    async def _end(self, status: Status, text: str, reason: str, *, compares: bool) -> Outcome:
        """Record and show the outcome; where it can't be worked out, that is told as the end, and raised."""
        try:
            outcome = await self._outcome(status, text, reason, compares=compares)
        except BaseException as error:
            ending = ending_of(error) or refused(error)
            message = "\n\n".join(dict.fromkeys(part for part in (reason, ending.reason) if part))
            outcome = self._so_far(Outcome(status=ending.status, message=message))
            self._record(outcome)
            self._sink.emit(outcome.to_event())
            raise
        if self._settings.report is not None:
            from seedsmith.agent.run.run_proof import with_pull_request

            outcome = with_pull_request(outcome, self._settings, self._session)
        self._sink.emit(outcome.to_event())
        return outcome

    async def _outcome(self, status: Status, text: str, reason: str, *, compares: bool) -> Outcome:
        """Compare the workspace with what it was, bind the evidence, and record the outcome."""
        if self._ends_commands:  # Before the comparison: they may still be writing.
            await self._commands.background.end(_SESSION_ENDED)
        if status == "budget" and self._verifier is not None:
            await self._verifier.run_at_the_end()
        place, most = self._opened.place, self._settings.sessions_mb
        if (notice := await asyncio.to_thread(prune_daily, place.home, most)) is not None:
            self._sink.emit(notice)
        changes = await self._snapshots.changes(compares=compares)
        verified = None
        if self._proof is not None:
            verified = await asyncio.to_thread(self._proof.bind, changes)
        if status == "done" and verified is not None and not verified.proven:
            status = "unverified"
        output = None
        if status == "done" and self._opened.output is not None:
            output, fault = await self._opened.output.result(text)
            status, reason = ("unverified", fault) if fault else (status, reason)
        last = self._session.conversation.last_answer
        said_of = None if self._opened.request.copy_of else changes
        outcome = self._so_far(
            Outcome(
                status=status,
                message=closing_words(text or (last.text if last else ""), reason, verified, said_of),
                verified=verified,
                files_changed=changes.files_changed,
                diff=changes.diff,
                output=output,
                lost=changes.lost,
                undo=f"seedsmith undo {self._session.id}" if changes.differences else "",
            )
        )
        with suppress(OSError):
            await asyncio.to_thread(keep_diff, self._session.folder, changes.patch)
        self._record(outcome, changes.left_out)
        with suppress(SessionError, OSError):
            await self._session.sync()
        interceptor = self._opened.interceptor
        return await interceptor.conclude(outcome) if interceptor is not None else outcome

    def _so_far(self, outcome: Outcome) -> Outcome:
        """``outcome`` with what the run has taken."""
        cost, estimated = self._budget.cost, self._budget.cost_estimated
        if self._opened.model.priced and (cost is None or outcome.status == "interrupted"):
            cost = (cost or 0.0) + self._budget.under_way
            estimated = estimated or self._budget.under_way > 0
        return replace(
            outcome,
            session=self._session.id,
            turns=self._budget.turns,
            tool_calls=self._dispatcher.calls if self._dispatcher else 0,
            usage=self._budget.usage,
            cost_cny=cost,
            cost_estimated=estimated,
        )

    def _record(self, outcome: Outcome, left_out: tuple[str, ...] = ()) -> None:
        with suppress(SessionError, OSError):
            self._session.record_finished(outcome.to_record(left_out))
