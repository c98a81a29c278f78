"""Runs ripgrep: the program is found outside the workspace, started in it, and stopped at a deadline."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import signal
import sys
import sysconfig
import time
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path
from typing import IO

from seedsmith.sandbox.commands.searcher import LOOK_SECONDS, Waiting, start_search
from seedsmith.sandbox.isolation.own_programs import own_program
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.ignore_rules import vetted_rules
from seedsmith.tools.base import ToolError
from seedsmith.tools.text import count, shown_path

_CHUNK_BYTES = 64 << 10
_MOST_BYTES = 16 << 20
_ERROR_BYTES = 8 << 10
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/", "LC_ALL": "C.UTF-8"}

_COMMON = (
    "--no-config",
    "--color=never",
    "--no-ignore-messages",
    "--no-follow",
    "--no-ignore-global",
    "--no-require-git",
    "--hidden",
    "--glob=!.git",
    "--sort=path",
    "--null",
)
"""Whatever the user's configuration says: ``.gitignore`` holds, links are not followed, order is stable."""
_harmful: set[Path] = set()
"""Workspaces whose ignore files did harm: they are looked at before each search, until none does."""
_NO_RULES_OF_ITS_OWN = ("--no-ignore-vcs", "--no-ignore-dot", "--no-ignore-parent", "--no-ignore-exclude")

_SYSTEM_ERROR = re.compile(
    rb"rg: (.*?): (?:IO error for operation on .*: )?[^:]* \(os error (\d+)\)\n*", re.DOTALL
)
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""Files that were deleted during the search, and broken links, are not reported."""
_NAMED_UNREADABLE = 10
_NAME_BYTES = 200


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The files and folders ripgrep could not look into."""

    number: int = 0
    names: tuple[str, ...] = ()
    """The first few, relative to the folder searched."""
    by_permission: bool = True
    """Whether all of them may not be read, as opposed to a fault of the disk."""

    def and_also(self, names: Sequence[str]) -> Unreadable:
        """These, and the files ``names``, for other reasons than permission."""
        if not names:
            return self
        more = tuple(sorted((*self.names, *names)))[:_NAMED_UNREADABLE]
        return Unreadable(self.number + len(names), more, by_permission=False)

    def sentence(self, folder: str) -> str:
        """One line about them, in brackets; ``folder`` is where the search began, in the workspace."""
        prefix = "" if folder == "." else f"{folder}/"
        names = ", ".join(shown_path(prefix + name) for name in self.names)
        more = ", …" if self.number > len(self.names) else ""
        why = (
            "permission"
            if self.by_permission
            else "permission, too long a path, a pipe, or a fault of the disk"
        )
        many = count(self.number, "file or folder", "files and folders")
        return f"[{many} could not be read ({why}): {names}{more}]"


@dataclass(frozen=True, slots=True)
class Output:
    """What ripgrep printed, and whether that is all of it."""

    data: bytes
    error: str
    exit_code: int | None
    stopped: bool
    """Whether it was ended early because it had printed enough."""
    timed_out: bool
    unreadable: Unreadable = Unreadable()


def find_ripgrep(workspace: Path) -> str:
    """Return the path of ``rg``: the wheel's, else the first on PATH; never one inside ``workspace``.

    Raises :class:`ToolError` if there is none.
    """
    program = own_program("rg", os.environ, workspace, installed_beside())
    if program is None:
        raise ToolError(
            "ripgrep (rg) is not installed, or only inside the workspace, from where it is not run: install "
            "Seedsmith outside of it, or the system's ripgrep."
        )
    return str(program)


def installed_beside() -> tuple[Path, ...]:
    """The folders in which the wheels this program needs put theirs."""
    return (Path(sys.executable).parent, Path(sysconfig.get_path("scripts")))


def parent_rules(workspace: Path) -> tuple[str, ...]:
    """Return the option for searching the whole ``workspace``: are ignore files above it to hold?

    Only in a repository; otherwise those of a home folder kept in git, or in ``/tmp``, would hide files.
    """
    in_repository = any((folder / ".git").exists() for folder in (workspace, *workspace.parents))
    return () if in_repository else ("--no-ignore-parent",)


async def run_ripgrep(
    workspace: Path,
    arguments: Sequence[str],
    folder: int,
    *,
    records: int,
    seconds: float,
    descriptors: Sequence[int] = (),
) -> Output:
    """Run ``rg`` in the open ``folder`` and return its output, up to ``records`` NUL characters of it.

    ``arguments`` follow the common ones, options before a ``--``; ``descriptors`` stay open in the child
    under their numbers. Where it waits without end, or takes too much memory, it is run once more with
    the ignore files that can be read; the others are told as unreadable.
    """
    search = _Search(workspace, folder, records, time.monotonic() + seconds)
    rules = await asyncio.to_thread(vetted_rules, folder) if workspace in _harmful else None
    if rules is None or not rules.left_out:
        _harmful.discard(workspace)
        output = await search.run(arguments, descriptors)
        if output is not None:
            return output
        rules = await asyncio.to_thread(vetted_rules, folder)
        _harmful.add(workspace)
    file = os.memfd_create("rules")
    try:
        if "--no-ignore" not in arguments:
            os.write(file, rules.text)
            end = arguments.index("--")
            own = (*_NO_RULES_OF_ITS_OWN, f"--ignore-file=/proc/self/fd/{file}")
            arguments = (*arguments[:end], *own, *arguments[end:])
        again = await search.run(arguments, (*descriptors, file), again=True)
    finally:
        os.close(file)
    assert again is not None
    return replace(again, unreadable=again.unreadable.and_also(rules.left_out))


@dataclass(frozen=True, slots=True)
class _Search:
    """One search: what is the same for each time ripgrep is run for it."""

    workspace: Path
    folder: int
    records: int
    until: float

    async def run(
        self, arguments: Sequence[str], descriptors: Sequence[int], *, again: bool = False
    ) -> Output | None:
        """Run ripgrep; None where it waits, or dies of its memory, unless that is so ``again``."""
        command = (find_ripgrep(self.workspace), *_COMMON, *arguments)
        try:
            process = start_search(
                command, self.folder, self.workspace, environment=_ENVIRONMENT, descriptors=descriptors
            )
        except OSError as error:
            raise ToolError(f"ripgrep could not be started: {error.strerror}.") from None
        assert process.stdout is not None and process.stderr is not None
        output = await _reader_of(process.stdout)
        errors = asyncio.create_task(_read_complaints(await _reader_of(process.stderr)))
        data = bytearray()
        ending = _Ending.BY_ITSELF
        try:
            waiting = None if again else Waiting(process.pid)
            ending = await self._read(output, data, waiting)
        finally:
            if ending is not _Ending.BY_ITSELF or not output.at_eof():
                process.kill()
            complaint, unreadable = await errors
            process.wait()  # Its outputs are closed.
        if not again and (ending is _Ending.WAITING or process.returncode == -signal.SIGABRT):
            return None
        return Output(
            bytes(data),
            complaint.decode("utf-8", "replace"),
            process.returncode,
            ending is _Ending.STOPPED,
            ending is _Ending.TIMED_OUT,
            unreadable,
        )

    async def _read(self, output: asyncio.StreamReader, data: bytearray, waiting: Waiting | None) -> _Ending:
        """Read into ``data`` what is wanted."""
        reading = asyncio.ensure_future(output.read(_CHUNK_BYTES))
        try:
            while (left := self.until - time.monotonic()) > 0:
                await asyncio.wait({reading}, timeout=min(left, LOOK_SECONDS))
                if not reading.done():
                    if waiting is not None and waiting.seen():
                        return _Ending.WAITING
                    continue
                chunk = reading.result()
                data += chunk
                if len(data) > _MOST_BYTES or data.count(b"\0") > self.records:
                    return _Ending.STOPPED
                if not chunk:
                    return _Ending.BY_ITSELF
                reading = asyncio.ensure_future(output.read(_CHUNK_BYTES))
            return _Ending.TIMED_OUT
        finally:
            reading.cancel()


class _Ending(Enum):
    BY_ITSELF = auto()
    STOPPED = auto()
    TIMED_OUT = auto()
    WAITING = auto()


async def _reader_of(pipe: IO[bytes]) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


async def _read_complaints(stream: asyncio.StreamReader) -> tuple[bytes, Unreadable]:
    """Read standard error to its end: its beginning, less what it says of files it can't read, and those.

    A complaint begins with ``rg: `` and may go on over lines, as names may hold line ends. However much
    there is, little is kept, so that the writer never waits.
    """
    kept = pending = rest = b""
    unreadable = _Unreadables()
    while True:
        chunk = await stream.read(_CHUNK_BYTES)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines if chunk else [*lines, rest]:
            if line.startswith(b"rg: "):
                kept += pending[: _ERROR_BYTES - len(kept)]
                pending = b""
            pending = _shortened(pending + line + b"\n")
            if unreadable.takes(pending):
                pending = b""
        rest = _shortened(rest)
        if not chunk:
            return (kept + pending)[:_ERROR_BYTES].strip(b"\n"), unreadable.all


@dataclass(slots=True)
class _Unreadables:
    """Collects what ripgrep says of files it can't read."""

    all: Unreadable = Unreadable()

    def takes(self, complaint: bytes) -> bool:
        """Whether ``complaint`` is one about a file; it is then counted."""
        found = _SYSTEM_ERROR.fullmatch(complaint)
        if found is None:
            return False
        if (code := int(found[2])) not in _GONE:
            names = self.all.names
            if len(names) < _NAMED_UNREADABLE:
                name = os.fsdecode(found[1][:_NAME_BYTES]).removeprefix("./")
                names = tuple(sorted((*names, name + ("…" if len(found[1]) > _NAME_BYTES else ""))))
            permitted = self.all.by_permission and code in (errno.EACCES, errno.EPERM)
            self.all = Unreadable(self.all.number + 1, names, permitted)
        return True


def _shortened(text: bytes) -> bytes:
    """``text``, or its beginning and its end where it is very long."""
    half = _ERROR_BYTES // 2
    return text if len(text) <= 2 * half else text[:half] + text[-half:]
