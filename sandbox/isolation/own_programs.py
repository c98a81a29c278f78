"""The programs the agent itself runs, git and rg: found once, and never in or below the workspace.

A repository, or a command in it, may bring programs of these names, and an active virtual environment of the
workspace puts them first on ``PATH``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from seedsmith.sandbox.isolation.hidden_folders import is_beneath

_STANDARD = ("/usr/local/bin", "/usr/bin", "/bin")


def own_program(
    name: str, environ: Mapping[str, str], workspace: Path, first: tuple[Path, ...] = ()
) -> Path | None:
    """The program ``name`` in the folders ``first``, on ``PATH`` or of the system; None where there is none.

    Whatever lies in ``workspace``, by its name or by what links lead to, is passed over. The answer is the
    same for the whole life of the process.
    """
    return _found(name, environ.get("PATH", ""), workspace, first)


def outside_path(environ: Mapping[str, str], workspace: Path) -> str:
    """The user's ``PATH`` for what is run unconfined: without relative entries and those in ``workspace``."""
    inside = (workspace, Path(os.path.realpath(workspace)))
    entries = (entry for entry in environ.get("PATH", "").split(os.pathsep) if entry.startswith("/"))
    places = ((entry, (Path(os.path.normpath(entry)), Path(os.path.realpath(entry)))) for entry in entries)
    kept = [entry for entry, names in places if not any(is_beneath(name, inside) for name in names)]
    return os.pathsep.join(kept) or os.defpath


@cache
def _found(name: str, path: str, workspace: Path, first: tuple[Path, ...]) -> Path | None:
    inside = (workspace, Path(os.path.realpath(workspace)))
    entries = (Path(os.path.normpath(entry)) for entry in path.split(os.pathsep) if entry.startswith("/"))
    for folder in dict.fromkeys((*first, *entries, *map(Path, _STANDARD))):
        program = folder / name
        places = (program, Path(os.path.realpath(folder), name), Path(os.path.realpath(program)))
        if any(is_beneath(place, inside) for place in places):
            continue
        if os.path.isfile(program) and os.access(program, os.X_OK):
            return program
    return None
