"""Fills parameters into argument lists, command lines and instructions; values are never interpreted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from seedsmith.skills.errors import BadParameters
from seedsmith.skills.parameter_specs import ParameterSpec, Value

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)\}")
_IN_TEXT = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")

NOT_GIVEN = "(not given)"


def placeholders(template: str) -> set[str]:
    """The names that stand in braces; doubled braces are themselves."""
    return {match[1] for match in _PLACEHOLDER.finditer(template) if match[1]}


def fill_argv(argv: Sequence[str], values: Mapping[str, Value]) -> list[str]:
    """``argv`` with the values in place, one argument each, whatever they hold.

    An argument that names a parameter without a value is left out; one that is nothing but a list's name
    becomes as many as the list has. Raises :class:`BadParameters` for a value that a program would take
    for an option.
    """
    filled: list[str] = []
    for template in argv:
        names = placeholders(template)
        if any(name not in values for name in names):
            continue
        alone = _PLACEHOLDER.fullmatch(template)
        whole = values[alone[1]] if alone and alone[1] else None
        for value in whole if isinstance(whole, list) else [whole]:
            argument = _fill(template, values) if whole is None else _text(value)
            begun = _begun_by_text(template, values)
            if begun and argument.startswith("-") and "--" not in filled:
                raise BadParameters(
                    f"The value {argument[:80]!r} would be taken for an option: it begins with '-'."
                )
            filled.append(argument)
    return filled


def _begun_by_text(template: str, values: Mapping[str, Value]) -> bool:
    """Whether a text (or a list's) value stands at the beginning, where it could make an option of it."""
    first = _PLACEHOLDER.match(template)
    return first is not None and isinstance(values.get(first[1] or ""), str | list)


def fill_command(template: str, declared: Mapping[str, ParameterSpec], values: Mapping[str, Value]) -> str:
    """A shell command line with the values in place, each quoted; a ``command`` is one already.

    A parameter without a value leaves nothing; a ``command`` that is part of a longer line leaves ``true``.
    """

    def replaced(match: re.Match[str]) -> str:
        name = match[1]
        if not name:
            return match[0][0]
        if name not in values:
            command = name in declared and declared[name].type == "command"
            return "true" if command and template.strip() != match[0] else ""
        value = values[name]
        if name in declared and declared[name].type == "command":
            return _text(value)
        parts = value if isinstance(value, list) else [_text(value)]
        return " ".join(shlex.quote(part) for part in parts)

    return _PLACEHOLDER.sub(replaced, template).strip()


def fill_text(
    text: str, declared: Mapping[str, ParameterSpec], values: Mapping[str, Value], missing: str = NOT_GIVEN
) -> str:
    """Instructions with ``{{name}}`` replaced by a parameter's value, or ``missing``; other braces stay."""

    def replaced(match: re.Match[str]) -> str:
        name = match[1]
        if name not in declared:
            return match[0]
        return _text(values[name]) if name in values else missing

    return _IN_TEXT.sub(replaced, text)


def _fill(template: str, values: Mapping[str, Value]) -> str:
    return _PLACEHOLDER.sub(lambda match: _text(values[match[1]]) if match[1] else match[0][0], template)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(value)
    return str(value)
