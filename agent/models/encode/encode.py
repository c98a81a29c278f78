"""What the encoders of both wires share: the body's frame, built from cached pieces so that a long
history costs nothing.

Everything that stays the same comes first and the history last, so that each body begins with the
whole of the one before (docs/decisions.md, "A stable prefix").
"""

from __future__ import annotations

import base64
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from seedsmith.agent.conversation import AssistantMessage, Item, ToolCall
from seedsmith.agent.models.base import Notice, Request
from seedsmith.agent.models.catalog.entries import ModelEntry, Wire
from seedsmith.agent.models.tries.refusal import Refusal
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import Image, ToolSpec

REASONING_FIELD = "reasoning_content"
"""Thinking that is sent back with the history, whatever the wire calls it."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ONLY_BY_NAME = frozenset({"effort", "format", "include", "input", "strict", "summary", "text"})
"""Fields that are ordinary words: a refusal means them only where it gives them as ``param`` or in quotes."""


def dump(value: Any) -> bytes:
    """Compact JSON in UTF-8; a lone surrogate, which UTF-8 can't carry, becomes U+FFFD."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text).encode()


def data_url(image: Image) -> str:
    """The picture itself as an address (RFC 2397), the only form both wires take."""
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode('ascii')}"


def parsable_arguments(raw: str) -> str:
    """Arguments that services can parse: their templates do, so one broken call would spoil all requests."""
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError):
        parsed = None
    return raw if isinstance(parsed, dict) else dump({"invalid_json": raw}).decode()


def calls_of(item: Item) -> tuple[ToolCall, ...]:
    """The calls an item asks for."""
    return item.calls if isinstance(item, AssistantMessage) else ()


def named(refusal: Refusal, names: Mapping[str, str]) -> str | None:
    """Which of the fields ``names`` leads to a refusal is about: by its ``param``, else by its words."""
    places = re.findall(r"\w+", refusal.param)[::-1]
    places += [
        word for path in re.findall(r"""["'`]([\w.]+)["'`]""", refusal.message) for word in path.split(".")
    ]
    for place in places:
        if place in names:
            return names[place]
    words = set(re.findall(r"[a-z_]+", refusal.message.lower()))
    plain = sorted(names.keys() - _ONLY_BY_NAME, key=len, reverse=True)
    return next((names[name] for name in plain if name in words), None)


@dataclass(frozen=True, slots=True)
class Body:
    """One request's body."""

    content: bytes
    optional: Mapping[str, str]
    """Optional fields it carries: what a refusal may call each → its name for :meth:`RequestEncoder.drop`."""
    withheld: frozenset[str]
    """Fields that were asked for but that the catalog doesn't allow for this provider."""
    previous_id: str = ""
    """The stored answer it continues; '' where it carries the whole history."""
    notices: tuple[Notice, ...] = field(default=())


class RequestEncoder(ABC):
    """Encodes requests of one conversation; what was encoded before is reused as long as it is the same."""

    def __init__(self, entry: ModelEntry, wire: Wire, *, chain: bool = False) -> None:
        """``chain`` asks for ``previous_response_id``, which one wire has."""
        self._entry = entry
        self._wire = wire
        self._chain_wanted = chain
        self._items: list[tuple[Item, bytes]] = []  # each with its comma: a body is joined once
        self._call_ids: set[str] = set()
        self._tools: tuple[tuple[ToolSpec, ...], bytes] = ((), b"")
        self._dropped: set[str] = set()

    @property
    def call_ids(self) -> frozenset[str]:
        """Ids of the calls in the conversation encoded last."""
        return frozenset(self._call_ids)

    def drop(self, name: str) -> None:
        """Never send the optional field ``name`` again."""
        self._dropped.add(name)
        if name == REASONING_FIELD:
            self._items.clear()

    def encode(self, request: Request, *, stream: bool) -> Body:
        """The body for ``request``."""
        wanted = self._wanted(request, stream)
        allowed = {name: value for name, value in wanted.items() if self._sends(name)}
        limit_field, limit = self._limit(request)
        head = {"model": self._entry.name, "stream": stream, limit_field: limit, **self._written(allowed)}
        parts = [dump(head)[:-1]]
        if request.tools:
            parts.append(b',"tools":' + self._encode_tools(request.tools))
        previous_id, notices = self._add_history(request, parts)
        withheld = {name for name in wanted if not self._wire_allows(name)}
        if self._chain_wanted and not self._wire_allows("previous_response_id"):
            withheld.add("chain")
        return Body(
            b"".join(parts),
            self._names(request, allowed),
            frozenset(withheld - self._dropped),
            previous_id,
            notices,
        )

    def chain_refused(self, refusal: Refusal, body: Body) -> bool:
        """Whether ``refusal`` is about the answer ``body`` continues; the next body then carries all."""
        return False

    def answered(self, request: Request, response_id: str, answer: AssistantMessage) -> None:  # noqa: B027
        """Take note that the service keeps its whole ``answer`` to ``request`` under ``response_id``."""

    @property
    def _sends_reasoning(self) -> bool:
        return self._sends(REASONING_FIELD)

    def _wire_allows(self, name: str) -> bool:
        return self._wire.allows(name)

    def _sends(self, name: str) -> bool:
        return self._wire_allows(name) and name not in self._dropped

    @abstractmethod
    def _wanted(self, request: Request, stream: bool) -> dict[str, Any]:
        """The optional fields asked for, by the chat wire's names."""

    def _written(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The same as they stand in the body."""
        return dict(fields)

    @abstractmethod
    def _names(self, request: Request, allowed: Mapping[str, Any]) -> dict[str, str]:
        """See :attr:`Body.optional`."""

    @abstractmethod
    def _limit(self, request: Request) -> tuple[str, int]:
        """The field of the output limit, which is always sent, and the limit in tokens."""

    @abstractmethod
    def _tool(self, spec: ToolSpec) -> dict[str, Any]:
        """A tool as the wire writes it."""

    @abstractmethod
    def _fragment(self, item: Item, place: int) -> bytes:
        """One item as the wire writes it, each object followed by a comma."""

    @abstractmethod
    def _add_history(self, request: Request, parts: list[bytes]) -> tuple[str, tuple[Notice, ...]]:
        """Add the history and the body's end to ``parts``; see :class:`Body` for what is returned."""

    def _encode_tools(self, tools: tuple[ToolSpec, ...]) -> bytes:
        if self._tools[0] is not tools:
            self._tools = (tools, dump([self._tool(spec) for spec in tools]))
        return self._tools[1]

    def _encode_items(self, items: Sequence[Item]) -> list[bytes]:
        same = 0
        for (known, _), item in zip(self._items, items, strict=False):
            if known is not item:
                break
            same += 1
        if same < len(self._items):
            del self._items[same:]
            self._call_ids = {call.id for item, _ in self._items for call in calls_of(item)}
        for place, item in enumerate(items[same:], same):
            self._items.append((item, self._fragment(item, place)))
            self._call_ids.update(call.id for call in calls_of(item))
        return [fragment for _, fragment in self._items]


def add_array(parts: list[bytes], field_name: bytes, fragments: Sequence[bytes]) -> None:
    """End a body with an array of ``fragments``, each of which ends in a comma."""
    parts.append(b',"%b":[' % field_name)
    parts.extend(fragments)
    parts[-1] = parts[-1].removesuffix(b",")
    parts.append(b"]}")
