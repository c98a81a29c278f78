"""The command by which a person goes on with a session."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from seedsmith.agent.settings.repository_root import root_above


def resume_command(session: str, workspace: str, command: str = "run") -> str:
    """What to type here to go on with ``session`` of the folder ``workspace``."""
    words = ["seedsmith", command, "--resume", session]
    here = Path(os.path.realpath(os.curdir))
    if str(root_above(here, os.environ) or here) != workspace:
        words += ["-C", workspace]
    return shlex.join(words)
