"""What the loop knows of a model: it is asked once, and streams parts until it is done."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from seedsmith.agent.conversation import Item, ToolCall, UserMessage
from seedsmith.tools.base import ToolSpec

Effort = Literal["minimal", "low", "medium", "high"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a model."""

    items: Sequence[Item]
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    """``auto``, ``none``, ``required``, or a tool's name."""
    parallel_tool_calls: bool = True
    max_output_tokens: int | None = None
    """None: the catalog's limit for the model. A limit is always sent (docs/model-service.md, "Limits")."""
    max_completion_tokens: int | None = None
    """The limit with thinking counted in, in place of ``max_output_tokens``; they exclude each other."""
    effort: Effort | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """Other fields of the body by the names the chat wire has for them, only those that were set."""
    continue_text: str = ""
    """Text to go on with as it stands, in place of ``items``: for models that are served by ourselves."""

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
    """A call whose own arguments are complete, though the answer may still stream."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class Retrying:
    """The answer so far is void: everything since the request began is to be discarded."""

    code: str
    message: str
    delay_seconds: float
    attempt: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know that changes nothing: a field dropped, a call recovered."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The last part of every stream: the whole answer, seen complete (a finish reason came)."""

    text: str
    reasoning: str
    calls: tuple[ToolCall, ...]
    finish_reason: FinishReason
    usage: Usage | None
    """None where nothing was counted."""
    model: str = ""
    """The model that really served."""
    request_id: str = ""
    service_tier: str = ""
    cost_cny: float | None = None
    price_tier: str = ""
    """Which tier of the price list applied, e.g. ``<=32k``."""
    cost_estimated: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What the service said besides, e.g. logprobs or timings."""
    attempted: str = ""
    """A tool that the text tries to call, though no call can be made of it; '' where it tries none."""
    usage_estimated: bool = False
    """The service sent no usage: it is our own estimate."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a try took that gave no answer: it failed or was held back, and the service counted it."""

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
        """Ask; the last part is an :class:`Answer`. Raises :class:`seedsmith.agent.models.errors.ModelError`.

        Who stops before the end closes it: until then it holds a connection and a place at the gate.
        """

    def prepare(self) -> None:
        """Begin in the background what the first question would wait for; needs a running event loop."""

    async def aclose(self) -> None:
        """Give back connections and processes."""
