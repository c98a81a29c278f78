"""Where the program keeps what it remembers: the state folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from seedsmith.agent.errors import UsageError


def state_folder(home: Path | None, environment: Mapping[str, str]) -> Path:
    """Where sessions live: ``home``, else ``$SEEDSMITH_HOME``, else the platform's state folder."""
    chosen = home or environment.get("SEEDSMITH_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_state_dir

    return Path(user_state_dir("seedsmith"))


def prepare_state(home: Path, workspace: Path) -> Path:
    """Make ``home`` (0700) and return its canonical path; refuse one inside the workspace."""
    canonical = home.resolve()
    if canonical.is_relative_to(workspace.resolve()):
        raise UsageError(
            f"The state folder {home} lies inside the workspace; set SEEDSMITH_HOME to a folder outside it."
        )
    try:
        canonical.mkdir(mode=0o700, parents=True, exist_ok=True)
        sessions = (canonical / "sessions").resolve()
        found = [canonical.stat(), *([sessions.stat()] if sessions.exists() else [])]
    except OSError as error:
        raise UsageError(
            f"Can't use the state folder {home}: {error.strerror}. SEEDSMITH_HOME names another."
        ) from error
    if not sessions.is_relative_to(canonical):
        raise UsageError(f"{home}/sessions is a link out of the state folder; remove it.")
    for each in found:
        if each.st_uid != os.geteuid():
            raise UsageError(
                f"The state folder {home} belongs to another user; set SEEDSMITH_HOME to one of your own."
            )
        if each.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise UsageError(
                f"Others may write in the state folder {home}, and so decide what a session remembers: "
                f"chmod -R go-rwx it, or set SEEDSMITH_HOME to another."
            )
    return canonical
