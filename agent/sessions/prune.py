"""Sessions that are old, or too much together, are removed: whole, oldest first, never one that is in use."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import SessionError
from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.session_file import RecordFile
from seedsmith.agent.sessions.session_lookup import RECORDS, read_head, session_paths
from seedsmith.sandbox.lazy_dataclass import dataclass

_DAY = 86_400.0
_LOOKED = "sessions-looked-at"
"""Its time says when the size of all sessions was looked at last."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be."""

    sessions: tuple[str, ...]
    """The ids, the oldest first."""
    freed: int
    """Bytes."""
    left: int
    """Bytes of the sessions that stay."""


def prune(
    home: Path, *, older_than: float | None = None, most_bytes: int | None = None, dry: bool = False
) -> Pruned:
    """Remove sessions not worked in for ``older_than`` seconds, and the oldest beyond ``most_bytes``.

    The one worked in last stays, and those in use. With ``dry`` nothing is removed. Raises
    :class:`SessionError` where the state folder can't be read or a session can't be removed.
    """
    now = time.time()
    known = sorted((_worked(path), path, _size(path)) for path in session_paths(home))
    left = sum(size for _, _, size in known)
    removed: list[str] = []
    freed = 0
    for worked, path, size in known[:-1]:
        old = older_than is not None and now - worked > older_than
        much = most_bytes is not None and left > most_bytes
        if (old or much) and (dry or _remove(path)):
            removed.append(path.name)
            freed += size
            left -= size
    return Pruned(tuple(removed), freed, left)


def remove_session(home: Path, session: str) -> None:
    """Remove the session of that id and its helpers'; nothing where there is none.

    Raises :class:`SessionError` where it is in use or can't be removed.
    """
    paths = {path.name: path for path in session_paths(home)}
    if session not in paths:
        return
    if not _remove(paths[session]):
        raise SessionError(f"Session {session} is in use, so it stays.")
    for path in paths.values():
        with suppress(SessionError):  # damaged, or in use: it is pruned some day
            if read_head(path / RECORDS).get("parent") == session:
                _remove(path)


def prune_daily(home: Path, most_mb: int) -> NoticeGiven | None:
    """Prune beyond ``most_mb`` (0: never) where nobody looked for a day; what to tell of it.

    What can't be done is no reason to fail: it is left.
    """
    looked = home / _LOOKED
    try:
        if not most_mb or time.time() - looked.stat().st_mtime < _DAY:
            return None
    except OSError:
        pass
    try:
        looked.touch(mode=0o600)
        os.utime(looked)
        pruned = prune(home, most_bytes=most_mb * 1_000_000)
    except (SessionError, OSError):
        return None
    if not pruned.sessions:
        return None
    return NoticeGiven(
        "sessions_pruned",
        f"Sessions took more than {most_mb:,} MB: the oldest {len(pruned.sessions):,} were removed "
        "(sessions_mb in your configuration sets the limit).",
    )


def _worked(path: Path) -> float:
    """When a session was worked in last."""
    for each in (path / RECORDS, path):
        try:
            return each.stat().st_mtime
        except OSError:
            continue
    return 0.0


def _size(path: Path) -> int:
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118
            except OSError:  # it went meanwhile
                continue
    return total


def _remove(path: Path) -> bool:
    """Whether the session was removed: one that is in use is not. Half of one is no session any more."""
    records = path / RECORDS
    file = None
    if records.is_file():
        try:
            file = RecordFile(records, Redactor(()))
        except SessionError:
            return False
    try:
        going = path.with_name(f".{path.name}.going")
        path.rename(going)
        shutil.rmtree(going, onerror=_once_more)
    except OSError as error:
        raise SessionError(f"Can't remove {path}: {error.strerror}.") from error
    finally:
        if file is not None:
            file.close()
    return True


def _once_more(remove: Callable[[str], Any], path: str, why: Any) -> None:
    """Let a folder be written to, which a command may have forbidden, and remove what it holds again."""
    folder = os.path.dirname(path)  # noqa: PTH120
    os.chmod(folder, 0o700)  # noqa: PTH101
    if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114
        os.chmod(path, 0o700)  # noqa: PTH101
        shutil.rmtree(path)
    else:
        os.unlink(path)  # noqa: PTH108
