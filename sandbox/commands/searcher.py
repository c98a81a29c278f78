"""Starts ripgrep, which looks through files nobody trusts, so that it can read those and no others.

It is no command, but meets what commands leave: links that take a file's place while it walks, pipes and
endless files where it expects rules. Landlock lets it read the folder searched and what it needs to run, and
write nothing; where the kernel has none, its memory and time alone are bounded.
"""

from __future__ import annotations

import os
import resource
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from seedsmith.sandbox.commands.spawn import in_passing_thread
from seedsmith.sandbox.guards.git_folders import DOT_GIT, linked_folders
from seedsmith.sandbox.isolation import syscalls
from seedsmith.sandbox.workspace.ignore_rules import NAMES

LOOK_SECONDS = 0.5
"""How often a search that says nothing is looked at."""
_MEMORY_BYTES = 640 << 20
_IDLE_TICKS = 3
"""So much processor time, in hundredths of a second, a search that only waits may take between looks."""
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/nix/store", "/gnu/store", "/etc/ld.so.cache")
_READ_FILE = 1 << 0 | 1 << 2
_READ = _READ_FILE | 1 << 3
_ABI_NETWORK, _ABI_SCOPES = 4, 6


def start_search(
    command: Sequence[str],
    folder: int,
    workspace: Path,
    *,
    environment: Mapping[str, str],
    descriptors: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start ``command`` (ripgrep's path, and its arguments) in the open ``folder``; both outputs are pipes.

    It may read the folder and ``workspace``, the ignore files above that, and the open files ``descriptors``,
    which stay open in it under their numbers. Raises OSError.
    """
    ruleset = _ruleset(command[0], folder, workspace, descriptors)
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)  # The confined thread can't open it.

    def confined() -> subprocess.Popen[bytes]:
        if ruleset >= 0:
            syscalls.forbid_new_privileges()
            syscalls.landlock_restrict(ruleset)
        return subprocess.Popen(
            command,
            cwd=f"/proc/self/fd/{folder}",
            env=environment,
            pass_fds=tuple(descriptors),
            stdin=nothing,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    try:
        process = in_passing_thread(confined)
    finally:
        os.close(nothing)
        if ruleset >= 0:
            os.close(ruleset)
    with suppress(OSError):  # It has ended already.
        resource.prlimit(process.pid, resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    return process


class Waiting:
    """Tells whether a search does nothing but wait: for a pipe that nobody writes to."""

    def __init__(self, pid: int) -> None:
        self._tasks = Path(f"/proc/{pid}/task")
        self._ticks = -1

    def seen(self) -> bool:
        """Whether all its threads sleep, and have hardly run since this was asked before."""
        before, self._ticks = self._ticks, 0
        states = set()
        with suppress(OSError):
            for task in self._tasks.iterdir():
                fields = (task / "stat").read_bytes().rpartition(b")")[2].split()
                states.add(fields[0])
                self._ticks += int(fields[11]) + int(fields[12])
        return states == {b"S"} and before >= 0 and self._ticks - before <= _IDLE_TICKS


def _ruleset(program: str, folder: int, workspace: Path, descriptors: Sequence[int]) -> int:
    """A descriptor of the rules; -1 where there is no Landlock."""
    abi = syscalls.landlock_abi()
    if abi < 1:
        return -1
    everything = (1 << 13) - 1 | (1 << 13 if abi > 1 else 0)
    network, scoped = (0b11 if abi >= _ABI_NETWORK else 0), (0b11 if abi >= _ABI_SCOPES else 0)
    ruleset = syscalls.landlock_ruleset(abi, everything, network, scoped)
    try:
        for descriptor in (folder, *descriptors):
            _allow(ruleset, descriptor)
        own = (*map(Path, _SYSTEM), Path(os.path.realpath(program)), workspace)
        for path in (*own, *_rules_above(workspace)):
            with suppress(OSError):
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
                try:
                    _allow(ruleset, descriptor)
                finally:
                    os.close(descriptor)
    except BaseException:
        os.close(ruleset)
        raise
    return ruleset


def _allow(ruleset: int, descriptor: int) -> None:
    """Let ``descriptor`` be read, and what lies beneath it; a pipe or memory file needs no rule."""
    mode = os.fstat(descriptor).st_mode
    with suppress(OSError):
        if stat.S_ISDIR(mode):
            syscalls.landlock_allow(ruleset, descriptor, _READ)
        elif stat.S_ISREG(mode):
            syscalls.landlock_allow(ruleset, descriptor, _READ_FILE)


def _rules_above(workspace: Path) -> Iterator[Path]:
    """The ignore files above ``workspace``, and those of a repository whose metadata lies elsewhere."""
    for folder in (workspace, *workspace.parents):
        entry = folder / DOT_GIT
        if folder != workspace:
            yield from (folder / name for name in NAMES)
            yield entry / "info/exclude"
        for place in linked_folders(entry) or () if entry.is_file() else ():
            yield from (place / "commondir", place / "info/exclude")
        if os.path.lexists(entry):
            return
