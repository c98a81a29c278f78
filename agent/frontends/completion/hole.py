"""A place in a text where something is missing: the cursor, and what stands around it."""

from __future__ import annotations

import posixpath
import re
from functools import cached_property

from seedsmith.agent.errors import UsageError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.text import count

_PLACE = re.compile(r"(?P<path>.+?):(?P<line>\d+)(?::(?P<column>\d+))?")
_SECRET = re.compile(
    r"\.env(\..*)?|.*\.(pem|key|p12|pfx|jks|keystore|kdbx)|id_[a-z0-9_]+|\.netrc|\.pgpass|\.npmrc|\.pypirc"
    r"|\.git-credentials|credentials(\..*)?|secrets?(\..*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Hole:
    """The place ``offset`` in ``text``, which is the file ``path`` as it is now, saved or not."""

    path: str
    """Relative to the workspace where it lies inside."""
    text: str
    offset: int
    """In characters."""

    @cached_property
    def prefix(self) -> str:
        """The text before the cursor."""
        return self.text[: self.offset]

    @cached_property
    def suffix(self) -> str:
        """The text behind the cursor."""
        return self.text[self.offset :]

    @property
    def line_before(self) -> str:
        """The cursor's line up to the cursor."""
        return self.prefix[self.prefix.rfind("\n") + 1 :]

    @property
    def line_after(self) -> str:
        """The cursor's line from the cursor on, without its end."""
        return self.suffix.partition("\n")[0].removesuffix("\r")

    @property
    def kind(self) -> str:
        """The file's suffix, in lower case: ``.py``."""
        return posixpath.splitext(self.path)[1].lower()

    @property
    def holds_secrets(self) -> bool:
        """Whether the file's name says that it holds keys or passwords, which no model is shown."""
        return _SECRET.fullmatch(posixpath.basename(self.path)) is not None


def split_place(place: str) -> tuple[str, int, int | None]:
    """``FILE:LINE[:COL]`` as path, line and column, both counted from 1; raises :class:`UsageError`."""
    match = _PLACE.fullmatch(place)
    if match is None:
        raise UsageError(f"Name a place as FILE:LINE or FILE:LINE:COL, not {place!r}.")
    column = match["column"]
    return match["path"], int(match["line"]), int(column) if column else None


def offset_of(text: str, line: int, column: int | None) -> int:
    """Where line and column lie in ``text``; no column: the line's end. Raises :class:`UsageError`."""
    lines = text.split("\n")
    if not 1 <= line <= len(lines):
        raise UsageError(f"The text has {count(len(lines), 'line')}: there is no line {line}.")
    length = len(lines[line - 1].removesuffix("\r"))
    if column is not None and not 1 <= column <= length + 1:
        raise UsageError(f"Line {line} has columns 1 to {length + 1}: there is no column {column}.")
    return sum(len(each) + 1 for each in lines[: line - 1]) + (length if column is None else column - 1)
