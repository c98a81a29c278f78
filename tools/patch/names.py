"""File names as unified diffs spell them: quoted as in C, behind prefixes, before time stamps."""

from __future__ import annotations

import os

from seedsmith.tools.patch.model import PatchError
from seedsmith.tools.text import clamp, shown_path

NO_FILE = "/dev/null"
_ESCAPES = {
    "a": 7,
    "b": 8,
    "t": 9,
    "n": 10,
    "v": 11,
    "f": 12,
    "r": 13,
    '"': 34,
    "\\": 92,
}
_LONGEST_HEADER = 16_000
"""Two names of the length Linux allows (4,096 bytes), quoted, are shorter."""
_SHOWN_CHARACTERS = 120


def unquote(text: str) -> tuple[str, str]:
    """Read the quoted name ``text`` begins with; return it and what follows the closing quote.

    The escapes are those git writes: single letters and three octal digits a byte. Bytes that are no UTF-8
    become surrogate escapes, as everywhere in names.
    """
    name = bytearray()
    position = 1
    while position < len(text):
        letter = text[position]
        if letter == '"':
            return os.fsdecode(bytes(name)), text[position + 1 :]
        if letter != "\\":
            name += os.fsencode(letter)
            position += 1
            continue
        escaped, octal = text[position + 1 : position + 2], text[position + 1 : position + 4]
        if escaped in _ESCAPES:
            name.append(_ESCAPES[escaped])
            position += 2
        elif len(octal) == 3 and octal[0] in "0123" and all(digit in "01234567" for digit in octal):
            name.append(int(octal, 8))
            position += 4
        else:
            break
    raise PatchError(f"The quoted file name {shown(text)} is malformed: nothing was changed.")


def name_of(field: str) -> str:
    """Return the name in what follows ``---``, ``+++``, ``rename from`` and their like, prefix and all."""
    if field.startswith('"'):
        return unquote(field)[0]
    return field.partition("\t")[0]


def header_names(field: str) -> tuple[str, str] | None:
    """Split what follows ``diff --git`` into its two names; None where only other lines can tell.

    Unquoted names may hold spaces, so the split that gives the same file twice is taken: where they
    differ, ``rename`` and ``copy`` lines say so.
    """
    if len(field) > _LONGEST_HEADER:
        return None
    if field.startswith('"'):
        old, rest = unquote(field)
        return old, name_of(rest.removeprefix(" "))
    if field.endswith('"'):
        old, _, rest = field.partition(' "')
        return old, unquote('"' + rest)[0]
    position = field.find(" ")
    while position >= 0:
        old, new = field[:position], field[position + 1 :]
        if old and _same_file(old, new):
            return old, new
        position = field.find(" ", position + 1)
    return None


def without_prefixes(old: str, new: str) -> tuple[str, str]:
    """Drop ``a/`` and ``b/``, or whatever pair of first folders tells the two sides apart.

    Equal names have no prefixes (``--no-prefix``); of a missing side only the usual prefixes are known.
    """
    if NO_FILE in (old, new):
        return _without_usual(old), _without_usual(new)
    usual = (old[:2], new[:2]) in (("a/", "b/"), ("b/", "a/"))
    if old != new and (usual or _same_file(old, new)):
        return old.partition("/")[2], new.partition("/")[2]
    return old, new


def check_name(name: str) -> str:
    """Return ``name``; raise :class:`PatchError` if it can't be a file of the workspace (as git does)."""
    parts = name.split("/")
    if name.startswith("/") or ".." in parts:
        raise PatchError(f"{shown(name)} leads out of the workspace; nothing was changed.")
    if not name or "" in parts or "." in parts or "\0" in name:
        raise PatchError(f"The patch names a file {shown(name)!r}, which can't be one; nothing was changed.")
    return name


def shown(text: str) -> str:
    """Show a piece of a patch on one line, cut to a length that fits a sentence."""
    return clamp(shown_path(text), _SHOWN_CHARACTERS)


def _same_file(old: str, new: str) -> bool:
    return old == new or ("/" in old and old.partition("/")[2] == new.partition("/")[2] != "")


def _without_usual(name: str) -> str:
    return name[2:] if name.startswith(("a/", "b/")) else name
