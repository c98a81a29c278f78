"""The folders besides the workspace that the user shows with ``--add-dir``: to be read, never written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seedsmith.agent.errors import UsageError
from seedsmith.agent.sessions.run_place import Place
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.isolation.hidden_folders import hidden_within
from seedsmith.sandbox.workspace.paths import reason, shown


def added_folders(settings: Settings, place: Place, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The canonical paths of ``settings.add_dir``, those in the workspace left out.

    Raises :class:`UsageError` for what is no folder, and for one that holds the home folder, or that holds
    the state folder or lies in it.
    """
    found = []
    for named in settings.add_dir or ():
        name = shown(str(named))
        try:
            folder = named.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise UsageError(f"--add-dir {name} can't be shown: {reason(error)}.") from None
        if not folder.is_dir():
            raise UsageError(f"--add-dir {name} is not a folder.")
        if folder.is_relative_to(place.home) or place.home.is_relative_to(folder):
            raise UsageError(f"--add-dir {name} can't be shown: sessions and trust are kept there.")
        if hidden_within(folder, environment):
            raise UsageError(
                f"--add-dir {name} is your home folder, or holds it, with the keys and settings of other "
                "programs: name the folder in it that is meant."
            )
        if not folder.is_relative_to(place.workspace.root):
            found.append(folder)
    return tuple(dict.fromkeys(found))
