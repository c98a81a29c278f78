"""A JSON Schema for the final message: read from a file, checked, and applied to a text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedsmith.agent.errors import UsageError
from seedsmith.agent.settings.given_file import read_given_text, why_unreadable
from seedsmith.sandbox.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MAX_FILE_BYTES = 1 << 20
MOST_ERRORS = 10
LONGEST_ERROR = 300
UNNAMED = "output"
_FENCED = re.compile(r"^[ \t]*```[A-Za-z0-9]*[ \t]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")


class SchemaError(UsageError):
    """The schema's file can't be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """A JSON Schema and what checks values against it."""

    name: str
    """Its name in requests to the service."""
    source: str
    """How messages refer to it: by its file, if it has one."""
    schema: Mapping[str, Any]
    validator: Validator

    @property
    def text(self) -> str:
        """The schema as it is told to the model."""
        return json.dumps(self.schema, ensure_ascii=False, separators=(",", ":"))

    @property
    def response_format(self) -> dict[str, Any]:
        """The schema as a service takes it (docs/model-service.md, "Parameters")."""
        return {"type": "json_schema", "json_schema": self.to_json()}

    @property
    def searches(self) -> bool:
        """Whether it contains regular expressions, which may take practically forever on some texts."""
        return _has_key(self.schema, _REGULAR)

    def to_json(self) -> dict[str, Any]:
        """``{"name": …, "schema": …}``."""
        return {"name": self.name, "schema": dict(self.schema)}

    def read(self, text: str) -> tuple[Any, list[str]]:
        """The JSON value of ``text`` or of its only fenced block, and the errors found in it."""
        from referencing.exceptions import Unresolvable

        try:
            value = parsed(text)
        except ValueError as error:
            return None, [str(error)]
        except RecursionError:
            return None, ["it is nested too deeply"]
        try:
            errors = sorted(self.validator.iter_errors(value), key=lambda error: list(map(str, error.path)))
        except RecursionError:
            return None, ["it is nested too deeply to be checked"]
        except Unresolvable as error:
            return None, [f"the schema refers to {error.ref!r}, which its file does not hold"]
        said = [_shortened(f"{error.json_path}: {error.message}") for error in errors[:MOST_ERRORS]]
        if len(errors) > MOST_ERRORS:
            said.append(f"and {len(errors) - MOST_ERRORS} more")
        return value, said


def load(path: Path) -> OutputSchema:
    """Read and check a schema; raises :class:`SchemaError`. Nothing it refers to is ever fetched."""
    name = _NOT_A_NAME.sub("_", path.stem).strip("_")[:64] or UNNAMED
    return checked_schema(_read(path), name=name, source=str(path))


def schema_itself(given: Path | Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema, which is given directly or as a file's path; raises :class:`SchemaError`."""
    return _read(given) if isinstance(given, Path) else given


def checked_schema(
    schema: dict[str, Any], *, name: str = UNNAMED, source: str = "the given schema"
) -> OutputSchema:
    """Check a schema; raises :class:`SchemaError`, whose message names ``source``."""
    from jsonschema.exceptions import SchemaError as InvalidSchema
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing.jsonschema import EMPTY_REGISTRY

    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except InvalidSchema as error:
        raise SchemaError(
            f"{_first_upper(source)} is no JSON Schema: {_shortened(f'{error.json_path}: {error.message}')}."
        ) from None
    except RecursionError:
        raise SchemaError(f"{_first_upper(source)} is nested too deeply.") from None
    _check_references(source, schema)
    return OutputSchema(name, source, schema, kind(schema, registry=EMPTY_REGISTRY))


def _read(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file():
            raise SchemaError(f"There is no schema file {path}.")
        text = read_given_text(path, MAX_FILE_BYTES, f"The schema {path}")
        schema = json.loads(text, parse_constant=_refuse_constant)
    except UsageError as error:
        raise SchemaError(str(error)) from None
    except OSError as error:
        raise SchemaError(f"The schema {path} can't be read: {why_unreadable(error)}.") from None
    except ValueError as error:
        raise SchemaError(f"The schema {path} is not JSON: {error}.") from None
    except RecursionError:
        raise SchemaError(f"The schema {path} is nested too deeply.") from None
    if not isinstance(schema, dict):
        raise SchemaError(f"The schema {path} should be a JSON object.")
    return schema


def _check_references(source: str, schema: dict[str, Any]) -> None:
    """Refuse references to other files now, not after a model has worked for an hour."""
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012, specification_with

    base = specification_with(str(schema.get("$schema", "")), default=DRAFT202012)
    resource = base.create_resource(schema)
    registry: Registry[Any] = Registry().with_resource(resource.id() or "", resource).crawl()
    resolver = registry.resolver_with_root(resource)
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable:
            raise SchemaError(
                f"{_first_upper(source)} refers to {reference!r}, which it does not hold: nothing is fetched."
            ) from None


_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords whose value maps names, which are not keywords, to schemas."""
_VALUES = frozenset({"const", "enum", "default", "examples"})
"""Keywords whose value is not a schema."""


_REGULAR = frozenset({"pattern", "patternProperties"})


def _has_key(value: Any, keys: frozenset[str]) -> bool:
    """Whether a mapping anywhere in ``value`` has one of ``keys``, as a keyword or otherwise."""
    if isinstance(value, Mapping):
        return not keys.isdisjoint(value) or any(_has_key(inner, keys) for inner in value.values())
    return isinstance(value, list) and any(_has_key(inner, keys) for inner in value)


def _references(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                if key in ("$ref", "$dynamicRef") and isinstance(inner, str):
                    yield inner
                elif key in _BY_NAME and isinstance(inner, dict):
                    for schema in inner.values():
                        yield from _references(schema)
                elif key not in _VALUES:
                    yield from _references(inner)
        case list():
            for inner in value:
                yield from _references(inner)


def parsed(text: str) -> Any:
    """The text parsed as JSON; raises ValueError that says why it can't be."""
    try:
        return json.loads(text.strip(), parse_constant=_refuse_constant)
    except ValueError as error:
        fenced = _FENCED.findall(text)
        if len(fenced) != 1:
            raise ValueError(f"it is not JSON ({_shortened(str(error))})") from None
    try:
        return json.loads(fenced[0].strip(), parse_constant=_refuse_constant)
    except ValueError as error:
        raise ValueError(f"its fenced block is not JSON ({_shortened(str(error))})") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _first_upper(text: str) -> str:
    return f"The{text.removeprefix('the')}" if text.startswith("the ") else text


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_ERROR else f"{text[:LONGEST_ERROR]}…"
