"""Running ripgrep as the plain program it is: found outside the workspace, started in it, stopped in time."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from seedsmith.sandbox.isolation.own_programs import own_program
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


_SYSTEM_ERROR = re.compile(
    rb"rg: (.*?): (?:IO error for operation on .*: )?[^:]* \(os error (\d+)\)\n*", re.DOTALL
)
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""Files that went away during the walk, and links that lead nowhere, are no loss."""
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

    def sentence(self, folder: str) -> str:
        """One line about them, in brackets; ``folder`` is where the search began, in the workspace."""
        prefix = "" if folder == "." else f"{folder}/"
        names = ", ".join(shown_path(prefix + name) for name in self.names)
        more = ", …" if self.number > len(self.names) else ""
        why = "permission" if self.by_permission else "permission, too long a path, or a fault of the disk"
        many = count(self.number, "file or folder", "files and folders")
        return f"[{many} could not be read ({why}): {names}{more}]"


@dataclass(frozen=True, slots=True)
class Output:
    """What ripgrep printed, and whether that is all of it."""

    data: bytes
    error: str
    exit_code: int | None
    stopped: bool
    """More than was wanted: it was ended early."""
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

    ``arguments`` follow the common ones; ``descriptors`` stay open in the child under their numbers.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            find_ripgrep(workspace),
            *_COMMON,
            *arguments,
            cwd=f"/proc/self/fd/{folder}",
            env=_ENVIRONMENT,
            pass_fds=tuple(descriptors),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise ToolError(f"ripgrep could not be started: {error.strerror}.") from None
    assert process.stdout is not None and process.stderr is not None
    errors = asyncio.create_task(_read_complaints(process.stderr))
    data = bytearray()
    stopped = timed_out = False
    try:
        async with asyncio.timeout(seconds):
            while chunk := await process.stdout.read(_CHUNK_BYTES):
                data += chunk
                if len(data) > _MOST_BYTES or data.count(b"\0") > records:
                    stopped = True
                    break
    except TimeoutError:
        timed_out = True
    finally:
        if stopped or timed_out or not process.stdout.at_eof():
            with suppress(ProcessLookupError):
                process.kill()
        complaint, unreadable = await errors
        await process.wait()
    complained = complaint.decode("utf-8", "replace")
    return Output(bytes(data), complained, process.returncode, stopped, timed_out, unreadable)


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
