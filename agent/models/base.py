"""The interface of a model: it gets one request and streams parts until its answer is complete."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import field
from typing import Any, Literal, Protocol

from seedsmith.agent.conversation import Item, ToolCall, UserMessage
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import ToolSpec

Effort = Literal["minimal", "low", "medium", "high"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request to a model."""

    items: Sequence[Item]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    """``auto``, ``none``, ``required``, or a tool's name."""
    parallel_tool_calls: bool = True
    max_output_tokens: int | None = None
    """None: the catalog's limit for the model. A limit is always sent (docs/model-service.md, "Limits")."""
    max_completion_tokens: int | None = None
    """A limit that includes thinking; can't be combined with ``max_output_tokens``."""
    effort: Effort | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """Other fields of the request that were set, by their names on the chat wire."""
    continue_text: str = ""
    """Text to continue, in place of ``items``; only for models that this program serves itself."""

    @property
    def holds_images(self) -> bool:
        """Whether the conversation shows pictures."""
        return any(isinstance(item, UserMessage) and item.images for item in self.items)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request; ``cached`` is part of ``input``, ``reasoning`` part of ``output``."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
        )


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """A piece of the model's thinking; never an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class CallReady:
    """A call with complete arguments, in an answer that may still stream."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class Retrying:
    """The answer so far is invalid; everything since the request began must be discarded."""

    code: str
    message: str
    delay_seconds: float
    attempt: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Information for people without further effect, e.g. that a field was dropped or a call recovered."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The last part of every stream: the whole answer, which is complete (it has a finish reason)."""

    text: str
    reasoning: str
    calls: tuple[ToolCall, ...]
    finish_reason: FinishReason
    usage: Usage | None
    """None if there is no count."""
    model: str = ""
    """The model that answered, as the service names it."""
    request_id: str = ""
    service_tier: str = ""
    cost_cny: float | None = None
    price_tier: str = ""
    """Which tier of the price list applied, e.g. ``<=32k``."""
    cost_estimated: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the service's answer, e.g. logprobs or timings."""
    attempted: str = ""
    """A tool that the text tries to call in a form that can't be recovered; '' if there is none."""
    usage_estimated: bool = False
    """Whether usage is our own estimate, because the service sent none."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What an attempt without an answer used, as counted by the service."""

    usage: Usage
    model: str = ""
    request_id: str = ""
    service_tier: str = ""
    cost_cny: float | None = None
    price_tier: str = ""
    cost_estimated: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)


Part = TextDelta | ReasoningDelta | CallReady | Retrying | Notice | Spent | Answer


class Model(Protocol):
    """A model behind one wire of one provider."""

    @property
    def provider(self) -> str:
        """E.g. ``wcode``."""

    @property
    def name(self) -> str:
        """The model's name there."""

    @property
    def wire(self) -> str:
        """``chat`` or ``responses``."""

    @property
    def context_tokens(self) -> int:
        """How much the model can take, input and output together."""

    @property
    def priced(self) -> bool:
        """Whether a price is known."""

    @property
    def vision(self) -> bool:
        """Whether it takes pictures."""

    def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        """Send ``request`` and yield parts; the last one is an :class:`Answer`.

        Raises :class:`seedsmith.agent.models.errors.ModelError`. A caller that stops early must close the
        generator, which until then keeps a connection and a place at the gate.
        """

    def prepare(self) -> None:
        """Start in the background what the first request would wait for; needs a running event loop."""

    async def aclose(self) -> None:
        """Close connections and end processes."""
