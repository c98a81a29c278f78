"""The state of the workspace that sessions recorded before there were snapshots: one index and one pack.

It holds only the files that counted, without their folders. What it says nothing of is taken from a snapshot
of the present, so that only files that counted differ.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import NamedTuple

from seedsmith.sandbox.snapshots.manifest_rows import Read, Row, Rows, encode

INDEX = "baseline.json"
_PACK = "baseline.pack"
_NEW_FOLDER = stat.S_IFDIR | 0o755

Add = Callable[[bytes], str]
"""Keeps a content and returns its name."""


class _Entry(NamedTuple):
    """One recorded file or link, as the index has it."""

    mode: int
    size: int
    modified_ns: int
    changed_ns: int
    inode: int
    offset: int | None
    """Where the pack holds the content; None: it doesn't."""
    length: int
    digest: str | None


def baseline_root(folder: Path, now: Mapping[str, Row], ignored: Set[str], read: Read, add: Add) -> str:
    """Keep the state recorded in the session's ``folder``; returns the name of its top folder's rows.

    ``now`` are the present rows, and ``ignored`` the present files that don't count. Raises OSError, and
    ValueError, KeyError or TypeError if the index is damaged.
    """
    index = json.loads((folder / INDEX).read_bytes())
    pack = (folder / _PACK).read_bytes()
    entries = {path: _Entry(*row) for path, row in index["entries"].items()}
    uncompared = ignored | set(index["unrecorded"])
    files = {path: row for path, row in now.items() if path in uncompared and not row.is_folder}
    for path, entry in entries.items():
        files[path] = _row(entry, now.get(path), pack, read, add)
    return _keep_tree(files, {path: row for path, row in now.items() if row.is_folder}, add)


def _row(entry: _Entry, present: Row | None, pack: bytes, read: Read, add: Add) -> Row:
    if entry.offset is not None:
        content = pack[entry.offset : entry.offset + entry.length]
        return Row(entry.mode, len(content), add(content))
    recorded = Row(entry.mode, entry.size, None, entry.digest or f"t{entry.modified_ns}")
    if present is None or present.name is None or entry.digest is None:
        return recorded
    same = hashlib.blake2b(read(present.name), digest_size=16).hexdigest() == entry.digest
    return present._replace(mode=entry.mode) if same else recorded


def _keep_tree(files: Mapping[str, Row], folders: Mapping[str, Row], add: Add) -> str:
    """Keep the rows of all folders, the innermost first; returns the name of the top folder's rows."""
    inside: dict[str, Rows] = {"": {}}
    for path in (*folders, *(path.rpartition("/")[0] for path in files)):
        while path and path not in inside:
            inside[path] = {}
            path = path.rpartition("/")[0]
    for path, row in files.items():
        folder, _, name = path.rpartition("/")
        inside[folder][name] = row
    for path in sorted(filter(None, inside), key=lambda path: path.count("/"), reverse=True):
        folder, _, name = path.rpartition("/")
        present = folders.get(path)
        if present is not None and present.name is None:
            inside[folder][name] = present
        else:
            inside[folder][name] = Row(present.mode if present else _NEW_FOLDER, 0, add(encode(inside[path])))
    return add(encode(inside[""]))
