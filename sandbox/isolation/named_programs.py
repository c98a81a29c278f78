"""The programs that a command line names by path: ``~/venvs/x/bin/python``, ``../venv/bin/pytest``."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from seedsmith.sandbox.isolation.base import Policy
from seedsmith.sandbox.isolation.hidden_folders import is_beneath
from seedsmith.sandbox.isolation.private_folder import HOME, link
from seedsmith.sandbox.isolation.toolchains import installations

_HOME = re.compile(r"^(?:~|\$HOME|\$\{HOME\})(?=/)")
_SETTING = re.compile(r"^-{0,2}[A-Za-z_][\w-]*=")
_OPERATOR = re.compile(r"[|&;()<>]+")


def words_of(command: str) -> list[str]:
    """The words and operators of a command line; empty where its quotes don't close."""
    try:
        lexer = shlex.shlex(command.replace("\n", " ; "), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        return list(lexer)
    except ValueError:
        return []


def named_programs(command: str, workspace: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The programs outside ``workspace`` that ``command`` names by path, as they are named.

    Also those in ``NAME=path`` and ``--name=path``, and seen from the folder a ``cd`` before them goes to.
    """
    found = (path for _, path in _paths(words_of(command), workspace, environ.get("HOME", "")))
    return tuple(dict.fromkeys(path for path in found if not is_beneath(path, (workspace,)) and _runs(path)))


def link_into_home(policy: Policy) -> None:
    """Make ``~`` of commands, which is private, lead to the installations of the programs that are shown."""
    home = policy.environ.get("HOME", "")
    for folder in installations(policy.environ, policy.workspace, policy.programs):
        if home.startswith("/") and is_beneath(folder, (Path(os.path.normpath(home)),)):
            link(policy.private_tmp, f"{HOME}/{folder.relative_to(os.path.normpath(home))}", folder)


def _runs(path: Path) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _paths(words: list[str], workspace: Path, home: str) -> Iterator[tuple[str, Path]]:
    folder = workspace
    for before, word in zip(["", *words], words, strict=False):
        if _OPERATOR.fullmatch(word):
            continue
        text = _HOME.sub(lambda _: home, _SETTING.sub("", word))
        if "/" not in text and before != "cd":
            continue
        path = Path(os.path.normpath(folder / text))
        if before == "cd":
            folder = path
        else:
            yield word, path
