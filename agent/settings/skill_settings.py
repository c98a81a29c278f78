"""How the settings of skills and hooks, and lists, are read from what people write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from seedsmith.skills.hook_specs import HookSpecs
from seedsmith.tools.wrong_values import IN_WORDS, what_is_wrong


def one_or_several(given: Any) -> Any:
    """One file, or several, as a list."""
    return [given] if isinstance(given, (str, Path)) else given


Texts = Annotated[list[str] | None, BeforeValidator(one_or_several)]
FolderNames = Annotated[
    list[Annotated[str, Field(pattern=r"^[^/]+$")]] | None, BeforeValidator(one_or_several)
]


def pairs(given: Any) -> Any:
    """Values by name, given as a mapping or as texts ``NAME=VALUE``; the last of a name counts."""
    given = [given] if isinstance(given, str) else given
    if not isinstance(given, list | tuple):
        return given
    pairs = [each.partition("=") if isinstance(each, str) else ("", "", "") for each in given]
    for (name, sign, _), each in zip(pairs, given, strict=True):
        if not sign or not name.strip():
            raise ValueError(f"holds {str(each)[:60]!r}: write NAME=VALUE")
    return {name.strip(): value for name, _, value in pairs}


def hook_specs(given: Any) -> Any:
    """Hooks by event; numbers may be text, as configuration files are read."""
    if not isinstance(given, Mapping):
        return given
    try:
        return HookSpecs.model_validate(given, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "hooks"
        raise ValueError(f"is wrong at {where}: it {what_is_wrong(first, IN_WORDS)}") from None
