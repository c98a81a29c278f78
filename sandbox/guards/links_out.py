"""Links in git's own folders that lead out of them: git writes through some of its files' names.

A commit's message goes to ``COMMIT_EDITMSG``, the index and the logs are written where links say. So what a
command links there to a file elsewhere would be overwritten by the user's next ``git commit``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from seedsmith.sandbox.guards.known_folders import TICK_NS

_STORE = "/objects"
"""Git's folder of contents: its folders are looked at, not what they hold."""


class _Folder(NamedTuple):
    changed: int
    """When, or -1 where it may have changed again without its time telling."""
    links: tuple[str, ...]
    folders: tuple[str, ...]


class LinksOut:
    """Remembers the links in git's folders of the workspace."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] = set()
        self._looked_at: dict[str, _Folder] = {}

    def remember(self, folders: Iterable[Path]) -> None:
        """Accept the links that are in ``folders`` now, wherever they are moved to."""
        self._known = {_named(path) for folder in folders for path in self._links(folder)}

    def new(self, folders: Iterable[Path]) -> Iterator[Path]:
        """Those in ``folders`` that were not there, and lead to none of them."""
        inside = frozenset(folders)
        for folder in inside:
            for path in self._links(folder):
                if _named(path) not in self._known and inside.isdisjoint(_ends_in(path)):
                    yield path

    def _links(self, top: Path) -> Iterator[Path]:
        waiting = [os.fspath(top)]
        while waiting:
            place = waiting.pop()
            with suppress(OSError):
                folder = self._look_at(place)
                yield from (Path(place, name) for name in folder.links)
                waiting += [f"{place}/{name}" for name in folder.folders]

    def _look_at(self, place: str) -> _Folder:
        """What is in a folder; of one that did not change what was found before."""
        changed = os.lstat(place).st_ctime_ns
        known = self._looked_at.get(place)
        if known is not None and known.changed == changed:
            return known
        links, folders = [], []
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_symlink():
                    links.append(entry.name)
                elif entry.is_dir(follow_symlinks=False) and not place.endswith(_STORE):
                    folders.append(entry.name)
        settled = changed if time.time_ns() - changed > TICK_NS else -1
        found = self._looked_at[place] = _Folder(settled, tuple(links), tuple(folders))
        return found


def _ends_in(path: Path) -> tuple[Path, ...]:
    """What a link leads to, and the folders that lies in; nothing where that can't be told."""
    try:
        real = path.resolve()
    except (OSError, RuntimeError):
        return ()
    return (real, *real.parents)


def _named(path: Path) -> tuple[str, str]:
    try:
        return path.name, os.fspath(path.readlink())
    except OSError:
        return path.name, ""
