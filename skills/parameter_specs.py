"""The typed parameters of a skill and its commands: their declarations, and checks of values."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seedsmith.skills.errors import BadParameters

NAME_PATTERN = r"^[a-z][a-z0-9_]*$"
Kind = Literal["string", "integer", "number", "boolean", "list", "command"]
Value = str | int | float | bool | list[str]

_MOST_CHARACTERS = 20_000
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


class ManifestPart(BaseModel):
    """Base of all parts of a manifest: unknown keys are errors, and no value is converted.

    What checks them is built at their first use.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)


class ParameterSpec(ManifestPart):
    """One parameter: its type, whether it must be given, and what it is where it is not."""

    type: Kind = Field(
        "string",
        description="list: of texts; command: a whole shell command line, inserted into verify as it stands.",
    )
    description: str = Field("", max_length=500)
    required: bool = False
    default: Value | None = None
    choices: list[Value] | None = Field(None, min_length=1, max_length=100)

    @model_validator(mode="after")
    def _agrees(self) -> ParameterSpec:
        if self.required and self.default is not None:
            raise ValueError("is required and has a default: leave one of them out")
        for choice in self.choices or ():
            self._check_own(choice, "choices")
        if self.default is not None:
            self._check_own(self.default, "default")
            if self.choices and self.default not in self.choices:
                raise ValueError(f"has the default {self.default!r}, which is not among its choices")
        return self

    def _check_own(self, value: Value, where: str) -> None:
        if not _fits(self.type, value):
            raise ValueError(f"has {value!r} in {where}, which is no {self.type}")

    def accept(self, name: str, value: Any) -> Value:
        """``value`` as the parameter's type; text is read as the command line gives it.

        Raises :class:`BadParameters`.
        """
        found = _read(self.type, value) if isinstance(value, str) else value
        if found is None or not _fits(self.type, found):
            shown = json.dumps(value, ensure_ascii=False, default=str)
            raise BadParameters(f"The parameter {name!r} must be {_SAID[self.type]}, not {shown:.80}.")
        if self.choices and found not in self.choices:
            choices = ", ".join(str(choice) for choice in self.choices)
            raise BadParameters(f"The parameter {name!r} must be one of {choices}, not {found!s:.80}.")
        texts = found if isinstance(found, list) else [found] if isinstance(found, str) else []
        if any("\0" in text or len(text) > _MOST_CHARACTERS for text in texts):
            raise BadParameters(f"The parameter {name!r} holds a NUL character or is too long.")
        kept: Value = found
        return kept


def accept_all(
    declared: Mapping[str, ParameterSpec], given: Mapping[str, Any], whose: str
) -> dict[str, Value]:
    """The value of every parameter that has one; raises :class:`BadParameters` naming the fault."""
    unknown = [name for name in given if name not in declared]
    if unknown:
        known = f"it takes {', '.join(declared)}" if declared else "it takes none"
        raise BadParameters(f"{whose} has no parameter {unknown[0]!r:.80}: {known}.")
    values: dict[str, Value] = {}
    for name, spec in declared.items():
        if given.get(name) is not None:
            values[name] = spec.accept(name, given[name])
        elif spec.required:
            said = f" ({spec.description})" if spec.description else ""
            raise BadParameters(f"{whose} needs the parameter {name!r}{said}.")
        elif spec.default is not None:
            values[name] = spec.default
    return values


_SAID = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list of texts",
    "command": "a command line",
}


def _fits(kind: Kind, value: Any) -> bool:
    match kind:
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case "boolean":
            return isinstance(value, bool)
        case "list":
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        case _:
            return isinstance(value, str)


def _read(kind: Kind, text: str) -> Value | None:
    """Text from a command line as the type; None where it is none."""
    try:
        match kind:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return _WORDS.get(text.strip().lower())
            case "list":
                if text.lstrip().startswith("["):
                    read: Value = json.loads(text)
                    return read
                return [part.strip() for part in text.split(",") if part.strip()]
            case _:
                return text
    except ValueError:
        return None
