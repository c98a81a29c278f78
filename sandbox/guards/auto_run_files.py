"""Watch over the files that other programs execute on their own, as ``.envrc`` and editors' tasks are.

A tool writes them by a person's word alone (:mod:`seedsmith.sandbox.workspace.protected`), and so a command
doesn't: bubblewrap shows those that are there read-only, and what a command changed or made all the same is
put back after it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from seedsmith.sandbox.guards.change_times import ChangeTimes, Once
from seedsmith.sandbox.guards.git_folders import Looked, is_entered, is_folder, walk_folders
from seedsmith.sandbox.guards.kept_files import KeptFiles, Save, listed
from seedsmith.sandbox.workspace.protected import RUN_BY_OTHERS, is_run_by_others

ASK_FOR_IT = "The tools write, edit and patch ask the user for it."
_TICK_NS = 50_000_000
"""A folder's times are no finer than this, by far."""
_BELOW = {names[0]: [each[1:] for each in RUN_BY_OTHERS if each[0] == names[0]] for names in RUN_BY_OTHERS}
"""By a folder's name the files of it that are run; by a file's, itself."""
_FIRST_LETTERS = frozenset(names[0][0] for names in RUN_BY_OTHERS)


class RunByOthersGuard:
    """Remembers those files below ``root`` at each :meth:`refresh`, which comes before the first command.

    ``save`` keeps what is undone, see :class:`KeptFiles`; ``times`` tells when folders changed last.
    """

    def __init__(self, root: Path, *, save: Save | None = None, times: ChangeTimes | None = None) -> None:
        self._root = root
        self._times = times or ChangeTimes()
        self._walk = Once(self._look_at_all)
        self._folders: dict[str, int] = {}
        self._known: set[Path] = set()
        self._kept = KeptFiles(root, self._paths, save)

    def look(self) -> None:
        """Look at the folders for the first time, if nobody did; from any thread."""
        self._walk()

    def refresh(self) -> None:
        """Accept what changed since the last command: the user's own doing, an approved call's, or git's."""
        self._look_again()
        self._kept.remember()

    def accept(self, paths: Iterable[str]) -> None:
        """Accept what ``paths`` are now, though a command may be running."""
        for name in paths:
            path = self._root / name
            self._known.add(path)
            self._kept.accept(path)

    def is_harmed(self) -> bool:
        """Whether there is something to put back."""
        self._look_again()
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
        return iter(sorted(self._known))

    def _look_again(self) -> None:
        """Look at the folders whose entries changed, and at new ones below them."""
        self._walk()
        for folder, changed in list(self._folders.items()):
            now = self._times.of(folder)
            if now is None:
                del self._folders[folder]
                continue
            if now == changed:
                continue
            for _, names, _ in self._look_at(walk_folders(Path(folder), 1)):
                for name in names:
                    below = os.path.join(folder, name)  # noqa: PTH118
                    if below not in self._folders and is_entered(name) and is_folder(below):
                        self._look_at(walk_folders(Path(below)))

    def _look_at_all(self) -> None:
        self._look_at(walk_folders(self._root))

    def _look_at(self, folders: Iterable[Looked]) -> list[Looked]:
        looked = list(folders)
        for folder, names, changed in looked:
            # What changed just now may change again without its time telling.
            self._folders[folder] = changed if time.time_ns() - changed > _TICK_NS else -1
            self._known.update(_run_by_others(folder, names))
        return looked


def run_by_others_in(folders: Iterable[Looked]) -> tuple[Path, ...]:
    """Those files in ``folders`` that are there, in their order."""
    found = (path for folder, names, _ in folders for path in _run_by_others(folder, names))
    return tuple(dict.fromkeys(path for path in found if os.path.isfile(path)))


def _run_by_others(folder: str, names: frozenset[str]) -> Iterator[Path]:
    """What is run of a folder with these ``names``, and what would be, were it made in a folder of them."""
    for name in names:
        if name[0] not in _FIRST_LETTERS and name.isascii():  # nearly all, and there are many
            continue
        for below in _BELOW.get(name, ()):
            yield Path(folder, name, *below)
        if is_run_by_others(name):
            yield Path(folder, name)
