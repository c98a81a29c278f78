"""What a session changed, as a patch that is kept beside its records."""

from __future__ import annotations

import os
from pathlib import Path

from seedsmith.agent.errors import SessionError
from seedsmith.agent.sessions.find import SessionFolder

DIFF = "diff.patch"
"""In a session's folder: all it had changed when its newest run ended, with the files' exact bytes."""


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


def kept_diff(session: SessionFolder) -> bytes | None:
    """The patch of the session's newest run that ended; None where none did, or an older program ran it."""
    try:
        return (session.path / DIFF).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SessionError(f"Can't read {session.path / DIFF}: {error.strerror}.") from error
