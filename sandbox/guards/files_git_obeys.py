"""Which files of a repository git obeys: its settings, its programs, and where it looks for more of them.

The names are those of git's own layout (``gitrepository-layout``); what it merely stores (objects, branches,
the index, logs) is not among them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from seedsmith.sandbox.guards.git_folders import (
    followed,
    is_bare_repository,
    pointer_in,
    start_of,
    walk_folders,
)
from seedsmith.sandbox.guards.harmless_repository import is_harmless
from seedsmith.sandbox.guards.kept_files import everything_below
from seedsmith.sandbox.real_path import real_path

_FILES = (
    "config",
    "config.worktree",
    "commondir",
    "gitdir",
    "objects/info/alternates",
    "objects/info/http-alternates",
)
_FOLDERS = ("hooks", "info", "branches", "remotes")
_STORED_IN_INFO = ("info/refs", "info/sparse-checkout")
_OF_WORKTREE = ("config.worktree", "commondir", "gitdir")
_SECTION = re.compile(r"\s*\[\s*([\w.-]+)[^\]]*\]")
_PATH = re.compile(r"\s*path\s*=\s*(.*)", re.IGNORECASE)
_COMMENT = re.compile(r"^[ \t]*[#;].*$", re.MULTILINE)
_CONTINUED = re.compile(r"\\\r?\n")
_MOST_INCLUDES = 32
_COMMON = "../.."
"""What the ``commondir`` of a worktree says where git made it."""


def obeyed_files(folder: Path, root: Path, known: frozenset[Path]) -> Iterator[Path]:
    """What git obeys of the metadata ``folder``, whether it is there or not; folders before what they hold.

    ``known`` are the worktrees and modules that are watched; another counts only where it is not what git
    itself would have made.
    """
    for name in _FILES:
        yield folder / name
    for name in _FOLDERS:
        for path in everything_below(folder / name):
            if os.fspath(path)[len(os.fspath(folder)) + 1 :] not in _STORED_IN_INFO:
                yield path
    for worktree in _folders_in(folder / "worktrees"):
        if worktree in known or not _is_gits_own(worktree):
            for name in _OF_WORKTREE:
                yield worktree / name
    for module in modules(folder):
        if module in known or not all(is_harmless(each, root) for each in followed(module)):
            yield from obeyed_files(module, root, known)


def parts_of(folder: Path) -> frozenset[Path]:
    """The worktrees and modules of a metadata folder, those of modules included."""
    found = {*_folders_in(folder / "worktrees")}
    for module in modules(folder):
        found |= {module, *parts_of(module)}
    return frozenset(found)


def modules(folder: Path) -> Iterator[Path]:
    """The metadata folders of submodules."""
    place = folder / "modules"
    if os.path.isdir(place) and not os.path.islink(place):
        for name, names, _ in walk_folders(place, None):
            if is_bare_repository(names):
                yield Path(name)


def included_files(folder: Path, root: Path) -> tuple[Path, ...]:
    """The files inside ``root`` that the settings of ``folder`` include, there or not, and those they do."""
    found: dict[Path, None] = {}
    waiting = [folder / "config", folder / "config.worktree"]
    while waiting and len(found) < _MOST_INCLUDES:
        file = waiting.pop()
        for name in _included_by(start_of(file).replace("\0", "")):
            named = Path(os.path.normpath(file.parent / name))
            for path in (named, real_path(named)):
                if root in path.parents and path not in found:
                    found[path] = None
                    waiting.append(path)
    return tuple(found)


def _included_by(text: str) -> Iterator[str]:
    """The paths in settings, with lines that go on and, for a comment behind a value, without."""
    yield from _include_paths(text)
    yield from _include_paths(_CONTINUED.sub("", _COMMENT.sub("", text)))


def _include_paths(text: str) -> Iterator[str]:
    section = ""
    for line in text.splitlines():
        if header := _SECTION.match(line):
            section, line = header[1].lower(), line[header.end() :]
        if section in ("include", "includeif") and (path := _PATH.match(line)):
            yield _value(path[1])


def _value(text: str) -> str:
    """What git reads: without quotes, escapes and comments."""
    found, is_quoted, letters = "", False, iter(text.strip())
    for letter in letters:
        if letter == '"':
            is_quoted = not is_quoted
        elif letter in "#;" and not is_quoted:
            break
        else:
            found += next(letters, "") if letter == "\\" else letter
    return found.rstrip()


def _folders_in(folder: Path) -> list[Path]:
    if os.path.islink(folder):
        return []
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _is_gits_own(worktree: Path) -> bool:
    """Whether a worktree that appeared shares what git would have it share, with no settings of its own."""
    common = pointer_in(worktree / "commondir")
    return common == _COMMON and not os.path.lexists(worktree / "config.worktree")
