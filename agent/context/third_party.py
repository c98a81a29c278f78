"""Tells third-party files in a workspace from its own: dependencies, other repositories, ignored files."""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path

from seedsmith.sandbox.errors import PathError
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import ToolError
from seedsmith.tools.search.ripgrep import parent_rules, run_ripgrep

DEPENDENCIES = frozenset(
    {"node_modules", "bower_components", "vendor", "third_party", "site-packages", "dist-packages"}
    | {".venv", "venv", ".tox", ".nox", ".yarn", ".pnpm-store", ".cargo", ".bundle", ".gradle", ".m2"}
)
"""Names of folders that hold dependencies, put there by package managers or by people."""
GENERATED = frozenset({"target", "build", "dist", "__pycache__"})
"""Names of folders that hold files which tools generate from the sources."""
_SECONDS = 10.0
_MOST_FILES = 1_000


async def why_third_party(workspace: Workspace, path: str) -> str:
    """Why the file at ``path`` is not the repository's own, as the rest of a sentence; empty if it is.

    ``path`` is relative to the workspace. If links lead to another place, that place is checked too.
    """
    with workspace.locate(path) as location:
        places = tuple(dict.fromkeys((path, location.path)))
    for place in places:
        folders = place.split("/")[:-1]
        if name := next((name for name in folders if name in DEPENDENCIES), ""):
            return f"it lies in {name}, among what others wrote"
        if is_versioned(workspace.root) and (inner := _inner_repository(workspace, folders)):
            return f"{inner} is a repository of its own"
        try:
            if await _is_ignored(workspace, place):
                return "git ignores the folder it lies in"
        except ToolError as error:
            return f"whether git ignores it can't be found out: {str(error).rstrip('.')}"
    return ""


def is_versioned(root: Path) -> bool:
    """Whether the folder ``root`` lies in a git repository."""
    return any(os.path.lexists(folder / ".git") for folder in (root, *root.parents))


def _inner_repository(workspace: Workspace, folders: list[str]) -> str:
    """The first of the nested ``folders``, outermost first, that is a submodule or a clone."""
    for depth in range(1, len(folders) + 1):
        folder = "/".join(folders[:depth])
        try:
            workspace.stat(posixpath.join(folder, ".git"), follow=False)
        except PathError:
            continue
        return folder
    return ""


async def _is_ignored(workspace: Workspace, path: str) -> bool:
    """Whether git ignores a folder above ``path``; rules for the file's own name don't count.

    It is asked of ripgrep, which reads git's rules. So that ripgrep looks at this file only, an additional
    ignore file of the lowest precedence excludes all folders that don't lead to it.
    """
    names = [re.sub(r"([\\*?\[\]{}!# ])", r"\\\1", name) for name in path.split("/")]
    way = ["/" + "/".join(names[:depth]) + "/" for depth in range(1, len(names))]
    folder = workspace.open_folder(".")
    rules = os.memfd_create("way")
    try:
        os.write(rules, os.fsencode("\n".join(["*", *(f"!{each}" for each in way), ""])))
        listed = await run_ripgrep(
            workspace.root,
            (
                *parent_rules(workspace.root),
                "--files",
                f"--glob=/{'/'.join(names)}",
                f"--ignore-file=/proc/self/fd/{rules}",
                "--",
                ".",
            ),
            folder,
            records=_MOST_FILES,
            seconds=_SECONDS,
            descriptors=(rules,),
        )
    finally:
        os.close(rules)
        os.close(folder)
    return os.fsencode(f"./{path}") not in listed.data.split(b"\0")
