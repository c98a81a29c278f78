"""Remembers from run to run which optional fields a service refused.

A refusal costs a repeated request, so the field is not sent for a week. If the user sets it to another value,
it is sent again at once, because the refusal may have been about the value.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from seedsmith.agent.models.base import Notice
from seedsmith.sandbox.atomic_file import write_atomically

FORGOTTEN_AFTER_SECONDS = 7 * 24 * 3600.0
MAX_FILE_BYTES = 1 << 20
FILE_NAME = "refused-fields.json"

_Entries = dict[str, dict[str, dict[str, dict[str, Any]]]]


class RefusedFields(Protocol):
    """The refusals of services that are known when a model is opened."""

    def refused(self, provider: str, wire: str) -> frozenset[str]:
        """The optional fields that need not be tried."""

    def remember(self, provider: str, wire: str, field: str) -> None:
        """Note that the service refused ``field`` and answered without it; must never fail."""


class RefusedFieldsFile:
    """Implements :class:`RefusedFields` over a small file in the state folder.

    A file that is damaged counts as empty, and what can't be written is not remembered.
    """

    def __init__(
        self, folder: Path, asked: Mapping[str, Any], clock: Callable[[], float] = time.time
    ) -> None:
        """``asked`` are the fields that the user set, by their names in the body."""
        self._path = folder / FILE_NAME
        self._asked = asked
        self._clock = clock

    def refused(self, provider: str, wire: str) -> frozenset[str]:
        """The fields refused within a week, with the value that is asked for now."""
        fields = self._read().get(provider, {}).get(wire, {})
        return frozenset(name for name, entry in fields.items() if entry["value"] == self._value(name))

    def remember(self, provider: str, wire: str, field: str) -> None:
        """Add ``field`` to the file, which is replaced as a whole."""
        entries = self._read()
        known = entries.setdefault(provider, {}).setdefault(wire, {})
        known[field] = {"time": self._clock(), "value": self._value(field)}
        with suppress(OSError):
            write_atomically(self._path, json.dumps(entries, indent=1).encode())

    def _value(self, name: str) -> str:
        """A digest of the value, '' for none, so that the state folder contains no prompts or schemas."""
        if self._asked.get(name) is None:
            return ""
        text = json.dumps(self._asked[name], sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _read(self) -> _Entries:
        try:
            with self._path.open("rb") as file:
                document = json.loads(file.read(MAX_FILE_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        entries: _Entries = {}
        for provider, wire, field, entry in _leaves(document):
            if 0 <= self._clock() - entry["time"] < FORGOTTEN_AFTER_SECONDS:
                entries.setdefault(provider, {}).setdefault(wire, {})[field] = entry
        return entries


def _leaves(document: Any) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Every well-formed entry: provider, wire, field, and when which value of it was refused."""
    for provider, wires in document.items() if isinstance(document, dict) else ():
        for wire, fields in wires.items() if isinstance(wires, dict) else ():
            for field, entry in fields.items() if isinstance(fields, dict) else ():
                if (
                    isinstance(entry, dict)
                    and isinstance(entry.get("time"), int | float)
                    and isinstance(entry.get("value"), str)
                ):
                    yield provider, wire, field, {"time": entry["time"], "value": entry["value"]}


class FieldMemory:
    """The refusals of one model's service: those of earlier runs, and those of this one."""

    def __init__(self, known: RefusedFields | None, provider: str, service: str, wire: str) -> None:
        """``service`` names the provider and, where that is another than its own, the address."""
        self._known = known
        self._provider = provider
        self._service = service
        self._wire = wire
        self.refused = known.refused(service, wire) if known is not None else frozenset()
        self._noticed = False
        self._new: set[str] = set()

    def notices(self) -> list[Notice]:
        """Notices, given once, about the fields that are not sent."""
        noticed, self._noticed = self._noticed, True
        return [
            Notice("field_dropped", f"{self._provider} refused {field} within the last week: it is not sent.")
            for field in sorted(self.refused if not noticed else ())
        ]

    def dropped(self, field: str) -> None:
        """Note that the service refused ``field`` just now."""
        self._new.add(field)

    def answered(self) -> None:
        """Remember what was refused, now that an answer came without it."""
        while self._new and self._known is not None:
            self._known.remember(self._service, self._wire, self._new.pop())
