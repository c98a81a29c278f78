"""A change taken apart into its hunks, and the patches that take one back or put another in its place."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from seedsmith.sandbox.lazy_dataclass import dataclass

_NOWHERE = "/dev/null"
_NO_NEWLINE = "\\ No newline at end of file"


@dataclass(frozen=True, slots=True)
class Hunk:
    """One place of a change, its lines without their ends."""

    path: str
    old_start: int
    new_start: int
    lines: tuple[str, ...]
    """As a diff has them: each begins with a space, ``+``, ``-`` or ``\\``."""
    created: bool = False
    deleted: bool = False

    @property
    def new(self) -> str:
        """The lines that the change put there, without the unchanged ones around them."""
        changed = self.lines[self._head : len(self.lines) - self._tail]
        return "".join(f"{line[1:]}\n" for line in changed if line[0] in " +")

    @property
    def grown(self) -> int:
        """By how many lines the change made the file longer."""
        return _count(self.lines, "+") - _count(self.lines, "-")

    @property
    def diff(self) -> str:
        """The hunk as a diff of its own."""
        return _patch(self, self.lines, self.new_start, self.created, self.deleted)

    def taken_back(self, moved: int = 0) -> str:
        """The patch that undoes it; ``moved`` is by how many lines the file grew above it since."""
        turned = {"+": "-", "-": "+"}
        lines = [turned.get(line[0], line[0]) + line[1:] for line in self.lines]
        return _patch(self, _removals_first(lines), self.new_start + moved, self.deleted, self.created)

    def replaced(self, text: str, moved: int = 0) -> str:
        """The patch that puts ``text`` in the place of :attr:`new`."""
        end = len(self.lines) - self._tail
        lines: list[str] = []
        for place, line in enumerate(self.lines[self._head : end], self._head):
            if line[0] in " +":
                lines.append(f"-{line[1:]}")
            elif line[0] == "\\" and self.lines[place - 1][0] in " +":
                lines.append(line)
        ends_open = bool(lines) and lines[-1] == _NO_NEWLINE
        if text:
            lines += [f"+{line}" for line in text.removesuffix("\n").split("\n")]
            lines += [_NO_NEWLINE] if ends_open else []
        whole = [*self.lines[: self._head], *lines, *self.lines[end:]]
        return _patch(self, whole, self.new_start + moved, False, False)

    @property
    def _head(self) -> int:
        """How many lines at the beginning are unchanged."""
        return next((at for at, line in enumerate(self.lines) if line[0] != " "), len(self.lines))

    @property
    def _tail(self) -> int:
        """How many at the end are."""
        last = max((at for at, line in enumerate(self.lines) if line[0] in "+-"), default=-1)
        if last + 1 < len(self.lines) and self.lines[last + 1][0] == "\\":
            last += 1
        return len(self.lines) - 1 - last


def hunks_of(diff: str) -> list[Hunk]:
    """The hunks of a diff in its order; what it says of files without lines (modes, pictures) is left out.

    Raises ValueError for text that is no diff.
    """
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    try:
        files = PatchSet(io.StringIO(diff, newline="\n"))
    except UnidiffParseError as error:
        raise ValueError(str(error)) from error
    return [
        Hunk(
            file.path,
            hunk.source_start,
            hunk.target_start,
            tuple(_marked_lines(hunk)),
            created=file.source_file == _NOWHERE,
            deleted=file.target_file == _NOWHERE,
        )
        for file in files
        for hunk in file
    ]


def _marked_lines(hunk: Sequence[object]) -> Iterator[str]:
    for line in hunk:
        yield str(line).removesuffix("\n")


def _removals_first(lines: list[str]) -> list[str]:
    """Each run of changed lines with what it takes away before what it puts there."""
    ordered: list[str] = []
    removed: list[str] = []
    added: list[str] = []
    into = ordered
    for line in lines:
        if line[0] == " ":
            ordered += [*removed, *added, line]
            removed, added, into = [], [], ordered
            continue
        into = removed if line[0] == "-" else added if line[0] == "+" else into
        into.append(line)
    return [*ordered, *removed, *added]


def _count(lines: Sequence[str], signs: str) -> int:
    return sum(line[0] in signs for line in lines)


def _patch(hunk: Hunk, lines: Sequence[str], start: int, creates: bool, deletes: bool) -> str:
    before, after = _count(lines, " -"), _count(lines, " +")
    old = _NOWHERE if creates else f"a/{hunk.path}"
    new = _NOWHERE if deletes else f"b/{hunk.path}"
    at = f"@@ -{0 if creates else start},{before} +{0 if deletes else max(start, 1)},{after} @@"
    return "\n".join([f"--- {old}", f"+++ {new}", at, *lines, ""])
