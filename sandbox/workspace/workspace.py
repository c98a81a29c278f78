"""A folder opened once; every path a tool uses goes through it, and none leads out.

Paths are text: relative to the workspace, or absolute and inside it. Nothing in them is expanded (``~``,
``$HOME`` and ``%2e`` are names). Names that are not UTF-8 are spelt with surrogate escapes, as ``os`` does.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from seedsmith.sandbox.errors import (
    FileTooLarge,
    OutsideWorkspace,
    PathError,
    PathNotFound,
    ProtectedPath,
    WorkspaceError,
)
from seedsmith.sandbox.workspace.block_rewrite import Splice, SteadyFile, settle
from seedsmith.sandbox.workspace.entries import FileStat, FolderEntry, Kind, file_stat, folder_entries
from seedsmith.sandbox.workspace.open_beneath import Location, open_beneath, walk_beneath
from seedsmith.sandbox.workspace.paths import is_in, normalise, not_a_file, path_errors, reason, shown
from seedsmith.sandbox.workspace.protected import check_writable, is_repository
from seedsmith.sandbox.workspace.replace import check_permission, digest, replace_file

__all__ = ["READ_CEILING_BYTES", "FileStat", "FolderEntry", "Kind", "Workspace", "digest", "file_stat"]

READ_CEILING_BYTES = 256 << 20
"""No read takes more into memory than this, whatever its caller allows."""


class Workspace:
    """The folder ``root``, held by descriptor; safe to use from several threads.

    ``state`` is the agent's own state folder: where it lies inside, tools may not write it. ``hidden`` are
    files and folders inside, by their real places, that tools may neither read nor write.
    ``force_walk`` resolves paths without ``openat2``, as on kernels that lack it.
    Raises :class:`WorkspaceError` if ``root`` is missing, not a folder or unreadable. All methods raise a
    :class:`PathError`, most often one of its narrower kinds, when a path can't be used.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        state: Path | None = None,
        hidden: tuple[Path, ...] = (),
        force_walk: bool = False,
    ) -> None:
        name = shown(str(root))
        self._force_walk = force_walk
        self._beside: dict[str, int] = {}
        try:
            self.root = Path(root).resolve(strict=True)
            self._descriptor = os.open(self.root, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise WorkspaceError(f"The workspace {name} does not exist.") from None
        except NotADirectoryError:
            raise WorkspaceError(f"The workspace {name} is not a folder.") from None
        except (OSError, RuntimeError, ValueError) as error:
            raise WorkspaceError(f"The workspace {name} can't be opened: {reason(error)}.") from None
        if not os.access(self.root, os.R_OK | os.X_OK):
            self.close()
            raise WorkspaceError(f"The workspace {name} is not readable; check its permissions.")
        self._names: tuple[str, ...] = (str(self.root), str(Path(root).absolute()))
        self._hidden = tuple(map(os.fspath, hidden))
        self.read_only: tuple[str, ...] = ()
        """The folders that were taken in to be read only."""
        self._approved: Counter[str] = Counter()
        self.state = self._inside(state)
        """The agent's state folder relative to the workspace; None where it lies outside."""

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder; the workspace can't be used afterwards."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        while self._beside:
            os.close(self._beside.popitem()[1])

    def also_called(self, name: str) -> None:
        """Let absolute paths below ``name`` mean what lies in the workspace, as they do for commands."""
        self._names += (name,)

    def take_in(self, name: str, folder: Path, *, writable: bool = True) -> None:
        """Let absolute paths below ``name`` mean what lies in ``folder``, as they do for commands."""
        if name not in self._beside:
            self.read_only += () if writable else (name,)
            flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            self._beside[name] = os.open(folder, flags)
            # The innermost first: one may lie in another.
            self._beside = dict(sorted(self._beside.items(), key=lambda each: -len(each[0])))

    def relative(self, path: str) -> str:
        """Return ``path`` relative to the workspace, normalised, ``.`` for the root; touches no disk.

        A path in a folder that was taken in stays absolute. Raises :class:`OutsideWorkspace` where ``..`` or
        an absolute path leads out by name.
        """
        try:
            return normalise(path, self._names)
        except OutsideWorkspace:
            for name in self._beside if path.startswith("/") else ():
                with suppress(OutsideWorkspace):
                    return posixpath.normpath(f"{name}/{normalise(path, (name,))}")
            raise

    def stat(self, path: str, *, follow: bool = True) -> FileStat:
        """Say what is at ``path``; a link is followed inside the workspace unless ``follow`` is false."""
        relative = self.relative(path)
        with path_errors(path):
            if follow:
                descriptor = self._open(relative, os.O_PATH)
                try:
                    found = os.fstat(descriptor)
                finally:
                    os.close(descriptor)
            else:
                with self._locate(relative, follow_last=False) as location:
                    found = os.stat(_only_name(location), dir_fd=location.folder, follow_symlinks=False)
        return file_stat(found)

    def exists(self, path: str) -> bool:
        """Whether something is at ``path``; a dangling link is nothing."""
        try:
            self.stat(path)
        except PathNotFound:
            return False
        return True

    def open_read(self, path: str) -> BinaryIO:
        """Open the regular file at ``path`` for reading; anything else is refused without waiting on it."""
        relative = self.relative(path)
        with path_errors(path):
            descriptor = self._open(relative, os.O_RDONLY)
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISREG(found.st_mode):
                    raise not_a_file(path, found.st_mode)
                return os.fdopen(descriptor, "rb")
            except BaseException:
                os.close(descriptor)
                raise

    def read_bytes(
        self, path: str, *, offset: int = 0, limit: int | None = None, cap: int | None = None
    ) -> bytes:
        """Read at most ``limit`` bytes of a regular file from ``offset`` on.

        Raises :class:`FileTooLarge` if the whole file exceeds ``cap`` bytes, or if what is asked for
        exceeds :data:`READ_CEILING_BYTES`.
        """
        with self.open_read(path) as file, path_errors(path):
            size = os.fstat(file.fileno()).st_size
            if cap is not None and size > cap:
                raise FileTooLarge(f"{shown(path)} has {size:,} bytes, more than the {cap:,} allowed here.")
            wanted = max(size - offset, 0) if limit is None else limit
            if wanted > READ_CEILING_BYTES:
                raise FileTooLarge(
                    f"{shown(path)} has {size:,} bytes: read at most {READ_CEILING_BYTES:,} at once."
                )
            file.seek(offset)
            return file.read(wanted)

    def open_steady(self, path: str) -> SteadyFile | None:
        """Open the regular file at ``path`` for reading in blocks, for the caller to close.

        None where a later change to it might go unnoticed, e.g. because its time lies in the future.
        """
        with self.open_read(path) as file, path_errors(path):
            found = settle(file.fileno())
            return None if found is None else SteadyFile(path, os.dup(file.fileno()), found)

    def open_folder(self, path: str) -> int:
        """Open the folder at ``path`` for listing; return a descriptor the caller closes."""
        relative = self.relative(path)
        with path_errors(path):
            return self._open(relative, os.O_RDONLY | os.O_DIRECTORY)

    def locate(self, path: str) -> Location:
        """Find the folder and name where ``path`` itself lies, a link in the last place not followed.

        For work on names that :meth:`write_bytes` and its like don't do; nothing is checked but that the
        path stays inside. The caller closes the location.
        """
        with path_errors(path):
            return self._locate(self.relative(path), follow_last=False)

    def list_folder(self, path: str) -> list[FolderEntry]:
        """List the folder at ``path``, sorted by name."""
        descriptor = self.open_folder(path)
        try:
            with path_errors(path), os.scandir(descriptor) as entries:
                return sorted(folder_entries(entries), key=lambda entry: entry.name)
        finally:
            os.close(descriptor)

    def check_writable(self, path: str) -> None:
        """Raise what :meth:`write_bytes` would raise for ``path``, as far as it can be told beforehand."""
        with path_errors(path), self._locate_writable(path) as location:
            if len(location.names) == 1:
                check_permission(location.folder, location.names[0])

    @contextmanager
    def approving(self, paths: Collection[str]) -> Iterator[None]:
        """Let ``paths``, as :meth:`names_of` gives them, be written meanwhile: a person said so."""
        self._approved.update(paths)
        try:
            yield
        finally:
            self._approved -= Counter(paths)

    def names_of(self, path: str) -> frozenset[str]:
        """``path`` relative to the workspace, and where its links lead; as it is where it can't be used."""
        try:
            relative = self.relative(path)
            with path_errors(path), self._locate(relative) as location:
                return frozenset((relative, location.path))
        except PathError:
            return frozenset((path,))

    def write_bytes(
        self,
        path: str,
        data: bytes | Splice,
        *,
        expected: bytes | None = None,
        create_parents: bool = True,
        mode: int | None = None,
        executable: bool | None = None,
    ) -> FileStat:
        """Make ``data`` the whole content of the file at ``path``, at once or not at all; return its stat.

        A link that stays inside is kept and its target written; a hard link is broken, so that other names
        of the file keep the old content; mode and (for root) owner stay, unless ``mode`` gives other
        permission bits; ``executable`` then sets or clears those for running it. Raises
        :class:`ProtectedPath` for protected names, :class:`ChangedOnDisk` where the present
        content is not ``expected`` or not the source of a :class:`Splice`; on any failure nothing has
        changed.
        """
        with path_errors(path), self._locate_writable(path) as location:
            if create_parents:
                location.make_parents()
            name = _only_name(location)
            check_permission(location.folder, name)
            written = replace_file(
                location.folder,
                name,
                path,
                data,
                expected=expected,
                mode=mode,
                executable=executable,
            )
            return file_stat(written)

    def delete(self, path: str, *, prune: bool = False) -> None:
        """Remove the file at ``path``; of a link, the link itself.

        With ``prune`` the folders that this leaves empty go too, as git has no empty folders.
        """
        with path_errors(path), self._locate_writable(path, follow_last=False) as location:
            name = _only_name(location)
            _check_file_or_link(location, name, path)
            os.unlink(name, dir_fd=location.folder)
        if prune and not self.relative(path).startswith("/"):
            self._prune(location.path.rpartition("/")[0])

    def _prune(self, folder: str) -> None:
        """Remove ``folder`` and those above it, as far as they are empty; never the workspace itself."""
        with suppress(OSError):
            while folder:
                with self._locate(folder, follow_last=False) as location:
                    os.rmdir(_only_name(location), dir_fd=location.folder)
                folder = folder.rpartition("/")[0]

    def _open(self, relative: str, flags: int) -> int:
        descriptor, root_path, below = self._below(relative)
        opened = open_beneath(descriptor, below, flags, root_path=root_path, force_walk=self._force_walk)
        if self._hidden:
            try:
                # What was opened, not what it was called: no link and no rename leads around this.
                self._check_shown(relative, os.readlink(f"/proc/self/fd/{opened}"))  # noqa: PTH115
            except BaseException:
                os.close(opened)
                raise
        return opened

    def _locate(self, relative: str, *, follow_last: bool = True) -> Location:
        descriptor, root_path, relative = self._below(relative)
        return walk_beneath(descriptor, relative, root_path=root_path, follow_last=follow_last)

    def _below(self, relative: str) -> tuple[int, str, str]:
        """The folder a path that :meth:`relative` gave begins at, what it is called, and the rest."""
        for name, descriptor in self._beside.items() if relative.startswith("/") else ():
            if relative == name or relative.startswith(name + "/"):
                return descriptor, name, relative[len(name) + 1 :] or "."
        return self._descriptor, str(self.root), relative

    def _locate_writable(self, path: str, *, follow_last: bool = True) -> Location:
        """Resolve ``path`` and check its own names and those it leads to against the protected ones."""
        relative = self.relative(path)
        if is_in(relative, self.read_only):
            raise ProtectedPath(f"{shown(path)} lies in a folder that is shown to be read only.")
        check_writable(relative, self.state, self._approved)
        location = self._locate(relative, follow_last=follow_last)
        try:
            check_writable(location.path, self.state, self._approved)
            self._check_shown(path, f"{self.root}/{location.path}")
            self._check_no_repository(location.path)
        except BaseException:
            location.close()
            raise
        return location

    def _check_no_repository(self, path: str) -> None:
        """Raise where ``path`` lies in git's own data under another name, or would make a folder that."""
        if path.startswith("/"):
            return
        names = path.split("/")
        for depth, name in enumerate(names):
            folder = "/".join([str(self.root), *names[:depth]])
            if is_repository(partial(_is_there, folder, name)):
                raise ProtectedPath(
                    f"{shown(path)} belongs to a repository's own data, which tools may not write: its "
                    "folder holds HEAD, objects and refs."
                )

    def _check_shown(self, path: str, real: str) -> None:
        if is_in(real, self._hidden):
            raise ProtectedPath(
                f"{shown(path)} is where programs keep their keys and settings in your home folder, which "
                "tools may neither read nor write."
            )

    def _inside(self, state: Path | None) -> str | None:
        if state is None:
            return None
        try:
            return self.relative(str(state.resolve()))
        except OutsideWorkspace:
            return None


def _is_there(folder: str, written: str, name: str) -> bool:
    """Whether ``name`` is in ``folder``, or will be once ``written`` is."""
    return name == written or os.path.lexists(f"{folder}/{name}")


def _only_name(location: Location) -> str:
    if not location.names:
        return "."
    if len(location.names) > 1:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), location.path)
    return location.names[0]


def _check_file_or_link(location: Location, name: str, path: str) -> None:
    mode = os.stat(name, dir_fd=location.folder, follow_symlinks=False).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        raise not_a_file(path, mode)
