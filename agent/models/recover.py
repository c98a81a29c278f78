"""Tool calls that leaked into the answer's text instead of its calls (``doubao-api.md`` §6).

A leak is taken for a call only at the very end of a message that has no calls of its own, and only
where it names a tool on offer: the same dialect quoted in prose stays prose.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

_FENCE_OPENING = re.compile(r"^```(?:json|tool_call|tool_code)?[ \t]*\r?$", re.MULTILINE | re.IGNORECASE)
_FENCE_CLOSING = re.compile(r"\r?\n```[ \t]*(?:\r?\n|\Z)")


@dataclass(frozen=True, slots=True)
class LeakedCall:
    """A call as it stood in the text."""

    name: str
    arguments: str
    """As JSON."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found: the calls in order, the text that remains, and the dialect they were in."""

    calls: tuple[LeakedCall, ...]
    text: str
    dialect: str


Dialect = Callable[[str, Collection[str]], tuple[tuple[LeakedCall, ...], str] | None]
"""Takes the whole text and the tools' names; gives calls and remaining text, or None."""


def recover(text: str, tools: Collection[str]) -> Recovery | None:
    """Find the calls at the end of ``text`` that name one of ``tools``; None where there are none."""
    for name, dialect in DIALECTS.items():
        found = dialect(text, tools)
        if found is not None:
            calls, rest = found
            return Recovery(calls, rest.rstrip(), name)
    return None


def _fenced_json(text: str, tools: Collection[str]) -> tuple[tuple[LeakedCall, ...], str] | None:
    """Consecutive fenced blocks at the end, each one call; the last fence may be missing its close."""
    calls: list[LeakedCall] = []
    start = len(text)
    for opening in reversed(list(_FENCE_OPENING.finditer(text))):
        inside = text[opening.end() : start]
        if not inside.strip():
            continue  # the closing fence of a block looks like an opening one
        closing = _FENCE_CLOSING.search(inside)
        if closing is not None:
            inside = inside[: closing.start()]  # only blanks follow: text after a fence ended it above
        elif calls:
            break
        call = _call(inside, tools)
        if call is None:
            break
        calls.insert(0, call)
        start = opening.start()
    return (tuple(calls), text[:start]) if calls else None


def _bare_json(text: str, tools: Collection[str]) -> tuple[tuple[LeakedCall, ...], str] | None:
    """The whole message is one call."""
    call = _call(text, tools)
    return ((call,), "") if call is not None else None


DIALECTS: dict[str, Dialect] = {"fenced JSON": _fenced_json, "bare JSON": _bare_json}
"""Tried in this order."""


def _call(text: str, tools: Collection[str]) -> LeakedCall | None:
    stripped = text.strip()
    if not stripped.startswith("{"):
        return None
    try:
        found: Any = json.loads(stripped, strict=False)  # small models leave line ends unescaped
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("name"), str) or found["name"] not in tools:
        return None
    arguments = found.get("arguments")
    if not isinstance(arguments, dict):
        return None
    return LeakedCall(found["name"], json.dumps(arguments, ensure_ascii=False))
