"""Laying a snapshot out as a folder of its own, to be shown where the workspace is."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from seedsmith.sandbox.snapshots.manifest_rows import Read, Row

DEPENDENCIES = frozenset({"node_modules", ".venv", ".tox", ".nox"})
"""Folders that hold what was installed, which no snapshot keeps."""


def dependency_folders(workspace: Path, left_out: Collection[str]) -> tuple[str, ...]:
    """Of the folders a snapshot leaves out, those that hold what was installed; relative, sorted.

    A virtual environment is known by its ``pyvenv.cfg``, whatever it is called; one at the top of the
    workspace counts though the snapshot holds it.
    """
    found = {path for path in left_out if path.rpartition("/")[2] in DEPENDENCIES}
    with os.scandir(workspace) as entries:
        top = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
    for path in top | set(left_out):
        if (workspace / path / "pyvenv.cfg").is_file():
            found.add(path)
    return tuple(sorted(path for path in found if _is_folder(workspace / path)))


def lay_out(folder: Path, rows: Mapping[str, Row], read: Read, without: Collection[str] = ()) -> list[str]:
    """Write all of ``rows`` into ``folder``, replacing what is there; returns what could not be written.

    Folders come before what is in them, as :meth:`SnapshotStore.manifest` lists them; what lies in one of
    ``without`` is left out. Nothing else may write to ``folder`` meanwhile. Raises OSError and
    :class:`seedsmith.sandbox.errors.SnapshotError`.
    """
    missing: list[str] = []
    for path, row in rows.items():
        if any(path == each or path.startswith(f"{each}/") for each in without):
            continue
        target = folder / path
        if row.is_folder:
            target.mkdir(parents=True, exist_ok=True)
            target.chmod(stat.S_IMODE(row.mode) | stat.S_IRWXU)
        elif row.name is None:
            missing.append(path)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            _write(target, row, read(row.name))
    return missing


def _write(target: Path, row: Row, content: bytes) -> None:
    if row.is_link:
        target.symlink_to(os.fsdecode(content))
        return
    target.write_bytes(content)
    target.chmod(stat.S_IMODE(row.mode))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
