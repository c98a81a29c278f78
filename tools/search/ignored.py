"""Turns the setting for ignored paths into options of ripgrep.

They are globs of the kind ``.gitignore`` holds, but only of names, ``/``, ``*``, ``**`` and ``?``: one with
a slash before its end starts at the workspace's root, any other is found at every depth.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


def ignoring(globs: Sequence[str], folder: str) -> tuple[str, ...]:
    """Return the options that leave out what ``globs`` mean in a search of ``folder``.

    ``folder`` is relative to the workspace, ``.`` for its root; one that lies in an ignored path is
    searched all the same, because it was asked for by name.
    """
    names = [] if folder == "." else folder.split("/")
    below = (_below(glob, names) for glob in globs)
    return tuple(f"--glob=!{glob}" for glob in below if glob)


def _below(glob: str, names: Sequence[str]) -> str:
    """The glob as it reads from the folder ``names``; empty where it means nothing below it."""
    while glob.startswith("./"):
        glob = glob[2:]
    if "/" not in glob.rstrip("/"):
        return glob
    parts = glob.strip("/").split("/")
    for name in names:
        if parts[0] == "**":
            break
        if len(parts) == 1 or not fnmatchcase(name, parts[0]):
            return ""
        del parts[0]
    return f"/{'/'.join(parts)}{'/' if glob.endswith('/') else ''}"
