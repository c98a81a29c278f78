"""Globs as ``.gitignore`` writes them: ``*.py`` at any depth, ``src/**/*.ts`` from the folder searched.

ripgrep does the comparing, so that both tools agree with each other and no glob takes long.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from seedsmith.sandbox.errors import PathError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolError
from seedsmith.tools.search.ripgrep import Unreadable, run_ripgrep

_MOST_FILES = 200_000
_SPACES = "{ ,\u00a0,\u2002,\u2003,\u2009,\u200a,\u202f,\u205f,\u3000}"
"""No class: ripgrep compares bytes."""


@dataclass(frozen=True, slots=True)
class FilePattern:
    """One glob, relative to the folder searched; raises :class:`ToolError` if it can't be one.

    Without a slash it is compared with the file's name, with one with its whole path; ``*`` and ``?`` stop
    at slashes, ``**`` does not; ``[a-z]``, ``[!a-z]``, ``{one,two}`` and ``\\`` before a character work.
    """

    glob: str

    def __post_init__(self) -> None:
        if "\n" in self.glob or "\r" in self.glob:
            raise ToolError("A glob is one line of text.")
        if ".." in self.glob.split("/"):
            raise ToolError(f"The glob {self.glob!r} leads upwards; give the folder as 'path' instead.")

    @property
    def leaving_out(self) -> tuple[str, ...]:
        """The option of ripgrep's that leaves out what ``!GLOB`` names; none for any other glob."""
        return (f"--glob={self.glob}",) if re.match("!.", self.glob) else ()

    @property
    def literal(self) -> tuple[FilePattern, ...]:
        """The same with brackets, braces, or both as they stand, for folders such as ``app/[id]``."""
        spelt = (re.sub(marks, r"\\\g<0>", self.glob) for marks in (r"[\[\]]", r"[{}]", r"[\[\]{}]"))
        return tuple(FilePattern(glob) for glob in dict.fromkeys(spelt) if glob != self.glob)

    @property
    def alike(self) -> FilePattern:
        """The same with any kind of space, and accents however they are composed."""
        parts = re.split(r"(\\.|\[[^]]*\])", unicodedata.normalize("NFC", self.glob))
        return FilePattern("".join(part if at % 2 else _alike(part) for at, part in enumerate(parts)))

    @property
    def option(self) -> str:
        """The glob as an option of ripgrep, which then lists ignored files, too."""
        return f"--glob={self._escaped}"

    def open_ignore_file(self) -> int:
        """Return a descriptor of an ignore file, in memory, that leaves the files wanted.

        Ignore files rank lowest, so ``.gitignore`` still holds; but files it re-includes are left, too.
        """
        descriptor = os.memfd_create("pattern")
        os.write(descriptor, f"*\n!*/\n!{self._escaped}\n".encode())
        return descriptor

    @property
    def _escaped(self) -> str:
        glob = self.glob
        while glob.startswith("./"):
            glob = glob[2:]
        if glob.startswith("!"):
            glob = "\\" + glob
        glob = re.sub(r" +\Z", lambda spaces: "[ ]" * len(spaces.group()), glob)
        return glob + "**" if glob.endswith("/") else glob


def _alike(text: str) -> str:
    return "".join(map(_letter_alike, text))


def _letter_alike(letter: str) -> str:
    if unicodedata.category(letter) == "Zs":
        return _SPACES
    decomposed = unicodedata.normalize("NFD", letter)
    return letter if decomposed == letter else f"{{{letter},{decomposed}}}"


def in_folder(workspace: Workspace, path: str, glob: str) -> tuple[str, str]:
    """Folder and glob that an absolute ``glob`` means, if it means one in ``path``; else both as given."""
    folder = workspace.relative(path)
    head = re.split(r"[*?\[{\\]", glob, maxsplit=1)[0].rpartition("/")[0]
    if not glob.startswith("/") or not head:
        return folder, glob
    try:
        named = workspace.relative(head)
    except PathError:
        return folder, glob
    rest = glob[len(head) :]
    if named == folder or folder == "." or named.startswith(f"{folder}/"):
        return named, rest
    within = named == "." or folder.startswith(f"{named}/")
    return (folder, rest) if within and rest.startswith("/**/") else (folder, glob)


@dataclass(frozen=True, slots=True)
class Listing:
    """Files by name, relative to the folder searched, in ripgrep's order."""

    names: tuple[str, ...]
    complete: bool
    unreadable: Unreadable
    """Folders whose files are not among ``names``."""
    pattern: FilePattern
    """The glob that found them: the one asked for, or another reading of it."""
    as_names: bool = False
    """Whether that takes its brackets as they stand."""


async def list_files(
    workspace: Path,
    folder: int,
    pattern: FilePattern,
    rules: Sequence[str],
    seconds: float,
    tracked: Sequence[str] = (),
) -> Listing:
    """List the files below the open ``folder`` that ``pattern`` means and no ignore file hides.

    Of ``tracked``, ignored files that git tracks, those are listed, too, that ``pattern`` means. Where it
    means no file, its brackets and braces are taken as they stand. Raises :class:`ToolError` if the glob is
    malformed.
    """
    malformed = None
    try:
        first = await _list_files(workspace, folder, pattern, rules, seconds, tracked)
        if first.names or not first.complete:
            return first
    except ToolError as error:
        malformed = error
    for each in _other_readings(pattern):
        with suppress(ToolError):
            listing = await _list_files(workspace, folder, each, rules, seconds, tracked)
            if listing.names:
                return replace(listing, as_names=each != pattern.alike)
    if malformed:
        raise malformed
    return first


def _other_readings(pattern: FilePattern) -> list[FilePattern]:
    """What ``pattern`` may mean where it means no file as it stands, the likeliest first."""
    literal = pattern.literal if "\\" not in pattern.glob else ()
    readings = (*literal, pattern.alike, *(each.alike for each in literal))
    return [each for each in dict.fromkeys(readings) if each != pattern]


async def _list_files(
    workspace: Path,
    folder: int,
    pattern: FilePattern,
    rules: Sequence[str],
    seconds: float,
    tracked: Sequence[str] = (),
) -> Listing:
    """List the files that ``pattern`` means, as it stands.

    Neither of ripgrep's two ways to give a glob says this alone: one overrides ``.gitignore``, the other
    is overridden by it. What both list is right. Raises :class:`ToolError` if the glob is malformed.
    """
    # The last glob wins, and "**" would let ".git" in again.
    meant = await run_ripgrep(
        workspace,
        (*rules, "--files", pattern.option, "--glob=!.git", "--", "."),
        folder,
        records=_MOST_FILES,
        seconds=seconds,
    )
    if "error parsing glob" in meant.error:
        why = meant.error.strip().rpartition("': ")[2].partition(" (maybe")[0]
        raise ToolError(f"The glob {pattern.glob!r} is malformed: {why}.")
    ignore = pattern.open_ignore_file()
    try:
        kept = await run_ripgrep(
            workspace,
            (*rules, "--files", f"--ignore-file=/proc/self/fd/{ignore}", "--", "."),
            folder,
            records=_MOST_FILES,
            seconds=seconds,
            descriptors=(ignore,),
        )
    finally:
        os.close(ignore)
    wanted = set(meant.data.split(b"\0"))
    names = [os.fsdecode(name) for name in kept.data.split(b"\0")[:-1] if name in wanted]
    more: set[str] = set()
    if tracked:
        every = await run_ripgrep(
            workspace,
            (*rules, "--files", "--no-ignore", pattern.option, "--glob=!.git", "--", "."),
            folder,
            records=_MOST_FILES,
            seconds=seconds,
        )
        fitting = set(every.data.split(b"\0"))
        more = {f"./{name}" for name in tracked if os.fsencode(f"./{name}") in fitting} - set(names)
    if more:
        names = sorted((*names, *more), key=lambda name: os.fsencode(name).split(b"/"))
    complete = not (meant.stopped or meant.timed_out or kept.stopped or kept.timed_out)
    return Listing(tuple(name.removeprefix("./") for name in names), complete, kept.unreadable, pattern)
