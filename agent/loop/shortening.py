"""Shortens a conversation: leaves out old outputs, or replaces old turns by a summary. Pure functions.

Every result begins with the same system message, instructions and task, keeps what people said and the
instructions of skills word for word, and has a result for each call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from seedsmith.agent.context.skill_calls import SKILL_TOOL, skill_loaded
from seedsmith.agent.conversation import (
    AssistantMessage,
    Item,
    SystemMessage,
    ToolCall,
    ToolOutput,
    UserMessage,
)
from seedsmith.sandbox.lazy_dataclass import dataclass

SUMMARY = "summary"
"""The origin of the message that replaces turns."""
_KEPT_ORIGINS = frozenset({"user", "instructions"})
"""Messages that are never left out, because a person's own words are better than any summary."""
_SHORT_BYTES = 400
"""An output up to this size stays, because replacing it by a line would save almost nothing."""
_REPEATABLE = frozenset({"read", "glob", "grep"})
"""Tools that can be called again without risk to see the same output."""
_LEFT_OUT = re.compile(r"\[output of .*, left out.*\]")
_SPILL = re.compile(r"spill:[\w-]+")
_MAIN_ARGUMENTS = ("path", "command", "pattern", "query")
_LEAST_EXCERPT = 100
"""A transcript shows at least so many characters of each text."""
_PLANNING = "todo"
"""The tool whose last call is the plan."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A conversation in three parts: what is always kept, what may be left out, and the last turns."""

    head: tuple[Item, ...]
    """Everything before the first answer, and what people said after it."""
    middle: tuple[Item, ...]
    """Everything else before the last turns, including an earlier summary."""
    tail: tuple[Item, ...]


def parted(items: Sequence[Item], turns: int) -> Parts:
    """Cut ``items`` before the last ``turns`` turns; a turn is an answer with all that follows it.

    A turn whose results the model has not seen yet is always kept.
    """
    answers = _answers(items)
    turns = max(turns, 1) if _ends_unseen(items, answers) else turns
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
    loads = _last_loads(items[:cut]) | _last_plan(items, cut)
    for place, item in enumerate(items[:cut]):
        loading = _loading(item, loads)
        head += loading
        if loading != (item,):
            kept = place < first or _is_kept(item)
            (head if kept else middle).append(item)
    return Parts(tuple(head), tuple(middle), tuple(items[cut:]))


def without_old_outputs(items: Sequence[Item], turns: int) -> tuple[Item, ...]:
    """``items`` with a line in place of each output and image that is older than the last ``turns`` turns."""
    answers = _answers(items)
    recent = len(items) if not turns else answers[-turns] if len(answers) >= turns else 0
    calls = _calls(items)
    return tuple(_left_out(item, calls) if place < recent else item for place, item in enumerate(items))


def with_summary(parts: Parts, text: str) -> tuple[Item, ...]:
    """The conversation of ``parts`` with ``text`` in place of its middle."""
    return (*parts.head, UserMessage(text, SUMMARY), *parts.tail)


def transcript(items: Sequence[Item], most: int) -> str:
    """A transcript of ``items`` for a reader that has not seen them; at most about ``most`` characters."""
    lengths = sorted(len(text) for item in items for text in _texts(item))
    around = sum(len(_transcribed(item, 0)) + 2 for item in items)
    excerpt = _fair_share(lengths, most - around)
    text = "\n\n".join(_transcribed(item, max(excerpt, _LEAST_EXCERPT)) for item in items)
    return _excerpt(text, most)


def with_outputs_cut(items: Sequence[Item], most: int) -> tuple[Item, ...]:
    """``items`` with each output of more than ``most`` characters cut to its two ends, with a note."""
    return tuple(_cut(item, most) if isinstance(item, ToolOutput) else item for item in items)


def _cut(item: ToolOutput, most: int) -> ToolOutput:
    if len(item.text) <= most or item.name == SKILL_TOOL:
        return item
    half = most // 2
    spill = _SPILL.search(item.text)
    again = f"; read {spill[0]} for the whole" if spill else ""
    note = f"\n[... {len(item.text) - 2 * half:,} characters left out to make room{again} ...]\n"
    cut = item.text[:half] + note + item.text[-half:]
    return replace(item, text=cut) if len(cut) < len(item.text) else item


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


def _last_plan(items: Sequence[Item], cut: int) -> frozenset[str]:
    """The id of the last call that noted the plan, if that is before ``cut``: the plan is still valid."""
    noted = [
        (place, item.call_id)
        for place, item in enumerate(items)
        if isinstance(item, ToolOutput) and item.name == _PLANNING and item.ok
    ]
    return frozenset(identity for place, identity in noted[-1:] if place < cut)


def _loading(item: Item, loads: frozenset[str]) -> tuple[Item, ...]:
    """The part of ``item`` that belongs to the calls ``loads``."""
    if isinstance(item, ToolOutput):
        return (item,) if item.call_id in loads else ()
    calls = (
        tuple(call for call in item.calls if call.id in loads) if isinstance(item, AssistantMessage) else ()
    )
    return (AssistantMessage(calls=calls),) if calls else ()


def _ends_unseen(items: Sequence[Item], answers: Sequence[int]) -> bool:
    """Whether the model has not yet seen the results of the last answer's calls."""
    last = items[answers[-1]] if answers else None
    since = items[answers[-1] :] if answers else ()
    return isinstance(last, AssistantMessage) and bool(last.calls) and not any(map(_is_summary, since))


def _calls(items: Sequence[Item]) -> dict[str, ToolCall]:
    """All calls by their ids."""
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
    given = arguments if isinstance(arguments, dict) else {}
    first = next((str(given[key]) for key in _MAIN_ARGUMENTS if key in given), call.arguments)
    return f"{call.name} {_excerpt(' '.join(first.split()), 120)}".rstrip()


def _texts(item: Item) -> list[str]:
    """The texts of ``item`` that a transcript shows."""
    if isinstance(item, AssistantMessage):
        return [
            each for each in (item.reasoning, item.text, *(call.arguments for call in item.calls)) if each
        ]
    return [item.text]


def _fair_share(lengths: Sequence[int], most: int) -> int:
    """How long each text may be so that all of ``lengths``, the shortest first, take ``most`` together."""
    left = max(most, 0)
    for place, length in enumerate(lengths):
        share = left // (len(lengths) - place)
        if length > share:
            return share
        left -= length
    return lengths[-1] if lengths else 0


def _transcribed(item: Item, excerpt: int) -> str:
    match item:
        case AssistantMessage(text=text, reasoning=reasoning, calls=calls):
            thought = [f"AGENT THINKS:\n{_excerpt(reasoning, excerpt)}"] if reasoning else []
            asked = [f"[calls {call.name} {_excerpt(call.arguments, excerpt)}]" for call in calls]
            return "\n".join([*thought, "AGENT:", *([_excerpt(text, excerpt)] if text else []), *asked])
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
