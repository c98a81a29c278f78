"""When folders changed last, asked once for all guards that look at the same moment."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock


class ChangeTimes:
    """What is asked is remembered until it is told to forget; no command can set these times."""

    def __init__(self) -> None:
        self._times: dict[str, int | None] | None = None

    def of(self, folder: str) -> int | None:
        """When ``folder`` changed last; None where there is none."""
        if self._times is None:
            return _changed(folder)
        if folder not in self._times:
            self._times[folder] = _changed(folder)
        return self._times[folder]

    def look_anew(self) -> None:
        """Ask again for all; what is asked from here on is one moment."""
        self._times = {}


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
