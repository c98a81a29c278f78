"""What a git index stages, read from its bytes (gitformat-index, versions 2 to 4)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

_STAT_BYTES = 40
_NAME_BYTES = 20
"""Of an object's name: SHA-1."""
_MODIFIED_AT = 8
_MODE_AT = 24
_NAME_AT = 62
_EXTENDED = 0x4000
_MOST_NAMES_BYTES = 128 << 20
"""Version 4 tells each name by the one before: a small index could name more than memory holds."""


class Staged(NamedTuple):
    """One staged file."""

    mode: int
    blob: str
    modified: int
    """When the file was changed when git looked last, in nanoseconds."""
    size: int

    @property
    def is_module(self) -> bool:
        """Whether it is another repository's commit, not a file."""
        return self.mode & 0o170000 == 0o160000


def noted_tree(index: bytes) -> str:
    """The tree that holds just what ``index`` stages; '' where git did not note it, as after ``git add``.

    See gitformat-index, "Cache tree".
    """
    at = index.rfind(b"TREE")
    if index[:4] != b"DIRC" or at < 0:
        return ""
    count = int.from_bytes(index[8:12], "big")
    length = int.from_bytes(index[at + 4 : at + 8], "big")
    head, _, names = index[at + 8 : at + 8 + length].partition(b"\n")
    is_whole = head.startswith(b"\0%d " % count) and len(names) >= _NAME_BYTES
    return names[:_NAME_BYTES].hex() if is_whole else ""


def read_entries(index: bytes) -> dict[tuple[bytes, int], Staged]:
    """By name and stage what ``index`` stages; nothing where it is damaged or of a version not known."""
    try:
        return dict(_read(index))
    except (struct.error, IndexError, ValueError):
        return {}


def staged_blobs(index: bytes) -> set[str]:
    """The blobs that ``index`` stages, as far as it is not damaged."""
    found: set[str] = set()
    with suppress(struct.error, IndexError, ValueError):
        found.update(each.blob for _, each in _read(index) if not each.is_module)
    return found


def staged_contents(index: bytes) -> dict[tuple[bytes, int], tuple[int, str]]:
    """What ``index`` stages, apart from what it remembers of the files."""
    return {key: (each.mode, each.blob) for key, each in read_entries(index).items()}


def _read(index: bytes) -> Iterator[tuple[tuple[bytes, int], Staged]]:
    mark, version, count = struct.unpack_from(">4sLL", index)
    if mark != b"DIRC" or version not in (2, 3, 4):
        return
    at, name, size_of_names = 12, b"", 0
    for _ in range(count):
        seconds, nanoseconds = struct.unpack_from(">2L", index, at + _MODIFIED_AT)
        mode, _, _, size = struct.unpack_from(">4L", index, at + _MODE_AT)
        blob = index[at + _STAT_BYTES : at + _STAT_BYTES + _NAME_BYTES].hex()
        (flags,) = struct.unpack_from(">H", index, at + 60)
        start = at + _NAME_AT + (2 if flags & _EXTENDED else 0)
        if version == 4:
            dropped, start = _number(index, start)
            end = index.index(b"\0", start)
            name = name[: len(name) - dropped] + index[start:end]
            at = end + 1
        else:
            end = index.index(b"\0", start)
            name = index[start:end]
            at += (end - at + 8) // 8 * 8
        size_of_names += len(name)
        if size_of_names > _MOST_NAMES_BYTES:
            raise ValueError("too many names")
        yield (name, flags >> 12 & 3), Staged(mode, blob, seconds * 10**9 + nanoseconds, size)


def _number(index: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = index[at] & 0x7F
    while index[at] & 0x80:
        at += 1
        value = (value + 1) << 7 | index[at] & 0x7F
    return value, at + 1
