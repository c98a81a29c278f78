"""From what a person writes (an id, its beginning, ``last``) to the one session that is meant.

Nothing is opened for writing and nothing changes; of each session looked at, one line is read.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from seedsmith.agent.errors import SessionError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.text import first_of

RECORDS = "records.jsonl"
"""The file in a session's folder that holds its records."""
LAST = "last"
"""Written for the session of a folder that was worked in last."""
VERSION = 2
"""Of the records this program writes; it reads all up to it."""
_ID = re.compile(r"[0-9]{8}-[0-9]{9}-[0-9a-f]{6}")
_BEGINNING = re.compile(r"[0-9a-f-]{1,25}")
_LONGEST_HEAD = 64 << 20
_MOST_NAMED = 5


class UnknownSession(SessionError):
    """No session is meant."""


class AmbiguousSession(SessionError):
    """More than one session is meant."""


class DamagedSession(SessionError):
    """The session's records can't be read."""


class NewerSession(SessionError):
    """The session was written by a newer program."""


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """A session on the disk, found; :meth:`seedsmith.agent.sessions.session.Session.resume` opens it."""

    path: Path
    """Its folder, which is named by its id."""
    workspace: Path
    """The folder it works in, as it was called when the session began; it may be gone."""

    @property
    def id(self) -> str:
        """The session's name, sortable by time."""
        return self.path.name

    @property
    def records(self) -> Path:
        """The file of its records."""
        return self.path / RECORDS


def find_session(home: Path, text: str, workspace: Path) -> SessionFolder:
    """The session under ``home`` that ``text`` means.

    ``text`` is an id, the beginning of one (of any folder's session), or ``last``: the session that was
    worked in last of those of ``workspace``, an absolute canonical path. Raises :class:`UnknownSession`,
    :class:`AmbiguousSession`, :class:`DamagedSession` and :class:`NewerSession`, all a
    :class:`seedsmith.agent.errors.SessionError` (exit code 2).
    """
    if text == LAST:
        return _last(home, workspace)
    if _ID.fullmatch(text) and (home / "sessions" / text / RECORDS).is_file():
        return _found(home / "sessions" / text)
    meant = [path for path in session_paths(home) if path.name.startswith(text)]
    if not _BEGINNING.fullmatch(text) or not meant:
        raise UnknownSession(f"There is no session {text!r} under {home / 'sessions'}.")
    if len(meant) > 1:
        named = first_of([path.name for path in meant], _MOST_NAMED)
        raise AmbiguousSession(f"{text!r} is the beginning of {named}: write more of the id.")
    return _found(meant[0])


def may_be_id(text: str) -> bool:
    """Whether ``text`` has the form of an id or its beginning."""
    return _BEGINNING.fullmatch(text) is not None


def session_paths(home: Path) -> list[Path]:
    """The folders of all sessions under ``home``, the newest first; nothing is read.

    Raises :class:`SessionError` where the folder of sessions can't be listed.
    """
    try:
        with os.scandir(home / "sessions") as entries:
            names = [entry.name for entry in entries if _ID.fullmatch(entry.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SessionError(f"Can't list {home / 'sessions'}: {error.strerror}.") from error
    return [home / "sessions" / name for name in sorted(names, reverse=True)]


def read_head(records: Path) -> dict[str, Any]:
    """The first record: what the session was started with.

    Raises :class:`DamagedSession` and :class:`NewerSession`.
    """
    try:
        with records.open("rb") as file:
            line = file.readline(_LONGEST_HEAD)
    except OSError as error:
        raise DamagedSession(f"Can't read {records}: {error.strerror}.") from error
    return head_of(line, records)


def head_of(line: bytes, records: Path) -> dict[str, Any]:
    """The first line of ``records`` as a record; raises as :func:`read_head` does."""
    try:
        head = json.loads(line)
        if not line.endswith(b"\n") or head["kind"] != "session" or not isinstance(head["workspace"], str):
            raise ValueError
        version = int(head["version"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DamagedSession(f"{records} does not begin with a session record: it is damaged.") from None
    if version > VERSION:
        raise NewerSession(
            f"{records} was written by a newer version of this program (records {version}; this one reads up "
            f"to {VERSION}): update it."
        )
    return dict(head)


def _found(path: Path) -> SessionFolder:
    return SessionFolder(path, Path(read_head(path / RECORDS)["workspace"]))


def _last(home: Path, workspace: Path) -> SessionFolder:
    for path in _last_worked_in(home):
        try:
            head = read_head(path / RECORDS)
        except SessionError:  # another session's trouble
            continue
        own = head.get("model") and not head.get("parent")  # one tool's call has no model
        if own and head["workspace"] == str(workspace):
            return SessionFolder(path, workspace)
    raise UnknownSession(f"There is no session of {workspace} under {home / 'sessions'}.")


def _last_worked_in(home: Path) -> Iterator[Path]:
    """All sessions' folders, those first whose records were written last."""
    times = []
    for path in session_paths(home):
        try:
            times.append(((path / RECORDS).stat().st_mtime_ns, path))
        except OSError:  # it never began
            continue
    return (path for _, path in sorted(times, reverse=True))
