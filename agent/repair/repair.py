"""Fixes a bug with a small model: finds suspects, asks many small questions, keeps only what the tests prove.

A model of one or two billion parameters can't work on a task by itself, but it sometimes names the right
change if it is shown the right ten lines. So this program does the searching, tries every answer at once by
running the test command, and undoes what fails before the next question.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Protocol

from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.conversation import AssistantMessage, ToolCall
from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.loop.budget import BudgetExhausted
from seedsmith.agent.loop.loop import LoopResult
from seedsmith.agent.loop.run_context import RunContext
from seedsmith.agent.models.errors import ModelError
from seedsmith.agent.repair.answers import (
    change_of,
    minimal_edit,
    rewritten,
    with_body,
    with_line,
    with_line_before,
)
from seedsmith.agent.repair.asked_model import AskedModel
from seedsmith.agent.repair.c_versions import Key, batch_of, has_versions, verdicts
from seedsmith.agent.repair.choosing import Given, in_order
from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.experiments import Evidence
from seedsmith.agent.repair.locating import locate
from seedsmith.agent.repair.prompts import word
from seedsmith.agent.repair.questions import Question, Trial, plan
from seedsmith.agent.repair.recent_changes import recent_changes
from seedsmith.agent.repair.suspects import Suspect, find_suspects
from seedsmith.agent.repair.trials import Bench, Candidate, Failing, Passing, Trials, open_benches
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.snapshots.listing import list_files
from seedsmith.tools.base import ToolContext
from seedsmith.tools.content.encodings import detect
from seedsmith.tools.search.ripgrep import find_ripgrep

Check = Callable[[], Awaitable[str | None]]

_WATCH_SECONDS, _HANGING_SECONDS = 120.0, 10.0
_SOURCE_BYTES = 400_000
_FURTHER = 40
"""So many more changes are tried once one of a doubtful kind passed."""
_FURTHER_FIRM, _FURTHER_SECONDS = 12, 2.0
"""So many more, and no more than take so long, once one of another kind did."""


class Facts(Protocol):
    """Takes measured facts, and returns those to go by."""

    def measured(self, seconds: float) -> float:
        """The time of a test run."""

    def found(self, lines: Evidence) -> Evidence:
        """What experiments said of each line."""

    def recent(self, lines: Evidence) -> Evidence:
        """How new each line is."""


class Repair:
    """One search for a change that makes ``command`` pass."""

    def __init__(
        self,
        command: str,
        run: RunContext,
        dispatcher: Dispatcher,
        context: ToolContext,
        check: Check,
        *,
        facts: Facts | None = None,
    ) -> None:
        """``check`` decides whether a change is right.

        ``facts`` take what depends on the time at hand and return what to plan with: a replay's are the
        recorded ones, so that it asks the same questions.
        """
        self._command = command
        self._session = run.session
        self._asked = AskedModel(run, dispatcher)
        self._dispatcher = dispatcher
        self._budget = run.budget
        self._sink = run.sink
        self._context = context
        self._check = check
        self._facts = facts
        first = next((each for each in run.session.verifications if each.command == command), None)
        hangs = first is not None and first.exit_code is None
        self._watch_seconds = _HANGING_SECONDS if hangs else _WATCH_SECONDS
        self._texts: dict[str, str | None] = {}
        self._asks = False
        self._further_firm = 0
        self._tried: set[tuple[str, str]] = set()

    async def run(self) -> LoopResult:
        """Search until the tests pass, the questions are used up, or the budget ends it."""
        workspace, processes = self._context.workspace, self._context.processes
        known = frozenset(await asyncio.to_thread(list_files, workspace, find_ripgrep(workspace.root)))
        seconds = min(self._watch_seconds, self._budget.seconds_left)
        diagnosis, found = await locate(self._command, processes, known, seconds)
        recent = await recent_changes(processes, diagnosis)
        if self._facts:
            found, recent = self._facts.found(found), self._facts.recent(recent)
        suspects = find_suspects(diagnosis, known, self._read, found, recent)
        if not suspects:
            return LoopResult(
                "gave_up", reason="No source file of the workspace could be tied to the failure."
            )
        self._say("suspects", _listed(suspects, diagnosis))
        failing = Failing(self._command, diagnosis, known)
        folder = self._session.folder / "tries"
        benches = await open_benches(
            failing, processes, folder, self._edit, self._dispatcher.runner.tell_tried
        )
        try:
            async with aclosing(self._candidates(suspects, failing, benches)) as candidates:
                return await self._search(self._trials(benches, candidates), benches)
        finally:
            await asyncio.gather(*(bench.remove() for bench in benches))

    def _trials(self, benches: Sequence[Bench], candidates: AsyncIterator[Candidate]) -> Trials:
        """The model and the trials share the cores: beside busy programs it comes to a crawl."""
        return Trials(benches, candidates, self._budget, lambda: self._asks)

    async def _search(self, trials: Trials, benches: Sequence[Bench]) -> LoopResult:
        try:
            while first := await trials.passing():
                further = _FURTHER if first.candidate.doubtful else self._further_firm
                passed = [first, *await self._further(trials, first.number + further)]
                for each in await in_order(passed, self._results_of(benches[0])):
                    if await self._proven(each, benches):
                        others = [other.candidate for other in passed if other is not each]
                        return LoopResult("done", _summary(each, others))
        except BudgetExhausted as error:
            return LoopResult("budget", reason=f"{error} {trials.count} changes were tried; none passed.")
        finally:
            await trials.close()
        return LoopResult("gave_up", reason=f"{trials.count} changes were tried; none made the tests pass.")

    async def _further(self, trials: Trials, until: int) -> list[Passing]:
        """More that pass, up to number ``until``, while there is time and a model."""
        found: list[Passing] = []
        try:
            while another := await trials.passing(until):
                found.append(another)
        except (BudgetExhausted, ModelError):
            pass
        return found

    def _results_of(self, bench: Bench) -> Given:
        """What tells changes that pass apart, while there is time for it."""

        async def given(path: str, candidate: Candidate | None) -> Sequence[bytes]:
            return await bench.results(path, candidate) if self._budget.seconds_left else ()

        return given

    async def _proven(self, passing: Passing, benches: Sequence[Bench]) -> bool:
        """Make the change in the workspace; it stays if the check agrees, with nothing else running."""
        await asyncio.gather(*(bench.close() for bench in benches))
        candidate = passing.candidate
        name = f"{passing.number}-{candidate.path}"
        if await self._edit(candidate.call(name)):
            proven = False
            try:
                proven = await self._check() is None
            finally:
                if not proven:
                    await self._edit(candidate.back(name))
            if proven:
                return True
        await asyncio.gather(*(bench.open() for bench in benches))
        return False

    async def _candidates(
        self, suspects: Sequence[Suspect], failing: Failing, benches: Sequence[Bench]
    ) -> AsyncGenerator[Candidate, None]:
        """The changes to try, in order: variations, and the model's answers as soon as they are there.

        A question is sent when its turn comes, and nobody waits for its answer while there is anything else
        to try. Whether one was there is taken for measured: a replay tries the same in the same order.
        """
        asking = _Asking(lambda question: self._of_answer(question, _failure(failing.diagnosis)))
        seconds = self._measured(max(bench.seconds for bench in benches) / len(benches))
        self._further_firm = min(_FURTHER_FIRM, int(_FURTHER_SECONDS / max(seconds, 0.001)))
        try:
            for candidate in await self._passing_versions(suspects, failing, seconds):
                yield candidate
            for each in plan(suspects, seconds, self._read):
                if isinstance(each, Question):
                    asking.ask(each)
                    continue
                while asking.open and self._measured(float(asking.has_answer)):
                    for candidate in await asking.answer():
                        if self._is_new(candidate):
                            yield candidate
                candidate = self._of_variation(each)
                if self._is_new(candidate):
                    yield candidate
            while asking.open:
                for candidate in await asking.answer():
                    if self._is_new(candidate):
                        yield candidate
        finally:
            await asking.close()

    async def _passing_versions(
        self, suspects: Sequence[Suspect], failing: Failing, trial_seconds: float
    ) -> list[Candidate]:
        """The changes of C that pass in one program of all of them; what does not is not tried again."""
        if not any(has_versions(suspect.region.path) for suspect in suspects):
            return []
        planned = (each for each in plan(suspects, trial_seconds, self._read) if isinstance(each, Trial))
        batch = await asyncio.to_thread(batch_of, map(self._of_variation, planned), self._key)
        left, tried = self._budget.seconds_left, [*batch.values()]
        said = (await verdicts(failing, self._context.processes, tried, left)).as_measured(self._measured)
        self._tried |= {key for n, key in enumerate(batch) if n < said.decided or n in said.passing}
        return [tried[place] for place in said.passing if place < len(tried)]

    def _measured(self, value: float) -> float:
        return self._facts.measured(value) if self._facts else value

    def _of_variation(self, trial: Trial) -> Candidate:
        text = self._texts[trial.path] or ""
        new, doubtful = trial.variation.of(text.split("\n")), trial.variation.doubtful
        return Candidate(trial.path, text, new, by_model=False, doubtful=doubtful)

    async def _of_answer(self, question: Question, failure: str) -> list[Candidate]:
        path = question.suspect.region.path
        text = self._texts[path]
        if text is None:
            return []
        return [Candidate(path, text, new) for new in await self._new_texts(question, failure, text)]

    async def _new_texts(self, question: Question, failure: str, text: str) -> Iterable[str]:
        """New texts of the file from the model's answers."""
        asked = word(question, failure, text)
        if asked is None:
            return ()
        self._asks = True
        self._say("question", f"Question {self._budget.turns + 1}: {question.describe()}")
        try:
            answers = await self._asked.texts(asked.request, slice(*question.others))
        finally:
            self._asks = False
        region, line = question.suspect.region, question.line
        match question.kind:
            case "function":
                return rewritten(text, region, asked.shown, answers[0])
            case "body":
                return [with_body(text, region, asked.first, answers[0])]
            case "insert":
                return [with_line_before(text, line, answer.rstrip()) for answer in answers]
            case _:
                return [with_line(text, line, answer) for answer in answers]

    def _is_new(self, candidate: Candidate) -> bool:
        """Whether it is a program that changes something, and was not tried before."""
        key = self._key(candidate)
        if key is None or key in self._tried:
            return False
        self._tried.add(key)
        return True

    def _key(self, candidate: Candidate) -> Key | None:
        """The same for changes that mean the same; None where it is no program or changes nothing."""
        change = change_of(candidate.path, candidate.old, candidate.new)
        return None if change is None else (candidate.path, change)

    async def _edit(self, call: ToolCall) -> bool:
        self._session.append(AssistantMessage(calls=(call,)))
        dispatched = await self._dispatcher.dispatch((call,))
        return dispatched.results[0].ok

    def _read(self, path: str) -> str | None:
        """The text of a file as the edit tool will see it; None if it is not a text file."""
        if path not in self._texts:
            try:
                data = self._context.workspace.read_bytes(path, cap=_SOURCE_BYTES)
            except SandboxError:
                self._texts[path] = None
                return None
            encoding = detect(data)
            self._texts[path] = encoding.decode(data).replace("\r\n", "\n") if encoding else None
        return self._texts[path]

    def _say(self, code: str, message: str) -> None:
        self._sink.emit(NoticeGiven(code, message))


class _Asking:
    """Questions on their way to the model, one after the other, and the changes of their answers."""

    def __init__(self, ask: Callable[[Question], Awaitable[list[Candidate]]]) -> None:
        self._ask = ask
        self._questions: asyncio.Queue[Question] = asyncio.Queue()
        self._answers: asyncio.Queue[list[Candidate] | None] = asyncio.Queue()
        self.open = 0
        """So many were asked and not looked at."""
        self._task = asyncio.create_task(self._work())

    @property
    def has_answer(self) -> bool:
        """Whether :meth:`answer` would return at once."""
        return not self._answers.empty()

    def ask(self, question: Question) -> None:
        """Have it asked in its turn."""
        self.open += 1
        self._questions.put_nowait(question)

    async def answer(self) -> list[Candidate]:
        """The changes of the next answer; raises what ended the asking."""
        found = await self._answers.get()
        self.open -= 1
        if found is None:
            await self._task
            return []
        return found

    async def _work(self) -> None:
        try:
            while True:
                self._answers.put_nowait(await self._ask(await self._questions.get()))
        finally:
            self._answers.put_nowait(None)

    async def close(self) -> None:
        """Stop asking."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


def _failure(diagnosis: Diagnosis) -> str:
    return diagnosis.failed[0].message if diagnosis.failed else ""


def _listed(suspects: list[Suspect], diagnosis: Diagnosis) -> str:
    places = ", ".join(
        f"{s.region.name or 'module level'} ({s.region.path}:{s.region.numbers[0]})" for s in suspects[:3]
    )
    how = "the lines only failing tests ran" if diagnosis.watched else "the failing output"
    if suspects[0].single:
        how = "experiments"
    return f"Suspects by {how}: {places}."


def _summary(passing: Passing, others: Sequence[Candidate]) -> str:
    candidate, number = passing.candidate, passing.number
    tries = "the first change tried" if number == 1 else f"change {number} of those tried"
    whose = "the model's" if candidate.by_model else "a variation of the code, not the model's"
    text = f"Changed {candidate.path} ({tries}, {whose}): `{_changed(candidate)}`"
    if others:
        other = f"{others[0].path}: `{_changed(others[0])}`"
        which = (
            f"another change that passes too, {other}"
            if len(others) == 1
            else f"{len(others)} other changes that pass too, as {other}"
        )
        text += f"\nThe tests don't tell it from {which}. Read which is meant."
    elif candidate.doubtful:
        text += "\nSuch a change often passes without being right. Read whether it is meant."
    return text


def _changed(candidate: Candidate) -> str:
    old, new = minimal_edit(candidate.old, candidate.new)
    before = old.split("\n")
    return next((line.strip() for line in new.split("\n") if line not in before), "a line removed")
