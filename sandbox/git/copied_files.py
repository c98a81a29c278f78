"""Files of a workspace copied beside it, links as links."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Collection
from pathlib import Path

Leaving = Callable[[str, list[str]], list[str]]
"""Says which names of a folder are not copied, as :func:`shutil.copytree` asks."""


def copy_over(there: Path, here: Path, leaving: Leaving) -> None:
    """Make ``here`` what is ``there``: a file, a link, a folder, or nothing."""
    if not os.path.lexists(there):
        here.unlink(missing_ok=True)
        return
    here.parent.mkdir(parents=True, exist_ok=True)
    if there.is_dir() and not there.is_symlink():
        shutil.copytree(there, here, symlinks=True, ignore=leaving, dirs_exist_ok=True)
        return
    if os.path.lexists(here):
        here.unlink()
    if there.is_symlink() or there.is_file():
        shutil.copy2(there, here, follow_symlinks=False)


def leaving(top: Path, without: Collection[str]) -> Leaving:
    """What leaves out pipes, sockets and devices, which can't be copied, and the folders ``without``."""

    def left_out(folder: str, names: list[str]) -> list[str]:
        inside = os.path.relpath(folder, top)
        left = []
        for name in names:
            mode = os.lstat(os.path.join(folder, name)).st_mode  # noqa: PTH118
            plain = stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
            if not plain or os.path.normpath(f"{inside}/{name}") in without:
                left.append(name)
        return left

    return left_out


def is_in(path: str, folders: Collection[str]) -> bool:
    """Whether ``path`` is one of the ``folders``, or lies in one."""
    parts = path.split("/")
    return any("/".join(parts[:end]) in folders for end in range(1, len(parts) + 1))
