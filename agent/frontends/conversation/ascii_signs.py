"""The program's own signs, spelt so that a terminal without Unicode can show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO

_SIGNS = "·…¥"
_INSTEAD = str.maketrans(
    {
        "·": "-",
        "…": "...",
        "•": "*",
        "¥": "CNY ",
        "→": "->",
        "≤": "<=",
        "✓": "ok:",
        "✗": "failed:",
        "─": "-",
        "━": "=",
    }
)


def letters_for(encoding: str) -> Callable[[str], str]:
    """What makes a text ready for a terminal of ``encoding``."""
    try:
        _SIGNS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return lambda text: text.translate(_INSTEAD)
    return str


class SpeltStream:
    """A stream whose texts are spelt by a function first; all else is the stream's own."""

    def __init__(self, stream: TextIO, spell: Callable[[str], str]) -> None:
        self._stream = stream
        self._spell = spell

    def write(self, text: str) -> int:
        """Write ``text`` as it is spelt."""
        self._stream.write(self._spell(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
