"""Files that commands must leave as they are: remembered before a command, compared and put back after it.

To be used while no command can run beside it, or links could change under its hands.
"""

from __future__ import annotations

import itertools
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from seedsmith.sandbox.lazy_dataclass import dataclass

_MOST_BYTES = 1 << 20
"""The content of a larger file is not kept, so that it can be missed but not put back."""
_ROUNDS = 3
"""Putting a folder back shows what of its content is missing, so more than one may be needed."""
_MOST_NAMED = 5
_MOST_SAVED = 64
_MOST_REMEMBERED = 1_000
"""So many names of what was undone are kept to be told of."""


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What changes whenever a file does; the change time can't be set back."""

    inode: int
    size: int
    changed_ns: int
    mode: int


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file as it was: its bytes, or a link's target; without a stamp one that wasn't there."""

    stamp: _Stamp | None = None
    content: bytes | None = None

    def is_like(self, other: _Kept) -> bool:
        """Whether nothing differs that a reader would notice."""
        if self.stamp is None or other.stamp is None:
            return self.stamp is other.stamp
        return (self.stamp.mode, self.content) == (other.stamp.mode, other.content)

    @property
    def is_folder(self) -> bool:
        return self.stamp is not None and stat.S_ISDIR(self.stamp.mode)


Save = Callable[[bytes], str]
"""Keeps bytes that are about to be replaced, and returns the name they can be read back by."""


class KeptFiles:
    """What some files and folders below ``root`` were like; ``paths`` lists them as they are now.

    With ``save`` nothing that is undone is lost: it may have been the user's own doing.
    """

    def __init__(self, root: Path, paths: Callable[[], Iterable[Path]], save: Save | None = None) -> None:
        self._root = root
        self._paths = paths
        self._save = save
        self._files: dict[Path, _Kept] = {}

    def __contains__(self, path: Path) -> bool:
        return path in self._files

    def remember(self) -> None:
        """Take them as they are now; cheap where nothing changed since."""
        before, self._files = self._files, {}
        for path in self._paths():
            kept = before.get(path)
            same = kept is not None and (kept.stamp == _stamp_of(path) or is_closed(path))
            self._files[path] = kept if kept is not None and same else _keep(path)

    def accept(self, path: Path) -> None:
        """Take ``path`` as it is now."""
        self._files[path] = _keep(path)

    def is_changed(self, spare: Callable[[Path], bool] = lambda path: False) -> bool:
        """Whether one differs from what is remembered, or is new, but for what ``spare`` names."""
        return any(not spare(path) for path in self._differing()) or any(
            not spare(path) for path in self._appeared()
        )

    def put_back(self, spare: Callable[[Path], bool] = lambda path: False) -> tuple[list[str], list[str]]:
        """Put back what changed, except what ``spare`` names; the names of what was, and of what can't be.

        What is new is removed as it is found, however much of it there is; then the rest is put back.
        """
        done: dict[str, str] = {}
        failed: dict[str, str] = {}
        for _ in range(_ROUNDS):
            clean = True
            for path in itertools.chain(self._appeared(), self._differing()):
                if spare(path):
                    continue
                clean = False
                saved = self._saved_below(path) if len(done) < _MOST_SAVED else {path: ""}
                names = done if self._put_back(path) else failed
                for each, where in saved.items():
                    if len(names) < _MOST_REMEMBERED:
                        names.setdefault(os.fspath(each.relative_to(self._root)), where)
            if clean:
                break
        return [name + where for name, where in done.items() if name not in failed], list(failed)

    def rename(self, before: Path, after: Path) -> None:
        """Look for what was below ``before`` below ``after`` from here on: it was moved."""
        self._files = {
            after / path.relative_to(before) if path == before or before in path.parents else path: kept
            for path, kept in self._files.items()
        }

    def _differing(self) -> Iterator[Path]:
        """What is remembered and no longer like that; folders before what is in them."""
        for path, kept in list(self._files.items()):
            if _stamp_of(path) == kept.stamp:
                continue
            now = _keep(path)
            if now.is_like(kept):
                self._files[path] = now
            else:
                yield path

    def _appeared(self) -> Iterator[Path]:
        """What is there and not remembered, found one by one, so that no number of them takes memory."""
        return (path for path in self._paths() if path not in self._files and os.path.lexists(path))

    def _saved_below(self, path: Path) -> dict[Path, str]:
        """Keep what is at ``path``, and the first files in it where it is a folder that goes altogether."""
        goes = path not in self._files and os.path.isdir(path) and not os.path.islink(path)
        below = itertools.islice(everything_below(path), _MOST_SAVED) if goes else (path,)
        return {each: self._saved(each) for each in below}

    def _saved(self, path: Path) -> str:
        """Keep the file that is there now; says where, as an addition to its name."""
        now = _keep(path)
        if self._save is None or now.stamp is None or not stat.S_ISREG(now.stamp.mode) or not now.content:
            return ""
        try:
            return f" (what it held: {self._save(now.content)})"
        except OSError:  # A full disk; putting back is what counts.
            return ""

    def _put_back(self, path: Path) -> bool:
        """Make ``path`` what it was; False where that can't be done."""
        kept = self._files.get(path, _Kept())
        if kept.stamp is not None and kept.content is None and not kept.is_folder:
            return False  # Too large to have been kept.
        try:
            if kept.stamp is not None or os.path.lexists(path.parent):
                self._make_plain(path.parent)
                self._make(path, kept)
        except OSError:
            return False
        if path in self._files:
            self._files[path] = _keep(path)
        return True

    def _make(self, path: Path, kept: _Kept) -> None:
        now = _stamp_of(path)
        if kept.stamp is not None and kept.is_folder and now is not None and stat.S_ISDIR(now.mode):
            path.chmod(stat.S_IMODE(kept.stamp.mode))
            return
        _remove(path)
        if kept.stamp is None:
            return
        if kept.is_folder:
            path.mkdir()
            path.chmod(stat.S_IMODE(kept.stamp.mode))
        elif stat.S_ISLNK(kept.stamp.mode):
            path.symlink_to(os.fsdecode(kept.content or b""))
        else:
            _write(path, kept.content or b"", kept.stamp.mode)

    def _make_plain(self, folder: Path) -> None:
        """Replace links on the way to ``folder`` by folders, or writing would go wherever they lead."""
        current = self._root
        for part in folder.relative_to(self._root).parts:
            current = current / part
            if os.path.islink(current) or (os.path.lexists(current) and not os.path.isdir(current)):
                current.unlink()
            current.mkdir(exist_ok=True)


def listed(names: Iterable[str]) -> str:
    """The first of ``names``, and how many more there are."""
    shown = sorted(names)
    rest = len(shown) - _MOST_NAMED
    return ", ".join(shown[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _stamp_of(path: Path) -> _Stamp | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return _stamp(status)


def is_closed(path: Path) -> bool:
    """Whether a folder above it lets nobody look."""
    try:
        os.lstat(path)
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _stamp(status: os.stat_result) -> _Stamp:
    if stat.S_ISDIR(status.st_mode):  # Its size and times change with its entries, which have their own.
        return _Stamp(0, 0, 0, status.st_mode)
    return _Stamp(status.st_ino, status.st_size, status.st_ctime_ns, status.st_mode)


def _keep(path: Path) -> _Kept:
    stamp = _stamp_of(path)
    if stamp is None:
        return _Kept()
    content: bytes | None = None
    with suppress(OSError):
        if stat.S_ISLNK(stamp.mode):
            content = os.fsencode(path.readlink())
        elif stat.S_ISREG(stamp.mode) and stamp.size <= _MOST_BYTES:
            content = _read(path)
    return _Kept(stamp, content)


def _read(path: Path) -> bytes | None:
    """The bytes of a regular file; None for what became something else meanwhile."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "rb") as file:
        return file.read(_MOST_BYTES) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None


def _remove(path: Path) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        try:
            shutil.rmtree(path)
        except (
            OSError,
            RecursionError,
        ):  # Closed folders, or thousands in one another: out of the way at least.
            path.rename(path.with_name(f"{path.name}.undone-{os.urandom(4).hex()}"))
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), stat.S_IMODE(mode))


def everything_below(folder: Path) -> Iterator[Path]:
    """``folder`` and all that is in it, each before what it holds, and none twice in memory.

    What is removed while this goes on is not entered.
    """
    yield folder
    waiting = [os.fspath(folder)]
    while waiting:
        with suppress(OSError):
            inner = waiting.pop()
            if os.path.islink(inner):
                continue
            with os.scandir(inner) as entries:
                for entry in entries:
                    yield Path(entry.path)
                    if entry.is_dir(follow_symlinks=False) and os.path.isdir(entry.path):
                        waiting.append(entry.path)
