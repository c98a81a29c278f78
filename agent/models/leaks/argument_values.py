"""The values of calls that a model wrote as text: JSON, or plain text by a tool's schema. Pure."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import JsonObject, ToolSpec


@dataclass(frozen=True, slots=True)
class LeakedCall:
    """A call as it stood in the text."""

    name: str
    arguments: str
    """As JSON."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse)
"""Takes line ends within strings: small models leave them unescaped."""


def parsed(text: str) -> Any:
    """The value of a JSON text; None where it is none."""
    try:
        return DECODER.decode(text.strip())
    except (ValueError, RecursionError):
        return None


def leaked_call(name: str, arguments: JsonObject) -> LeakedCall | None:
    """The call of these arguments; None where they can't be written as JSON."""
    try:
        return LeakedCall(name, json.dumps(arguments, ensure_ascii=False))
    except (ValueError, RecursionError):
        return None


def schema_of(tool: ToolSpec, parameter: str) -> JsonObject:
    """What ``tool`` says of a parameter; empty where it says nothing."""
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


def converted(raw: str, string: str | None, schema: JsonObject) -> Any:
    """A parameter's text as the value it stands for; as it is where its type is text, unknown or another.

    ``string`` is the attribute of that name: ``true``, ``false``, or None where there is none.
    """
    kinds = _kinds(schema)
    if string == "true" or (string is None and (not kinds or "string" in kinds)):
        return raw
    try:
        value = _WORDS[raw.strip()] if raw.strip() in _WORDS else DECODER.decode(raw.strip())
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
