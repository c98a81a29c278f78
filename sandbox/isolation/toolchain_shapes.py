"""What a toolchain looks like, and what a secret does: by shape and owner, not by anybody's word."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from seedsmith.sandbox.guards.git_folders import start_of

_MOST_LINKS = 40
_MOST_ENTRIES = 400
_CONFIGURATION_BYTES = 4096
_FIRST_LINE_BYTES = 256
_ELF = "\x7fELF"
_PYTHON = re.compile(r"python(3(\.\d+)?)?$")
_OWN_LIBRARY = re.compile(r"python3\.\d+t?$|libpython3.*\.so")
_SECRET_NAME = re.compile(
    r"^\.env|^\.netrc$|^\.pgpass$|^id_(rsa|dsa|ecdsa|ed25519)|\.(pem|key|p12|pfx|kdbx|gpg|asc|jks|keystore)$"
    r"|credential|password|passwd|secret|token",
    re.IGNORECASE,
)
_PARTS = ("bin", "sbin", "lib", "lib64", "libexec", "include", "pkg", "shims", "versions", "installs")
"""Of an installation that has secrets lying about: what programs need of it."""


def leads_through(path: Path, folders: tuple[Path, ...]) -> bool:
    """Whether ``path``, or a link met on the way along it, lies in one of ``folders``; a link loop counts.

    Whoever can write in there decides where such a path ends, also after it was looked at.
    """
    current, pending, links = "/", [*reversed(path.parts[1:])], 0
    beginnings = tuple(f"{folder}/" for folder in folders)
    while pending:
        name = pending.pop()
        if name in ("..", "."):
            current = os.path.dirname(current) if name == ".." else current  # noqa: PTH120
            continue
        inner = f"{current.rstrip('/')}/{name}"
        if f"{inner}/".startswith(beginnings):
            return True
        try:
            target = os.readlink(inner)  # noqa: PTH115
        except OSError:
            current = inner
            continue
        links += 1
        if links > _MOST_LINKS:
            return True
        current = "/" if target.startswith("/") else current
        pending += reversed([part for part in target.split("/") if part])
    return False


def looks_secret(name: str) -> bool:
    """Whether a file of that name is likely one that programs keep secrets in."""
    return bool(_SECRET_NAME.search(name))


def is_program(file: Path) -> bool:
    """Whether this is an executable file whose name doesn't look like a secret's."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o111) and not looks_secret(file.name)


def installation_parts(root: Path) -> tuple[Path, ...]:
    """What to show of an installation: all of it, or what programs need where secrets lie beside that."""
    names = _names_in(root)
    if any(map(looks_secret, names)):
        return tuple(root / name for name in _PARTS if name in names)
    return (root,)


def interpreter_home(environment: Path) -> Path | None:
    """The folder of programs a virtual environment says it was made from (``home`` in ``pyvenv.cfg``)."""
    for line in start_of(environment / "pyvenv.cfg", _CONFIGURATION_BYTES).splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home" and value.strip().startswith("/"):
            return Path(os.path.normpath(value.strip()))
    return None


def interpreter_of(script: Path) -> Path | None:
    """The program named in a script's first line."""
    first = start_of(script, _FIRST_LINE_BYTES).partition("\n")[0]
    words = first[2:].split() if first.startswith("#!") else []
    return Path(words[0]) if words and words[0].startswith("/") else None


def python_parts(root: Path, owners: Iterable[int]) -> tuple[Path, ...]:
    """A Python's programs and its own libraries; empty where ``root`` is not one that ``owners`` installed.

    It has a program that is one, and beside it the standard library that program was built with.
    """
    programs = [
        root / "bin" / name
        for name in _names_in(root / "bin")
        if _PYTHON.match(name) and start_of(root / "bin" / name, len(_ELF)) == _ELF
    ]
    libraries = [root / "lib" / name for name in _names_in(root / "lib") if _OWN_LIBRARY.match(name)]
    complete = any((library / "os.py").is_file() and (library / "site.py").is_file() for library in libraries)
    found = (*programs, *libraries) if programs and complete else ()
    trusted = set(owners)
    folders = (root, root / "bin", root / "lib")
    return found if all(_is_kept_by(path, trusted) for path in (*folders, *found)) else ()


def _is_kept_by(path: Path, owners: set[int]) -> bool:
    """Whether ``path`` is what ``owners`` put there, and nobody else may change it."""
    try:
        status = path.stat()
    except OSError:
        return False
    return status.st_uid in owners and not status.st_mode & stat.S_IWOTH


def owners_around(folders: Iterable[Path]) -> set[int]:
    """The users whose installations count: root, the one this runs as, and the owners of ``folders``."""
    owners = {0, os.geteuid()}
    for folder in folders:
        try:
            owners.add(folder.stat().st_uid)
        except OSError:
            continue
    return owners


def _names_in(folder: Path) -> list[str]:
    """The first names in ``folder``, sorted; none where it can't be read."""
    names: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                names.append(entry.name)
                if len(names) >= _MOST_ENTRIES:
                    break
    except OSError:
        return []
    return sorted(names)
