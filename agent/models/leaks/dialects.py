"""How calls look that a model wrote as text, and where in a text they stand.

The forms are shown in docs/model-service.md, "Leaked calls".
Everything here takes time linear in the text, whatever it holds, and raises nothing.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from seedsmith.tools.base import JsonObject, ToolSpec

TAGS = ("<seed:tool_call>", "<tool_call>", "<|FunctionCallBegin|>", "<|FunctionCallBeginBegin|>")
"""What opens a call that is no JSON in a fence. The last two are earlier Doubao models'."""
FENCE_LANGUAGES = ("json", "tool_call", "tool_code", "")
CALL_KEYS = ("name", "arguments", "parameters", "id", "type")
"""The keys a call as JSON may have; an object with others is something else."""
STATEMENT_ENDS = frozenset("\n.!?:…。！？：")
"""A call begins a line or follows a finished sentence; within a sentence it is quoted."""
_MOST_FAILURES = 256
"""So many texts that were no JSON are enough: each failure costs the length of the whole text."""
_MOST_CANDIDATES = 20_000
"""A text with more beginnings of calls or fences is no answer of sound mind: it stays prose."""
_FAR = 200
_FAR_LINES = 2000
"""So many characters of lines above are looked at, to tell an indented block of code."""
_INDENT = re.compile(r" {0,3}\t| {4}")

_CANDIDATE = re.compile(
    r"^[ ]{0,3}(?P<fence>`{3,}|~{3,})(?P<language>[^\n]*)$"
    r"|<(?P<tag>seed:tool_call|tool_call|\|FunctionCallBegin(?:Begin)?\|)>",
    re.MULTILINE,
)
_FENCE_END = re.compile(r"\s*+(?:`{3,}[ \t]*(?=\r?\n|\Z)|\Z)")
_BLANKS = re.compile(r"\s*+")
_NAME = r'(?:=|\s+name=)"?(?P<name>[^">\s]{1,128})"?'
_FUNCTION = re.compile(rf"\s*+<function{_NAME}\s*>")
_PARAMETER = re.compile(rf'\s*+<parameter{_NAME}(?:\s+string="(?P<string>true|false)")?\s*>')
_FUNCTION_END = re.compile(r"\s*+(?:</function>|\Z)")


@dataclass(frozen=True, slots=True)
class LeakedCall:
    """A call as it stood in the text."""

    name: str
    arguments: str
    """As JSON."""


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


@dataclass(frozen=True, slots=True)
class _Markup:
    """One way of writing calls as tagged functions and parameters."""

    dialect: str
    closing: re.Pattern[str]
    value_end: re.Pattern[str]
    padded: bool
    """Whether a value stands on lines of its own, their line ends no part of it."""


def _markup(dialect: str, tag: str, *, padded: bool) -> _Markup:
    """A value ends at the first closing tag after which the markup goes on as it must.

    So a value may hold such tags itself, as code that is about them does. A missing ``</parameter>`` is
    made up for by the end of the function, if the text ends there.
    """
    call_end = rf"</{tag}>[ \t]*+(?:\r?\n|\Z|<{tag}>)"
    function_end = rf"</function>\s*+(?:{call_end}|<function[=\s]|\Z)"
    value_end = re.compile(
        rf"</parameter>(?=\s*+(?:<parameter[=\s]|{function_end}|\Z))|(?=</function>\s*+(?:</{tag}>\s*+)?\Z)"
    )
    return _Markup(dialect, re.compile(rf"\s*+(?:</{tag}>|\Z)"), value_end, padded)


_SEED = _markup("Seed tags", "seed:tool_call", padded=False)
_QWEN = _markup("tagged functions", "tool_call", padded=True)
_JSON_END = {
    "tool_call": ("tagged JSON", re.compile(r"\s*+(?:</tool_call>|\Z)")),
    "|": ("Doubao function calls", re.compile(r"\s*+(?:<\|FunctionCallEnd(?:End)?\|>|\Z)")),
}


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
        block = reader.fenced(candidate) if candidate["fence"] else reader.tagged(candidate, joined=joined)
        position = block.end
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

    def tagged(self, opening: re.Match[str], *, joined: bool) -> _Block:
        """What follows an opening tag; ``joined`` says that a call ended right before it."""
        tag = opening["tag"]
        if not joined and not begins_statement(self.text, opening.start()):
            return _Block(opening.end())
        if tag == "seed:tool_call":
            return self._functions(opening.end(), _SEED)
        if tag == "tool_call" and _FUNCTION.match(self.text, opening.end()):
            return self._functions(opening.end(), _QWEN)
        values, end = self.objects(opening.end(), listed=tag != "tool_call")
        calls = self.json_calls(values, texts=True)
        dialect, closing = _JSON_END["tool_call" if tag == "tool_call" else "|"]
        closed = closing.match(self.text, end)
        return _Block(closed.end(), calls, dialect) if calls and closed else _Block(end)

    def objects(self, position: int, *, listed: bool = False) -> tuple[list[Any], int]:
        """The JSON objects (or lists of them, where ``listed``) from ``position`` on, and where they end."""
        values: list[Any] = []
        while self._failures < _MOST_FAILURES:
            start = _after_blanks(self.text, position)
            if not self.text.startswith(("{", "[") if listed else "{", start):
                break
            try:
                value, position = _DECODER.raw_decode(self.text, start)
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
            arguments = _parsed(arguments)
        if not isinstance(name, str) or name not in self._tools or not isinstance(arguments, dict):
            return None
        return _call(name, arguments)

    def _functions(self, position: int, markup: _Markup) -> _Block:
        calls: list[LeakedCall] = []
        while (opening := _FUNCTION.match(self.text, position)) is not None:
            tool = self._tools.get(opening["name"])
            if tool is None:
                return _Block(opening.end())
            arguments, position = self._parameters(opening.end(), tool, markup)
            ended = _FUNCTION_END.match(self.text, position)
            call = _call(tool.name, arguments)
            if ended is None or call is None:
                return _Block(position)
            calls.append(call)
            position = ended.end()
        closed = markup.closing.match(self.text, position)
        if not calls or closed is None:
            return _Block(position)
        return _Block(closed.end(), tuple(calls), markup.dialect)

    def _parameters(self, position: int, tool: ToolSpec, markup: _Markup) -> tuple[JsonObject, int]:
        """The parameters from ``position`` on, and where they end: before one whose value does not."""
        arguments: JsonObject = {}
        ends = self._ends(markup)
        while (opening := _PARAMETER.match(self.text, position)) is not None:
            place = bisect_left(ends, (opening.end(), 0))
            if place == len(ends):
                break
            start, position = ends[place]
            value = self.text[opening.end() : start]
            if markup.padded:
                value = value.removeprefix("\n").removesuffix("\n")
            arguments[opening["name"]] = _converted(value, opening["string"], _schema(tool, opening["name"]))
        return arguments, position

    def _ends(self, markup: _Markup) -> list[tuple[int, int]]:
        """Where values can end, found once for the whole text."""
        if markup.dialect not in self._value_ends:
            self._value_ends[markup.dialect] = [m.span() for m in markup.value_end.finditer(self.text)]
        return self._value_ends[markup.dialect]


def begins_statement(text: str, position: int) -> bool:
    """Whether what stands at ``position`` begins a line or follows a finished sentence or a thought.

    In an indented block of code (CommonMark §4.4) nothing does: that is where prose shows examples.
    """
    if _in_indented_code(text, position):
        return False
    before = text[max(0, position - _FAR) : position].rstrip(" \t")
    if not before:
        return position < _FAR
    return before[-1] in STATEMENT_ENDS or before.endswith("think>")


def _in_indented_code(text: str, position: int) -> bool:
    """Whether the line of ``position`` is indented, in a block of such lines below a blank one below text.

    A line indented right below one of prose goes on with it, and one that a text begins with quotes nothing.
    """
    start = max(0, position - _FAR_LINES)
    *above, line = text[start:position].split("\n")
    above = above[1:] if start else above  # the first is the end of a line
    if not above or not _INDENT.match(line):
        return False
    while above and above[-1].strip():
        if not _INDENT.match(above.pop()):
            return False
    return start > 0 or any(map(str.strip, above))


def _after_blanks(text: str, position: int) -> int:
    blanks = _BLANKS.match(text, position)
    return blanks.end() if blanks else position


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse)
"""Takes line ends within strings: small models leave them unescaped."""


def _parsed(text: str) -> Any:
    try:
        return _DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return None


def _call(name: str, arguments: JsonObject) -> LeakedCall | None:
    try:
        return LeakedCall(name, json.dumps(arguments, ensure_ascii=False))
    except (ValueError, RecursionError):
        return None


def _schema(tool: ToolSpec, parameter: str) -> JsonObject:
    found = tool.parameters.get("properties", {}).get(parameter)
    return found if isinstance(found, dict) else {}


_KINDS: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "string": (str,),
    "null": (type(None),),
}
_WORDS = {"True": True, "False": False, "None": None}


def _converted(raw: str, string: str | None, schema: JsonObject) -> Any:
    """A parameter's text as the value it stands for; as it is where its type is text, unknown or another.

    ``string`` is the attribute of that name: ``true``, ``false``, or None where there is none.
    """
    kinds = _kinds(schema)
    if string == "true" or (string is None and (not kinds or "string" in kinds)):
        return raw
    try:
        value = _WORDS[raw.strip()] if raw.strip() in _WORDS else _DECODER.decode(raw.strip())
    except (ValueError, RecursionError):
        return raw
    return value if not kinds or any(_is(value, kind) for kind in kinds) else raw


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _KINDS.get(kind, ())) and (kind == "boolean" or not isinstance(value, bool))


def _kinds(schema: JsonObject) -> set[str]:
    """The JSON types a schema allows; empty where it doesn't say."""
    kind = schema.get("type")
    kinds = {kind} if isinstance(kind, str) else set(kind) if isinstance(kind, list) else set()
    for other in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        kinds |= _kinds(other)
    return kinds or ({"string"} if "enum" in schema else set())
