"""Tools whose parameters are pydantic models: the schema the model sees, what it hears when it errs."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Generic, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from seedsmith.tools.base import Access, InvalidArguments, JsonObject, ToolContext, ToolResult, ToolSpec
from seedsmith.tools.suggestions import did_you_mean, suggestion
from seedsmith.tools.text import path_as_shown
from seedsmith.tools.wrong_values import HALF_A_PAIR, IN_JSON, what_is_wrong

_SHOWN_VALUE_CHARACTERS = 60


class Parameters(BaseModel):
    """Base of every tool's parameters: nothing unknown, nothing converted, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, values: Any) -> Any:
        """Take null for an optional parameter as leaving it out, which is what models mean by it."""
        if not isinstance(values, dict):
            return values
        fields = cls.model_fields
        return {
            name: value
            for name, value in values.items()
            if value is not None or name not in fields or fields[name].is_required()
        }


def _valid_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(HALF_A_PAIR) from None
    return text


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text


Text = Annotated[str, AfterValidator(_valid_text)]
"""Text that can be written down; JSON lets half a surrogate pair through."""
ArgumentText = Annotated[Text, AfterValidator(_without_nul)]
"""Text that can be an argument of a program."""

PathText = Annotated[ArgumentText, AfterValidator(path_as_shown)]
"""A path of the workspace, as it is or as tools show it; stray bytes come out as surrogate escapes."""

ParametersT = TypeVar("ParametersT", bound=Parameters)


class PydanticTool(ABC, Generic[ParametersT]):
    """A :class:`seedsmith.tools.base.Tool` whose parameters are a pydantic model."""

    name: ClassVar[str]
    description: ClassVar[str]
    parameters: ClassVar[type[Parameters]]

    @cached_property
    def spec(self) -> ToolSpec:
        """Name, description and flat schema."""
        return ToolSpec(self.name, self.description, flatten_schema(self.parameters))

    def parse(self, arguments: JsonObject) -> ParametersT:
        """Check ``arguments``; raises :class:`InvalidArguments` naming every fault.

        The parameters are told as well where one is missing, unknown or no JSON object was given at all:
        whoever only gave one a wrong value knows them.
        """
        schema, unknown = self.spec.parameters, True
        if not isinstance(arguments, dict):
            faults = [f"the arguments must be a JSON object, got {_shown(arguments)}"]
        else:
            try:
                return cast(ParametersT, self.parameters.model_validate(arguments))
            except ValidationError as error:
                faults = _faults(error, schema)
                unknown = any(fault["type"] in _UNKNOWN for fault in error.errors(include_url=False))
        usage = f" {_usage(schema)}" if unknown else ""
        raise InvalidArguments(f"{self.name}: {'; '.join(faults)}.{usage}")

    @abstractmethod
    def access(self, parsed: ParametersT) -> Access:
        """Which resources this call would touch."""

    @abstractmethod
    async def run(self, parsed: ParametersT, context: ToolContext) -> ToolResult:
        """Do it."""


def flatten_schema(model: type[BaseModel]) -> JsonObject:
    """Return the JSON schema of ``model`` without ``$defs``, titles, defaults and ``anyOf`` of null.

    Seed's template shows its model only the names, types and descriptions at the top level, and constrained
    decoding refuses fancy schemas (docs/model-service.md, "Tools"), so a nested shape is inlined and spelt
    out once more in the description of the property that holds it.
    """
    raw = model.model_json_schema()
    definitions = raw.get("$defs", {})
    properties: JsonObject = {}
    for name, described in raw.get("properties", {}).items():
        flat = _flatten(described, definitions)
        shape = _shape(flat) if flat.get("type") in ("array", "object") else ""
        if "{" in shape:
            flat["description"] = " ".join(filter(None, (flat.get("description"), f"Shape: {shape}")))
        properties[name] = flat
    return {"type": "object", "properties": properties, "required": raw.get("required", [])}


_KEPT = ("type", "description", "enum", "const")


def _flatten(node: JsonObject, definitions: JsonObject) -> JsonObject:
    """Inline references and keep what a model needs; limits are told when they are broken."""
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[-1]]
        node = {**target, "description": None, **node}
    choices = [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        node = {**choices[0], **{key: value for key, value in node.items() if key != "anyOf"}}
        return _flatten(node, definitions)
    flat: JsonObject = {key: node[key] for key in _KEPT if node.get(key) is not None}
    if choices:
        flat["anyOf"] = [_flatten(choice, definitions) for choice in choices]
    if "items" in node:
        flat["items"] = _flatten(node["items"], definitions)
    if "properties" in node:
        children = node["properties"].items()
        flat["properties"] = {name: _flatten(child, definitions) for name, child in children}
        flat["required"] = node.get("required", [])
    return flat


def _shape(node: JsonObject) -> str:
    """Write a nested schema the way people do: ``[{old: string, all?: boolean}]``."""
    if node.get("type") == "array":
        return f"[{_shape(node.get('items', {}))}]"
    if "properties" not in node:
        return "|".join(map(str, node["enum"])) if "enum" in node else str(node.get("type", "any"))
    required = node.get("required", ())
    fields = (
        f"{name}{'' if name in required else '?'}: {_shape(child)}"
        for name, child in node["properties"].items()
    )
    return "{" + ", ".join(fields) + "}"


def _usage(schema: JsonObject) -> str:
    parts = []
    for name, described in schema["properties"].items():
        required = ", required" if name in schema["required"] else ""
        parts.append(f"{name} ({_shape(described)}{required})")
    return "Parameters: " + ", ".join(parts)


_UNKNOWN = ("missing", "extra_forbidden")
"""Kinds of faults that show that the parameters themselves are not known."""


def _faults(error: ValidationError, schema: JsonObject) -> list[str]:
    return [_fault(cast("Mapping[str, Any]", item), schema) for item in error.errors(include_url=False)]


def _fault(item: Mapping[str, Any], schema: JsonObject) -> str:
    """Turn one pydantic error into a phrase that says what is wrong with which parameter."""
    name, kind = _location(item["loc"]), item["type"]
    if kind == "extra_forbidden":
        return f"unknown parameter '{name}'{_suggestion(item['loc'], schema)}"
    wrong = what_is_wrong(item, IN_JSON)
    if kind in _SAYS_ALL:
        return f"'{name}' {wrong}" if name else wrong
    return f"'{name}' {wrong}, got {_shown(item['input'])}"


_SAYS_ALL = ("missing", "value_error", "string_unicode")
"""Kinds of faults that are told without the value that was given."""


def _location(location: Iterable[str | int]) -> str:
    name = ""
    for part in location:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name[:_SHOWN_VALUE_CHARACTERS]


def _suggestion(location: tuple[str | int, ...], schema: JsonObject) -> str:
    """Name the parameter that was probably meant, by likeness of the name."""
    node = schema
    for part in location[:-1]:
        node = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part, {})
    known = list(node.get("properties", {}))
    unknown = str(location[-1])
    meant = next((name for name in known if unknown.casefold() in _SYNONYMS.get(name, ())), None)
    return did_you_mean(meant) if meant else suggestion(unknown, known)


_SYNONYMS = {
    "path": ("file", "filename", "file_path", "filepath", "dir", "directory", "folder"),
    "old": ("old_string", "old_str", "old_text", "search", "find"),
    "new": ("new_string", "new_str", "new_text", "replace", "replacement"),
    "content": ("contents", "text", "data", "file_text"),
    "command": ("cmd", "script", "code"),
    "pattern": ("regex", "query", "regexp"),
    "glob": ("include", "files", "type"),
    "offset": ("start", "start_line", "line", "from"),
    "limit": ("max", "count", "lines", "max_results", "head_limit"),
    "items": ("todos", "tasks", "steps", "plan", "list"),
    "state": ("status",),
    "question": ("prompt", "message", "query"),
    "options": ("choices", "answers"),
    "timeout": ("timeout_ms", "timeout_seconds", "seconds"),
    "background": ("run_in_background", "is_background", "detach"),
    "id": ("shell_id", "bash_id", "command_id", "session_id", "process_id", "pid", "name"),
    "text": ("input", "stdin", "chars", "data", "content"),
    "wait": ("timeout", "seconds", "wait_seconds", "yield_time_ms"),
    "close": ("eof", "end"),
}
"""What other agents call these parameters; only ever a hint, never accepted in their place."""


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _SHOWN_VALUE_CHARACTERS else text[: _SHOWN_VALUE_CHARACTERS - 1] + "…"
