"""The way to a file of the workspace, where links lead to it."""

from __future__ import annotations

import os
from pathlib import Path

_MOST_LINKS = 40


def link_way(root: Path, name: str) -> tuple[Path, ...]:
    """What lies in ``root`` on the way to the file ``name`` in it, as far as links lead there.

    Every link that is passed, be it of a folder, and the file at the end; nothing where there is no link.
    """
    found: dict[str, None] = {}
    here = os.fspath(root)
    waiting = list(reversed(name.split("/")))
    links = 0
    while waiting and links < _MOST_LINKS:
        part = waiting.pop()
        here = here.rpartition("/")[0] if part == ".." else f"{here}/{part}"
        try:
            target = os.readlink(here) if os.path.islink(here) else None  # noqa: PTH115
        except OSError:  # another process's root, a name too long: nothing is obeyed there
            break
        if target is not None:
            found[here] = None
            links += 1
            waiting += [each for each in reversed(target.split("/")) if each not in ("", ".")]
            here = "" if target.startswith("/") else here.rpartition("/")[0]
    if found:
        found[here] = None
    return tuple(Path(path) for path in found if path.startswith(f"{root}/"))
