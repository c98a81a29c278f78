"""What a look at a workspace saw, folder by folder, in memory and in a file between processes.

A folder takes one line of text, and of that little is read until a file in it differs: a digest of all that
``stat`` said of its files tells whether one does.
"""

from __future__ import annotations

import hashlib
import json
import marshal
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from stat import S_ISDIR
from typing import Any, NamedTuple

from seedsmith.sandbox.snapshots.manifest_rows import Row, Rows

Stamp = tuple[int, int, int, int, int]
"""What ``stat`` says of a file: mode, size, times of content and of anything, number."""
READ_AGAIN: Stamp = (0, 0, 0, 0, 0)
"""Of a file that must be read again whatever ``stat`` says."""
Seen = tuple[Any, ...]
"""A file as it was looked at last: its stamp, then its row."""
_BETWEEN = b"\t"
"""Between the two documents of a line; none holds one."""


def row_of(seen: Seen) -> Row:
    """The row of a file that was looked at."""
    return Row(*seen[len(READ_AGAIN) :])


class Listed(NamedTuple):
    """What a folder holds now."""

    files: list[tuple[str, os.stat_result]]
    """All that are no folders, by name."""
    folders: list[tuple[str, os.stat_result]]
    digest: str
    """Of the names and stamps of the files."""


def listed(descriptor: int) -> Listed:
    """Look at all in an open folder; what is gone meanwhile is left out."""
    files: list[tuple[str, os.stat_result]] = []
    folders: list[tuple[str, os.stat_result]] = []
    stamps: list[object] = []
    with os.scandir(descriptor) as entries:
        for entry in sorted(entries, key=attrgetter("name")):
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            mode, name = found.st_mode, entry.name
            if S_ISDIR(mode):
                folders.append((name, found))
            else:
                files.append((name, found))
                stamps += (name, mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    # Of the formats that need no loop of ours the quickest; this version of it is the same for equal values.
    written = marshal.dumps(stamps, 2)
    return Listed(files, folders, hashlib.blake2b(written, digest_size=16).hexdigest())


class SeenFolder(NamedTuple):
    """A folder as it was looked at last."""

    kept: str
    """The name under which its rows are kept."""
    folders: Rows
    digest: str
    """Of the names and stamps in it; '' where one of the files is looked at anew whatever that says."""
    size: int
    """Bytes of the content that is kept of its files."""
    joined_names: str
    """Those of the files that are recorded, one text for all: a string for each would cost as much again."""
    joined_links: str
    """Those of them that are links."""
    line: bytes
    """All of it, and its files."""

    @classmethod
    def of(cls, path: str, kept: str, files: Mapping[str, Seen], folders: Rows, digest: str) -> SeenFolder:
        """What was seen at ``path``; ``digest`` is left out where one of the ``files`` is not settled."""
        rows = [row_of(seen) for seen in files.values()]
        settled = all(row.name is not None for row in rows) and READ_AGAIN not in (
            seen[: len(READ_AGAIN)] for seen in files.values()
        )
        digest = digest if settled else ""
        size = sum(row.size for row in rows if row.name is not None)
        names = "/".join(files)
        links = "/".join(name for name, row in zip(files, rows, strict=True) if row.is_link)
        head = (path, kept, folders, digest, size, names, links)
        documents = (json.dumps(each, separators=(",", ":")) for each in (head, list(files.values())))
        line = _BETWEEN.join(document.encode("ascii") for document in documents) + b"\n"
        return cls(kept, folders, digest, size, names, links, line)

    @property
    def recorded(self) -> int:
        """How many files that are."""
        return self.joined_names.count("/") + 1 if self.joined_names else 0

    @property
    def names(self) -> list[str]:
        """The files that are recorded."""
        return self.joined_names.split("/") if self.joined_names else []

    @property
    def links(self) -> list[str]:
        """Those of them that are links."""
        return self.joined_links.split("/") if self.joined_links else []

    @property
    def files(self) -> dict[str, Seen] | None:
        """Its files as they were looked at; None where the line is damaged."""
        with suppress(ValueError, TypeError):
            seen = json.loads(self.line.partition(_BETWEEN)[2])
            return {name: tuple(each) for name, each in zip(self.names, seen, strict=True)}
        return None


def load(memory: Path) -> dict[str, SeenFolder]:
    """What is kept in ``memory``, by path; nothing where it is missing or damaged: then all is read again."""
    known: dict[str, SeenFolder] = {}
    try:
        with memory.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    return {}
                path, kept, folders, digest, size, names, links = json.loads(line.partition(_BETWEEN)[0])
                inner = {name: Row(*row) for name, row in folders.items()}
                known[path] = SeenFolder(kept, inner, digest, int(size), str(names), str(links), line)
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return known


def written(folders: Iterable[SeenFolder]) -> bytes:
    """The lines of ``folders``."""
    return b"".join(folder.line for folder in folders)
