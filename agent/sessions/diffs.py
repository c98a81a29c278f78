"""What a session changed, as a patch that is kept beside its records."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from seedsmith.agent.errors import SessionError
from seedsmith.agent.sessions.record_tree import Log
from seedsmith.agent.sessions.session_lookup import SessionFolder
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.text import count

_FILE = re.compile(rb"^(?=diff --git )", re.MULTILINE)
DIFF = "diff.patch"
"""In a session's folder: all it had changed when its newest run ended, with the files' exact bytes."""


_SINCE = {
    **dict.fromkeys(("item", "intended"), "it went on since"),
    "undo": "it was taken back since",
    "redo": "an undo was taken back since",
}
"""What records behind the end of a run say became of its work."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """How many lines of a file a diff adds and removes."""

    path: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class SessionDiff:
    """What a session had changed in its workspace."""

    patch: bytes
    """A git-style patch with the files' exact bytes; ``git apply`` takes it where no file is binary."""
    left_out: tuple[str, ...] = ()
    """Changed files that the patch does not show: too large, or the patch was long enough."""
    note: str = ""
    """One sentence, where it is not what the session left at its end."""

    @property
    def text(self) -> str:
        """The patch as text, each file by its own encoding; bytes that are none's are shown as ``\\xNN``."""
        with suppress(UnicodeDecodeError):
            return self.patch.decode()
        return "".join(map(_decoded, _FILE.split(self.patch)))

    @property
    def files(self) -> tuple[FileChange, ...]:
        """The files of the patch, in its order."""
        return tuple(_counted(path, lines) for path, lines in files_of(self.text))


def _decoded(part: bytes) -> str:
    """A file's part of a patch: names are UTF-8 whatever its lines are."""
    from seedsmith.tools.content.encodings import UTF_8, detect

    begins = part.find(b"\n@@ ") + 1
    encoding = detect(part[begins:]) or UTF_8
    lines = part[begins:].decode("utf-8" if encoding.stray_bytes else encoding.codec, "backslashreplace")
    return part[:begins].decode("utf-8", "backslashreplace") + lines


def files_of(diff: str) -> Iterator[tuple[str, list[str]]]:
    """Each file's path in a git-style diff, with its lines."""
    lines: list[str] = []
    for line in diff.split("\n"):
        if line.startswith("diff --git ") and lines:
            yield _path_of(lines), lines
            lines = []
        lines.append(line)
    if lines and lines[0]:
        yield _path_of(lines), lines


def diff_of(session: SessionFolder, turn: int | None = None) -> SessionDiff:
    """What ``session`` had changed at its end, or at the end of ``turn``.

    Raises :class:`SessionError` where that is not known.
    """
    if turn is not None:
        return _compared(session, turn)
    ended, note, left_out = False, "", ()
    for record in Log(session.records, mends=True):
        if record["kind"] == "finished":
            ended, note, left_out = True, "", tuple(record.get("left_out", ()))
        elif ended and record["kind"] in _SINCE:
            note = f"This is what its last run that ended had left; {_SINCE[record['kind']]}."
    patch = _kept(session)
    if not ended or patch is None:
        why = "no run of it ended" if not ended else "an older version of this program ran it"
        raise SessionError(f"Session {session.id} keeps no diff: {why}.")
    return SessionDiff(patch, left_out, note)


def diff_now(session: SessionFolder) -> SessionDiff:
    """What differs in the workspace, as it is now, from what it was when ``session`` began.

    Takes a snapshot. Raises :class:`SessionError` where that is not known.
    """
    return _compared(session, None)


def _compared(session: SessionFolder, turn: int | None) -> SessionDiff:
    """What the snapshot after ``turn``, or one that is taken now, differs in from the first one."""
    from seedsmith.agent.sessions.workspace_timeline import read_timeline
    from seedsmith.sandbox.errors import SandboxError
    from seedsmith.sandbox.snapshots.store import SnapshotStore
    from seedsmith.sandbox.workspace.workspace import Workspace

    timeline = read_timeline(Log(session.records, mends=True))
    if not timeline.points:
        raise SessionError(f"Session {session.id} keeps no snapshots of its turns.")
    if turn is not None and turn > timeline.turns:
        raise SessionError(f"Session {session.id} has {count(timeline.turns, 'turn')}, not {turn}.")
    first, last = timeline.points[0].id, timeline.points[-1].id
    home = session.path.parent.parent
    try:
        with Workspace(session.workspace, state=home) as workspace:
            store = SnapshotStore(home, workspace)
            if turn is None:
                found = store.compare(first, store.take("looked at", whole=True))
            else:
                found = store.compare(first, timeline.points[timeline.place_of(turn)].id, last)
            store.close()
    except SandboxError as error:
        raise SessionError(str(error)) from error
    except OSError as error:
        raise SessionError(f"Can't read the snapshots of session {session.id}: {error.strerror}.") from error
    return SessionDiff(found.patch, found.left_out)


def keep_diff(folder: Path, patch: bytes) -> None:
    """Keep ``patch`` in the session's ``folder``, whole or not at all; raises OSError."""
    new = folder / f"{DIFF}.new"
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(patch)
        new.replace(folder / DIFF)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _kept(session: SessionFolder) -> bytes | None:
    """The patch of the newest run that ended; None where none did, or an older program ran it."""
    try:
        return (session.path / DIFF).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SessionError(f"Can't read {session.path / DIFF}: {error.strerror}.") from error


def _path_of(lines: list[str]) -> str:
    """The file that a part of a diff is about: as it is now, or was where it is gone."""
    named = [line[4:] for line in lines[:8] if line.startswith(("--- ", "+++ ")) and line[4:] != "/dev/null"]
    path = named[-1] if named else lines[0].removeprefix("diff --git ").rpartition(" ")[2]
    return path.strip('"').removeprefix("a/").removeprefix("b/").removesuffix("\t")


def _counted(path: str, lines: list[str]) -> FileChange:
    body = lines[next((at for at, line in enumerate(lines) if line.startswith("@@")), len(lines)) :]
    return FileChange(path, sum(line[:1] == "+" for line in body), sum(line[:1] == "-" for line in body))
