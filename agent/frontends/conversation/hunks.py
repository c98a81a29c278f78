"""A change taken apart into its hunks, and the patches that take one back or put another in its place."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress

from seedsmith.sandbox.git_names import quoted, unquoted
from seedsmith.sandbox.lazy_dataclass import dataclass

_NOWHERE = "/dev/null"
_NO_NEWLINE = "\\ No newline at end of file"
_WHOLE_FILE_MODE = re.compile(r"(?:new|deleted) file mode (\d+)")
_BYTE_ORDER_MARK = "\ufeff"


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
    mode: str = ""
    """Git's mode of a file that was created or deleted, as in ``100755``; '' where the diff doesn't say."""

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

    @property
    def ends_in_crlf(self) -> bool:
        """Whether all its lines end as on Windows."""
        return ends_in_crlf(self.lines)

    def taken_back(self, moved: int = 0) -> str:
        """The patch that undoes it; ``moved`` is by how many lines the file grew above it since."""
        turned = {"+": "-", "-": "+"}
        lines = [turned.get(line[0], line[0]) + line[1:] for line in self.lines]
        return _patch(self, _removals_first(lines), self.new_start + moved, self.deleted, self.created)

    def replaced(self, text: str, moved: int = 0) -> str:
        """The patch that puts ``text`` in the place of :attr:`new`.

        What editors take away without being asked is put back: Windows's line ends, a byte order mark.
        """
        end = len(self.lines) - self._tail
        lines: list[str] = []
        for place, line in enumerate(self.lines[self._head : end], self._head):
            if line[0] in " +":
                lines.append(f"-{line[1:]}")
            elif line[0] == "\\" and self.lines[place - 1][0] in " +":
                lines.append(line)
        ends_open = bool(lines) and lines[-1] == _NO_NEWLINE
        if text:
            if self.new.startswith(_BYTE_ORDER_MARK):
                text = _BYTE_ORDER_MARK + text.removeprefix(_BYTE_ORDER_MARK)
            put = [f"+{line}" for line in text.removesuffix("\n").split("\n")]
            if self.ends_in_crlf:
                ended = len(put) - ends_open
                put[:ended] = [line.removesuffix("\r") + "\r" for line in put[:ended]]
            lines += [*put, _NO_NEWLINE] if ends_open else put
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


@dataclass(frozen=True, slots=True)
class Change:
    """A diff as it is gone through."""

    hunks: tuple[Hunk, ...]
    others: tuple[str, ...] = ()
    """Files of which it says more than lines can show: pictures, empty files, permissions."""


def read_change(diff: str) -> Change:
    """What ``diff`` holds, in its order. Raises ValueError for text that is no diff."""
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    try:
        files = PatchSet(io.StringIO(diff, newline="\n"))
    except UnidiffParseError as error:
        raise ValueError(str(error)) from error
    hunks: list[Hunk] = []
    others: list[str] = []
    for file in files:
        head = [str(line) for line in file.patch_info or ()]
        mode = next((found[1] for found in map(_WHOLE_FILE_MODE.match, head) if found), "")
        path = file_name(file.path)
        if not file or any(line.startswith("old mode ") for line in head):
            others.append(path)
        created, deleted = file.source_file == _NOWHERE, file.target_file == _NOWHERE
        for hunk in file:
            lines = tuple(_marked_lines(hunk))
            hunks.append(Hunk(path, hunk.source_start, hunk.target_start, lines, created, deleted, mode))
    return Change(tuple(hunks), tuple(others))


def file_name(written: str) -> str:
    """The name of a file as a diff has it, out of its quotes."""
    with suppress(ValueError):
        return unquoted(written)[0] if written.startswith('"') else written
    return written


def ends_in_crlf(lines: Sequence[str]) -> bool:
    """Whether all of a diff's ``lines`` that have an end end as on Windows."""
    followed = zip(lines, [*lines[1:], " "], strict=True)
    return all(line.endswith("\r") for line, below in followed if "\\" not in (line[:1], below[:1]))


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
    old, new = quoted(f"a/{hunk.path}").decode(), quoted(f"b/{hunk.path}").decode()
    head = [f"diff --git {old} {new}", f"new file mode {hunk.mode}"] if creates and hunk.mode else []
    head += [f"--- {_NOWHERE if creates else old}", f"+++ {_NOWHERE if deletes else new}"]
    at = f"@@ -{0 if creates else max(start, 1)},{before} +{0 if deletes else max(start, 1)},{after} @@"
    return "\n".join([*head, at, *lines, ""])
