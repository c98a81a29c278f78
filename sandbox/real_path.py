"""Where a path really leads, whatever anybody linked on the way."""

from __future__ import annotations

import os
from pathlib import Path


def real_path(path: str | os.PathLike[str]) -> Path:
    """``path`` with all links followed; as it is, made absolute, where one can't even be read.

    ``os.path.realpath`` raises for those, as ``/proc/1/root`` is for most, and links may lead there.
    """
    return Path(real_name(os.fspath(path)))


def real_name(path: str) -> str:
    """As :func:`real_path`, and quicker by what a ``Path`` takes to be made."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return os.path.abspath(path)  # noqa: PTH100 - it looks at no file
