"""The user's catalog entries and output schema as a recording holds them.

A run reads them from the user's files, which do not exist on another machine that replays the recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedsmith.agent.errors import UsageError
from seedsmith.agent.models.address import shown
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.catalog.entries import Catalog
from seedsmith.agent.recording.errors import RecordingError

if TYPE_CHECKING:
    from seedsmith.agent.loop.output_schema import OutputSchema
    from seedsmith.agent.recording.format import Head


def user_entries(known: Catalog, models: tuple[str, ...]) -> dict[str, Any]:
    """The user's own entries of the catalog ``known`` that describe ``models`` (``PROVIDER/MODEL``).

    These are the entries of the models' providers, or all if the price depends on another provider's. User
    and password are removed from addresses.
    """
    used = {model.partition("/")[0] for model in models}
    entries = {name: _without_password(entry) for name, entry in known.own.items() if name in used}
    if len(entries) < len(known.own) and _resolved(models, _over(entries)) != _resolved(models, known):
        return {name: _without_password(entry) for name, entry in known.own.items()}
    return entries


def recorded_catalog(head: Head, path: Path) -> Catalog | None:
    """The catalog with which the recording in ``path`` was made; None if an older program made it.

    Raises :class:`RecordingError` where it can't be used.
    """
    if head.catalog is None:
        return None
    try:
        return _over(head.catalog)
    except (UsageError, AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise RecordingError(f"Line 1 of {path} is damaged: its catalog can't be used.") from error


def recorded_schema(head: Head, path: Path) -> OutputSchema | None:
    """The schema the recorded run's final message had to follow, if there was one.

    Raises :class:`RecordingError` where it can't be used.
    """
    if head.output_schema is None:
        return None
    from seedsmith.agent.loop.output_schema import SchemaError, checked_schema

    try:
        schema, name = head.output_schema["schema"], head.output_schema["name"]
        return checked_schema(dict(schema), name=str(name), source="the recorded schema")
    except (SchemaError, KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"Line 1 of {path} is damaged: its output schema can't be used.") from error


def _over(entries: Mapping[str, Any]) -> Catalog:
    from seedsmith.agent.models.catalog.user_catalog import UserCatalog

    return catalog.with_own(UserCatalog(Path("the recording"), entries, {}))


def _resolved(models: tuple[str, ...], known: Catalog) -> list[Any]:
    return [known.resolve(model)[1] for model in models]


def _without_password(entry: Mapping[str, Any]) -> dict[str, Any]:
    if "base_url" not in entry:
        return dict(entry)
    address, source = entry["base_url"]
    return {**entry, "base_url": [shown(address), source]}
