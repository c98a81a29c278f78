"""Turns pydantic's errors in a manifest into sentences with line and column."""

from __future__ import annotations

import json
from collections.abc import Container
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from seedsmith.skills.errors import ManifestError, Misplaced
from seedsmith.skills.yaml_document import Document
from seedsmith.tools.suggestions import suggestion_or_list
from seedsmith.tools.wrong_values import IN_WORDS, what_is_wrong

_NO_VALUE = "must be text, a number, true or false, or a list of texts"
_UNFIT = frozenset(
    f"{kind}_type" for kind in ("string", "bool", "int", "float", "list", "dict", "model", "model_attributes")
)
"""Complaints that a value is of another type."""


def faults(
    error: ValidationError, document: Document, file: Path | str, model: type[BaseModel]
) -> list[ManifestError]:
    """One :class:`ManifestError` for each error, in the order of the file."""
    found: dict[tuple[int | str, ...], list[ErrorDetails]] = {}
    schema = model.model_json_schema()
    for details in error.errors(include_url=False):
        found.setdefault(_path(details, document.value), []).append(details)
    errors = []
    for path, several in found.items():
        if several[0]["type"] in _UNFIT and any(other[: len(path)] == path != other for other in found):
            continue  # another member of the union fits, but for what is said of its inside
        line, column = document.place(path)
        errors.append(ManifestError(file, _sentence(_choose(several), path, schema), line, column))
    return sorted(errors, key=lambda fault: (fault.line, fault.column))


def fault_paths(error: ValidationError, document: Document) -> list[tuple[int | str, ...]]:
    """Where each fault stands in the file."""
    return [_path(details, document.value) for details in error.errors(include_url=False)]


def _choose(several: list[ErrorDetails]) -> ErrorDetails:
    """Choose which error to report for a value that fits no member of a union; each member has its own."""
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
    kind, given = details["type"], details["input"]
    if kind == "extra_forbidden":
        return f"{name} is no key here{_suggestion(path, schema)}"
    if kind == "string_pattern_mismatch":
        return f"{name} must be a name of lower-case letters, digits and '_', beginning with a letter"
    wrong = _NO_VALUE if kind == "no_value" else what_is_wrong(details, IN_WORDS)
    if kind == "string_type" and isinstance(given, bool):  # it may have been written yes, on, False …
        wrong += ": put it in quotes"
    elif kind == "string_type" and isinstance(given, int | float):
        wrong += f": write {json.dumps(str(given))}"
    return f"{name} {wrong}" if path else f"the manifest {wrong}"


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
