"""What is proven of a run: its verification, what was done to the tests, and both sides of a reported bug."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.loop.run_context import RunContext
from seedsmith.agent.run.open_run import OpenedRun
from seedsmith.agent.run.snapshots import RunSnapshots
from seedsmith.agent.run.verification import LONGEST_SECONDS, Verifier, output_text
from seedsmith.agent.sessions.outcome import Outcome, Verified, looks_like_a_test
from seedsmith.agent.sessions.proof_sides import OTHERWISE, Sides
from seedsmith.agent.sessions.session import Session
from seedsmith.sandbox.commands.process import CommandResult, ProcessRunner

if TYPE_CHECKING:
    from seedsmith.agent.run.proof.both_sides import BothSides, KnownRuns, WorkspaceStates
    from seedsmith.agent.settings.settings import Settings
    from seedsmith.sandbox.snapshots.changes import Changes
    from seedsmith.sandbox.snapshots.manifest_rows import Difference, Rows

_FOLDER = "old-side"
_NOT_LOOKED_AT = "the run ended before the tests ran on both sides."
_TOLD = 12
_NO_FIX = re.compile(r"^[\s>*_#-]*(?:No fix|无需修复)[*_]*\s*[::]", re.MULTILINE | re.IGNORECASE)
NOTHING_TO_FIX = "nothing was changed: the model found nothing to fix."


class RunProof:
    """Holds one run to its proof: checks it when the model says it is done, and binds it at the end."""

    def __init__(
        self,
        opened: OpenedRun,
        run: RunContext,
        snapshots: RunSnapshots,
        dispatcher: Dispatcher,
        processes: ProcessRunner,
    ) -> None:
        """A search by a small model proves no report: it goes by the tests alone."""
        settings, profile = opened.request.settings, opened.profile
        command = settings.verify or opened.session.start.verify or ""
        self._run = run
        self._snapshots = snapshots
        self._dispatcher = dispatcher
        self._processes = processes
        self._redactor = opened.place.redactor
        self._report = "" if profile.searches else settings.symptom or ""
        self._strict = bool(self._report) or opened.request.fixing
        self._allowed = settings.allow_test_changes
        self._judged: int | None = None
        self._sides: Sides | None = None
        self._states: WorkspaceStates | None = None
        self._otherwise: tuple[str, ...] = ()
        self._as_they_were: tuple[str, ...] = ()
        """What of the tests fails as it was, of the effects that were judged."""
        self.verifier = Verifier(
            command,
            run,
            processes,
            dispatcher,
            self._redactor,
            output_bytes=profile.output_bytes // 4,
        )
        self.verifier.report = self._report
        self.verifier.tells_tests = self._strict and not profile.searches

    async def check(self, said: str) -> str | None:
        """Verify now that the model says it is done; what to tell it where that proves nothing, or None.

        None too where nothing was changed since it was told last, or it ``said`` that nothing is to be fixed.
        """
        if self._report and _NO_FIX.search(said) and not await self._changed():
            self._sides = Sides(fault=NOTHING_TO_FIX, report=self._report)
            self._judged = self._dispatcher.effects
            return None
        feedback = await self.verifier.check()
        newest = self.verifier.newest
        apart = self._report and newest is not None and newest.tests  # what failed before may fail still
        if not apart and feedback is not None:
            return feedback
        if not apart and not self.verifier.passes:
            if newest is not None:  # it has no more to offer: what else is shown?
                await self._look_once()
            return None
        if self._judged == self._dispatcher.effects:
            await self._look_once()  # it stands by the tests it changed: prove the rest
            return None
        self._sides = None
        self._otherwise = self._as_they_were = ()
        self._judged = self._dispatcher.effects
        weakened = await self._weakened()
        if not weakened:
            weakened = self._as_they_were = await self._failing_as_they_were()
        if weakened:
            self._otherwise = _files_that_expect_otherwise(weakened)
            named = "\n".join(f"- {each}" for each in weakened[:_TOLD])
            return prompt("tests-weakened.md", weakened=named)
        return await self._prove() if self._report else None

    async def _look_once(self) -> None:
        """Look at both sides of the code as it is, for who reads the evidence, unless that was done."""
        if self._judged != self._dispatcher.effects:
            self._sides, self._judged = None, self._dispatcher.effects
        if self._report and self._sides is None:
            await self._prove()

    async def _changed(self) -> bool:
        states = await self._snapshots.states()
        return any(True for _ in states.store.differences(states.first, states.now))

    async def _weakened(self) -> tuple[str, ...]:
        if self._allowed:
            return ()
        states = self._states = await self._snapshots.states()
        if not self._dispatcher.effects:
            return ()
        return self._weakened_in(tuple(states.store.differences(states.first, states.now)))

    async def _failing_as_they_were(self) -> tuple[str, ...]:
        """The tests that pass only because they were changed."""
        if self._allowed or not self._strict or self.verifier.newest is None:
            return ()
        both, known = await self._both_sides()
        return await both.failing_as_they_were(await self._snapshots.states(), known, self._text)

    async def _prove(self) -> str | None:
        self._run.sink.emit(NoticeGiven("old_side", "The tests run on the code as it was, too."))
        both, known = await self._both_sides()
        states = await self._snapshots.states()
        self._sides = await both.look(states, known, self._text)
        unsteady = {*self._sides.flaky, *self.verifier.unsteady}
        self._sides = replace(self._sides, flaky=tuple(sorted(unsteady)))
        if self._otherwise and self._sides.proven:
            contrary = await both.contrary(states, known, self._otherwise, self._text)
            self._sides = replace(self._sides, contrary=contrary)
        code = "proven" if self._sides.proven else "both_sides"
        self._run.sink.emit(NoticeGiven(code, self._sides.sentence()))
        if self._sides.proven or self._sides.unavailable:
            return None
        output = _shown_failure(self._sides)
        return prompt("proof-failed.md", why=self._sides.fault, output=output).strip()

    async def _both_sides(self) -> tuple[BothSides, KnownRuns]:
        """What runs the tests on both sides, and what is known of them, once something may be changed."""
        from seedsmith.agent.run.proof.both_sides import BothSides, KnownRuns

        newest = self.verifier.newest
        assert newest is not None
        both = BothSides(
            self.verifier.command,
            self._report,
            self._processes,
            self._run.session.folder / _FOLDER,
            lambda: min(LONGEST_SECONDS, self._run.budget.seconds_left),
        )
        await self._dispatcher.ready_for_effects()
        return both, KnownRuns(self.verifier.first_run, newest)

    def bind(self, changes: Changes) -> Verified | None:
        """The evidence at the end of the run, which made these ``changes``."""
        known = self.verifier.evidence(changes.files_changed)
        if known is None:
            return None
        sides = self._sides if self._judged == self._dispatcher.effects else None
        if self._report and sides is None:
            sides = Sides(fault=_NOT_LOOKED_AT, report=self._report)
        return replace(
            known,
            weakened=self._weakened_in(changes.differences),
            sides=sides,
            failed_before=bool(known.exit_code and sides and sides.proven),
        )

    def _weakened_in(self, differences: Sequence[Difference]) -> tuple[str, ...]:
        """What was done to the tests, unless that is allowed."""
        if self._allowed:
            return ()
        judged = self._judged == self._dispatcher.effects
        return self._tampered(differences) + self._unrun() + (self._as_they_were if judged else ())

    def _tampered(self, differences: Sequence[Difference]) -> tuple[str, ...]:
        if not differences:
            return ()
        from seedsmith.agent.run.proof.weakened_tests import tampered

        return tampered(differences, self._snapshots.read, strict=self._strict, rows=self._rows)

    def _rows(self) -> Rows:
        """All that is in the workspace as it was looked at last; nothing where it was not."""
        return self._states.store.manifest(self._states.now) if self._states is not None else {}

    def _unrun(self) -> tuple[str, ...]:
        """The tests that are left out since anything was changed, as far as the runs tell."""
        first, newest = self.verifier.first_run, self.verifier.newest
        if first is None or newest is None:
            return ()
        from seedsmith.agent.run.proof.unrun_tests import unrun_tests

        return tuple(unrun_tests(first, newest, self.verifier.command, new_test=bool(self._report)))

    def _text(self, result: CommandResult) -> str:
        return self._redactor.text(output_text(result))


def _shown_failure(sides: Sides) -> str:
    """How a test fails that should not, else how one failed on the code as it was; '' where none did."""
    if sides.new is not None and sides.new.why:
        return prompt("proof-output.md", code="is", output=sides.new.why).rstrip()
    if sides.old is not None and sides.old.why:
        return prompt("proof-output.md", code="was", output=sides.old.why).rstrip()
    return ""


def _files_that_expect_otherwise(weakened: Sequence[str]) -> tuple[str, ...]:
    """The files of tests that expect something else now; none where more is the matter with any of them."""
    files = tuple(dict.fromkeys(each.partition(": ")[0] for each in weakened))
    apart = all(map(looks_like_a_test, files))  # not within the program
    return files if apart and all(each.endswith(OTHERWISE) for each in weakened) else ()


def with_pull_request(outcome: Outcome, settings: Settings, session: Session) -> Outcome:
    """``outcome``, its pull request's text written to ``settings.report``; says where that can't be."""
    from seedsmith.agent.run.proof.pull_request import pull_request

    file, last = settings.report, session.conversation.last_answer
    assert file is not None
    text = pull_request(outcome, last.text if last else "", settings.symptom or "")
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        why = f"The report {file} can't be written: {error.strerror or error}."
        return replace(outcome, message=f"{outcome.message}\n\n{why}".strip())
    return outcome
