"""Fixes a bug with a small model: finds suspects, asks many small questions, keeps only what the tests prove.

A model of one or two billion parameters can't work on a task by itself, but it sometimes names the right
change if it is shown the right ten lines. So this program does the searching, tries every answer at once by
running the test command, and undoes what fails before the next question.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.conversation import AssistantMessage, ToolCall
from seedsmith.agent.events import TAKE_BACK, TRY, Event, EventSink, NoticeGiven, Text, TurnStarted
from seedsmith.agent.loop.budget import BudgetExhausted
from seedsmith.agent.loop.early_calls import EarlyCalls
from seedsmith.agent.loop.loop import LoopResult
from seedsmith.agent.loop.run_context import RunContext
from seedsmith.agent.loop.streaming import stream_answer
from seedsmith.agent.models.base import Request
from seedsmith.agent.repair.answers import (
    meaning,
    minimal_edit,
    parses,
    rewritten,
    with_body,
    with_line,
    with_line_before,
)
from seedsmith.agent.repair.diagnosis import Diagnosis
from seedsmith.agent.repair.experiments import Evidence
from seedsmith.agent.repair.locating import locate
from seedsmith.agent.repair.prompts import word
from seedsmith.agent.repair.questions import Question, plan
from seedsmith.agent.repair.quick_check import QuickCheck
from seedsmith.agent.repair.suspects import Suspect, find_suspects
from seedsmith.agent.repair.variations import varied
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.snapshots.listing import list_files
from seedsmith.tools.base import ToolContext
from seedsmith.tools.content.encodings import detect
from seedsmith.tools.search.ripgrep import find_ripgrep

Check = Callable[[], Awaitable[str | None]]

_WATCH_SECONDS, _HANGING_SECONDS = 120.0, 10.0
_AHEAD = 4
"""So many questions are sent ahead of their turn."""
_SOURCE_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class _Candidate:
    path: str
    old: str
    new: str

    def call(self, number: int, *, back: bool = False) -> ToolCall:
        """The edit that makes the change, or the one that undoes it."""
        texts = (self.new, self.old) if back else (self.old, self.new)
        old, new = minimal_edit(*texts)
        arguments = json.dumps({"path": self.path, "old": old, "new": new}, ensure_ascii=False)
        return ToolCall(f"{TAKE_BACK if back else TRY}{number}", "edit", arguments)


class Facts(Protocol):
    """Takes measured facts, and returns those to go by."""

    def measured(self, seconds: float) -> float:
        """The time of a test run."""

    def found(self, lines: Evidence) -> Evidence:
        """What experiments said of each line."""


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
        self._model = run.model
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
        self._tried: set[tuple[str, str]] = set()
        self._tests = 0

    async def run(self) -> LoopResult:
        """Search until the tests pass, the questions are used up, or the budget ends it."""
        workspace = self._context.workspace
        known = frozenset(await asyncio.to_thread(list_files, workspace, find_ripgrep(workspace.root)))
        seconds = min(self._watch_seconds, self._budget.seconds_left)
        processes = self._context.processes
        diagnosis, found = await locate(self._command, processes, known, seconds)
        found = self._facts.found(found) if self._facts else found
        suspects = find_suspects(diagnosis, known, self._read, found)
        if not suspects:
            return LoopResult(
                "gave_up", reason="No source file of the workspace could be tied to the failure."
            )
        self._say("suspects", _listed(suspects, diagnosis))
        self._test = QuickCheck(self._command, self._context.processes, diagnosis)
        await self._test.prepare(known)
        try:
            async with aclosing(self._candidates(suspects, _failure(diagnosis))) as candidates:
                async for question, candidate in candidates:
                    if not await self._passes(candidate):
                        continue
                    if await self._check() is None:
                        return LoopResult("done", _summary(candidate, self._tests, question))
                    await self._edit(candidate.call(self._tests, back=True))
        except BudgetExhausted as error:
            return LoopResult("budget", reason=f"{error} {self._tests} changes were tried; none passed.")
        return LoopResult("gave_up", reason=f"{self._tests} changes were tried; none made the tests pass.")

    async def _candidates(
        self, suspects: Sequence[Suspect], failure: str
    ) -> AsyncGenerator[tuple[Question, _Candidate], None]:
        """The changes to try, in order; the next questions are sent while one is tried."""
        found: asyncio.Queue[tuple[Question, list[_Candidate]] | None] = asyncio.Queue()
        room = asyncio.Semaphore(_AHEAD)

        async def ask_all() -> None:
            try:
                for question in plan(suspects, self._test_seconds()):
                    await room.acquire()
                    found.put_nowait((question, await self._found(question, failure)))
            finally:
                found.put_nowait(None)

        asking = asyncio.create_task(ask_all())
        try:
            while (each := await found.get()) is not None:
                room.release()
                for candidate in each[1]:
                    yield each[0], candidate
            await asking  # raises what ended it
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    def _test_seconds(self) -> float:
        return self._facts.measured(self._test.seconds) if self._facts else self._test.seconds

    async def _found(self, question: Question, failure: str) -> list[_Candidate]:
        path = question.suspect.region.path
        text = self._texts[path]
        if text is None:
            return []
        return [_Candidate(path, text, new) for new in await self._new_texts(question, failure, text)]

    async def _new_texts(self, question: Question, failure: str, text: str) -> Iterable[str]:
        """New texts of the file, from the model's answer or by varying a line."""
        if not question.asks:
            return varied(question, text)
        asked = word(question, failure, text)
        if asked is None:
            return ()
        self._say("question", f"Question {self._budget.turns + 1}: {question.describe()}")
        answer = await self._answer(asked.request)
        region, line = question.suspect.region, question.line
        match question.kind:
            case "function":
                return rewritten(text, region, asked.shown, answer)
            case "body":
                return [with_body(text, region, asked.first, answer)]
            case "insert":
                return [with_line_before(text, line, answer.rstrip())]
            case _:
                return [with_line(text, line, answer)]

    async def _answer(self, request: Request) -> str:
        self._sink.emit(TurnStarted(self._budget.reserve()))
        early = EarlyCalls(self._dispatcher.runner, parallel=False)
        answer = await stream_answer(self._model, request, _Unspoken(self._sink), early, self._budget)
        self._budget.book(answer)
        return answer.text

    async def _passes(self, candidate: _Candidate) -> bool:
        """Try a change that was not tried before; one that fails is undone."""
        key = (candidate.path, meaning(candidate.path, candidate.new))
        same = key[1] == meaning(candidate.path, candidate.old)
        if same or key in self._tried or not parses(candidate.path, candidate.new):
            return False
        if not self._budget.seconds_left:
            raise self._budget.out_of_time()
        self._tried.add(key)
        self._tests += 1
        passed = False
        try:
            passed = await self._edit(candidate.call(self._tests)) and await self._test.passes(
                self._budget.seconds_left
            )
        finally:  # also where the time is up or a person interrupts: nothing unproven stays
            if not passed:
                await self._edit(candidate.call(self._tests, back=True))
        return passed

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


class _Unspoken:
    """A sink that drops the raw answers, because what is tried is shown as an edit."""

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink

    def emit(self, event: Event) -> None:
        """Pass on everything but the answer's text."""
        if not isinstance(event, Text):
            self._sink.emit(event)


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


def _summary(candidate: _Candidate, tests: int, question: Question) -> str:
    old, new = minimal_edit(candidate.old, candidate.new)
    changed = next(
        (line.strip() for line in new.split("\n") if line not in old.split("\n")), "a line removed"
    )
    tries = "the first change tried" if tests == 1 else f"change {tests} of those tried"
    whose = "the model's" if question.asks else "a variation of the line, not the model's"
    return f"Changed {candidate.path} ({tries}, {whose}): `{changed}`"
