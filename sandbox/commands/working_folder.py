"""The folder a command starts in."""

from __future__ import annotations

import os
from pathlib import Path

from seedsmith.sandbox.errors import NotARegularFile, OutsideWorkspace, PathNotFound
from seedsmith.sandbox.real_path import real_path


def working_folder(root: Path, cwd: str) -> Path:
    """The folder that ``cwd`` names in the workspace ``root``, links resolved; only ever inside it."""
    folder = real_path(os.path.join(root, cwd))  # noqa: PTH118 - what a Path takes to be made is felt here
    if folder != root and root not in folder.parents:
        raise OutsideWorkspace(
            f"The working directory {cwd!r} is outside the workspace; use a path within it."
        )
    if not os.path.exists(folder):
        raise PathNotFound(f"The working directory {cwd!r} doesn't exist.")
    if not os.path.isdir(folder):
        raise NotARegularFile(f"The working directory {cwd!r} is not a folder.")
    return folder
