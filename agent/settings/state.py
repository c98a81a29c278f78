"""Where the program keeps what it remembers: the state folder."""

from __future__ import annotations

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
    except OSError as error:
        raise UsageError(f"Can't use the state folder {home}: {error.strerror}.") from error
    return canonical
