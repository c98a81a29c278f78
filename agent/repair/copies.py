"""Private copies of the workspace, each shown to its own commands at the workspace's path.

Changes are tried in them, several side by side, while the workspace itself stays as it is.
"""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from seedsmith.sandbox.commands.process import ProcessRunner
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap
from seedsmith.sandbox.isolation.hidden_folders import hidden_within
from seedsmith.sandbox.isolation.private_folder import HOME, make_ready
from seedsmith.sandbox.snapshots.checkout import DEPENDENCIES
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.content.encodings import UTF_8, detect

_MOST_FILES, _MOST_BYTES = 20_000, 300 << 20
_SOURCE_BYTES = 1 << 20
_GO_CACHE, _MOST_CACHE_BYTES = f"{HOME}/.cache/go-build", 300 << 20
_AGED_SECONDS = 1_000_000
"""So much older the copied files look: bytecode is known by its source's size and second, and what is changed
here is changed in the same second as the workspace may have been."""


class TooMuch(OSError):
    """The workspace is too large to be copied for this."""


class PrivateCopy:
    """One copy of the workspace, and what runs commands on it; as a context manager it closes itself."""

    def __init__(self, folder: Path, processes: ProcessRunner) -> None:
        """``folder`` is made anew. Raises OSError, of which :class:`TooMuch` is one."""
        policy = processes.policy
        shutil.rmtree(folder, ignore_errors=True)
        files = folder / "files"
        files.mkdir(mode=0o700, parents=True)
        still = _copied(policy.workspace, files)
        self._folder = folder
        self.root = files
        """Where its files lie."""
        self._files = Workspace(files)
        self._originals: dict[str, bytes] = {}
        self.processes = processes.with_policy(
            replace(policy, shown_instead=files, still_shown=still, private_tmp=folder / "tmp"),
            processes.environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
        isolation = processes.isolation
        assert isinstance(isolation, Bubblewrap)
        self.processes.isolation = Bubblewrap(isolation.executable, isolation.missing_flags)
        _copy_cache(policy.private_tmp, folder / "tmp")

    def put(self, path: str, text: str) -> None:
        """Have the file ``path`` hold ``text``, and every other the workspace's content.

        ``text`` has plain line ends; the file keeps its own, and its encoding. Raises
        :class:`seedsmith.sandbox.errors.SandboxError` and UnicodeError.
        """
        for other in [each for each in self._originals if each != path]:
            self._files.write_bytes(other, self._originals.pop(other))
        if path not in self._originals:
            self._originals[path] = self._files.read_bytes(path, cap=_SOURCE_BYTES)
        original = self._originals[path]
        encoding = detect(original) or UTF_8
        ends = text.replace("\n", "\r\n") if b"\r\n" in original else text
        self._files.write_bytes(path, encoding.bom + encoding.encode(ends))

    def put_back(self) -> None:
        """Have every file hold the workspace's content."""
        for path in list(self._originals):
            self._files.write_bytes(path, self._originals.pop(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave nothing of it."""
        self._files.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def can_copy(processes: ProcessRunner) -> bool:
    """Whether a copy can be shown at the workspace's own path, and nothing in it must stay hidden."""
    policy = processes.policy
    secrets = hidden_within(policy.workspace, policy.environ)
    return isinstance(processes.isolation, Bubblewrap) and not any(map(os.path.lexists, secrets))


def _copied(source: Path, target: Path) -> tuple[Path, ...]:
    """Copy all but git's folder, bytecode and what was installed; returns the folders of the latter.

    Links stay links; what is neither file, folder nor link is left out.
    """
    still: list[Path] = []
    room = [_MOST_FILES, _MOST_BYTES]
    folders = [("", source)]
    while folders:
        inside, folder = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                path = f"{inside}{entry.name}"
                if entry.is_symlink():
                    (target / path).symlink_to(Path(entry.path).readlink())
                elif entry.is_dir():
                    if entry.name == "__pycache__" or (entry.name == ".git" and not inside):
                        continue
                    if entry.name in DEPENDENCIES or os.path.lexists(f"{entry.path}/pyvenv.cfg"):
                        still.append(Path(entry.path))
                        continue
                    (target / path).mkdir()
                    folders.append((f"{path}/", Path(entry.path)))
                elif entry.is_file():
                    _copy_file(entry, target / path, room)
    return tuple(still)


def _copy_cache(source: Path, target: Path) -> None:
    """Give the commands of a copy what Go has built so far, or each compiles its whole library anew.

    Commands may have put anything there: links are not followed, and what can't be read is left out.
    """
    left = _MOST_CACHE_BYTES
    with suppress(SandboxError), Workspace(source) as files:
        for folder in files.list_folder(_GO_CACHE):
            place = f"{_GO_CACHE}/{folder.name}"
            entries = files.list_folder(place) if folder.kind == "folder" else []
            if entries:
                make_ready(target, place)
            for entry in entries:
                data = files.read_bytes(f"{place}/{entry.name}", cap=left)
                left -= len(data)
                (target / place / entry.name).write_bytes(data)


def _copy_file(entry: os.DirEntry[str], target: Path, room: list[int]) -> None:
    info = entry.stat()
    room[0] -= 1
    room[1] -= info.st_size
    if min(room) < 0:
        raise TooMuch
    shutil.copyfile(entry.path, target)
    target.chmod(stat.S_IMODE(info.st_mode) | stat.S_IRUSR | stat.S_IWUSR)
    os.utime(target, ns=(info.st_atime_ns, info.st_mtime_ns - _AGED_SECONDS * 10**9))
