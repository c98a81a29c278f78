"""Replacing one file's content atomically, named by an open folder and a name in it."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress

from seedsmith.sandbox.workspace.block_rewrite import Splice, changed, same_file, settle
from seedsmith.sandbox.workspace.open_beneath import SAFE_OPEN_FLAGS
from seedsmith.sandbox.workspace.paths import not_a_file

_CHUNK_BYTES = 1 << 20
_DIGEST_BYTES = 16
_SECOND_NS = 1_000_000_000
_SOURCE, _COMPILED = ".py", "__pycache__"
"""Python takes what it compiled for that of a source of the same size and the same second."""


def digest(data: bytes | Iterable[bytes]) -> str:
    """The hexadecimal digest by which callers say which content, whole or in blocks, they last saw."""
    found = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for block in (data,) if isinstance(data, bytes) else data:
        found.update(block)
    return found.hexdigest()


def replace_file(
    folder: int,
    name: str,
    path: str,
    data: bytes | Splice,
    *,
    expected: bytes | None = None,
    mode: int | None = None,
    executable: bool | None = None,
) -> os.stat_result:
    """Put a new file with ``data`` in the place of ``name`` in the open ``folder``, and return its stat.

    The old file is not written to, so other hard links keep its content; its mode (unless ``mode`` sets
    another) and, for root, its owner go over. ``executable`` then makes the file executable for whom it is
    readable, or for nobody. ``path`` is for messages. Raises :class:`ChangedOnDisk` if
    ``expected`` is given and the present content is another, or if ``data`` is a :class:`Splice` whose
    source is not the present file as it was opened; :class:`NotARegularFile`, or OSError. Then nothing has
    changed. After a splice, any later write shows in the file's times wherever the file system can tell.
    """
    before = _existing(folder, name, path)
    if isinstance(data, Splice) and not same_file(data.source.found, before):
        raise changed(path)
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
            for block in data.blocks() if isinstance(data, Splice) else (data,):
                _write_all(descriptor, block)
            if before is not None and os.geteuid() == 0:
                with suppress(PermissionError):
                    os.fchown(descriptor, before.st_uid, before.st_gid)
            if mode is not None:
                os.fchmod(descriptor, mode)
            if executable is not None:
                _set_executable(descriptor, executable)
            os.fsync(descriptor)
            is_sure = expected is not None or isinstance(data, Splice)
            if isinstance(data, Splice):
                settle(descriptor)
            _outdate_compiled(folder, name, descriptor, before)
            if is_sure and not same_file(before, _existing(folder, name, path)):
                raise changed(path)
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            return os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _outdate_compiled(folder: int, name: str, descriptor: int, before: os.stat_result | None) -> None:
    """Have no code be run that Python compiled of an earlier content of the open file, if it is a source.

    Its time comes to lie in a later second than that of ``before``; where nothing was there, what is kept of
    an earlier file of the name goes.
    """
    if not name.endswith(_SOURCE):
        return
    if before is not None:
        earliest = (before.st_mtime_ns // _SECOND_NS + 1) * _SECOND_NS
        if os.fstat(descriptor).st_mtime_ns < earliest:
            os.utime(descriptor, ns=(earliest, earliest))
        return
    with suppress(OSError):
        compiled = os.open(
            _COMPILED, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | SAFE_OPEN_FLAGS, dir_fd=folder
        )
        try:
            for each in os.listdir(compiled):  # noqa: PTH208 - an open folder
                if each.startswith(f"{name.removesuffix(_SOURCE)}.") and each.endswith(".pyc"):
                    os.unlink(each, dir_fd=compiled)
        finally:
            os.close(compiled)


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
        raise changed(path) from None
    position = 0
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        while chunk := file.read(_CHUNK_BYTES):
            if expected[position : position + len(chunk)] != chunk:
                raise changed(path)
            position += len(chunk)
    if position != len(expected):
        raise changed(path)


def _write_all(descriptor: int, data: bytes) -> None:
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[os.write(descriptor, remaining) :]
