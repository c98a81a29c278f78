"""When folders changed last, asked once for all guards that look at the same moment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from seedsmith.sandbox.guards.folder_events import FolderEvents

_MANY = 50
"""Where more folders are asked for at one moment, the kernel is asked to tell of their changes."""


class ChangeTimes:
    """What is asked is remembered until it is told to forget; no command can set these times."""

    def __init__(self, root: Path) -> None:
        """All folders lie in ``root``."""
        self._root = os.fspath(root)
        self._times: dict[str, int | None] | None = None
        self._watched: dict[str, int | None] = {}
        """Of folders whose changes the kernel tells: a folder, once all above it are among them."""
        self._events: FolderEvents | None = None

    def of(self, folder: str) -> int | None:
        """When ``folder`` changed last; None where there is none."""
        if self._times is None:
            return _changed(folder)
        if folder in self._watched:
            return self._watched[folder]
        if folder not in self._times:
            watched = self._watch(folder)  # Before it is asked, or what comes between would be lost.
            (self._watched if watched else self._times)[folder] = now = _changed(folder)
            return now
        return self._times[folder]

    def look_anew(self) -> None:
        """Ask again for all; what is asked from here on is one moment."""
        if self._events is None and len(self._times or ()) > _MANY:
            self._events = FolderEvents()
        self._times = {}
        changed = self._events.changed() if self._events is not None else ()
        if changed is None:
            self._watched.clear()
        else:
            for folder in changed:
                self._watched.pop(folder, None)

    def close(self) -> None:
        """Let the kernel tell nothing any more."""
        self._watched.clear()
        if self._events is not None:
            self._events.close()

    def _watch(self, folder: str) -> bool:
        known = folder == self._root or os.path.dirname(folder) in self._watched  # noqa: PTH120
        return known and self._events is not None and self._events.watch(folder)


class Once:
    """Does something the first time it is called; whoever calls meanwhile, from any thread, waits for it."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._action: Callable[[], None] | None = action
        self._lock = Lock()

    def __call__(self) -> None:
        """Do it, or wait for its end, or do nothing where it is done."""
        if self._action is None:
            return
        with self._lock:
            if self._action is not None:
                self._action()
                self._action = None


def _changed(folder: str) -> int | None:
    try:
        return os.lstat(folder).st_ctime_ns
    except OSError:
        return None
