"""Writing one of our own files so that whoever reads it finds the old content or the new, never a part.

Files of the workspace, where links and other people's changes count, are replaced by
:mod:`seedsmith.sandbox.workspace.replace`.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, private: bool = True) -> None:
    """Put a new file with ``content`` in the place of ``path``; missing folders are made.

    A ``private`` file, and the folders made for it, are its owner's alone. Raises OSError; then what was at
    ``path`` is as it was, and nothing else is left.
    """
    path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(temporary, flags, 0o600 if private else 0o666), "wb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
