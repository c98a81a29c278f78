"""Putting single files, links and folders of a workspace back to what a row says of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from seedsmith.sandbox.errors import PathError, SnapshotError
from seedsmith.sandbox.snapshots.manifest_rows import Difference, Read, Row
from seedsmith.sandbox.workspace.open_beneath import Location
from seedsmith.sandbox.workspace.paths import path_errors, shown
from seedsmith.sandbox.workspace.replace import replace_file
from seedsmith.sandbox.workspace.workspace import Workspace

_BLOCK_BYTES = 4096


def put_back(workspace: Workspace, read: Read, wanted: Iterable[Difference]) -> tuple[str, ...]:
    """Make each path what its ``old`` row says; ``new`` is what is there now.

    Returns what could not be put back, one sentence each: content that was left out, or something in the way.
    What has to go goes first, deepest first; then what has to be there, outermost first; permissions of
    folders last, as they may forbid writing.
    """
    steps = sorted(wanted, key=lambda each: each.path)
    failed: list[str] = []
    for each in reversed(steps):
        if each.new is not None and (each.old is None or _kind(each.old) != _kind(each.new)):
            failed += _tried(_remove, workspace, each.path, each.new)
    for each in steps:
        if each.old is not None:
            failed += _tried(partial(_put, read), workspace, each.path, each.old)
    for each in reversed(steps):
        if each.old is not None and each.old.is_folder:
            failed += _tried(_permit, workspace, each.path, each.old)
    return tuple(failed)


def room_wanting(workspace: Workspace, wanted: Iterable[Difference]) -> int:
    """How many bytes the disk lacks for :func:`put_back`; 0 where there is room.

    A file is written whole before it takes its place, and what goes makes room first.
    """
    grows = largest = 0
    for each in wanted:
        old, new = (_blocks(row) for row in (each.old, each.new))
        is_written = each.old is not None and (each.new is None or each.old.name != each.new.name)
        grows += (old if is_written else 0) - (new if is_written or each.old is None else 0)
        largest = max(largest, old if is_written else 0)
    disk = os.statvfs(workspace.root)
    free = disk.f_frsize * (disk.f_bfree if os.geteuid() == 0 else disk.f_bavail)
    return max(0, max(grows, largest) - free)


def _blocks(row: Row | None) -> int:
    """What a file takes on the disk, about."""
    return -(-row.size // _BLOCK_BYTES) * _BLOCK_BYTES if row is not None and not row.is_folder else 0


def _tried(
    action: Callable[[Workspace, str, Row], None], workspace: Workspace, path: str, row: Row
) -> list[str]:
    """Why ``action`` failed on ``path``; nothing where it did not."""
    try:
        with path_errors(path):
            action(workspace, path, row)
    except (PathError, SnapshotError) as error:
        return [str(error)]
    return []


def _kind(row: Row) -> int:
    return stat.S_IFMT(row.mode)


def _place(workspace: Workspace, path: str) -> Location:
    """Where ``path`` itself lies; raises :class:`PathError` where a link leads elsewhere."""
    location = workspace.locate(path)
    if location.path != path:
        location.close()
        raise PathError(f"{shown(path)} can't be put back: a link is in the way.")
    return location


def _remove(workspace: Workspace, path: str, row: Row) -> None:
    with _place(workspace, path) as location:
        if len(location.names) != 1:
            return
        name = location.names[0]
        with suppress(FileNotFoundError):
            if not row.is_folder:
                os.unlink(name, dir_fd=location.folder)
                return
            try:
                os.rmdir(name, dir_fd=location.folder)
            except OSError as error:
                raise PathError(f"{shown(path)} stays: there is something else in it.") from error


def _put(read: Read, workspace: Workspace, path: str, row: Row) -> None:
    if row.name is None and not row.is_folder:
        raise PathError(f"{shown(path)} can't be put back: its content was left out of the snapshot.")
    with _place(workspace, path) as location:
        _make_parents(location, path)
        (name,) = location.names
        if row.is_folder:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=location.folder)
            _set_mode(location, stat.S_IMODE(row.mode) | stat.S_IRWXU)  # what is in it may have to be written
            return
        assert row.name is not None
        content = read(row.name)
        if row.is_link:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=location.folder)
            os.symlink(os.fsdecode(content), name, dir_fd=location.folder)
        else:
            replace_file(location.folder, name, path, content, mode=stat.S_IMODE(row.mode))


def _make_parents(location: Location, path: str) -> None:
    try:
        location.make_parents()
    except NotADirectoryError:
        raise PathError(f"{shown(path)} can't be put back: a file is in the way.") from None


def _permit(workspace: Workspace, path: str, row: Row) -> None:
    with _place(workspace, path) as location:
        if len(location.names) == 1:
            _set_mode(location, stat.S_IMODE(row.mode))


def _set_mode(location: Location, mode: int) -> None:
    """Give a folder these permissions, whatever those it has forbid."""
    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(location.names[0], flags, dir_fd=location.folder)
    try:
        os.chmod(f"/proc/self/fd/{descriptor}", mode)  # noqa: PTH101 - one can't open what may not be read
    finally:
        os.close(descriptor)
