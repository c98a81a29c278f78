"""A control group for each command, where this process may make one: the kernel bounds its memory.

That is so where a folder of the second version's hierarchy above this process's own is writable and hands the
memory controller on, as a user's own systemd does. Elsewhere there are none, and the tree is measured
(:mod:`seedsmith.sandbox.commands.limit_watch`). What is in a group can be killed whole, whatever it did.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path

from seedsmith.sandbox.commands.lifeline import GROUP_PREFIX

_stale: set[Path] = set()
"""Groups that could not be removed yet."""


class ControlGroup:
    """The group of one command; whoever makes it closes it."""

    def __init__(self, folder: Path, most_bytes: int | None) -> None:
        """Make it at ``folder``, with a bound of its memory; raises OSError where that can't be."""
        folder.mkdir()
        self._folder = folder
        self._most_bytes = most_bytes
        try:
            (folder / "memory.oom.group").write_text("1")
            if most_bytes is not None:
                (folder / "memory.max").write_text(str(most_bytes))
                with suppress(FileNotFoundError):  # A kernel that counts no swap.
                    (folder / "memory.swap.max").write_text("0")
        except OSError:
            folder.rmdir()
            raise

    @property
    def door(self) -> Path:
        """The file into which a process's number is written to put it in."""
        return self._folder / "cgroup.procs"

    def close(self) -> list[str]:
        """End what is left in it, and remove it; a sentence where the kernel ended the command before."""
        exceeded = self._was_exceeded()
        _stale.add(self._folder)
        _remove_stale()
        if not exceeded or self._most_bytes is None:
            return []
        return [f"Stopped: it used more than {self._most_bytes >> 20} MB of memory."]

    def _was_exceeded(self) -> bool:
        events = _read(self._folder / "memory.events").split()
        return "oom_kill" in events and events[events.index("oom_kill") + 1] != "0"


def make_group(name: str, most_bytes: int | None) -> ControlGroup | None:
    """A new group whose name ends with ``name``; None where this process can make none."""
    place = group_place()
    if place is None:
        return None
    _remove_stale()
    bounds = [bound for bound in (most_bytes, place.most_bytes) if bound is not None]
    try:
        return ControlGroup(place.folder / f"{GROUP_PREFIX}{name}", min(bounds, default=None))
    except OSError:
        return None


class GroupPlace:
    """The folder groups are made in, and the bound of those that are left by moving there."""

    def __init__(self, folder: Path, left: tuple[Path, ...]) -> None:
        self.folder = folder
        self._left = left

    @property
    def most_bytes(self) -> int | None:
        """What the groups on the way bound already, which a command must not escape."""
        bounds = [_read(folder / "memory.max").strip() for folder in self._left]
        return min((int(bound) for bound in bounds if bound.isdigit()), default=None)


@cache
def group_place() -> GroupPlace | None:
    """Where groups can be made, found once."""
    mounted = _hierarchy()
    own = next((line[3:] for line in _read(Path("/proc/self/cgroup")).splitlines() if line[:3] == "0::"), "")
    if mounted is None or not own.startswith("/") or ".." in own.split("/"):
        return None
    here = mounted / own.lstrip("/")
    left: list[Path] = []
    for folder in (here, *here.parents):
        if not folder.is_relative_to(mounted):
            break
        if "memory" in _read(folder / "cgroup.subtree_control").split() and _is_writable(folder):
            return GroupPlace(folder, tuple(left))
        left.append(folder)
    return None


def _hierarchy() -> Path | None:
    """Where the second version's hierarchy is mounted, from its root."""
    for line in _read(Path("/proc/self/mountinfo")).splitlines():
        fields, _, kind = line.partition(" - ")
        words = fields.split()
        if kind.startswith("cgroup2 ") and words[3] == "/":
            return Path(words[4])
    return None


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK) and os.access(folder / "cgroup.procs", os.W_OK)


def _remove_stale() -> None:
    for folder in list(_stale):
        with suppress(OSError):
            (folder / "cgroup.kill").write_text("1")
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:  # The kernel takes a moment to bury what was killed.
            continue
        _stale.discard(folder)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
