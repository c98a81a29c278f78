"""Where a path really leads, whatever anybody linked on the way."""

from __future__ import annotations

import os
from pathlib import Path


def real_path(path: str | os.PathLike[str]) -> Path:
    """``path`` with all links followed; as it is, made absolute, where one can't even be read.

    ``os.path.realpath`` raises for those, as ``/proc/1/root`` is for most, and links may lead there.
    """
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return Path(os.path.abspath(path))  # noqa: PTH100 - it looks at no file
