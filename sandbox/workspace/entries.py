"""What a workspace says about the files and folders in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from typing import Literal

from seedsmith.sandbox.lazy_dataclass import dataclass

Kind = Literal["file", "folder", "link", "other"]


@dataclass(frozen=True, slots=True)
class FileStat:
    """What is at a path; ``size`` in bytes, ``mode`` the permission bits, the times since the epoch."""

    kind: Kind
    size: int
    mode: int
    modified_ns: int
    changed_ns: int
    """When the content, the name or the mode last changed; no program can set it."""
    inode: int


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """One name in a folder; a link is reported as such, not followed."""

    name: str
    kind: Kind
    size: int


def file_stat(found: os.stat_result) -> FileStat:
    """Return what matters of what the system says about a file."""
    return FileStat(
        _kind(found.st_mode),
        found.st_size,
        stat.S_IMODE(found.st_mode),
        found.st_mtime_ns,
        found.st_ctime_ns,
        found.st_ino,
    )


def folder_entries(entries: Iterable[os.DirEntry[str]]) -> Iterator[FolderEntry]:
    """What the system says about ``entries``, as far as they are still there."""
    for entry in entries:
        try:
            found = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        yield FolderEntry(entry.name, _kind(found.st_mode), found.st_size)


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "other"
