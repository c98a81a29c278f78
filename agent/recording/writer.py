"""Writes a recording's file, one unbuffered line after the other."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

from seedsmith.agent.recording.errors import RecordingError
from seedsmith.agent.recording.format import Line
from seedsmith.agent.redact import Redactor


class RecordingWriter:
    """A new file of mode 0600, outside the workspace; a crash can damage only its last line."""

    def __init__(self, path: Path, workspace: Path) -> None:
        """Raises :class:`RecordingError` where ``path`` can't be recorded to."""
        self.path = path
        self.on_failure: Callable[[str], None] = lambda _: None
        """Called once, with a sentence, when nothing more can be written."""
        if path.resolve().is_relative_to(workspace):
            raise RecordingError(
                f"The recording {path} lies inside the workspace, where the run itself would change it: "
                "give a path outside."
            )
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise RecordingError(f"Can't record to {path}: {error.strerror}.") from error
        found = os.fstat(self._descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size:
            os.close(self._descriptor)
            why = "holds something already" if found.st_size else "is no regular file"
            raise RecordingError(f"Can't record to {path}: it {why}; give another path.")
        os.fchmod(self._descriptor, 0o600)

    def write(self, line: Line, redactor: Redactor) -> None:
        """Append ``line`` with secrets redacted; calls ``on_failure`` instead of raising if that fails."""
        if self._descriptor < 0:
            return
        text = redactor.text(json.dumps(redactor.data(line), separators=(",", ":")))
        rest = memoryview(f"{text}\n".encode("ascii"))
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            self.close()
            self.on_failure(f"The recording {self.path} ends here, the run goes on: {error.strerror}.")

    def close(self) -> None:
        """Close the file; later lines are dropped."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
