"""Text that comes in pieces, broken between words where a terminal would break within one."""

from __future__ import annotations

import re

_PIECES = re.compile(r"\n|[^\S\n]+|[\u2e80-\uffef]|[^\s\u2e80-\uffef]+")
"""A line's end, blanks, a letter that lines may be broken behind, a word."""
_FENCES = ("```", "~~~")


class WordStream:
    """Lets through what comes, but for its last word: that waits until it is known where it ends.

    Fenced code stays as it is, and a word that is longer than a line stays whole.
    """

    def __init__(self) -> None:
        self._word = self._blanks = self._line = ""
        self._column = 0
        self._fenced = False

    def take(self, text: str, width: int) -> str:
        """What of all that came can be written now on lines of ``width`` columns."""
        pieces = _PIECES.findall(self._word + text)
        self._word = pieces.pop() if pieces and not pieces[-1].isspace() else ""
        return "".join(self._placed(piece, width) for piece in pieces)

    def end(self, width: int) -> str:
        """The rest; what comes next begins a line."""
        rest = self._placed(self._word, width) if self._word else ""
        self._word = self._blanks = self._line = ""
        self._column = 0
        return rest

    def _placed(self, piece: str, width: int) -> str:
        from rich.cells import cell_len

        if piece == "\n":
            self._fenced ^= self._line.lstrip().startswith(_FENCES)
            self._line, self._blanks, self._column = "", "", 0
            return piece
        self._line += piece
        if piece.isspace():
            self._blanks += piece
            return ""
        blanks, self._blanks = self._blanks, ""
        broken = self._column and self._column + cell_len(blanks + piece) > width and not self._fenced
        written = f"\n{piece}" if broken else f"{blanks}{piece}"
        self._column = cell_len(written.lstrip("\n")) + (0 if broken else self._column)
        return written
