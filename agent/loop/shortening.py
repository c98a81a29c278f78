"""How a conversation is made shorter: old outputs left out, or old turns replaced by a summary. Pure.

Whatever is given back begins with the same system message, instructions and task, holds what people said
and the instructions of skills word for word, and has a result for each call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from seedsmith.agent.context.skill_calls import skill_loaded
from seedsmith.agent.conversation import (
    AssistantMessage,
    Item,
    SystemMessage,
    ToolCall,
    ToolOutput,
    UserMessage,
)

SUMMARY = "summary"
"""The origin of the message that stands for turns that were left out."""
_KEPT_ORIGINS = frozenset({"user", "instructions"})
"""Messages that are never left out: no summary is as good as a person's own words."""
_SHORT_BYTES = 400
"""An output up to this size stays: a line about it would save next to nothing."""
_REPEATABLE = frozenset({"read", "glob", "grep"})
"""Tools that show the same again at no risk."""
_LEFT_OUT = re.compile(r"\[output of .*, left out.*\]")
_SPILL = re.compile(r"spill:[\w-]+")
_TOLD_FIRST = ("path", "command", "pattern", "query")
_EXCERPTS = (4000, 1000, 300, 100)
"""Characters of one text that a transcript shows; the first that makes it short enough."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A conversation cut into what is kept whatever happens, what may be left out, and its end."""

    head: tuple[Item, ...]
    """What came before the first answer, and what people said since."""
    middle: tuple[Item, ...]
    """Everything else before the end, an earlier summary included."""
    tail: tuple[Item, ...]


def parted(items: Sequence[Item], turns: int) -> Parts:
    """Cut ``items`` before the last ``turns`` turns; a turn is an answer with all that follows it."""
    answers = _answers(items)
    summary = next((place for place, item in enumerate(items) if _is_summary(item)), len(items))
    first = min(answers[0] if answers else len(items), summary)
    if turns and answers:
        cut = answers[-min(turns, len(answers))]
    else:
        cut = len(items)
        while cut > first and isinstance(items[cut - 1], UserMessage) and not _is_summary(items[cut - 1]):
            cut -= 1  # the model has not answered it yet
    head: list[Item] = []
    middle: list[Item] = []
    loads = _last_loads(items[:cut])
    for place, item in enumerate(items[:cut]):
        loading = _loading(item, loads)
        head += loading
        if loading != (item,):
            kept = place < first or _is_kept(item)
            (head if kept else middle).append(item)
    return Parts(tuple(head), tuple(middle), tuple(items[cut:]))


def without_old_outputs(items: Sequence[Item], turns: int) -> tuple[Item, ...]:
    """``items`` with the outputs and pictures older than the last ``turns`` turns replaced by a line each."""
    answers = _answers(items)
    recent = len(items) if not turns else answers[-turns] if len(answers) >= turns else 0
    calls = _calls(items)
    return tuple(_left_out(item, calls) if place < recent else item for place, item in enumerate(items))


def with_summary(parts: Parts, text: str) -> tuple[Item, ...]:
    """The conversation ``parts`` came from, with ``text`` in place of its middle."""
    return (*parts.head, UserMessage(text, SUMMARY), *parts.tail)


def transcript(items: Sequence[Item], most: int) -> str:
    """What happened in ``items``, for a reader that has not seen it; at most about ``most`` characters."""
    text = ""
    for excerpt in _EXCERPTS:
        text = "\n\n".join(_told(item, excerpt) for item in items)
        if len(text) <= most:
            return text
    return _excerpt(text, most)


def calls_made(items: Sequence[Item], most: int) -> str:
    """The calls in ``items``, one a line, at most ``most`` lines: the last ones."""
    calls = [call for item in items if isinstance(item, AssistantMessage) for call in item.calls]
    return "\n".join(f"- {_call(call)}" for call in calls[-most:])


def _last_loads(items: Sequence[Item]) -> frozenset[str]:
    """The ids of the calls that loaded skills, the last one of each skill."""
    calls = _calls(items)
    loads: dict[str, str] = {}
    for item in items:
        if isinstance(item, ToolOutput) and (name := skill_loaded(calls[item.call_id], item)):
            loads[name] = item.call_id
    return frozenset(loads.values())


def _loading(item: Item, loads: frozenset[str]) -> tuple[Item, ...]:
    """Of ``item`` what belongs to the calls ``loads``."""
    if isinstance(item, ToolOutput):
        return (item,) if item.call_id in loads else ()
    calls = (
        tuple(call for call in item.calls if call.id in loads) if isinstance(item, AssistantMessage) else ()
    )
    return (AssistantMessage(calls=calls),) if calls else ()


def _calls(items: Sequence[Item]) -> dict[str, ToolCall]:
    """Every call by its id."""
    return {call.id: call for item in items if isinstance(item, AssistantMessage) for call in item.calls}


def _answers(items: Sequence[Item]) -> list[int]:
    return [place for place, item in enumerate(items) if isinstance(item, AssistantMessage)]


def _is_kept(item: Item) -> bool:
    return isinstance(item, SystemMessage) or (isinstance(item, UserMessage) and item.origin in _KEPT_ORIGINS)


def _is_summary(item: Item) -> bool:
    return isinstance(item, UserMessage) and item.origin == SUMMARY


def _left_out(item: Item, calls: dict[str, ToolCall]) -> Item:
    match item:
        case ToolOutput(call_id=identity, text=text):
            size = len(text.encode(errors="replace"))
            call = calls.get(identity)
            if size <= _SHORT_BYTES or _LEFT_OUT.fullmatch(text) or (call and skill_loaded(call, item)):
                return item
            spill = _SPILL.search(text)
            again = f"; read {spill[0]} for the whole" if spill else ""
            if not again and item.name in _REPEATABLE:
                again = "; call it again if needed"
            what = _call(call) if call is not None else item.name
            stub = f"[output of {what}, {size:,} bytes, left out{again}]"
            return replace(item, text=stub) if len(stub.encode(errors="replace")) < size else item
        case UserMessage(origin="images", images=(_, *_)):
            return replace(item, text=f"{item.text} (left out since)", images=())
        case _:
            return item


def _call(call: ToolCall) -> str:
    """A call in few words on one line."""
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        arguments = None
    told = arguments if isinstance(arguments, dict) else {}
    first = next((str(told[key]) for key in _TOLD_FIRST if key in told), call.arguments)
    return f"{call.name} {_excerpt(' '.join(first.split()), 120)}".rstrip()


def _told(item: Item, excerpt: int) -> str:
    match item:
        case AssistantMessage(text=text, calls=calls):
            asked = [f"[calls {call.name} {_excerpt(call.arguments, excerpt)}]" for call in calls]
            return "\n".join(["AGENT:", *([_excerpt(text, excerpt)] if text else []), *asked])
        case ToolOutput(name=name, text=text, ok=ok):
            return f"RESULT of {name}{'' if ok else ' (failed)'}:\n{_excerpt(text, excerpt)}"
        case UserMessage(text=text, origin=origin):
            return f"{origin.upper()}:\n{_excerpt(text, excerpt)}"
        case SystemMessage(text=text):
            return f"SYSTEM:\n{_excerpt(text, excerpt)}"


def _excerpt(text: str, most: int) -> str:
    """``text``, or its beginning and end where it is longer than ``most`` characters."""
    if len(text) <= most:
        return text
    half = max((most - 5) // 2, 1)
    return f"{text[:half]} ... {text[-half:]}"
