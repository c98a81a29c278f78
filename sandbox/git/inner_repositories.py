"""Repositories within the workspace: submodules, and other clones."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from seedsmith.sandbox.errors import NoRepository
from seedsmith.sandbox.git.commits import Commits
from seedsmith.sandbox.git.repository import find_repository
from seedsmith.sandbox.git.state import read_state
from seedsmith.sandbox.guards.git_folders import DOT_GIT


def committed_within(root: Path, blobs: Mapping[str, str]) -> frozenset[str]:
    """Those of the paths of ``blobs``, from ``root``, that are committed in a repository below it.

    They count where the commit that is checked out there holds them with just that blob.
    """
    inner: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for path, blob in blobs.items():
        if folder := _innermost(root, path):
            inner[folder][path.removeprefix(f"{folder}/")] = blob
    found: set[str] = set()
    for folder, below in inner.items():
        with suppress(NoRepository, OSError):
            repository = find_repository(root / folder)
            committed = Commits(repository).committed(read_state(repository).commit, below)
            found.update(f"{folder}/{path}" for path in committed)
    return frozenset(found)


def _innermost(root: Path, path: str) -> str:
    """The folder of the innermost repository below ``root`` that ``path`` lies in; '' for none."""
    for folder in PurePosixPath(path).parents[:-1]:
        if os.path.lexists(root / folder / DOT_GIT):
            return str(folder)
    return ""
