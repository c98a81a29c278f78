"""Keeps known secrets out of what the model, the records and the screen get to see."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "[redacted]"
MOST_NESTED = 100
"""Levels of lists and objects; JSON that is nested deeper can take Python's whole stack."""
TOO_DEEP = "[nested too deeply]"
_SHORTEST_SECRET = 8
"""Shorter values would mask ordinary words."""

_SECRET_NAME = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(?:_|$)", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Whether a variable's name says that its value is a secret."""
    return _SECRET_NAME.search(name) is not None


def nested_too_deeply(value: Any) -> bool:
    """Whether JSON-like ``value`` has more than :data:`MOST_NESTED` levels; never fails."""
    level = [value]
    for _ in range(MOST_NESTED):
        level = [
            item
            for each in level
            if isinstance(each, dict | list | tuple)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return any(isinstance(each, dict | list | tuple) for each in level)


class Redactor:
    """Replaces the secret values it was given by ``[redacted]``, wherever they turn up."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(secrets)
        values = {secret for secret in self._secrets if len(secret) >= _SHORTEST_SECRET}
        values |= {json.dumps(value)[1:-1] for value in values}
        longest_first = sorted(values, key=len, reverse=True)
        self._values = tuple(longest_first)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *more: str | None) -> Redactor:
        """Know every variable whose name says it is a secret, and the values in ``more``."""
        named = [value for name, value in environment.items() if is_secret_name(name)]
        return cls([*named, *(value for value in more if value)])

    @property
    def values(self) -> tuple[str, ...]:
        """What is replaced, longest first."""
        return self._values

    def knowing(self, secrets: Iterable[str]) -> Redactor:
        """One that knows ``secrets`` too."""
        return Redactor([*self._secrets, *secrets])

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where in ``text`` secrets stand: start and end of each, in order."""
        return [match.span() for match in self._pattern.finditer(text)] if self._pattern else []

    def text(self, text: str) -> str:
        """Return ``text`` without the secrets; JSON text stays valid JSON."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def stream(self) -> RedactedStream:
        """What redacts a text that comes in pieces."""
        return RedactedStream(self, self._values)

    def data(self, value: Any) -> Any:
        """Return JSON-like ``value`` with every string in it redacted.

        What is nested deeper than :data:`MOST_NESTED` levels comes out as :data:`TOO_DEEP`.
        """
        if self._pattern is None and not nested_too_deeply(value):
            return value
        return self._data(value, MOST_NESTED)

    def _data(self, value: Any, levels: int) -> Any:
        match value:
            case str():
                return self.text(value)
            case dict() | list() | tuple() if levels == 0:
                return TOO_DEEP
            case dict():
                return {self._data(key, 0): self._data(item, levels - 1) for key, item in value.items()}
            case list() | tuple():
                return [self._data(item, levels - 1) for item in value]
            case _:
                return value


class RedactedStream:
    """A text that comes in pieces, without the secrets, wherever the pieces part them."""

    def __init__(self, redactor: Redactor, values: tuple[str, ...]) -> None:
        self._redactor = redactor
        self._values = values
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown now that ``piece`` came: all but an end that may begin a secret."""
        text = self._held + piece
        cut = len(text) - max((_begun(value, text) for value in self._values), default=0)
        for start, end in self._redactor.spans(text):
            cut = start if start < cut < end else cut
        self._held = text[cut:]
        return self._redactor.text(text[:cut])

    def close(self) -> str:
        """What was held back, once nothing more comes."""
        held, self._held = self._held, ""
        return self._redactor.text(held)


def _begun(secret: str, text: str) -> int:
    """How many characters at the end of ``text`` are the beginning of ``secret``, but not all of it."""
    lengths = range(min(len(secret) - 1, len(text)), 0, -1)
    return next((length for length in lengths if text.endswith(secret[:length])), 0)
