"""What a snapshot says of each file, and of each folder as a list of such rows that is kept once."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Row(NamedTuple):
    """A file, link or folder at one time; two rows are equal where nothing differs."""

    mode: int
    """As ``stat`` says it: kind and permissions."""
    size: int
    """Of a file's content or a link's target; 0 for a folder."""
    name: str | None
    """Under which the store keeps the content, a link's target or a folder's rows; None: it is left out."""
    mark: str = ""
    """Of content that is left out: its digest, or when it was changed."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.mode)


class Difference(NamedTuple):
    """A path whose row differs; None stands for nothing there."""

    path: str
    old: Row | None
    new: Row | None


Rows = dict[str, Row]
Read = Callable[[str], bytes]


def encode(rows: Rows) -> bytes:
    """A folder's rows as they are kept, the same for the same rows."""
    listed = {name: list(rows[name]) for name in sorted(rows)}
    return json.dumps(listed, separators=(",", ":")).encode("ascii")


def decode(content: bytes) -> Rows:
    """The rows :func:`encode` wrote."""
    return {name: Row(*row) for name, row in json.loads(content).items()}


def differences(read: Read, old: str, new: str, folder: str = "") -> Iterator[Difference]:
    """What differs between two folders, kept as ``old`` and ``new``: files, links and folders, by path.

    Folders that are equal are not read. A folder is told of where it appeared, is gone or has other
    permissions, before what is in it.
    """
    if old == new:
        return
    before = decode(read(old)) if old else {}
    after = decode(read(new)) if new else {}
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        path = f"{folder}/{name}" if folder else name
        inside, inside_now = _inside(was), _inside(now)
        if not (was and now and was.is_folder and now.is_folder and was.mode == now.mode):
            yield Difference(path, was, now)
        yield from differences(read, inside, inside_now, path)


def _inside(row: Row | None) -> str:
    """The name under which the rows of a folder are kept; '' for anything else."""
    return row.name or "" if row is not None and row.is_folder else ""


def row_at(read: Read, root: str, path: str) -> Row | None:
    """The row of ``path`` in the folder kept as ``root``; None where there is nothing."""
    row: Row | None = None
    folder: str | None = root
    for part in path.split("/"):
        if not folder:
            return None
        row = decode(read(folder)).get(part)
        folder = row.name if row is not None and row.is_folder else None
    return row


def names_below(read: Read, folder: str, seen: set[str]) -> None:
    """Add to ``seen`` the names of all that is kept for ``folder``, itself included."""
    waiting = [folder]
    entered: set[str] = set()  # apart from ``seen``: a file may hold just what a folder's rows look like
    while waiting:
        name = waiting.pop()
        if name in entered:
            continue
        entered.add(name)
        for row in decode(read(name)).values():
            if row.name is not None:
                (waiting.append if row.is_folder else seen.add)(row.name)
    seen |= entered
