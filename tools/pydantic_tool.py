"""Tools whose parameters are pydantic models: the schema the model sees, what it hears when it errs."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property, wraps
from typing import Annotated, Any, ClassVar, Generic, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from seedsmith.tools.arguments import SYNONYMS, as_meant, renamed, unwrapped
from seedsmith.tools.base import Access, InvalidArguments, JsonObject, ToolContext, ToolResult, ToolSpec
from seedsmith.tools.flat_schema import flatten_schema, usage
from seedsmith.tools.suggestions import did_you_mean, suggestion
from seedsmith.tools.text import path_as_shown
from seedsmith.tools.wrong_values import HALF_A_PAIR, IN_JSON, what_is_wrong

_SHOWN_VALUE_CHARACTERS = 60


class Parameters(BaseModel):
    """Base of every tool's parameters: what has one reading is read so, see :mod:`arguments`; else strict."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    _notes: list[str] = PrivateAttr(default_factory=list)
    """What the model should hear of how its arguments were read."""

    @model_validator(mode="before")
    @classmethod
    def _read_as_meant(cls, values: Any, info: ValidationInfo) -> Any:
        """Bring other names and types into this form; notes go to the list that is the context, if any."""
        if not isinstance(values, dict):
            return values
        notes = info.context if isinstance(info.context, list) else []
        return as_meant(cls, cls.prepare(renamed(cls, values), notes), notes)

    @classmethod
    def prepare(cls, values: JsonObject, notes: list[str]) -> JsonObject:
        """Read what only these parameters know of, before types are looked at; adds to ``notes``."""
        return values

    def take_notes(self) -> list[str]:
        """Return the notes, once."""
        notes = list(self._notes)
        self._notes.clear()
        return notes


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


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


Text = Annotated[str, AfterValidator(_valid_text)]
"""Text that can be written down; JSON lets half a surrogate pair through."""
NotBlank = Annotated[Text, AfterValidator(_not_blank)]
"""Text that says something."""
ArgumentText = Annotated[Text, AfterValidator(_without_nul)]
"""Text that can be an argument of a program."""


def _path_meant(text: str) -> str:
    if not text.startswith("file:///"):
        return path_as_shown(text)
    from urllib.parse import unquote

    return unquote(text.removeprefix("file://"), errors="surrogateescape")


PathText = Annotated[ArgumentText, AfterValidator(_path_meant)]
"""A path of the workspace, as it is, as tools show it or as a ``file:`` address; stray bytes come out as
surrogate escapes."""

ParametersT = TypeVar("ParametersT", bound=Parameters)


class PydanticTool(ABC, Generic[ParametersT]):
    """A :class:`seedsmith.tools.base.Tool` whose parameters are a pydantic model."""

    name: ClassVar[str]
    description: ClassVar[str]
    parameters: ClassVar[type[Parameters]]

    def __init_subclass__(cls) -> None:
        """Let results of ``run`` say how the arguments were read, where that is worth a word."""
        super().__init_subclass__()
        if "run" in cls.__dict__:
            cls.run = _with_notes(cls.run)  # type: ignore[assignment,method-assign]

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
                notes: list[str] = []
                given = unwrapped(self.parameters, arguments)
                parsed = cast(ParametersT, self.parameters.model_validate(given, context=notes))
                parsed._notes.extend(dict.fromkeys(notes))
                return parsed
            except ValidationError as error:
                faults = _faults(error, schema)
                unknown = any(fault["type"] in _UNKNOWN for fault in error.errors(include_url=False))
        hint = f" {usage(schema)}" if unknown else ""
        raise InvalidArguments(f"{self.name}: {'; '.join(faults)}.{hint}")

    @abstractmethod
    def access(self, parsed: ParametersT) -> Access:
        """Which resources this call would touch."""

    @abstractmethod
    async def run(self, parsed: ParametersT, context: ToolContext) -> ToolResult:
        """Do it."""


def _with_notes(run: Callable[..., Awaitable[ToolResult]]) -> Callable[..., Awaitable[ToolResult]]:
    @wraps(run)
    async def telling(self: Any, parsed: Parameters, context: ToolContext) -> ToolResult:
        result = await run(self, parsed, context)
        notes = parsed.take_notes()
        return replace(result, text=f"{result.text}\n[{'; '.join(notes)}]") if notes else result

    return telling


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
    meant = next((name for name in known if unknown.casefold() in SYNONYMS.get(name, ())), None)
    return did_you_mean(meant) if meant else suggestion(unknown, known)


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _SHOWN_VALUE_CHARACTERS else text[: _SHOWN_VALUE_CHARACTERS - 1] + "…"
