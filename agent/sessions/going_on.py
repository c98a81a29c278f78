"""The command by which a person goes on with a session."""

from __future__ import annotations

import os
import shlex


def going_on(session: str, workspace: str, command: str = "run") -> str:
    """What to type here to go on with ``session`` of the folder ``workspace``."""
    words = ["seedsmith", command, "--resume", session]
    if os.path.realpath(os.curdir) != workspace:
        words += ["-C", workspace]
    return shlex.join(words)
