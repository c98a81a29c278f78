"""What a baseline knows of each file, and its file on disk, by which a resumed session finds it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from seedsmith.sandbox.whole_file import write_whole


class Signature(NamedTuple):
    """What ``stat`` says; equal signatures mean an unchanged file, unless it was changed just then."""

    mode: int
    size: int
    modified_ns: int
    changed_ns: int
    inode: int


class Entry(NamedTuple):
    """One recorded file or link: where the pack keeps its content, or else its digest, or neither."""

    signature: Signature
    offset: int | None
    length: int
    digest: str | None


class Index(NamedTuple):
    """All of a baseline but the contents."""

    taken_ns: int
    """When it was taken, since the epoch."""
    unrecorded: frozenset[str]
    """Paths that were there but are not compared."""
    entries: dict[str, Entry]


def save_index(path: Path, index: Index) -> None:
    """Write the index whole; that it is there says that the baseline is complete."""
    document = {
        "taken_ns": index.taken_ns,
        "unrecorded": sorted(index.unrecorded),
        "entries": {name: [*entry.signature, *entry[1:]] for name, entry in index.entries.items()},
    }
    write_whole(path, json.dumps(document, separators=(",", ":")).encode("ascii"))


def load_index(path: Path) -> Index | None:
    """The index :func:`save_index` wrote; None if there is none."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    entries = {name: Entry(Signature(*row[:5]), *row[5:]) for name, row in document["entries"].items()}
    return Index(document["taken_ns"], frozenset(document["unrecorded"]), entries)
