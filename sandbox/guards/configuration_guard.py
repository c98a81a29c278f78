"""Watch over the agent's own configuration in the workspace: ``.seedsmith`` with all that is in it.

What a model wrote there would be obeyed by the next session. Bubblewrap shows the folder read-only; where it
can't, because there is none yet, and in the other tiers it is compared and put back after each command.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from seedsmith.sandbox.guards.git_folders import is_plain_path
from seedsmith.sandbox.guards.kept_files import KeptFiles, Save, everything_below, listed
from seedsmith.sandbox.guards.link_way import link_way
from seedsmith.sandbox.workspace.protected import CONFIGURATION_FILE, CONFIGURATION_FOLDER


class ConfigurationGuard:
    """Remembers the configuration below ``root`` as it is now.

    ``is_bound`` says that commands see the folder read-only wherever there is one when they start; ``save``
    keeps what is undone, see :class:`KeptFiles`.
    """

    def __init__(self, root: Path, *, is_bound: bool, save: Save | None = None) -> None:
        self._root = root
        self._folder, self._file = root / CONFIGURATION_FOLDER, root / CONFIGURATION_FILE
        self._is_bound = is_bound
        self._is_held = False
        self._way: tuple[Path, ...] = ()
        self._kept = KeptFiles(root, self._entries, save)
        self.refresh()

    def refresh(self) -> None:
        """Accept what changed since the last command: the user's own doing, or git's."""
        self._is_held = (
            self._is_bound and os.path.isdir(self._folder) and is_plain_path(self._root, self._file)
        )
        self._way = tuple(
            path for path in link_way(self._root, CONFIGURATION_FILE) if self._folder not in path.parents
        )
        if not self._is_held:
            self._kept.remember()

    def is_harmed(self) -> bool:
        """Whether there is something to put back."""
        return not self._is_held and self._kept.is_changed()

    def restore(self) -> list[str]:
        """Put back what a command changed; returns sentences on that."""
        if self._is_held:
            return []
        restored, failed = self._kept.put_back()
        notes = []
        if restored:
            notes.append(
                f"The command's changes to the agent's own configuration were undone: {listed(restored)}."
            )
        if failed:
            notes.append(
                f"The command changed the agent's own configuration for good: {listed(failed)}; see what "
                "became of it before the next session obeys it."
            )
        return notes

    def _entries(self) -> Iterator[Path]:
        """The folder and all below it, and where links lead to its file: each on the way, and the file."""
        yield from self._way
        yield from everything_below(self._folder)
