"""What a person hands over in a file or on standard input: read whole, bounded in size."""

from __future__ import annotations

import sys
from pathlib import Path

from seedsmith.agent.errors import UsageError


def why_unreadable(error: OSError | ValueError) -> str:
    """Why a file was not opened, as the end of a sentence; Python has a ValueError for a NUL in its name."""
    return getattr(error, "strerror", None) or "no file can have that name"


def read_given(path: str | Path | None, most_bytes: int, name: str = "", instead: str = "") -> bytes:
    """The bytes of the file ``path``, or of standard input where that is None.

    Raises :class:`UsageError` where they can't be read, or are more than ``most_bytes``: then its sentence
    ends with what to do ``instead``. It begins with ``name``; '' is the path, or standard input.
    """
    name = name or ("Standard input" if path is None else str(path))
    try:
        if path is not None:
            with Path(path).open("rb") as file:
                content = file.read(most_bytes + 1)
        elif sys.stdin is not None:
            content = sys.stdin.buffer.read(most_bytes + 1)
        else:
            raise UsageError(f"{name} is closed: nothing can be read from it.")
    except (OSError, ValueError) as error:
        raise UsageError(f"{name} can't be read: {why_unreadable(error)}.") from None
    if len(content) > most_bytes:
        raise UsageError(f"{name} is larger than {most_bytes >> 20} MB{instead and f': {instead}'}.")
    return content


def read_given_text(path: str | Path | None, most_bytes: int, name: str = "") -> str:
    """As :func:`read_given`, as text without a byte order mark; what is not UTF-8 is refused likewise."""
    content = read_given(path, most_bytes, name)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = name or ("Standard input" if path is None else path)
        raise UsageError(f"{where} is not UTF-8 text (byte {error.start}).") from None
