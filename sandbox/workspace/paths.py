"""Paths as text: normalising them without touching the disk, and saying what is wrong with them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from seedsmith.sandbox.errors import NotARegularFile, OutsideWorkspace, PathError, PathNotFound
from seedsmith.sandbox.invisible_characters import INVISIBLE
from seedsmith.sandbox.workspace.open_beneath import LeavesRoot

_REASONS = {
    errno.EACCES: "permission is denied",
    errno.EPERM: "the system does not permit it",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would exceed the size limit",
    errno.ELOOP: "its links go round in a circle",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ETXTBSY: "the program is running",
}
_MOST_SHOWN = 4096


def normalise(path: str, roots: Sequence[str]) -> str:
    """Return ``path`` relative to the workspace, ``.`` for its root; purely by its text.

    ``roots`` are the absolute names of the workspace. Nothing is expanded. Raises
    :class:`OutsideWorkspace` where ``..`` or an absolute path leads out, :class:`PathError` for what can't
    be a file name.
    """
    if "\0" in path:
        raise PathError(f"The path {shown(path)} holds a NUL character, which no file name can.")
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise PathError(f"The path {shown(path)} can't be a file name.") from None
    absolute = path.startswith("/")
    names: list[str] = []
    for name in path.split("/"):
        if name == "..":
            if not names and not absolute:
                raise outside(path)
            del names[-1:]
        elif name not in ("", "."):
            names.append(name)
    if absolute:
        names = _below(roots, names, path)
    return "/".join(names) or "."


def _below(roots: Sequence[str], names: list[str], path: str) -> list[str]:
    for root in roots:
        prefix = [name for name in root.split("/") if name]
        if names[: len(prefix)] == prefix:
            return names[len(prefix) :]
    raise outside(path)


def is_in(path: str, folders: Iterable[str]) -> bool:
    """Whether ``path`` is one of ``folders``, or lies in one, by its text."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def shown(text: str) -> str:
    """``text`` as it may be printed: control characters, invisible ones and stray bytes escaped.

    Its beginning stands for one that is longer than any path.
    """
    if len(text) > _MOST_SHOWN:
        text = f"{text[:_MOST_SHOWN]}…"
    return "".join(
        letter.encode("unicode_escape", "surrogatepass").decode("ascii")
        if not letter.isprintable() or INVISIBLE.match(letter)
        else letter
        for letter in text
    )


def outside(path: str) -> OutsideWorkspace:
    """The error for a path that leads out."""
    return OutsideWorkspace(f"{shown(path)} leads out of the workspace; use a path inside it.")


def not_a_file(path: str, mode: int) -> NotARegularFile:
    """The error for something of file type ``mode`` where a regular file was needed."""
    described = {
        stat.S_IFDIR: "a folder",
        stat.S_IFLNK: "a link",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }.get(stat.S_IFMT(mode), "something else")
    return NotARegularFile(f"{shown(path)} is {described}, not a regular file.")


@contextmanager
def path_errors(path: str) -> Iterator[None]:
    """Turn the operating system's errors about ``path`` into the :class:`PathError` that fits."""
    try:
        yield
    except LeavesRoot:
        raise outside(path) from None
    except FileNotFoundError:
        raise PathNotFound(f"{shown(path)} does not exist.") from None
    except NotADirectoryError:
        raise PathNotFound(f"{shown(path)} does not exist: a part of the path is not a folder.") from None
    except IsADirectoryError:
        raise not_a_file(path, stat.S_IFDIR) from None
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise NotARegularFile(f"{shown(path)} is a socket, pipe or device, not a regular file.") from None
        raise PathError(f"{shown(path)} can't be used: {reason(error)}.") from None


def reason(error: BaseException) -> str:
    """Why the operating system refused, in a few words."""
    if isinstance(error, OSError) and error.errno is not None:
        return _REASONS.get(error.errno, os.strerror(error.errno).lower())
    return str(error)
