"""Places in a text: the protocol's lines and columns, and where a name stands. Pure functions."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any

_LINE_END = re.compile(r"\r\n|\r|\n")
_UNITS = {"utf-8": 1, "utf-16": 2, "utf-32": 4}
_CODECS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


class Lines:
    """The lines of a text, as the protocol counts them, columns in units of ``encoding``."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self._encoding = encoding
        ends = list(_LINE_END.finditer(text))
        starts = [0, *(each.end() for each in ends)]
        self._spans = list(zip(starts, [*(each.start() for each in ends), len(text)], strict=True))

    def line(self, number: int) -> str:
        """The line of that number, from 0, without its end; '' beyond the last."""
        return self.text[slice(*self._spans[number])] if 0 <= number < len(self._spans) else ""

    def offset(self, position: Any) -> int:
        """Where the protocol's ``position`` is in the text; raises ValueError for what is none."""
        try:
            line, column = int(position["line"]), int(position["character"])
        except (KeyError, TypeError) as error:
            raise ValueError("no position") from error
        if line == len(self._spans) and column == 0:
            return len(self.text)
        if not 0 <= line < len(self._spans) or column < 0:
            raise ValueError("no such line")
        start, end = self._spans[line]
        content = self.text[start:end].encode(_CODECS[self._encoding], "surrogatepass")
        head = content[: column * _UNITS[self._encoding]]
        return start + len(head.decode(_CODECS[self._encoding], "surrogatepass"))

    def position(self, offset: int) -> dict[str, int]:
        """The protocol's position of ``offset``."""
        number = bisect_right(self._spans, (offset, len(self.text))) - 1
        head = self.text[self._spans[number][0] : offset].encode(_CODECS[self._encoding], "surrogatepass")
        return {"line": number, "character": len(head) // _UNITS[self._encoding]}

    def find(self, name: str, line: int | None) -> int | None:
        """Where ``name`` first stands as a whole word, in ``line`` (from 0) if one is given."""
        start, end = 0, len(self.text)
        if line is not None:
            if not 0 <= line < len(self._spans):
                return None
            start, end = self._spans[line]
        found = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").search(self.text, start, end)
        return found.start() if found else None
