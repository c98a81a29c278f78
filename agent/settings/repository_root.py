"""The workspace where none is named: the root of the repository that the current folder lies in."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

_SEVERAL = re.compile(r"[;\n#]|\|\||(?<!&)&(?!&)")
"""What may end a command line's first list of commands: those are kept together."""


def root_above(folder: Path, environment: Mapping[str, str]) -> Path | None:
    """The root of the repository that the canonical path ``folder`` is a subfolder of.

    None where ``folder`` is the root itself, where there is no repository of the user's own, and where its
    root is the home folder or another place that no run should work in, or holds one.
    """
    if os.path.lexists(folder / ".git") or not any(
        os.path.lexists(above / ".git") for above in folder.parents
    ):
        return None
    from seedsmith.sandbox.git.repository import shown_above

    return next(iter(shown_above(folder, environment)), None)


def standing_in(workspace: Path) -> str:
    """The current folder as seen from ``workspace``, e.g. ``src/web``; '' where it is no folder below it."""
    try:
        place = Path.cwd().relative_to(workspace)
    except (OSError, ValueError):
        return ""
    return "" if place == Path() else str(place)


def typed_in(folder: str, command: str) -> str:
    """``command`` as it was meant where it was typed: in ``folder``, a path below the workspace, or ''."""
    if not folder:
        return command
    meant = f"{{ {command}\n}}" if _SEVERAL.search(command) else command
    return f"cd {shlex.quote(folder)} && {meant}"
