"""System calls Python has no name for, and opening paths that can't leave a folder.

Two ways lead to the same promise (docs/sandbox.md, "File tools"): ``openat2``, where the kernel refuses every
escape, and a walk that opens one component at a time and never lets the kernel follow a link. Neither
compares path strings and opens afterwards, which loses to a racing rename.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections import deque
from contextlib import suppress
from functools import cache
from types import TracebackType

_SYS_OPENAT2 = 437
"""The same on every architecture that got the call after the numbering was unified."""
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
_OPEN_HOW_BYTES = 24
_MAX_LINKS = 40
"""Links followed in one path before it counts as a loop; the kernel's own limit."""
SAFE_OPEN_FLAGS = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""Opening a FIFO doesn't wait, a terminal doesn't take over, and no child inherits the descriptor."""
_FOLDER_FLAGS = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class LeavesRoot(OSError):
    """A path that would lead out of the folder it has to stay in."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EXDEV, "leads out of the folder", path)


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def openat2(folder: int, path: str, flags: int, *, resolve: int) -> int:
    """Open ``path`` below the descriptor ``folder`` and return a new descriptor; raises OSError.

    EINTR and EAGAIN (a rename raced the lookup) are tried again.
    """
    encoded = os.fsencode(path)
    how = _OpenHow(flags, 0, resolve)
    while True:
        descriptor: int = _libc().syscall(
            ctypes.c_long(_SYS_OPENAT2),
            ctypes.c_int(folder),
            ctypes.c_char_p(encoded),
            ctypes.byref(how),
            ctypes.c_size_t(_OPEN_HOW_BYTES),
        )
        if descriptor >= 0:
            return descriptor
        code = ctypes.get_errno()
        if code not in (errno.EINTR, errno.EAGAIN):
            raise OSError(code, os.strerror(code), path)


@cache
def has_openat2() -> bool:
    """Whether the kernel has the call and lets us use it (old containers' seccomp filters do not)."""
    root = os.open("/", _FOLDER_FLAGS)
    try:
        os.close(openat2(root, ".", _FOLDER_FLAGS, resolve=RESOLVE_BENEATH))
    except OSError:
        return False
    finally:
        os.close(root)
    return True


class Location:
    """Where a path really leads: an open folder and the names below it that remain.

    ``names`` holds one name, that of the file or folder itself, which may or may not exist; more where
    folders on the way to it are missing; none where the path is the root. It is never a link that was
    to be followed. ``path`` is the path from the root with every link resolved, ``.`` for the root.
    """

    def __init__(self, folder: int, walked: tuple[str, ...], names: tuple[str, ...]) -> None:
        self.folder = folder
        self.names = names
        self.path = "/".join((*walked, *names)) or "."
        self.made: list[tuple[int, str]] = []

    def __enter__(self) -> Location:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for folder, name in reversed(self.made):
                with suppress(OSError):
                    os.rmdir(name, dir_fd=folder)
        self.close()

    def close(self) -> None:
        """Close the folder and those passed on the way."""
        for folder, _ in self.made:
            os.close(folder)
        os.close(self.folder)

    def make_parents(self) -> None:
        """Make the missing folders, so that one name remains; they go again if the block fails."""
        while len(self.names) > 1:
            name = self.names[0]
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=self.folder)
            inner = os.open(name, _FOLDER_FLAGS, dir_fd=self.folder)
            self.made.append((self.folder, name))
            self.folder = inner
            self.names = self.names[1:]


class _Walk:
    """The state of one walk: the open folders from the root down, and their names."""

    def __init__(self, root: int, root_path: str) -> None:
        self.folders = [os.open(".", _FOLDER_FLAGS, dir_fd=root)]
        self.names: list[str] = []
        self.root_path = root_path.rstrip("/")
        self.links = 0

    def enter(self, name: str) -> None:
        self.folders.append(os.open(name, _FOLDER_FLAGS, dir_fd=self.folders[-1]))
        self.names.append(name)

    def leave(self, path: str) -> None:
        if not self.names:
            raise LeavesRoot(path)
        os.close(self.folders.pop())
        self.names.pop()

    def follow(self, name: str, path: str) -> list[str]:
        """Read the link ``name`` in the innermost folder; return the components to go on with."""
        self.links += 1
        if self.links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = os.readlink(name, dir_fd=self.folders[-1])
        if target.startswith("/"):
            if target != self.root_path and not target.startswith(self.root_path + "/"):
                raise LeavesRoot(path)
            target = target[len(self.root_path) :]
            while self.names:
                self.leave(path)
        return _components(target)

    def take_innermost(self) -> int:
        return self.folders.pop()

    def close(self) -> None:
        for folder in self.folders:
            os.close(folder)


def _components(path: str) -> list[str]:
    return [name for name in path.split("/") if name not in ("", ".")]


def walk_beneath(root: int, path: str, *, root_path: str, follow_last: bool = True) -> Location:
    """Resolve ``path`` below the descriptor ``root`` one component at a time, following links ourselves.

    Links are followed as long as they stay inside; an absolute one counts from ``root_path``. The last
    component is followed if ``follow_last``. Raises :class:`LeavesRoot` or another OSError.
    """
    walk = _Walk(root, root_path)
    try:
        pending = deque(_components(path))
        while pending:
            name = pending.popleft()
            if name == "..":
                walk.leave(path)
                continue
            try:
                mode = os.stat(name, dir_fd=walk.folders[-1], follow_symlinks=False).st_mode
            except FileNotFoundError:
                if ".." in pending:
                    raise
                return Location(walk.take_innermost(), tuple(walk.names), (name, *pending))
            if stat.S_ISLNK(mode) and (pending or follow_last):
                pending.extendleft(reversed(walk.follow(name, path)))
            elif pending:
                walk.enter(name)
            else:
                return Location(walk.take_innermost(), tuple(walk.names), (name,))
        return Location(walk.take_innermost(), tuple(walk.names), ())
    finally:
        walk.close()


def open_beneath(
    root: int, path: str, flags: int, *, root_path: str, follow: bool = True, force_walk: bool = False
) -> int:
    """Open what exists at ``path`` below ``root``; return a descriptor.

    Links inside are followed, or refused with ``follow`` false. ``flags`` are joined with
    :data:`SAFE_OPEN_FLAGS` (with O_PATH, which knows no others, O_CLOEXEC alone).
    Raises :class:`LeavesRoot` or another OSError.
    """
    flags |= os.O_CLOEXEC if flags & os.O_PATH else SAFE_OPEN_FLAGS
    if not force_walk and has_openat2():
        resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (0 if follow else RESOLVE_NO_SYMLINKS)
        try:
            return openat2(root, path, flags, resolve=resolve)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        # An absolute link is refused by the kernel even where it points inside: the walk can tell.
    with walk_beneath(root, path, root_path=root_path) as location:
        if len(location.names) > 1:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if not follow and location.path != path:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        name = location.names[0] if location.names else "."
        return os.open(name, flags | os.O_NOFOLLOW, dir_fd=location.folder)
