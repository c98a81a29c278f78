"""All that is watched over in one workspace while commands run, as one.

Git's metadata, the agent's configuration, files that other programs run, and that the owner can enter.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from seedsmith.sandbox.guards.auto_run_files import RunByOthersGuard
from seedsmith.sandbox.guards.change_times import ChangeTimes
from seedsmith.sandbox.guards.configuration_guard import ConfigurationGuard
from seedsmith.sandbox.guards.git_folders import DOT_GIT
from seedsmith.sandbox.guards.git_guard import GitGuard
from seedsmith.sandbox.guards.kept_files import Save
from seedsmith.sandbox.guards.known_folders import KnownFolders


class WorkspaceGuards:
    """The guards of the workspace ``root``; ``is_bound`` and ``save`` are those of each of them.

    ``restores_git`` says that changes to git's metadata are put back, not only reported.
    """

    def __init__(self, root: Path, *, restores_git: bool, is_bound: bool, save: Save) -> None:
        self._root = root
        self._mode = _mode_of(root)
        self._times = ChangeTimes(root)
        self._configuration = ConfigurationGuard(root, is_bound=is_bound, save=save)
        self._run_by_others = RunByOthersGuard(root, save=save)
        self._folders = KnownFolders(
            root,
            but=root / DOT_GIT if is_bound else None,
            times=self._times,
            seen=self._run_by_others.see,
        )
        self._git = GitGuard(root, restores=restores_git, is_bound=is_bound, save=save, folders=self._folders)

    def look(self) -> None:
        """Look at all folders before a command needs it, from any thread; later calls do nothing."""
        self._git.look()

    def refresh(self) -> None:
        """Accept what changed since the last command: somebody else's doing, as none runs."""
        self._mode = _mode_of(self._root)
        self._times.look_anew()
        self._git.refresh()
        self._refresh_files()

    def accept(self, paths: Iterable[str]) -> None:
        """Let the protected ``paths`` stay as they are now, whatever runs."""
        self._run_by_others.accept(paths)

    def read_only(self, *, alone: bool) -> tuple[Path, ...]:
        """What of git's metadata commands are to see read-only, see :meth:`GitGuard.bound`."""
        return self._git.bound(alone=alone)

    def is_harmed(self, *, by_git: bool = False) -> bool:
        """Whether a command changed something; ``by_git`` accepts what came with a commit git went to."""
        self._times.look_anew()
        by_repositories = self._git.is_harmed()  # First, since it looks at the folders for all of them.
        if by_git:
            self._refresh_files()
        return by_repositories or self._configuration.is_harmed() or self._run_by_others.is_harmed()

    def restore(self) -> list[str]:
        """Put back what a command changed, while none runs; returns sentences on that."""
        self._times.look_anew()
        guards = (self._configuration, self._run_by_others, self._git)
        return [note for guard in guards for note in guard.restore()]

    def report(self) -> list[str]:
        """Sentences on what is only to be told."""
        self._times.look_anew()
        return self._git.report()

    def reopen(self, *, alone: bool = True) -> list[str]:
        """Let the workspace's owner enter, read and write it as before; a sentence where that was needed.

        Unless the command that has ended was ``alone`` it may have been another's doing.
        """
        now = _mode_of(self._root)
        if not self._mode & ~now & stat.S_IRWXU:
            return []
        who = "The command" if alone else "A command, perhaps one in the background, to be ended then,"
        with suppress(OSError):
            self._root.chmod(self._mode)  # No command can have put a link in its place.
            return [f"{who} closed the workspace to its owner; its mode is {self._mode:04o} again."]
        return [f"{who} closed the workspace to its owner (mode {now:04o})."]

    def close(self) -> None:
        """Give back what watching takes; it watches all the same."""
        self._times.close()

    def _refresh_files(self) -> None:
        self._configuration.refresh()
        self._run_by_others.refresh()


def _mode_of(root: Path) -> int:
    return stat.S_IMODE(os.lstat(root).st_mode)
