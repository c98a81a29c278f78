"""File names as unified diffs spell them: quoted as in C, behind prefixes, before time stamps."""

from __future__ import annotations

from seedsmith.sandbox.git_names import unquoted
from seedsmith.tools.patch.file_patch import PatchError
from seedsmith.tools.text import clamp, shown_path

NO_FILE = "/dev/null"
_LONGEST_HEADER = 16_000
"""Two names of the length Linux allows (4,096 bytes), quoted, are shorter."""
_SHOWN_CHARACTERS = 120


def _unquote(text: str) -> tuple[str, str]:
    """As :func:`unquoted`; raises :class:`PatchError`."""
    try:
        return unquoted(text)
    except ValueError:
        raise PatchError(f"The quoted file name {shown(text)} is malformed: nothing was changed.") from None


def name_of(field: str) -> str:
    """Return the name in what follows ``---``, ``+++``, ``rename from`` and their like, prefix and all."""
    if field.startswith('"'):
        return _unquote(field)[0]
    return field.partition("\t")[0]


def header_names(field: str) -> tuple[str, str] | None:
    """Split what follows ``diff --git`` into its two names; None where only other lines can tell.

    Unquoted names may hold spaces, so the split that gives the same file twice is taken: where they
    differ, ``rename`` and ``copy`` lines say so.
    """
    if len(field) > _LONGEST_HEADER:
        return None
    if field.startswith('"'):
        old, rest = _unquote(field)
        return old, name_of(rest.removeprefix(" "))
    if field.endswith('"'):
        old, _, rest = field.partition(' "')
        return old, _unquote('"' + rest)[0]
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
