"""The items a conversation is made of, and the invariants none may break."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import Image


@dataclass(frozen=True, slots=True)
class SystemMessage:
    """Who the agent is and how it works; always first, never changed."""

    text: str


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What a person, or the agent on its own account (``origin``), tells the model."""

    text: str
    origin: str = "user"
    """``user``, or the part of the agent that speaks: ``verify``, ``nudge``, ``instructions``, ``images``,
    ``summary``, ``hook``."""
    source: str = ""
    """The file of the workspace the text was read from, if it was."""
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call the model asks for; ``arguments`` is the raw text it sent, valid JSON or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    """One answer of the model. ``text`` and ``calls`` are never both empty.

    A service refuses a message with neither (docs/model-service.md, "Messages").
    """

    text: str = ""
    reasoning: str = ""
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """The one result of one call."""

    call_id: str
    name: str
    text: str
    ok: bool = True


Item = SystemMessage | UserMessage | AssistantMessage | ToolOutput


class ConversationError(Exception):
    """An item would break an invariant; always a defect of ours, never of the model."""


class Conversation:
    """A list of items in which every call has exactly one result; it grows, or a shorter one replaces it."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._items: list[Item] = []
        self._open: dict[str, ToolCall] = {}
        self._ids: set[str] = set()
        for item in items:
            self.append(item)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    @property
    def items(self) -> tuple[Item, ...]:
        """All items so far, oldest first."""
        return tuple(self._items)

    @property
    def open_calls(self) -> tuple[ToolCall, ...]:
        """Calls that still wait for their result, in call order."""
        return tuple(self._open.values())

    @property
    def last_item(self) -> Item | None:
        """The newest item, if there is one."""
        return self._items[-1] if self._items else None

    @property
    def last_answer(self) -> AssistantMessage | None:
        """The model's newest message, if there is one."""
        return next((item for item in reversed(self._items) if isinstance(item, AssistantMessage)), None)

    def distinct(self, calls: Iterable[ToolCall]) -> tuple[ToolCall, ...]:
        """Return ``calls`` with ids no call had before; services repeat ids, or leave them out."""
        taken: set[str] = set()
        result = []
        for number, call in enumerate(calls):
            name = call.id or "call"
            while not call.id or call.id in taken or call.id in self._ids:
                call = replace(call, id=f"{name}-{len(self._items)}-{number}")
                number += 1
            taken.add(call.id)
            result.append(call)
        return tuple(result)

    def replace(self, items: Iterable[Item]) -> None:
        """Go on from ``items`` instead; ids that were ever used stay taken.

        Raises :class:`ConversationError` where ``items`` are no conversation, or calls are open.
        """
        if self._open:
            raise ConversationError(f"calls without a result: {', '.join(self._open)}")
        other = Conversation(items)
        self._items, self._open = other._items, other._open
        self._ids |= other._ids

    def append(self, item: Item) -> None:
        """Add ``item``; raises :class:`ConversationError` where it would break an invariant."""
        match item:
            case SystemMessage() if self._items:
                raise ConversationError("the system message comes first or not at all")
            case AssistantMessage(text="", calls=()):
                raise ConversationError("an assistant message needs text or calls")
            case ToolOutput(call_id=call_id) if call_id not in self._open:
                raise ConversationError(f"no open call {call_id!r} for this result")
            case UserMessage() | AssistantMessage() if self._open:
                raise ConversationError(f"calls without a result: {', '.join(self._open)}")
            case AssistantMessage(calls=calls):
                ids = [call.id for call in calls]
                if len(set(ids)) < len(ids) or self._ids.intersection(ids):
                    raise ConversationError("a call id was used twice")
                self._ids.update(ids)
                self._open = {call.id: call for call in calls}
            case ToolOutput(call_id=call_id):
                del self._open[call_id]
            case _:
                pass
        self._items.append(item)
