"""``seedsmith sessions export``: a session as a file to take along, without the secrets known here."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from seedsmith.agent.errors import SessionError, UsageError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.diffs import SessionDiff
from seedsmith.agent.sessions.recorded_sessions import RecordedSession


def export(session: RecordedSession, output: Path | None, *, html: bool) -> None:
    """Write ``session`` to the new file ``output``, or to standard output; raises :class:`UsageError`."""
    redactor = _redactor(session)
    diff = _diff(session)
    if html:
        from seedsmith.agent.frontends.session_html import page

        parts = page(session.summary, session.history(), diff)
    else:
        from seedsmith.agent.frontends.session_markdown import markdown

        parts = (f"{line}\n" for line in markdown(session.summary, session.history(), diff))
    masked = (redactor.text(part).encode("utf-8", "backslashreplace") for part in parts)
    if output is None:
        for part in masked:
            sys.stdout.buffer.write(part)
        return
    _write(masked, output)


def _write(parts: Iterator[bytes], output: Path) -> None:
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(f"{output} is there already; name a new file.") from None
    except OSError as error:
        raise UsageError(f"Can't write {output}: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(parts)
    except BaseException as error:
        output.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UsageError(f"Can't write {output}: {error.strerror}.") from None
        raise


def _diff(session: RecordedSession) -> SessionDiff | None:
    try:
        return session.diff()
    except SessionError as error:
        return replace(SessionDiff(b""), note=str(error))


def _redactor(session: RecordedSession) -> Redactor:
    """What knows the user's keys and what the folder's ``.env`` files hold, as far as it is still there."""
    from seedsmith.agent.recording.recorder import knowing_files
    from seedsmith.sandbox.errors import SandboxError
    from seedsmith.sandbox.workspace.workspace import Workspace

    redactor = Redactor.from_environment(os.environ)
    try:
        with Workspace(session.folder.workspace) as workspace:
            return knowing_files(redactor, workspace)
    except SandboxError:
        return redactor
