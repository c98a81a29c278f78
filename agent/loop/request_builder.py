"""Builds each request of a run: reserves its estimated cost and limits the length of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any

from seedsmith.agent.conversation import Item
from seedsmith.agent.events import NoticeGiven, Sink, TurnStarted
from seedsmith.agent.loop.budget import Budget
from seedsmith.agent.loop.parameter_checks import SMALLEST_ANSWER, OutputLimit, output_limit
from seedsmith.agent.models.base import Answer, Effort, Model, Request
from seedsmith.agent.models.catalog.entries import ModelEntry
from seedsmith.agent.models.catalog.prices import PriceTier
from seedsmith.agent.models.errors import ContextExceeded
from seedsmith.agent.models.service.estimate import PromptEstimate
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import ToolSpec


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """The settings of a run's requests."""

    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    first_tool_choice: str | None = None
    """For the first request of the run, if it differs."""
    parallel_tool_calls: bool = True
    max_output_tokens: int | None = None
    max_completion_tokens: int | None = None
    effort: Effort | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    finish_tool: str | None = None
    """The tool by which a model that must always call a tool says that it is done."""
    entry: Callable[[], ModelEntry] | None = None
    """Returns the catalog's entry for the current model; None: there is none."""
    last_words: Callable[[], Mapping[str, Any] | None] | None = None
    """Called before each request: returns the ``response_format`` if the model is to repeat its final message
    without a call, and None otherwise."""


class RequestBuilder:
    """Builds the requests of one run, one after the other."""

    def __init__(self, options: RequestOptions, model: Model, budget: Budget, sink: Sink) -> None:
        self._options = options
        self._model = model
        self._budget = budget
        self._sink = sink
        self._prompt = PromptEstimate(options.tools)
        self._items: Sequence[Item] = ()
        self._asked = 0
        self._shortened = False

    def next(self, items: Sequence[Item]) -> Request:
        """The next request with ``items``; it is reserved in the budget and announced by an event.

        Raises :class:`BudgetExhausted`, and :class:`ContextExceeded` if ``items`` leave no room for an
        answer.
        """
        self._items = items
        tokens = self._prompt.tokens(items)
        entry = self._options.entry() if self._options.entry else None
        tier = entry.price.tier(tokens) if entry and entry.price else None
        least = tokens * tier.input_cny + SMALLEST_ANSWER * tier.output_cny if tier else 0.0
        turn = self._budget.reserve(tokens + SMALLEST_ANSWER if entry else 0, least / 1000)
        self._sink.emit(TurnStarted(turn))
        if not self._asked and entry is not None:
            self._say_estimate(entry, tokens)
        limit = self._limit(tokens, entry, tier)
        request = self._request(limit.tokens)
        self._asked += 1
        return request

    def answered(self, answer: Answer) -> None:
        """Record what the last request used."""
        self._budget.book(answer)
        if answer.usage is not None and not answer.usage_estimated:
            self._prompt.learn(self._items, answer.usage.input_tokens)

    def _request(self, limit: int | None) -> Request:
        options = self._options
        counts_thinking = options.max_completion_tokens is not None
        request = Request(
            self._items,
            tools=options.tools,
            tool_choice=(options.first_tool_choice or options.tool_choice)
            if not self._asked
            else options.tool_choice,
            parallel_tool_calls=options.parallel_tool_calls,
            max_output_tokens=None if counts_thinking else limit,
            max_completion_tokens=limit if counts_thinking else None,
            effort=options.effort,
            sampling=options.sampling,
        )
        form = options.last_words() if options.last_words else None
        if form is None:
            return request
        return replace(request, tool_choice="none", sampling={**options.sampling, "response_format": form})

    def _limit(self, tokens: int, entry: ModelEntry | None, tier: PriceTier | None) -> OutputLimit:
        asked = self._options.max_completion_tokens or self._options.max_output_tokens
        limit = output_limit(
            asked,
            entry.output_tokens if entry else None,
            self._room(tokens) if asked or entry else None,
            affordable=self._budget.answer_tokens(tokens, tier) if asked or entry else None,
        )
        if limit.shortened_by and not self._shortened:
            self._shortened = True
            message = f"{limit.shortened_by} leaves room for an answer of {limit.tokens:,} tokens at most."
            self._sink.emit(NoticeGiven("output_limit", message))
        return limit

    def _room(self, tokens: int) -> int:
        """What the context leaves for an answer; raises if that is nothing and the estimate is sure."""
        context = self._model.context_tokens
        surely = tokens if self._prompt.learned else tokens // 2
        if surely >= context:
            raise ContextExceeded(
                f"The conversation takes about {tokens:,} tokens: the {context:,} of {self._model.name} "
                "leave no room for an answer."
            )
        return max(context - tokens, SMALLEST_ANSWER)

    def _say_estimate(self, entry: ModelEntry, tokens: int) -> None:
        price = entry.price
        if price is None or price.free:
            return
        tier = price.tier(tokens)
        label = f" (tier {label})" if (label := price.label(tier)) else ""
        longest = (
            self._options.max_completion_tokens or self._options.max_output_tokens or entry.output_tokens
        )
        least = tokens * tier.input_cny / 1000
        most = least + longest * tier.output_cny / 1000
        self._sink.emit(
            NoticeGiven(
                "cost_estimate",
                f"The first question takes about {tokens:,} tokens{label}: ¥{least:.4f}, and at most "
                f"¥{most:.4f} with the longest answer.",
            )
        )
