"""What pydantic finds wrong with a value, in our words: the end of a sentence that begins with its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from seedsmith.sandbox.lazy_dataclass import dataclass

HALF_A_PAIR = "must be valid Unicode, it holds half a surrogate pair"


@dataclass(frozen=True, slots=True)
class Nouns:
    """What kinds of values are called where the value was written."""

    text: str
    whole_number: str
    list: str
    mapping: str
    entries: str


IN_JSON = Nouns("a string", "an integer", "an array", "an object", "items")
"""For models, which write JSON."""
IN_WORDS = Nouns("text", "a whole number", "a list", "a mapping", "entries")
"""For people, who write YAML and flags."""

_PHRASES = {
    "missing": "is missing",
    "string_type": "must be {nouns.text}",
    "string_unicode": HALF_A_PAIR,
    "path_type": "must be a path",
    "int_type": "must be {nouns.whole_number}",
    "int_from_float": "must be {nouns.whole_number}",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "list_type": "must be {nouns.list}",
    "dict_type": "must be {nouns.mapping}",
    "model_type": "must be {nouns.mapping}",
    "model_attributes_type": "must be {nouns.mapping}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must be at least {min_length} characters long",
    "string_too_long": "must be at most {max_length} characters long, it has {length}",
    "too_short": "must have at least {min_length} {nouns.entries}",
    "too_long": "must have at most {max_length} {nouns.entries}, it has {length}",
    "literal_error": "must be one of {expected}",
}


def what_is_wrong(details: Mapping[str, Any], nouns: Nouns) -> str:
    """The phrase for one of :meth:`pydantic.ValidationError.errors`, e.g. ``must be at least 1``."""
    kind, context, given = details["type"], details.get("ctx", {}), details.get("input")
    if kind == "value_error":
        return str(context["error"])
    if kind in ("string_too_short", "too_short") and context["min_length"] == 1:
        return "must not be empty"
    template = _PHRASES.get(kind)
    if template is None:
        said = re.sub(r"^\w+ should ", "must ", details["msg"])
        return said if said != details["msg"] else f"is wrong: {said}"
    length = context.get("actual_length", len(given) if isinstance(given, str) else 0)
    return template.format(**context | {"nouns": nouns, "length": length})
