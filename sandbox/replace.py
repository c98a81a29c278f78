"""Replacing one file's content atomically, named by an open folder and a name in it."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from contextlib import suppress

from sandbox.errors import ChangedOnDisk
from sandbox.paths import not_a_file, shown
from sandbox.system import SAFE_OPEN_FLAGS

_CHUNK_BYTES = 1 << 20
_DIGEST_BYTES = 16


def digest(data: bytes) -> str:
    """The hexadecimal digest by which callers say which content they last saw."""
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()


def replace_file(
    folder: int,
    name: str,
    path: str,
    data: bytes,
    *,
    expected: bytes | None = None,
    mode: int | None = None,
    executable: bool | None = None,
) -> None:
    """Put a new file with ``data`` in the place of ``name`` in the open ``folder``.

    The old file is not written to, so other hard links keep its content; its mode (unless ``mode`` sets
    another) and, for root, its owner go over. ``executable`` then makes the file executable for whom it is
    readable, or for nobody. ``path`` is for messages. Raises :class:`ChangedOnDisk` if
    ``expected`` is given and the present content is another, :class:`NotARegularFile`, or OSError; then
    nothing has changed.
    """
    before = _existing(folder, name, path)
    if mode is None and before is not None:
        mode = stat.S_IMODE(before.st_mode)
    if expected is not None:
        _check_content(folder, name, path, expected)
    temporary = f".{secrets.token_hex(8)}.tmp"
    # A new file's mode is left to the kernel, which alone knows the umask and the folder's default ACL.
    descriptor = os.open(
        temporary,
        os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | SAFE_OPEN_FLAGS,
        0o666 if mode is None else 0o600,  # widened once the content is whole
        dir_fd=folder,
    )
    try:
        try:
            _write_all(descriptor, data)
            if before is not None and os.geteuid() == 0:
                with suppress(PermissionError):
                    os.fchown(descriptor, before.st_uid, before.st_gid)
            if mode is not None:
                os.fchmod(descriptor, mode)
            if executable is not None:
                _set_executable(descriptor, executable)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if expected is not None and not _same_file(before, _existing(folder, name, path)):
            raise _changed(path)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _set_executable(descriptor: int, executable: bool) -> None:
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    wanted = mode | (mode & 0o444) >> 2 if executable else mode & ~0o111
    if wanted != mode:
        os.fchmod(descriptor, wanted)


def check_permission(folder: int, name: str) -> None:
    """Raise OSError if ``name`` is a file that may not be written: replacing it would not notice."""
    with suppress(FileNotFoundError):
        os.close(os.open(name, os.O_WRONLY | os.O_NOFOLLOW | SAFE_OPEN_FLAGS, dir_fd=folder))


def _existing(folder: int, name: str, path: str) -> os.stat_result | None:
    """Stat the regular file ``name``; None if nothing is there."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise not_a_file(path, found.st_mode)
    return found


def _check_content(folder: int, name: str, path: str, expected: bytes) -> None:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | SAFE_OPEN_FLAGS, dir_fd=folder)
    except FileNotFoundError:
        raise _changed(path) from None
    position = 0
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            if expected[position : position + len(chunk)] != chunk:
                raise _changed(path)
            position += len(chunk)
    if position != len(expected):
        raise _changed(path)


def _same_file(first: os.stat_result | None, second: os.stat_result | None) -> bool:
    if first is None or second is None:
        return first is second
    return (first.st_ino, first.st_size, first.st_mtime_ns, first.st_ctime_ns) == (
        second.st_ino,
        second.st_size,
        second.st_mtime_ns,
        second.st_ctime_ns,
    )


def _changed(path: str) -> ChangedOnDisk:
    return ChangedOnDisk(f"{shown(path)} has changed since it was last read; read it again before writing.")


def _write_all(descriptor: int, data: bytes) -> None:
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[os.write(descriptor, remaining) :]
