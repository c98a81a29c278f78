"""What a server wants to know of a person: put to them as the ask tool's questions are, a field at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from seedsmith.tools.text import escape

if TYPE_CHECKING:
    from mcp_types import ElicitRequestParams, ElicitResult

AskPerson = Callable[[str, tuple[str, ...]], Awaitable[str]]
"""Puts a question with likely answers to the person; '' where none was given."""
NOT_GIVEN = "(leave it out)"
DECLINE = "(decline)"
_MOST_FIELDS = 20
_MOST_OFFERED = 7
_YES, _NO = "yes", "no"


async def elicited(server: str, params: ElicitRequestParams, ask: AskPerson | None) -> ElicitResult:
    """The person's answers for ``server``; declined without a person, or where they decline."""
    from mcp_types import ElicitRequestURLParams, ElicitResult

    if ask is None:
        return ElicitResult(action="decline")
    head = f"The MCP server {server}, a third party, asks: {escape(params.message)[:2000]}"
    if isinstance(params, ElicitRequestURLParams):
        opened = await ask(
            f"{head}\nOpen {escape(params.url)[:1000]} yourself, then say so.", ("done", DECLINE)
        )
        return ElicitResult(action="accept" if opened == "done" else "decline")
    content: dict[str, Any] = {}
    schema = params.requested_schema
    required = schema.get("required", ())
    fields = list(schema.get("properties", {}).items())[:_MOST_FIELDS]
    if not fields:
        agreed = await ask(head, (_YES, _NO))
        return ElicitResult(action="accept" if agreed == _YES else "decline", content={})
    for name, described in fields:
        needed = name in required
        said = await ask(_question(head, name, described), _options(described, needed))
        if said == DECLINE or (needed and not said):
            return ElicitResult(action="decline" if said else "cancel")
        if said and said != NOT_GIVEN:
            content[name] = _value(said, described)
    return ElicitResult(action="accept", content=content)


def _question(head: str, name: str, described: dict[str, Any]) -> str:
    said = described.get("description") or described.get("title") or ""
    choices = ", ".join(_choices(described))[:2000]
    if choices and described.get("type") == "array":
        said = f"{said} - any of these, with commas between: {choices}".removeprefix(" - ")
    elif len(_choices(described)) > _MOST_OFFERED:
        said = f"{said} - one of: {choices}".removeprefix(" - ")
    return f"{head}\n{escape(name)}{f' ({escape(str(said))[:2500]})' if said else ''}?"


def _options(described: dict[str, Any], needed: bool) -> tuple[str, ...]:
    several = described.get("type") == "array"
    more = [DECLINE] if needed else [NOT_GIVEN, DECLINE]
    return (*([] if several else list(_choices(described))[:_MOST_OFFERED]), *more)


def _choices(described: dict[str, Any]) -> dict[str, Any]:
    """What may be answered, as a person reads it, with the value that stands for it; empty for anything."""
    if described.get("type") == "boolean":
        return {_YES: True, _NO: False}
    items = described.get("items")
    where = items if described.get("type") == "array" and isinstance(items, dict) else described
    titled = where.get("oneOf") or where.get("anyOf")
    if isinstance(titled, list):
        pairs = [(each.get("title", each.get("const")), each.get("const")) for each in titled]
    elif isinstance(values := where.get("enum"), list):
        names = where.get("enumNames")
        shown = names if isinstance(names, list) and len(names) == len(values) else values
        pairs = list(zip(shown, values, strict=True))
    else:
        pairs = []
    return {escape(str(shown)): value for shown, value in pairs if value is not None}


def _value(said: str, described: dict[str, Any]) -> str | int | float | bool | list[str]:
    """The answer as the field's type where it can be read so; the server judges it."""
    kind, choices = described.get("type"), _choices(described)
    if kind == "array":
        parts = [part.strip() for part in said.split(",")]
        return [choices.get(part, part) for part in parts if part]
    if said in choices:
        return cast("str | int | float | bool", choices[said])
    try:
        if kind == "boolean":
            return said.strip().casefold() in (_YES, "y", "true", "1")
        if kind == "integer":
            return int(said)
        if kind == "number":
            return float(said)
    except ValueError:
        return said
    return said
