"""The loop of a run: ask the model, run the calls it makes, append the results, until it makes no more calls.

It is given everything it needs and knows no provider, no terminal and no operating system
(docs/decisions.md, "A loop that is handed everything").
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal

from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.conversation import AssistantMessage, UserMessage
from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.loop.budget import BudgetExhausted
from seedsmith.agent.loop.compaction import Compactor
from seedsmith.agent.loop.early_calls import EarlyCalls
from seedsmith.agent.loop.request_builder import RequestBuilder, RequestOptions
from seedsmith.agent.loop.run_context import RunContext
from seedsmith.agent.loop.streaming import stream_answer
from seedsmith.agent.loop.stuck import REPEATS, RepeatWatch
from seedsmith.agent.loop.turn_calls import TurnCalls
from seedsmith.agent.models.base import Answer
from seedsmith.sandbox.lazy_dataclass import dataclass

MOST_CUT_ANSWERS = 3
"""After so many answers in a row that were cut off at the output limit, the run gives up."""

MOST_WRITTEN_CALLS = 3
"""After so many answers in a row that contain only a call written as text, the run gives up."""

LoopStatus = Literal["done", "gave_up", "cannot_verify", "budget", "filtered"]
Check = Callable[[str], Awaitable[str | None]]
"""Called with the final message when the model is done; returns None to accept it, or an objection."""


@dataclass(frozen=True, slots=True)
class LoopResult:
    """Why the loop ended, and the model's final message."""

    status: LoopStatus
    text: str = ""
    reason: str = ""
    """One sentence, empty for ``done``."""


class _GaveUp(Exception):
    """The model makes no progress; the message says in what way."""


class _Filtered(Exception):
    """The service withheld the answer."""


async def run_loop(
    run: RunContext,
    calls: TurnCalls,
    options: RequestOptions,
    check: Check | None = None,
    compactor: Compactor | None = None,
) -> LoopResult:
    """Continue the session until the model is done and ``check`` accepts, or something stops it.

    Raises what the model raises. The session is consistent however this ends, also by cancellation.
    """
    turns = _Turns(run, calls, options, compactor)
    try:
        while True:
            text = await turns.until_done()
            feedback = await check(text) if check else None
            if feedback is None:
                return LoopResult("done", text)
            run.session.append(UserMessage(feedback, "verify"))
    except BudgetExhausted as error:
        return LoopResult("budget", turns.last_text, str(error))
    except _GaveUp as error:
        return LoopResult("gave_up", turns.last_text, str(error))
    except _Filtered:
        return LoopResult("filtered", turns.last_text, "The service withheld the answer (content_filter).")


class _Turns:
    """The turns of one run, with the state that is kept from one turn to the next."""

    def __init__(
        self,
        run: RunContext,
        calls: TurnCalls,
        options: RequestOptions,
        compactor: Compactor | None,
    ) -> None:
        self._run = run
        self._session = run.session
        self._calls = calls
        self._requests = RequestBuilder(options, run.model, run.budget, run.sink)
        self._options = options
        self._compactor = compactor
        self._repeats = RepeatWatch()
        self._empty = self._cut = self._written = 0
        self.last_text = ""

    async def until_done(self) -> str:
        """Take turns until the model makes no more calls; returns its final message."""
        last = self._session.conversation.last_item
        if isinstance(last, AssistantMessage) and not last.calls and not self._run.inbox.waiting:
            return last.text  # resumed: only the check is left
        while True:
            if self._compactor and (keep := self._run.inbox.take_shortening()) is not None:
                await self._compactor.shorten(keep)
            self._append_messages()
            early = self._calls.early(parallel=self._options.parallel_tool_calls)
            try:
                question = partial(self._stream, early)
                answer = await (self._compactor.ask(question) if self._compactor else question())
                if answer.finish_reason == "content_filter":
                    raise _Filtered
                if answer.finish_reason == "length":
                    self._nudge_cut_off(answer)
                elif not answer.calls and not answer.text.strip():
                    self._nudge_empty(answer)
                elif answer.attempted and not answer.calls:
                    self._nudge_written_call(answer)
                elif (
                    words := await self._run_calls(answer, early)
                ) is not None and not self._run.inbox.waiting:
                    return words
            finally:
                await early.discard()

    def _append_messages(self) -> None:
        """Append what the person said in the meantime to the conversation."""
        for message in self._run.inbox.take_all():
            self._session.append(UserMessage(message))
            self._run.sink.emit(NoticeGiven("message", message))

    async def _stream(self, early: EarlyCalls) -> Answer:
        request = self._requests.next(self._session.conversation.items)
        answer = await stream_answer(self._run.model, request, self._run.sink, early, self._run.budget)
        self._requests.answered(answer)
        return answer

    async def _run_calls(self, answer: Answer, early: EarlyCalls) -> str | None:
        """Append a complete answer and run its calls; returns its text if it is the last one, else None."""
        self._empty = self._cut = self._written = 0
        self.last_text = answer.text or self.last_text
        calls = self._session.conversation.distinct(answer.calls)
        self._session.append(AssistantMessage(answer.text, answer.reasoning, calls))
        if not calls:
            return answer.text
        dispatched = await self._calls.dispatch(calls, early)
        for call, result in zip(calls, dispatched.results, strict=True):
            if call.name == self._options.finish_tool and result.ok:
                return result.text
        settled = (call for call, result in zip(calls, dispatched.results, strict=True) if not result.pending)
        repeated = self._repeats.observe(settled, dispatched.changing)
        if repeated is not None:
            name = repeated.call.name
            reason = f"The model made the same call ({name}) {REPEATS} times, and nothing changed in between."
            if repeated.again:
                raise _GaveUp(reason)
            self._nudge("stuck", reason, "nudge-stuck.md", name=name)
        return None

    def _nudge_empty(self, answer: Answer) -> None:
        self._empty += 1
        kind = "only reasoning" if answer.reasoning.strip() else "nothing"
        reason = f"The model's answer held {kind}, neither text nor a call."
        if self._empty > 1:
            raise _GaveUp(reason)
        self._nudge("empty", reason, "nudge-empty.md")

    def _nudge_written_call(self, answer: Answer) -> None:
        """Append an answer whose text contains a call, and ask the model to make that call properly."""
        self._written += 1
        self._session.append(AssistantMessage(answer.text, answer.reasoning))
        reason = f"The model wrote a call of {answer.attempted} into its text, and nothing was run."
        self._nudge("call_as_text", reason, "nudge-call-as-text.md", name=answer.attempted)
        if self._written >= MOST_WRITTEN_CALLS:
            raise _GaveUp(f"{reason} So it did {MOST_WRITTEN_CALLS - 1} times before.")

    def _nudge_cut_off(self, answer: Answer) -> None:
        """Append the text of an answer that was cut off, run none of its calls, and ask for a shorter answer.

        See docs/model-service.md, "Limits".
        """
        self._cut += 1
        if answer.text.strip():
            self._session.append(AssistantMessage(answer.text, answer.reasoning))
        reason = "The answer was cut off at the output limit."
        if self._cut >= MOST_CUT_ANSWERS:
            before = f"So were the {MOST_CUT_ANSWERS - 1} before it; raise --max-output-tokens."
            raise _GaveUp(f"{reason} {before}")
        self._nudge("length", reason, "nudge-length.md")

    def _nudge(self, code: str, reason: str, text: str, **values: str) -> None:
        self._run.sink.emit(NoticeGiven(code, reason))
        self._session.append(UserMessage(prompt(text, **values), "nudge"))
