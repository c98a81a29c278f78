"""Calls of patch as other programs' tools have them: in several texts, or with a file named besides."""

from __future__ import annotations

import posixpath
import re

from seedsmith.tools.arguments import SYNONYMS
from seedsmith.tools.base import JsonObject

_NAMES = ("path", *SYNONYMS["path"])
_NAMED = re.compile(
    r"^(?:(?:---|\+\+\+) (?:[ab]/)?|\*\*\* (?:Add|Update|Delete|Move to)(?: File)?: )([^\t\n]+)", re.MULTILINE
)
_HUNK = re.compile(r"^@@", re.MULTILINE)
_BEGIN = re.compile(r"\A\s*\*\*\* Begin Patch[^\n]*\n")


def with_path(values: JsonObject) -> JsonObject:
    """Return ``values`` with the file they name beside the patch in it, or left out where the patch has it.

    Several patches are one.

    Raises :class:`ValueError` where the patch is about other files.
    """
    patch = values.get("patch")
    if isinstance(patch, list) and all(isinstance(each, str) for each in patch):
        patch = "".join(each if each.endswith("\n") else f"{each}\n" for each in patch)
        values = {**values, "patch": patch}
    given = [name for name in _NAMES if isinstance(values.get(name), str)]
    if len(given) != 1 or not isinstance(patch, str):
        return values
    path = str(values[given[0]])
    rest = {name: value for name, value in values.items() if name not in given}
    named = [name.strip() for name in _NAMED.findall(patch)]
    if not named:
        return {**rest, "patch": _about(path, patch)} if _HUNK.search(patch) else rest
    plain = posixpath.normpath(path)
    if any(f"/{plain}".endswith(f"/{posixpath.normpath(name)}") for name in named):
        return rest
    raise ValueError(
        f"the patch changes {named[-1]}, not {path}: it alone says which files, leave out '{given[0]}'"
    )


def _about(path: str, patch: str) -> str:
    """The hunks of ``patch`` as changes of the file at ``path``."""
    begin = _BEGIN.match(patch)
    if begin is not None:
        return f"{begin[0]}*** Update File: {path}\n{patch[begin.end() :]}"
    return f"--- a/{path}\n+++ b/{path}\n{patch[_hunks_from(patch) :]}"


def _hunks_from(patch: str) -> int:
    found = _HUNK.search(patch)
    return found.start() if found is not None else 0
