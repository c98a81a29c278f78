"""Evidence: runs the verification command and ties its result to the last edit.

See docs/decisions.md, "Evidence".
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.events import NoticeGiven, VerifyFinished, VerifyStarted
from seedsmith.agent.loop.loop import LoopResult
from seedsmith.agent.loop.run_context import RunContext
from seedsmith.agent.redact import Redactor
from seedsmith.agent.repair.unusable_tests import settled_by, why_unusable
from seedsmith.agent.run.command_precheck import why_cannot_run
from seedsmith.agent.sessions.outcome import Verified, changed_tests
from seedsmith.agent.sessions.session import VerifyRecord
from seedsmith.sandbox.commands.process import CommandResult, ProcessRunner

if TYPE_CHECKING:
    from seedsmith.agent.run.proof.results import TestRun

LONGEST_SECONDS = 900.0
"""No single run of the command takes longer, whatever time the budget leaves."""
_LAST_SECONDS = 60.0
_LAST_LEAST_SECONDS, _TIMES = 10.0, 3
"""So long the run at a budget's end may take, though the time was used up: the least and so many times what
the longest run took so far, never more than the first."""


_AS_BEFORE = ", just as before anything was changed"
_TOOK = re.compile(r"\d+(?:\.\d+)? ?(?:[mnuµ]?s|sec(?:ond)?s?|min(?:ute)?s?)\b|\d+:\d\d(?::\d\d)?(?:\.\d+)?")
"""What something took, and times of day: they differ from run to run."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Verifier:
    """Runs one session's verification command: before the first turn, and when the model says it is done."""

    def __init__(
        self,
        command: str,
        run: RunContext,
        processes: ProcessRunner,
        dispatcher: Dispatcher,
        redactor: Redactor,
        *,
        output_bytes: int = 8_000,
    ) -> None:
        """``dispatcher`` says when anything may be changed, as the command may, and what was since."""
        self.report = ""
        """What is to be proven, if anything."""
        self.tells_tests = False
        """Whether the command is made to tell of each test, where its runner can."""
        self.first_run: TestRun | None = None
        self.newest: TestRun | None = None
        self.unsteady: tuple[str, ...] = ()
        """Tests that passed before anything was changed, failed, and passed when they ran once more."""
        self._command = command
        self._processes = processes
        self._dispatcher = dispatcher
        self._session = run.session
        self._budget = run.budget
        self._sink = run.sink
        self._redactor = redactor
        self._output_bytes = output_bytes
        self._effects_seen: int | None = None
        self._ran_before = self._first_of_all = False
        self._longest_run = 0.0
        """Seconds."""

    @property
    def command(self) -> str:
        """The command line."""
        return self._command

    async def run_first(self, longest: float = LONGEST_SECONDS) -> VerifyRecord:
        """Run it before the first turn, at most ``longest`` seconds; the result is in the first message."""
        self._ran_before, self._first_of_all = True, not self._session.turns
        return await self._run(min(longest, self._budget.seconds_left))

    def settled(self, *, fixing: bool) -> LoopResult | None:
        """How the run ends by the command's first run alone; None where a model has work to do.

        ``fixing`` says that all there is to do is to make it pass.
        """
        first = self.first
        if first is None or not (fixing or self._ran_before):
            return None
        if why := why_cannot_run(first, self._processes.policy):
            return LoopResult("cannot_verify", reason=why)
        if self.report and (
            why := why_unusable(first.command, first.exit_code, first.output, report=self.report)
        ):
            return LoopResult("gave_up", reason=why)
        return settled_by(first) if fixing else None

    @property
    def first(self) -> VerifyRecord | None:
        """How this command ended the first time."""
        return next(iter(self._records), None)

    @property
    def passes(self) -> bool:
        """Whether its newest run passed."""
        return bool(self._records) and self._records[-1].exit_code == 0

    @property
    def _records(self) -> list[VerifyRecord]:
        """The runs of this command; the session may have had another one before."""
        return [each for each in self._session.verifications if each.command == self._command]

    async def run_at_the_end(self) -> None:
        """Run it once more where calls may have changed something since: a budget ended, and that is free."""
        if self.first is not None and self._effects_seen != self._dispatcher.effects:
            known = self._longest_run
            most = min(_LAST_SECONDS, _LAST_LEAST_SECONDS + _TIMES * known) if known else _LAST_SECONDS
            await self._run(max(most, self._budget.seconds_left))

    async def check(self) -> str | None:
        """Run it now that the model says it is done; None where it passes.

        Where it fails, what to tell the model; but None too if nothing was changed since it failed last:
        the model has nothing more to offer.
        """
        if self._records[1:] and self._effects_seen == self._dispatcher.effects:
            return None
        record = await self._run(self._budget.seconds_left)
        self.unsteady = ()
        if record.exit_code and (failed := self._passed_before()):
            self._sink.emit(NoticeGiven("run_again", "What fails passed before: the tests run once more."))
            record = await self._run(self._budget.seconds_left)
            assert self.newest is not None
            self.unsteady = tuple(sorted(failed & self.newest.of("passed")))
        if record.exit_code == 0:
            return None
        ending = f"{record.ending}{_AS_BEFORE if self._ended_so_before(record) else ''}"
        return prompt("verify-failed.md", command=record.command, ending=ending, output=record.output)

    def evidence(self, files_changed: tuple[str, ...]) -> Verified | None:
        """What is known of the command now; None if it never ran."""
        records = self._records
        if not records:
            return None
        return Verified(
            command=self._command,
            before_exit_code=records[0].exit_code,
            exit_code=records[-1].exit_code,
            after_last_edit=self._effects_seen == self._dispatcher.effects,
            tests_changed=changed_tests(files_changed),
        )

    def _ended_so_before(self, record: VerifyRecord) -> bool:
        """Whether the command said the same, all of it shown, before anything was changed, but for times."""
        said = [(each.exit_code, _TOOK.sub("", each.output)) for each in (self._records[0], record)]
        return self._first_of_all and said[0] == said[1] and " left out" not in record.output

    def _passed_before(self) -> set[str]:
        """What failed newly, where all of it passed before anything was changed; else none.

        Such a test may go by the clock or by chance: no model should be told that its change broke it.
        """
        if self.first_run is None or self.newest is None:
            return set()
        failed = self.newest.failing - self.first_run.failing
        return failed if failed <= self.first_run.of("passed") else set()

    async def _run(self, longest: float) -> VerifyRecord:
        await self._dispatcher.ready_for_effects()
        effects = self._dispatcher.effects
        self._sink.emit(VerifyStarted(self._redactor.text(self._command)))
        timeout = min(LONGEST_SECONDS, longest)
        ran = self._run_reporting if self.tells_tests else self._run_plainly
        began = time.monotonic()
        exit_code, output = await ran(timeout)
        self._longest_run = max(self._longest_run, time.monotonic() - began)
        known = self.newest if self.report else None
        failing = tuple(sorted(known.failing)) if known is not None else ()
        record = VerifyRecord(self._command, exit_code, self._redactor.text(output), failing)
        self._session.record_verification(record)
        self._effects_seen = effects
        self._sink.emit(VerifyFinished(record.command, record.exit_code, record.output))
        return record

    async def _run_plainly(self, timeout: float) -> tuple[int | None, str]:  # noqa: ASYNC109
        result = await self._processes.run(
            self._command,
            timeout=timeout,
            head_bytes=self._output_bytes // 4,
            tail_bytes=self._output_bytes - self._output_bytes // 4,
        )
        return result.exit_code, output_text(result)

    async def _run_reporting(self, timeout: float) -> tuple[int | None, str]:  # noqa: ASYNC109
        """Run it so that it tells of each test, and keep what it told."""
        from seedsmith.agent.run.proof.results import without_passed
        from seedsmith.agent.run.proof.test_reporting import reporting_command

        reporting = reporting_command(self._command, self._processes)
        result = await self._processes.run(
            reporting.command,
            timeout=timeout,
            env=reporting.environment,
            head_bytes=32_000,
            tail_bytes=200_000,
        )
        text = output_text(result)
        self.newest = reporting.read(result, self._redactor.text(text))
        if not self._records and not len(self._session.conversation):  # else it may be changed already
            self.first_run = self.newest
        text = _COLOURS.sub("", text)
        shown = text if reporting.command == self._command else without_passed(text)
        return result.exit_code, ends_of(shown, self._output_bytes)


def ends_of(text: str, most: int) -> str:
    """``text``, or its beginning and end where it is longer than ``most`` characters."""
    if len(text) <= most:
        return text
    head, tail = text[: most // 4], text[-(most - most // 4) :]
    return f"{head}\n[... {len(text) - most:,} characters left out ...]\n{tail}"


def output_text(result: CommandResult) -> str:
    """A command's output as text, with what is missing counted; bytes that are no UTF-8 are escaped."""
    head, tail = (part.decode("utf-8", "backslashreplace") for part in (result.head, result.tail))
    missing = ""
    if result.elided_bytes:
        where = f"; spill:{result.spill_id} holds it all" if result.spill_id else ""
        missing = f"\n[... {result.elided_bytes} bytes ({result.elided_lines} lines) left out{where} ...]\n"
    notes = [f"[stopped after {result.duration_seconds:.0f} s]"] if result.timed_out else []
    notes += [result.note] if result.note else []
    text = head + missing + tail
    return "\n".join([text.rstrip("\n"), *notes]) if notes else text
