"""Finds the file that a path means, though its name on disk differs a little or it is in another folder."""

from __future__ import annotations

import posixpath
import unicodedata
from contextlib import suppress

from seedsmith.sandbox.errors import PathError, PathNotFound
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolError
from seedsmith.tools.suggestions import did_you_mean, nearest
from seedsmith.tools.text import shown_path

SPILL_PREFIX = "spill:"
_MOST_FOLDERS = 3_000
_MOST_PLACES = 3
_NOT_SEARCHED = frozenset({".git", "node_modules"})


def resolved(workspace: Workspace, path: str) -> str:
    """Return ``path`` relative to the workspace, as it is spelt on disk.

    If nothing has exactly that name, a name that looks the same is taken: with another kind of space (U+00A0,
    U+202F), or with an accent composed differently. A path that does not exist is returned unchanged.
    """
    relative = workspace.relative(path)
    if relative.isascii() and " " not in relative:
        return relative
    with suppress(PathNotFound):
        workspace.stat(relative, follow=False)
        return relative
    names = relative.split("/")
    folder = "/" if relative.startswith("/") else "."
    for index, name in enumerate(names):
        if not name:
            continue
        spelt = _on_disk(workspace, folder, name)
        if spelt is None:
            return posixpath.normpath(posixpath.join(folder, *names[index:]))
        folder = posixpath.join(folder, spelt)
    return posixpath.normpath(folder)


def _on_disk(workspace: Workspace, folder: str, name: str) -> str | None:
    """The name in ``folder`` that is ``name``, or the only one that looks like it; None without one."""
    with suppress(PathError):
        workspace.stat(posixpath.join(folder, name), follow=False)
        return name
    with suppress(PathError):
        alike = [each.name for each in workspace.list_folder(folder) if _looks(each.name) == _looks(name)]
        return alike[0] if len(alike) == 1 else None
    return None


def _looks(name: str) -> str:
    plain = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in name)
    return unicodedata.normalize("NFC", plain)


def not_found(workspace: Workspace, path: str) -> ToolError:
    """Return the error for a missing file; it names similar files, or places where that name is found."""
    if path.startswith(SPILL_PREFIX):
        return ToolError(f"{shown_path(path)} is no file: read and grep take a kept output.")
    relative = workspace.relative(path)
    folder, name = posixpath.split(relative)
    folder = resolved(workspace, folder) if folder else folder
    missing = f"{shown_path(path)} does not exist"
    close: list[str] = []
    with suppress(PathError):
        close = nearest(name, (entry.name for entry in workspace.list_folder(folder or ".")))
    elsewhere, complete = _places(workspace, name)
    if close and (close[0].casefold() == name.casefold() or not elsewhere):
        return ToolError(f"{missing}{did_you_mean(posixpath.join(folder, close[0]))}.")
    if elsewhere:
        several = ", ".join(map(shown_path, elsewhere[:_MOST_PLACES]))
        more = ", …" if len(elsewhere) > _MOST_PLACES else ""
        return ToolError(f"{missing}; a file of that name is {several}{more}.")
    return ToolError(f"{missing}, nor does any file of that name." if complete else f"{missing}.")


def _places(workspace: Workspace, name: str) -> tuple[list[str], bool]:
    """Paths in the workspace named ``name``, those nearest the top first, and whether these are all."""
    found: list[str] = []
    folders = ["."]
    for folder in folders:
        if len(found) > _MOST_PLACES:
            return found, False
        with suppress(PathError):
            for entry in workspace.list_folder(folder):
                path = posixpath.normpath(posixpath.join(folder, entry.name))
                if entry.name == name and path != name:
                    found.append(path)
                if entry.kind == "folder" and entry.name not in _NOT_SEARCHED:
                    if len(folders) >= _MOST_FOLDERS:
                        return found, False
                    folders.append(path)
    return found, True
