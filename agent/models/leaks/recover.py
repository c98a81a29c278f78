"""Calls and thinking that leaked into an answer's text (docs/model-service.md, "Leaked calls").

A leak is taken for a call only at the very end of a message that has no calls of its own, and only where it
names a tool on offer: the same dialect quoted in prose or in a block of code stays prose. Where prose outside
code holds one, or half of one, that is said, so that the model is asked again.
Thinking is what an answer begins with, or what stands right before its calls.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from seedsmith.agent.models.leaks.argument_values import LeakedCall
from seedsmith.agent.models.leaks.call_places import begins_statement
from seedsmith.agent.models.leaks.dialects import trailing_calls
from seedsmith.agent.models.leaks.malformed_calls import attempted
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import ToolSpec

THINKING_TAGS = ("seed:think", "think")
_THINKING = re.compile(rf"\s*+<({'|'.join(THINKING_TAGS)})>")
_THINKING_END = re.compile(rf"</({'|'.join(THINKING_TAGS)})>\s*\Z")


@dataclass(frozen=True, slots=True)
class Recovery:
    """What an answer's text really held."""

    text: str
    """What remains for people."""
    reasoning: str = ""
    calls: tuple[LeakedCall, ...] = ()
    dialect: str = ""
    """How the calls were written, '' where there are none."""
    attempted: str = ""
    """A tool that the text tries to call in a way that no call can be made of; '' where it tries none."""


def recover(text: str, tools: Collection[ToolSpec] = ()) -> Recovery:
    """Take apart ``text``: thinking, prose, and the calls of ``tools`` it ends with.

    Give no ``tools`` where the answer has calls of its own or was cut.
    """
    thoughts, start, open_thought = _leading_thinking(text)
    rest = text[start:].lstrip() if thoughts or open_thought else text
    found = trailing_calls(rest, tools) if tools else None
    if open_thought:
        thoughts.append(rest[: found.start] if found else rest)
    elif found is not None:
        rest, last_thought = _trailing_thinking(rest[: found.start])
        thoughts += last_thought
    reasoning = "\n".join(thought.strip() for thought in thoughts if thought.strip())
    prose = "" if open_thought else rest.rstrip() if found else rest
    if found is None:
        return Recovery(prose, reasoning, attempted=attempted(prose, tools) if tools else "")
    return Recovery(prose, reasoning, found.calls, found.dialect)


def _leading_thinking(text: str) -> tuple[list[str], int, bool]:
    """The closed thoughts at the beginning, where they end, and whether one more is open there."""
    thoughts: list[str] = []
    start = 0
    while (opening := _THINKING.match(text, start)) is not None:
        closing = f"</{opening[1]}>"
        end = text.find(closing, opening.end())
        if end < 0:
            return thoughts, opening.end(), True
        thoughts.append(text[opening.end() : end])
        start = end + len(closing)
    return thoughts, start, False


def _trailing_thinking(text: str) -> tuple[str, list[str]]:
    """``text`` without the thought it ends with, and that thought, if there is one."""
    closing = _THINKING_END.search(text, max(0, len(text.rstrip()) - len("</seed:think>")))
    if closing is None:
        return text, []
    opening = f"<{closing[1]}>"
    start = text.rfind(opening, 0, closing.start())
    if start < 0 or not begins_statement(text, start):
        return text, []
    return text[:start], [text[start + len(opening) : closing.start()]]
