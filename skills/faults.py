"""What pydantic finds wrong with a manifest, as one located sentence each."""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from seedsmith.skills.document import Document
from seedsmith.skills.errors import ManifestError, Misplaced
from seedsmith.tools.suggestions import suggestion_or_list

_SAID = {
    "missing": "is missing",
    "string_type": "must be text{quote}",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must be at most {max_length} characters long, it has {length}",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} entries, it has {actual_length}",
    "literal_error": "must be one of {expected}",
    "no_value": "must be text, a number, true or false, or a list of texts",
}
_UNFIT = frozenset(kind for kind in _SAID if kind.endswith("_type"))
"""Complaints that a value is of another type."""


def faults(
    error: ValidationError, document: Document, file: Path | str, model: type[BaseModel]
) -> list[ManifestError]:
    """One :class:`ManifestError` for each fault, in the order in which they stand in the file."""
    found: dict[tuple[int | str, ...], list[ErrorDetails]] = {}
    schema = model.model_json_schema()
    for details in error.errors(include_url=False):
        found.setdefault(_path(details, document.value), []).append(details)
    told = []
    for path, several in found.items():
        if several[0]["type"] in _UNFIT and any(other[: len(path)] == path != other for other in found):
            continue  # another member of the union fits, but for what is said of its inside
        line, column = document.place(path)
        told.append(ManifestError(file, _sentence(_choose(several), path, schema), line, column))
    return sorted(told, key=lambda fault: (fault.line, fault.column))


def _choose(several: list[ErrorDetails]) -> ErrorDetails:
    """What to tell of a value that fits no member of a union; each member has its own complaint."""
    kinds = {details["type"] for details in several}
    other = next((details for details in several if details["type"] not in _UNFIT), None)
    if other is None and {"string_type", "bool_type"} <= kinds:
        return several[0] | {"type": "no_value"}
    return other or several[0]


def _path(details: ErrorDetails, value: Any) -> tuple[int | str, ...]:
    """Where the fault stands in the file: pydantic's location names members of unions and ``[key]`` too."""
    path: list[int | str] = []
    for part in details["loc"]:
        if part in _keys_of(value):
            value = value[part]
            path.append(part)
    if details["type"] == "missing":
        path.append(details["loc"][-1])
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, Misplaced):
        path += cause.path
    return tuple(path)


def _keys_of(value: Any) -> Container[Any]:
    if isinstance(value, dict):
        return value
    return range(len(value)) if isinstance(value, list) else ()


def _sentence(details: ErrorDetails, path: tuple[int | str, ...], schema: dict[str, Any]) -> str:
    name = _name(path)
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{name} is no key here{_suggestion(path, schema)}"
    if kind == "value_error":
        return f"{name} {context['error']}" if path else f"the manifest {context['error']}"
    if kind == "string_pattern_mismatch":
        return f"{name} must be a name of lower-case letters, digits and '_', beginning with a letter"
    template = _SAID.get(kind)
    if template is None:
        return f"{name}: {details['msg']}"
    given = details["input"]
    quote = ""
    if isinstance(given, bool):  # it may have been written yes, on, False …
        quote = ": put it in quotes"
    elif isinstance(given, int | float):
        quote = f": write {json.dumps(str(given))}"
    length = len(given) if isinstance(given, str) else 0
    sentence = template.format(**context | {"quote": quote, "length": length})
    return f"{name} {sentence}" if path else f"the manifest {sentence}"


def _name(path: tuple[int | str, ...]) -> str:
    said = ""
    for part in path:
        said += f"[{part}]" if isinstance(part, int) else f".{part}" if said else part
    return repr(said[:120])


def _suggestion(path: tuple[int | str, ...], schema: dict[str, Any]) -> str:
    known = _keys(path[:-1], schema)
    return suggestion_or_list(str(path[-1]), known) if known else ""


def _keys(path: tuple[int | str, ...], schema: dict[str, Any]) -> list[str]:
    """The keys the schema knows at ``path``."""
    node = schema
    for part in path:
        node = _resolved(node, schema)
        if isinstance(part, int):
            node = node.get("items", {})
        else:
            node = node.get("properties", {}).get(part) or node.get("additionalProperties") or _pattern(node)
    return list(_resolved(node, schema).get("properties", {}))


def _pattern(node: dict[str, Any]) -> dict[str, Any]:
    patterns: dict[str, dict[str, Any]] = node.get("patternProperties", {})
    return next(iter(patterns.values()), {})


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(node, dict):
        return {}
    if "$ref" in node:
        return _resolved(schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], schema)
    shapes = [each for each in node.get("anyOf", ()) if "$ref" in each]
    return _resolved(shapes[0], schema) if shapes else node
