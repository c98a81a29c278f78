"""The folder behind commands' ``/tmp``, and what lies in it: made anew where it isn't what it should be.

Commands own it, and may leave anything there: a file, a link or nothing where a folder was, or a folder
nobody may enter. The next command must start all the same, and the agent, which makes folders here
unconfined, must not be led out: it goes from folder to folder by descriptors and follows no link.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seedsmith.sandbox.errors import SandboxError

HOME = "home"
"""The folder in it that is the commands' ``HOME``."""
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER = stat.S_IRWXU
_TRIES = 8
"""A command that still runs may change a folder while it is looked at; so often it is looked at again."""


def make_ready(private: Path, *folders: str) -> None:
    """Have the folder ``private`` and the relative ``folders`` in it be there, to be entered and written.

    What stands in the way is removed, or set aside where it is a folder. Raises :class:`SandboxError`.
    """
    with _explaining_faults(private):
        os.close(_opened(private, ()))
        for folder in folders:
            os.close(_opened(private, tuple(folder.split("/"))))


def make_new(private: Path, name: str) -> None:
    """Have a folder ``name`` in it that is new and empty."""
    make_ready(private, name)
    shutil.rmtree(private / name, ignore_errors=True)
    make_ready(private, name)


def make_file_ready(private: Path, file: str) -> None:
    """Have a regular file at the relative path ``file``, and no link on the way; what it holds is left."""
    with _explaining_faults(private):
        *folders, name = Path(file).parts
        descriptor = _opened(private, tuple(folders))
        try:
            _make_file(descriptor, name)
        finally:
            os.close(descriptor)


def link(private: Path, place: str, target: Path) -> None:
    """Make the relative ``place`` a link to ``target``, unless something is there."""
    *folders, name = Path(place).parts
    with _explaining_faults(private):
        descriptor = _opened(private, tuple(folders))
        try:
            os.symlink(target, name, dir_fd=descriptor)
        except FileExistsError:
            pass  # Of a resumed session it is there already.
        finally:
            os.close(descriptor)


def link_all(private: Path, folder: str, targets: Iterable[Path]) -> None:
    """Have links to all ``targets`` by their names in the relative ``folder``; what is there stays."""
    with _explaining_faults(private):
        descriptor = _opened(private, Path(folder).parts)
        try:
            for target in targets:
                with suppress(FileExistsError):
                    os.symlink(target, target.name, dir_fd=descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _explaining_faults(private: Path) -> Iterator[None]:
    """Say what can't be done as one sentence."""
    try:
        yield
    except OSError as error:
        raise SandboxError(
            f"The private folder of commands, {private}, can't be made ready: {error.strerror or error}."
        ) from error


def _opened(private: Path, names: tuple[str, ...]) -> int:
    """A descriptor of the folder that ``names`` lead to, each made ready on the way."""
    private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(private.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in (private.name, *names):
        try:
            inner = _enter(descriptor, name)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor


def _enter(parent: int, name: str) -> int:
    for _ in range(_TRIES):
        try:
            descriptor = os.open(name, _FOLDER, dir_fd=parent)
        except FileNotFoundError:
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=parent)
            continue
        except NotADirectoryError:
            _set_aside(parent, name)
            continue
        if _grant(descriptor):
            return descriptor
        os.close(descriptor)
        _set_aside(parent, name)
    raise SandboxError(f"A command keeps replacing the private folder {name!r} while it is made ready.")


def _grant(descriptor: int) -> bool:
    """Let the owner read, write and enter the folder; False where that is not us."""
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if mode & _OWNER != _OWNER:
        try:
            os.chmod(f"/proc/self/fd/{descriptor}", mode | _OWNER)  # noqa: PTH101
        except PermissionError:
            return False
    return True


def _make_file(parent: int, name: str) -> None:
    for _ in range(_TRIES):
        try:
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        except FileNotFoundError:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            with suppress(FileExistsError):
                os.close(os.open(name, flags, 0o600, dir_fd=parent))
            continue
        if stat.S_ISREG(mode):
            return
        _set_aside(parent, name)
    raise SandboxError(f"A command keeps replacing the private file {name!r} while it is made ready.")


def _set_aside(parent: int, name: str) -> None:
    """Take away what is at ``name``: a folder, which may hold much, gets another name beside it."""
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        pass
    except (IsADirectoryError, PermissionError):
        os.rename(name, f"{name}.replaced-{secrets.token_hex(4)}", src_dir_fd=parent, dst_dir_fd=parent)
