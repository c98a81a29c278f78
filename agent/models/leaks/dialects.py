"""How calls look that a model wrote as text, and where in a text they stand.

The forms are shown in docs/model-service.md, "Leaked calls".
Everything here takes time linear in the text, whatever it holds, and raises nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any

from seedsmith.agent.models.leaks.argument_values import (
    DECODER,
    LeakedCall,
    converted,
    leaked_call,
    parsed,
    schema_of,
)
from seedsmith.agent.models.leaks.call_forms import (
    GLM,
    INVOKED,
    JSON_ENDS,
    JSON_TAGS,
    MARKED,
    MARKED_SECTIONS,
    MARKS,
    PREFIX,
    QWEN,
    SEED,
    TAGS,
    WRAPPERS,
    Markup,
)
from seedsmith.agent.models.leaks.call_places import begins_statement
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import JsonObject, ToolSpec

FENCE_LANGUAGES = ("json", "tool_call", "tool_code", "")
CALL_KEYS = ("name", "arguments", "parameters", "id", "type")
"""The keys a call as JSON may have; an object with others is something else."""
_MOST_FAILURES = 256
"""So many texts that were no JSON are enough: each failure costs the length of the whole text."""
_MOST_CANDIDATES = 20_000
"""A text with more beginnings of calls or fences is no answer of sound mind: it stays prose."""
_CANDIDATE = re.compile(
    r"^[ ]{0,3}(?P<fence>`{3,}|~{3,})(?P<language>[^\n]*)$"
    rf"|(?P<tag>{'|'.join(map(re.escape, (*TAGS, *MARKED_SECTIONS, *JSON_TAGS, *WRAPPERS)))})"
    rf"|(?P<mark>{'|'.join(map(re.escape, MARKS))})"
    rf"|(?P<invoke><{PREFIX}invoke(?=[=\s]))|(?P<function><function(?=[=\s]))"
    r"|^[ \t]*+(?P<object>\{)(?=\s*+\"name\"\s*+:)",
    re.MULTILINE,
)
_FENCE_END = re.compile(r"\s*+(?:`{3,}[ \t]*(?=\r?\n|\Z)|\Z)")
_BLANKS = re.compile(r"\s*+")
_UNOPENED_END = re.compile(r"\s*+</tool_call>")


@dataclass(frozen=True, slots=True)
class TrailingCalls:
    """The calls a text ends with, in order."""

    calls: tuple[LeakedCall, ...]
    start: int
    """Where the first begins."""
    dialect: str
    """What the first is written in, for people."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A stretch of text up to ``end``; without ``calls`` it is prose or code."""

    end: int
    calls: tuple[LeakedCall, ...] = ()
    dialect: str = ""


def trailing_calls(text: str, tools: Iterable[ToolSpec]) -> TrailingCalls | None:
    """The calls of ``tools`` that ``text`` ends with; None where it doesn't end with any."""
    reader = _Reader(text, {tool.name: tool for tool in tools})
    found = _whole(reader)
    if found is not None:
        return found
    calls: list[LeakedCall] = []
    start = end = position = 0
    dialect = ""
    for _ in range(_MOST_CANDIDATES):
        candidate = _CANDIDATE.search(text, position)
        if candidate is None:
            break
        joined = bool(calls) and not text[end : candidate.start()].strip()
        block = reader.fenced(candidate) if candidate["fence"] else reader.opened(candidate, joined=joined)
        position = max(block.end, candidate.end())
        if not block.calls:
            continue
        if not joined:
            calls, start, dialect = [], candidate.start(), block.dialect
        calls += block.calls
        end = block.end
    if not calls or text[end:].strip():
        return None
    return TrailingCalls(tuple(calls), start, dialect)


def _whole(reader: _Reader) -> TrailingCalls | None:
    """A text that is calls as bare JSON and nothing else."""
    values, end = reader.objects(0)
    calls = reader.json_calls(values)
    if not calls or reader.text[end:].strip():
        return None
    return TrailingCalls(calls, 0, "bare JSON")


class _Reader:
    """Reads what stands at a place of one text."""

    def __init__(self, text: str, tools: Mapping[str, ToolSpec]) -> None:
        self.text = text
        self._tools = tools
        self._failures = 0
        self._value_ends: dict[str, list[tuple[int, int]]] = {}

    def fenced(self, opening: re.Match[str]) -> _Block:
        """The fenced block that begins here: calls as JSON, or code to be passed over (CommonMark §4.5)."""
        fence, language = opening["fence"], opening["language"]
        if fence[0] == "`" and "`" in language:
            return _Block(opening.end())  # code within a line
        if fence[0] == "`" and language.strip().lower() in FENCE_LANGUAGES:
            values, end = self.objects(opening.end())
            calls = self.json_calls(values)
            closing = _FENCE_END.match(self.text, end)
            if calls and closing is not None:
                return _Block(closing.end(), calls, "fenced JSON")
        fence_end = re.compile(rf"^[ ]{{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*\r?$", re.MULTILINE)
        found = fence_end.search(self.text, opening.end())
        return _Block(found.end() if found else len(self.text))

    def opened(self, opening: re.Match[str], *, joined: bool) -> _Block:
        """What follows the beginning of a call; ``joined`` says that a call ended right before it.

        What stands within a sentence is passed over whole: nothing inside it begins a call either.
        """
        block = self._block(opening)
        if joined or begins_statement(self.text, opening.start(opening.lastgroup or 0)):
            return block
        return _Block(block.end)

    def _block(self, opening: re.Match[str]) -> _Block:
        if opening["invoke"]:
            return self._functions(opening.start(), INVOKED)
        if opening["function"]:
            return self._functions(opening.start(), QWEN)
        if opening["mark"]:
            return self._marked(opening.start())
        if opening["object"]:
            values, end = self.objects(opening.start("object"))
            calls, closed = self.json_calls(values), _UNOPENED_END.match(self.text, end)
            return _Block(closed.end(), calls, "tagged JSON") if calls and closed else _Block(end)
        return self._tagged(opening["tag"], opening.end())

    def _tagged(self, tag: str, position: int) -> _Block:
        if tag == "<seed:tool_call>":
            return self._functions(position, SEED)
        inside = (INVOKED,) if tag in WRAPPERS else (QWEN, GLM) if tag == "<tool_call>" else ()
        markup = next((each for each in inside if each.function.match(self.text, position)), None)
        if markup is not None:
            return self._functions(position, markup)
        if tag in MARKED_SECTIONS or any(each.call.match(self.text, position) for each in MARKED):
            return self._marked(position)
        values, end = self.objects(position, listed=tag != "<tool_call>")
        calls = self.json_calls(values, texts=True)
        dialect, closing = next(ends for name, ends in JSON_ENDS.items() if tag.startswith(name))
        closed = closing.match(self.text, end)
        return _Block(closed.end(), calls, dialect) if calls and closed else _Block(end)

    def _marked(self, position: int) -> _Block:
        marks = next((each for each in MARKED if each.call.match(self.text, position)), None)
        if marks is None:
            return _Block(position)
        calls: list[LeakedCall] = []
        while (opening := marks.call.match(self.text, position)) is not None:
            values, position = self.objects(opening.end())
            call = (
                self._json_call({"name": opening["name"], "arguments": values[0]}, False) if values else None
            )
            ended = marks.call_end.match(self.text, position)
            if call is None or len(values) > 1 or ended is None:
                return _Block(position)
            calls.append(call)
            position = ended.end()
        closed = marks.section_end.match(self.text, position)
        return _Block(closed.end() if closed else position, tuple(calls), marks.dialect)

    def objects(self, position: int, *, listed: bool = False) -> tuple[list[Any], int]:
        """The JSON objects (or lists of them, where ``listed``) from ``position`` on, and where they end."""
        values: list[Any] = []
        while self._failures < _MOST_FAILURES:
            start = _after_blanks(self.text, position)
            if not self.text.startswith(("{", "[") if listed else "{", start):
                break
            try:
                value, position = DECODER.raw_decode(self.text, start)
            except (ValueError, RecursionError):
                self._failures += 1
                break
            values += value if isinstance(value, list) else [value]
        return values, position

    def json_calls(self, values: list[Any], *, texts: bool = False) -> tuple[LeakedCall, ...]:
        """The calls that ``values`` are; empty unless each is one of a known tool.

        With ``texts`` arguments may be JSON text, as in OpenAI's own calls: only tags say so surely that a
        call is meant.
        """
        calls = [self._json_call(value, texts) for value in values]
        return tuple(call for call in calls if call is not None) if all(calls) else ()

    def _json_call(self, value: Any, texts: bool) -> LeakedCall | None:
        if not isinstance(value, dict) or not value.keys() <= set(CALL_KEYS):
            return None
        name, arguments = value.get("name"), value.get("arguments", value.get("parameters"))
        if texts and isinstance(arguments, str):
            arguments = parsed(arguments)
        if not isinstance(name, str) or name not in self._tools or not isinstance(arguments, dict):
            return None
        return leaked_call(name, arguments)

    def _functions(self, position: int, markup: Markup) -> _Block:
        calls: list[LeakedCall] = []
        while (opening := markup.function.match(self.text, position)) is not None:
            tool = self._tools.get(opening["name"])
            if tool is None:
                return _Block(self._past(opening.end(), markup))
            arguments, position = self._parameters(opening.end(), tool, markup)
            ended = markup.function_end.match(self.text, position)
            call = leaked_call(tool.name, arguments)
            if ended is None or call is None:
                return _Block(position)
            calls.append(call)
            position = ended.end()
        closed = markup.closing.match(self.text, position)
        if not calls or closed is None:
            return _Block(position)
        return _Block(closed.end(), tuple(calls), markup.dialect)

    def _past(self, position: int, markup: Markup) -> int:
        """Where the parameters of an unknown function end, which are not to be looked into."""
        place = bisect_left(ends := self._ends(markup), (position, 0))
        while (opening := markup.parameter.match(self.text, position)) is not None and place < len(ends):
            place = bisect_left(ends, (opening.end(), 0))
            position = ends[place][1] if place < len(ends) else opening.end()
        ended = markup.function_end.match(self.text, position)
        return ended.end() if ended else position

    def _parameters(self, position: int, tool: ToolSpec, markup: Markup) -> tuple[JsonObject, int]:
        """The parameters from ``position`` on, and where they end: before one whose value does not."""
        values, end = self.objects(position)
        if len(values) == 1 and isinstance(values[0], dict):
            return values[0], end  # as Llama writes it
        arguments: JsonObject = {}
        ends = self._ends(markup)
        while (opening := markup.parameter.match(self.text, position)) is not None:
            place = bisect_left(ends, (opening.end(), 0))
            if place == len(ends):
                break
            start, position = ends[place]
            value = self.text[opening.end() : start]
            if markup.padded:
                value = value.removeprefix("\n").removesuffix("\n")
            string = opening.groupdict().get("string")
            arguments[opening["name"]] = converted(value, string, schema_of(tool, opening["name"]))
        return arguments, position

    def _ends(self, markup: Markup) -> list[tuple[int, int]]:
        """Where values can end, found once for the whole text."""
        if markup.dialect not in self._value_ends:
            self._value_ends[markup.dialect] = [m.span() for m in markup.value_end.finditer(self.text)]
        return self._value_ends[markup.dialect]


def _after_blanks(text: str, position: int) -> int:
    blanks = _BLANKS.match(text, position)
    return blanks.end() if blanks else position
