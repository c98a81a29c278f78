"""What a patch says, in whichever form it was written."""

from __future__ import annotations

from enum import Enum
from functools import cached_property

from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import ToolError


class PatchError(ToolError):
    """A patch that can't be read, or doesn't fit the workspace; nothing of it has been applied."""


class Action(Enum):
    """What a patch does with one file; the value is how a result tells it."""

    CREATE = "created"
    CHANGE = "changed"
    DELETE = "deleted"
    RENAME = "renamed"
    COPY = "copied"


class Mark(Enum):
    """What a line of a hunk is, by its first character."""

    CONTEXT = " "
    REMOVED = "-"
    ADDED = "+"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a hunk; ``text`` is without the newline, but with the carriage return of a CRLF line."""

    mark: Mark
    text: str
    ended: bool = True
    """Whether a newline follows; false before ``\\ No newline at end of file``."""


@dataclass(frozen=True)
class Hunk:
    """Lines that stand together in a file, and what becomes of them."""

    lines: tuple[Line, ...]
    start: int | None = None
    """Line number, from 1, of the first old line, or of the line before the place where there are no old
    lines; None where the form gives none and the content alone says where the hunk belongs."""
    headings: tuple[str, ...] = ()
    """Lines the place lies below, outermost first (``@@ def f():``)."""
    at_end: bool = False
    """Whether the old lines must be the file's last (``*** End of File``)."""
    recounted: bool = False
    """Whether its header told other numbers of lines than follow, so that only its content says its place."""

    @cached_property
    def old(self) -> tuple[Line, ...]:
        """The lines that must be there."""
        return tuple(line for line in self.lines if line.mark is not Mark.ADDED)

    @cached_property
    def new(self) -> tuple[Line, ...]:
        """The lines that will be there."""
        return tuple(line for line in self.lines if line.mark is not Mark.REMOVED)

    @property
    def ends_in_context(self) -> bool:
        """Whether unchanged lines follow the last change."""
        return self.lines[-1].mark is Mark.CONTEXT


@dataclass(frozen=True, slots=True)
class FilePatch:
    """What a patch does with one file; ``path`` is the file's name afterwards, or that of a deleted one."""

    action: Action
    path: str
    source: str | None
    """The file whose content is taken; None for a new one."""
    hunks: tuple[Hunk, ...] = ()
    executable: bool | None = None
    """Whether the file is to be executable; None leaves that as it is."""
    old_blob: str = ""
    """The beginning of git's name for the content the patch was made from; empty where unknown."""
    any_content: bool = False
    """Whether a file is deleted whatever it holds: a diff, unlike the other form, shows what it deletes."""
    may_be_new: bool = False
    """Whether a missing file is to be created: a diff without git's headers can't say it otherwise."""


def joined(lines: tuple[Line, ...]) -> str:
    """Return the text of ``lines``."""
    return "".join(line.text + "\n" if line.ended else line.text for line in lines)
