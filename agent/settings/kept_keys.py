"""Keys that a person pasted once: in the system's keyring where there is one, else in a file of their own.

The file is ``keys`` beside ``config.yaml``, lines of ``VARIABLE=KEY``, readable by its owner alone. What the
environment sets goes before what is kept.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from seedsmith.agent.errors import ConfigurationError
from seedsmith.agent.settings import system_keyring
from seedsmith.agent.settings.yaml_file import read_small, user_folder

FILE = "keys"
MOST_BYTES = 64 << 10
_IN_KEYRING = "@keyring"


def with_kept_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` and what is kept besides.

    Raises :class:`ConfigurationError` for a file that others can read.
    """
    return _kept(user_folder(environment) / FILE) | dict(environment)


def keep_key(variable: str, key: str, environment: Mapping[str, str]) -> str:
    """Keep ``key`` as the value of ``variable`` for runs to come; returns where, for people."""
    folder = user_folder(environment)
    path = folder / FILE
    entries = _entries(path)
    in_keyring = system_keyring.keep(variable, key)
    entries[variable] = _IN_KEYRING if in_keyring else key
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_name(f".{FILE}.new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("".join(f"{name}={value}\n" for name, value in entries.items()))
        new.replace(path)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror}.") from None
    return "the system's keyring" if in_keyring else f"{path}, readable by you alone"


def _kept(path: Path) -> dict[str, str]:
    found = {}
    for variable, value in _entries(path).items():
        key = system_keyring.kept(variable) if value == _IN_KEYRING else value
        if key:
            found[variable] = key
    return found


def _entries(path: Path) -> dict[str, str]:
    content = read_small(path, MOST_BYTES)
    if content is None:
        return {}
    status = path.stat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise ConfigurationError(f"{path} holds keys and must be yours alone: chmod 600 {path}.")
    lines = (line.partition("=") for line in content.decode("utf-8", "replace").splitlines())
    return {name.strip(): value.strip() for name, equals, value in lines if equals}
