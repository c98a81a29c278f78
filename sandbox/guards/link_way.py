"""The way to a file of the workspace, where links lead to it."""

from __future__ import annotations

import os
from pathlib import Path

_MOST_LINKS = 40


def link_way(root: Path, name: str) -> tuple[Path, ...]:
    """What lies in ``root`` on the way to the file ``name`` in it, as far as links lead there.

    Every link that is passed, be it of a folder, and the file at the end; nothing where there is no link.
    """
    found: dict[Path, None] = {}
    here = root
    waiting = list(reversed(name.split("/")))
    links = 0
    while waiting and links < _MOST_LINKS:
        part = waiting.pop()
        here = here.parent if part == ".." else here / part
        try:
            target = here.readlink() if os.path.islink(here) else None
        except OSError:  # another process's root, a name too long: nothing is obeyed there
            break
        if target is not None:
            found[here] = None
            links += 1
            waiting += [each for each in reversed(target.parts) if each != "/"]
            here = Path("/") if target.is_absolute() else here.parent
    if found:
        found[here] = None
    return tuple(path for path in found if root in path.parents)
