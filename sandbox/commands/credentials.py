"""Variables and files that the user gives to named commands, and to no other.

Such a command runs alone: without a shell, with a program that doesn't lie in the workspace, and with a
``/tmp`` and a ``HOME`` of its own, so that no earlier command can have left it settings to obey, and no later
one finds what it left. What it runs itself sees what it was given.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.hidden_folders import is_beneath
from seedsmith.sandbox.isolation.own_programs import outside_path, own_program
from seedsmith.sandbox.isolation.private_folder import HOME, link, make_ready
from seedsmith.sandbox.lazy_dataclass import dataclass

_PLAIN = re.compile(r"[\w@%+=:,./ -]+", re.ASCII)
"""Command lines that a shell would take as they stand."""
_ANYTHING = "*"
_NO_HOOKS = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": "/dev/null"}
_LONGEST_FILE = 64 << 10
_LEAST_OF_A_FILE = 16
"""Shorter words of a file are names as often as secrets."""


@dataclass(frozen=True, slots=True)
class Credential:
    """One entry of the user's configuration."""

    commands: tuple[str, ...]
    """Whole command lines; one that ends in `` *`` takes any further words."""
    variables: tuple[str, ...] = ()
    """Names of variables of the user's environment."""
    files: tuple[str, ...] = ()
    """Files, ``~`` for the home folder; the command finds those in the home folder in its own."""

    def values(self, environ: Mapping[str, str]) -> Iterable[str]:
        """What is to be kept out of every output."""
        yield from (environ[name] for name in self.variables if name in environ)
        for file in self.files:
            try:
                with open(_expanded(file, environ), "rb") as opened:  # noqa: PTH123
                    words = opened.read(_LONGEST_FILE).decode(errors="replace").split()
            except OSError:
                continue
            yield from (word for word in words if len(word) >= _LEAST_OF_A_FILE)


@dataclass(frozen=True, slots=True)
class Given:
    """What one command line is run with."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    policy: Policy

    def forget(self) -> None:
        """Remove what it left in its own folder."""
        shutil.rmtree(self.policy.private_tmp, ignore_errors=True)


class Credentials:
    """All entries of a session."""

    def __init__(self, entries: Iterable[Credential] = ()) -> None:
        self._entries = tuple(entries)

    def given(self, command: str, policy: Policy) -> Given | None:
        """What ``command`` is to be run with; None where it is given nothing."""
        words = command.split() if self._entries and _PLAIN.fullmatch(command.strip()) else []
        named = [entry for entry in self._entries if any(_matches(words, each) for each in entry.commands)]
        if not words or not named or "/" in words[0]:
            return None
        program = own_program(words[0], policy.environ, policy.workspace)
        if program is None:
            return None
        environ = policy.environ
        variables = {name: environ[name] for entry in named for name in entry.variables if name in environ}
        files = [_expanded(file, environ) for entry in named for file in entry.files]
        folder = policy.private_tmp.parent / f"given-{secrets.token_hex(4)}"
        make_ready(folder, HOME)
        home = Path(os.path.realpath(environ.get("HOME", "/nowhere")))
        shown: list[Path] = []
        for file in files:
            real = Path(os.path.realpath(file))
            if os.path.isfile(real) and not is_beneath(real, (policy.workspace,)):
                shown.append(real)
                if is_beneath(file, (home,)):
                    link(folder, f"{HOME}/{file.relative_to(home)}", real)
        own = replace(
            policy,
            private_tmp=folder,
            also_readable=(*policy.also_readable, *shown),
            unix_sockets=False,
        )
        hooks = _NO_HOOKS if words[0] == "git" else {}
        path = {"PATH": outside_path(policy.environ, policy.workspace)}
        return Given((str(program), *words[1:]), {**variables, **hooks, **path}, own)


def _expanded(file: str, environ: Mapping[str, str]) -> Path:
    home = os.path.realpath(environ.get("HOME", "/nowhere"))
    return Path(home, file[2:]) if file.startswith("~/") else Path(file)


def _matches(words: list[str], command: str) -> bool:
    wanted = command.split()
    if wanted[-1:] == [_ANYTHING]:
        return words[: len(wanted) - 1] == wanted[:-1] and len(wanted) > 1
    return words == wanted
