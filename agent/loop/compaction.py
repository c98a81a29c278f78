"""Keeps a conversation within the model's context, and out of dearer price tiers where that saves money.

See docs/decisions.md, "The price tier is a decision".
First the contents of old outputs are left out, which needs no model. If that is not enough, the model writes
notes that replace the older turns. Between two such steps the history only grows, so that each request begins
with the whole request before it. Each step is reported by an event and recorded, so that a resumed session
continues with the same items.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.conversation import AssistantMessage, Item, UserMessage
from seedsmith.agent.events import Compacted, NoticeGiven, TurnStarted
from seedsmith.agent.loop.run_context import RunContext
from seedsmith.agent.loop.shortening import (
    Parts,
    calls_made,
    parted,
    transcript,
    with_outputs_cut,
    with_summary,
    without_old_outputs,
)
from seedsmith.agent.loop.streaming import silent_answer
from seedsmith.agent.loop.tier_crossing import Crossing, boundaries_below, worth_shortening
from seedsmith.agent.models.base import Answer, Request, Usage
from seedsmith.agent.models.catalog.prices import Price
from seedsmith.agent.models.errors import ContentFiltered, ContextExceeded, InvalidRequest
from seedsmith.agent.models.service.estimate import PromptEstimate, item_tokens, tool_tokens
from seedsmith.tools.base import ToolSpec

MOST_IN_A_ROW = 3
"""After so many refusals of one request as too long, each after a shortening, the run gives up."""
KEPT_TURNS = (4, 2, 1, 0)
"""How many of the last turns stay complete; the first number that fits is taken."""
_AIM = 0.5
"""Of the available context; a conversation that just fits would be too long again after the next turn."""
_SUMMARY_TOKENS = 4096
_CALLS_LISTED = 40
_UNSEEN_CHARACTERS = (64_000, 16_000, 4_000, 1_000)
"""How much is shown of an output that the model has not seen yet, if the whole output is too long."""

Question = Callable[[], Awaitable[Answer]]


class Compactor:
    """Sends the requests of one run, and shortens the conversation first if that is necessary."""

    def __init__(
        self,
        run: RunContext,
        *,
        tools: Sequence[ToolSpec] = (),
        answer_tokens: int = 0,
        price: Price | None = None,
        open_commands: Callable[[], str] = str,
    ) -> None:
        """``answer_tokens`` is the longest possible answer; without ``price`` no price tiers are considered.

        ``open_commands`` returns the names of running background commands, which are added to notes, or ''.
        """
        self._session = run.session
        self._model = run.model
        self._budget = run.budget
        self._sink = run.sink
        self._price = price
        self._open_commands = open_commands
        self._tool_tokens = tool_tokens(tools)
        self._prompt = PromptEstimate(tools)
        context = run.model.context_tokens
        self._room = max(context - answer_tokens, context // 2)
        self._last_input = 0
        self._grown = 0
        """Input tokens that the turns so far added."""
        self._answers: list[Usage] = []

    async def ask(self, question: Question) -> Answer:
        """Await ``question``, which sends the session's conversation in its state at that time.

        Raises what it raises, and :class:`ContextExceeded` if nothing more can be left out.
        """
        await self._make_room()
        for _ in range(MOST_IN_A_ROW):
            items = self._items
            try:
                answer = await question()
            except ContextExceeded as error:
                await self._shorten_refused(error)
                continue
            if answer.usage is not None:
                self._prompt.learn(items, answer.usage.input_tokens)
                if self._answers and self._last_input:
                    self._grown += max(answer.usage.input_tokens - self._last_input, 0)
                self._last_input = answer.usage.input_tokens
                self._room = max(self._room, self._last_input)
                self._answers.append(answer.usage)
            return answer
        raise ContextExceeded(
            f"The conversation is longer than {self._model.name} can take, though it was shortened "
            f"{MOST_IN_A_ROW} times in a row: give a smaller task, or a model with a larger context."
        )

    async def shorten(self, keep: str = "") -> None:
        """Put notes in place of the older turns now; ``keep`` is what they are to keep above all."""
        target = int(self._prompt.tokens(self._items) * _AIM)
        if not self._go_on_with(await self._summarised(target, keep), "the user asked for it"):
            self._sink.emit(NoticeGiven("compaction", "The history can't be any shorter."))

    @property
    def _items(self) -> tuple[Item, ...]:
        return self._session.conversation.items

    async def _make_room(self) -> None:
        tokens = self._prompt.tokens(self._items)
        if tokens > self._room:
            await self._compact(int(self._room * _AIM), "the context is nearly full")
        elif self._price is not None and (self._last_input or not self._answers):
            boundaries = boundaries_below(self._price, tokens)
            if boundaries:
                self._go_below(self._price, boundaries, tokens)

    def _go_below(self, price: Price, boundaries: Sequence[int], tokens: int) -> None:
        """Leave out old outputs if that is cheaper than continuing in a dearer tier; checked at each request.

        If recent turns make the conversation long, this becomes possible once they are older. Of one that is
        gone on with, its turns so far say how it grows, and its prefix may be cached.
        """
        shorter = without_old_outputs(self._items, KEPT_TURNS[0])
        begun = not self._answers
        turns = max(sum(map(_is_answer, self._items)) if begun else len(self._answers), 1)
        grown = tokens if begun else self._grown + max(tokens - self._last_input, 0)
        crossing = Crossing(
            before=tokens,
            after=self._estimated(shorter),
            growth=grown / turns,
            answer=sum(usage.output_tokens for usage in self._answers) / turns,
            cached=begun or any(usage.cached_tokens for usage in self._answers),
        )
        for boundary in boundaries:
            if worth_shortening(price, boundary, crossing):
                self._go_on_with(
                    shorter, f"the next request would pass the price tier of {boundary:,} tokens"
                )
                break

    async def _shorten_refused(self, error: ContextExceeded) -> None:
        """Shorten well below what the service refused: its count is higher than ours, or its limit lower."""
        refused = self._prompt.tokens(self._items)
        if self._prompt.learned:  # an estimate alone says nothing of what it can take
            self._room = min(self._room, int(refused * 0.9))
        if not await self._compact(
            int(min(refused, self._room) * _AIM), "the service refused it as too long"
        ):
            raise ContextExceeded(
                f"{str(error).rstrip('.')}, and nothing more of it can be left out.", error.code, error.status
            ) from error

    async def _compact(self, target: int, why: str) -> bool:
        """Shorten the conversation to about ``target`` tokens; False if it can't be any shorter."""
        shorter = without_old_outputs(self._items, KEPT_TURNS[0])
        if self._estimated(shorter) > target:
            shorter = await self._summarised(target)
        return self._go_on_with(shorter, why)

    def _go_on_with(self, shorter: Sequence[Item], why: str) -> bool:
        before, after = self._prompt.tokens(self._items), self._estimated(shorter)
        if after >= before:
            return False
        self._session.compact(shorter, why)
        self._last_input = 0
        self._sink.emit(Compacted(before, after, why))
        return True

    async def _summarised(self, target: int, keep: str = "") -> tuple[Item, ...]:
        """The conversation with notes in place of its older turns; unchanged if the model wrote none."""
        items = self._items
        for turns in KEPT_TURNS:
            parts = parted(items, turns)
            if self._estimated(parts.tail) <= target // 2:
                break
        summary = await self._summary(parts, keep) if any(map(_is_answer, parts.middle)) else ""
        shorter = items
        for most in (None, *_UNSEEN_CHARACTERS):
            tail = parts.tail if most is None else with_outputs_cut(parts.tail, most)
            before = (*parts.head, *parts.middle)
            shorter = with_summary(replace(parts, tail=tail), summary) if summary else (*before, *tail)
            if self._estimated(shorter) <= target:
                break
        return shorter

    async def _summary(self, parts: Parts, keep: str) -> str:
        """The message that replaces the middle: the notes, and open matters that they may leave out."""
        notes = await self._notes(self._task, parts.middle, keep)
        if not notes:
            notes = "No notes could be made. The last calls were:\n" + calls_made(parts.middle, _CALLS_LISTED)
        if running := self._open_commands():
            notes += f"\n\nBackground commands that still run: {running}."
        return prompt("compacted.md", summary=notes).strip()

    @property
    def _task(self) -> str:
        """What the user asked for first."""
        said = (item for item in self._items if isinstance(item, UserMessage) and item.origin == "user")
        return next((item.text for item in said), "")

    async def _notes(self, task: str, middle: Sequence[Item], keep: str) -> str:
        """The model's notes about ``middle``; '' if it fails."""
        answer_tokens = min(_SUMMARY_TOKENS, max(self._room // 4, 256))
        most = max(self._room - answer_tokens, 1024) * 2  # characters: two a token is on the safe side
        while most >= 1024:
            question = prompt("compact.md", task=task[:most], transcript=transcript(middle, most))
            question += f"\n{prompt('compact-keep.md', keep=keep)}" if keep else ""
            request = Request((UserMessage(question, "nudge"),), max_output_tokens=answer_tokens)
            try:
                return (await self._answer_of(request)).text.strip()
            except ContextExceeded:
                most //= 4
            except (ContentFiltered, InvalidRequest):
                break
        return ""

    async def _answer_of(self, request: Request) -> Answer:
        """Send a request for notes: events show its usage, but not its text."""
        self._sink.emit(TurnStarted(self._budget.reserve()))
        return await silent_answer(self._model, request, self._sink, self._budget)

    def _estimated(self, items: Sequence[Item]) -> int:
        """The tokens of a prompt of ``items``, scaled by the service's count for the current prompt."""
        raw = self._tool_tokens + sum(item_tokens(item) for item in self._items)
        known = self._prompt.tokens(self._items)
        return int((self._tool_tokens + sum(item_tokens(item) for item in items)) * known / max(raw, 1))


def _is_answer(item: Item) -> bool:
    return isinstance(item, AssistantMessage)
