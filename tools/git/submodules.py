"""Submodules: other repositories in the working tree, which are named but never entered."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from seedsmith.sandbox.git.safe_settings import without_warnings
from seedsmith.sandbox.guards.git_folders import DOT_GIT, find_git_entries
from seedsmith.tools.base import ToolError
from seedsmith.tools.text import first_of, shown_path

if TYPE_CHECKING:
    from seedsmith.tools.git.git_call import GitCall

_LINK_MODE = "160000"
_NAMED = 5


async def submodules_note(call: GitCall) -> str:
    """Which submodules below the paths might have changed without being shown; empty where there are none."""
    root = call.git.repository.workspace
    folders = [os.fspath(entry.parent.relative_to(root)) for entry in find_git_entries(root)]
    found = await _linked(call, [folder for folder in folders if folder != "." and _concerns(call, folder)])
    if not found:
        return ""
    return f"[changes inside submodules are not shown: {first_of(list(map(shown_path, found)), _NAMED)}]"


async def refuse_paths_inside(call: GitCall) -> None:
    """Raise :class:`ToolError` for a path in a submodule, whose files are not this repository's."""
    inside = {folder: path for path in call.paths for folder in _repositories_above(call, path)}
    for folder in await _linked(call, list(inside)):
        name, path = shown_path(folder), shown_path(inside[folder])
        raise ToolError(f"{path} lies in the submodule {name}, a repository of its own that is not entered.")


def _repositories_above(call: GitCall, path: str) -> list[str]:
    """The folders in the workspace that hold ``path`` and are repositories of their own."""
    root = call.git.repository.workspace
    parents = PurePosixPath(path).parents[:-1]
    return [os.fspath(parent) for parent in parents if os.path.lexists(root / parent / DOT_GIT)]


async def _linked(call: GitCall, folders: Collection[str]) -> list[str]:
    """Those of ``folders`` that the index holds as submodules."""
    if not folders:
        return []
    listing = await call.git.output(("ls-files", "--stage", "-z", "--", *folders))
    entries = (os.fsdecode(without_warnings(record)).partition("\t") for record in listing.split(b"\0"))
    return [path for mode, _, path in entries if mode.startswith(_LINK_MODE) and path in folders]


def _concerns(call: GitCall, folder: str) -> bool:
    """Whether ``folder`` lies below the paths asked for, or is one of them."""
    return not call.paths or any(
        path == "." or f"{folder}/".startswith(f"{path.rstrip('/')}/") for path in call.paths
    )
