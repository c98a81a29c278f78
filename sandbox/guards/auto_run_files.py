"""Watch over the files that other programs execute on their own, as ``.envrc`` and editors' tasks are.

A tool writes them by a person's word alone (:mod:`seedsmith.sandbox.workspace.protected`), and so a command
doesn't: bubblewrap shows those that are there read-only, and what a command changed or made all the same is
put back after it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from seedsmith.sandbox.guards.git_folders import Looked, is_entered
from seedsmith.sandbox.guards.kept_files import KeptFiles, Save, listed
from seedsmith.sandbox.guards.link_way import link_way
from seedsmith.sandbox.workspace.protected import LAST_NAMES, RUN_BY_OTHERS, is_run_by_others

ASK_FOR_IT = "The tools write, edit and patch ask the user for it."
_BELOW = {
    names[0]: [each[1:] for each in RUN_BY_OTHERS if each[0] == names[0]]
    for names in RUN_BY_OTHERS
    if len(names) > 1
}
"""By a folder's name the files of it that are run."""


class RunByOthersGuard:
    """Remembers those files below ``root``; ``save`` keeps what is undone, see :class:`KeptFiles`.

    It looks at no folder itself: it is told of each by :meth:`see`, and again of each that changed, before it
    is asked anything.
    """

    def __init__(self, root: Path, *, save: Save | None = None) -> None:
        self._root = root
        self._known: set[Path] = set()
        self._ways: tuple[Path, ...] = ()
        self._kept = KeptFiles(root, self._paths, save)

    def see(self, folder: str, names: frozenset[str]) -> None:
        """Take in a folder of the workspace, and the names in it."""
        for path in _run_by_others(folder, names):
            if all(map(is_entered, path.parent.relative_to(self._root).parts)):
                self._known.add(path)

    def refresh(self) -> None:
        """Accept what changed since the last command: the user's own doing, an approved call's, or git's."""
        self._ways = tuple(
            path
            for known in self._known
            if os.path.islink(known) or os.path.islink(known.parent)
            for path in link_way(self._root, os.fspath(known.relative_to(self._root)))
        )
        self._kept.remember()

    def accept(self, paths: Iterable[str]) -> None:
        """Accept what ``paths`` are now, though a command may be running."""
        for name in paths:
            path = self._root / name
            self._known.add(path)
            self._kept.accept(path)

    def is_harmed(self) -> bool:
        """Whether there is something to put back."""
        return self._kept.is_changed()

    def restore(self) -> list[str]:
        """Put back what a command changed; returns sentences on that."""
        restored, failed = self._kept.put_back()
        notes = []
        if restored:
            notes.append(
                "The command's changes to what other programs run by themselves were undone: "
                f"{listed(restored)}. {ASK_FOR_IT}"
            )
        if failed:
            notes.append(f"The command changed what other programs run by themselves: {listed(failed)}.")
        return notes

    def _paths(self) -> Iterator[Path]:
        """The files, and what links to them lead by: each on the way, and the file at its end."""
        return iter(dict.fromkeys((*sorted(self._known), *self._ways)))


def run_by_others_in(folders: Iterable[Looked]) -> tuple[Path, ...]:
    """Those files in ``folders`` that are there, in their order."""
    found = (path for folder, names, _ in folders for path in _run_by_others(folder, names))
    return tuple(dict.fromkeys(path for path in found if os.path.isfile(path)))


def _run_by_others(folder: str, names: frozenset[str]) -> Iterator[Path]:
    """What is run of a folder with these ``names``, and would be of a folder that one of them links to."""
    for name in names & _BELOW.keys():
        if os.path.islink(f"{folder}/{name}"):
            yield from (Path(folder, name, *below) for below in _BELOW[name])
    for name in names:
        if (name in LAST_NAMES or not name[:1].isalnum()) and is_run_by_others(f"{folder}/{name}"):
            yield Path(folder, name)
