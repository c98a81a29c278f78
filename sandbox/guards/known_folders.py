"""The folders of a workspace, so that repositories are found when they appear in one of them."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

from seedsmith.sandbox.guards.change_times import ChangeTimes, Once
from seedsmith.sandbox.guards.git_folders import (
    DOT_GIT,
    is_bare_repository,
    is_entered,
    is_folder,
    walk_folders,
)

_NEAR = 400
"""So many folders, the nearest, are looked at after every command; of the others as many, in turn."""
_MOST_NEW = 4_000
"""So many that appeared since are looked at with the near ones, so that a command hides none by others."""
TICK_NS = 50_000_000
"""A folder's times are no finer than this, by far."""

Seen = Callable[[str, frozenset[str]], None]
"""Told of a folder, and of the names in it."""


def nobody_hears(folder: str, names: frozenset[str]) -> None:
    """Where nobody wants to know."""


class KnownFolders:
    """Every folder below ``root`` with the time of its last change."""

    def __init__(
        self,
        root: Path,
        *,
        but: Path | None = None,
        times: ChangeTimes | None = None,
        seen: Seen = nobody_hears,
    ) -> None:
        """A folder ``but`` is left out, which no command can change. ``times`` tells when folders changed.

        ``seen`` hears of each folder that is looked at, of the first ones in whatever thread asks for them.
        """
        self._times = times or ChangeTimes(root)
        self._seen = seen
        self._new: dict[str, None] = {}
        self._root = root
        self._left_out = os.fspath(but) if but is not None and is_folder(os.fspath(but)) else ""
        self._stamps: dict[str, int] = {}
        """When each last changed; a time that no command can set."""
        self._entries: list[Path] = []
        self._turn = 0
        self._walk = Once(self._look_at_all)

    def look(self) -> None:
        """Walk for the first time, if nobody did; from any thread."""
        self._walk()

    def first_look(self) -> list[Path]:
        """What the first walk found, once."""
        self._walk()
        found, self._entries = self._entries, []
        return found

    def appeared(self, *, near: bool = False) -> list[Path]:
        """The ``.git`` entries and bare repositories in folders that changed, known ones included.

        ``near`` leaves out the far folders, which are looked at in turn only.
        """
        self._walk()
        found: list[Path] = []
        for folder in self._due(near):
            now = self._times.of(folder)
            if now is None:
                del self._stamps[folder]
                self._new.pop(folder, None)
            elif now != self._stamps[folder]:
                found += self._look_again(folder)
        return list(dict.fromkeys(found))

    def _due(self, near: bool) -> dict[str, None]:
        """The near folders and new ones, and the next few of the far ones."""
        due = dict.fromkeys(itertools.islice(self._stamps, _NEAR))
        far = max(len(self._stamps) - _NEAR, 0)
        if far and not near:
            begin = self._turn % far + _NEAR
            self._turn += _NEAR
            due |= self._new | dict.fromkeys(itertools.islice(self._stamps, begin, begin + _NEAR))
        return due

    def _look_again(self, folder: str) -> list[Path]:
        """Look at a folder that changed, and at all below those in it that are new."""
        found: list[Path] = []
        for _, names, changed in walk_folders(Path(folder), 1):
            self._note(folder, names, changed)
            found += _repositories(folder, names)
            for name in names:
                inner = f"{folder}/{name}"
                if inner != self._left_out and inner not in self._stamps and is_folder(inner):
                    found += self._look_at(Path(inner), are_new=True)
        return found

    def _look_at(self, top: Path, *, are_new: bool = False) -> list[Path]:
        """Remember the folders from ``top`` down; what repositories they are or hold."""
        found: list[Path] = []
        for folder, names, changed in walk_folders(top, None, into_git=True, but=self._left_out):
            self._note(folder, names, changed)
            if are_new and len(self._new) < _MOST_NEW and not _is_stored(folder, self._root):
                self._new[folder] = None
            found += _repositories(folder, names)
        return found

    def _note(self, folder: str, names: frozenset[str], changed: int) -> None:
        # What changed just now may change again without its time telling.
        self._stamps[folder] = changed if time.time_ns() - changed > TICK_NS else -1
        self._seen(folder, names)

    def _look_at_all(self) -> None:
        self._entries = self._look_at(self._root)


def _is_stored(folder: str, root: Path) -> bool:
    """Whether it is, or lies in, a folder of dependencies, or one of git's objects."""
    parts = Path(folder).relative_to(root).parts
    return "objects" in parts or not all(is_entered(part) or part == DOT_GIT for part in parts)


def _repositories(folder: str, names: frozenset[str]) -> list[Path]:
    found = [Path(folder, DOT_GIT)] if DOT_GIT in names else []
    return [*found, Path(folder)] if is_bare_repository(names) else found
