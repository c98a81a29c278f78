"""Whether a repository that a command made holds nothing that git would run: by what ``git init`` makes.

Its settings are read here, never by git, and only those that are known to run nothing count as harmless.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from seedsmith.sandbox.guards.git_folders import is_pointer_whole, start_of
from seedsmith.sandbox.real_path import real_path

_MOST_BYTES = 1 << 16
_SECTION = re.compile(r'\[\s*([A-Za-z0-9-]+)(?:\s+"((?:[^"\\\n]|\\.)*)")?\s*\]\s*')
_SETTING = re.compile(r"([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?$")
_ANY = frozenset(("*",))
_OF_BRANCHES = ("autosetuprebase", "merge", "rebase", "remote", "pushremote", "description")
_HARMLESS = {
    "core": frozenset(
        (
            *("repositoryformatversion", "filemode", "bare", "logallrefupdates", "ignorecase", "symlinks"),
            *("precomposeunicode", "autocrlf", "eol", "safecrlf", "quotepath", "abbrev", "compression"),
            *("sharedrepository", "untrackedcache", "preloadindex", "bigfilethreshold", "sparsecheckout"),
            *("sparsecheckoutcone", "multipackindex", "longpaths"),
        )
    ),
    "remote": frozenset(
        (
            *("url", "fetch", "push", "pushurl", "tagopt", "mirror", "prune", "promisor"),
            "partialclonefilter",
        )
    ),
    "branch": frozenset(_OF_BRANCHES),
    "submodule": frozenset(("url", "active", "path", "branch", "recurse", "ignore")),
    "init": frozenset(("defaultbranch",)),
    "lfs": frozenset(("repositoryformatversion",)),
    "user": frozenset(("name", "email", "useconfigonly")),
    "commit": frozenset(("gpgsign", "verbose", "cleanup")),
    "tag": frozenset(("gpgsign", "sort")),
    "merge": frozenset(("ff", "conflictstyle", "renames", "log", "stat", "renamelimit")),
    "diff": frozenset(("renames", "renamelimit", "algorithm", "noprefix", "mnemonicprefix", "context")),
    "receive": frozenset(("denycurrentbranch", "denynonfastforwards", "denydeletes")),
    "rebase": frozenset(("autosquash", "autostash", "updaterefs")),
    **dict.fromkeys(
        (
            *("extensions", "pull", "push", "fetch", "color", "advice", "status", "feature", "index"),
            *("pack", "log", "column", "maintenance"),
        ),
        _ANY,
    ),
    "gc": frozenset(
        (
            *("auto", "autopacklimit", "autodetach", "pruneexpire", "worktreepruneexpire", "packrefs"),
            *("reflogexpire", "reflogexpireunreachable", "writecommitgraph", "cruftpacks"),
            *("aggressivedepth", "aggressivewindow", "bigpackthreshold"),
        )
    ),
}
"""Sections and keys with which git runs no program and reads no other settings."""
_TRANSPORT = re.compile(r"\s*(?:[\w+.-]+::|-)")
"""An address that names the program to reach it by."""


def is_harmless(folder: Path, root: Path) -> bool:
    """Whether git, run on the metadata ``folder`` in the workspace ``root``, runs nothing a command wrote.

    ``folder`` may belong to a worktree; a shared folder it names has to be looked at by itself.
    """
    for name in ("config", "config.worktree"):
        path = folder / name
        if os.path.lexists(path) and not _has_harmless_settings(path, folder, root):
            return False
    if not is_pointer_whole(folder / "commondir"):
        return False
    return not _has_hooks(folder / "hooks") and not any(
        os.path.lexists(folder / name) for name in ("remotes", "modules")
    )


def _has_harmless_settings(file: Path, folder: Path, root: Path) -> bool:
    if os.path.islink(file) or not os.path.isfile(file):
        return False
    text = start_of(file, _MOST_BYTES)
    if len(text) >= _MOST_BYTES or "\0" in text:
        return False
    section = ""
    for line in text.split("\n"):  # Git knows no other line ends, and these spaces.
        rest = line.strip(" \t\r")
        while match := _SECTION.match(rest):
            section, rest = match[1].lower(), rest[match.end() :]
        if not rest or rest[0] in "#;":
            continue
        setting = _SETTING.match(rest)
        if setting is None or rest.endswith("\\"):
            return False
        if not _is_harmless_setting(section, setting[1].lower(), setting[2] or "", (folder, root)):
            return False
    return True


def _is_harmless_setting(section: str, key: str, value: str, around: tuple[Path, Path]) -> bool:
    folder, root = around
    if (section, key) == ("core", "worktree"):
        tree = real_path(folder / value.strip().strip('"'))
        return root == tree or root in tree.parents
    if key in ("url", "pushurl") and ("\\" in value or _TRANSPORT.match(value.replace('"', ""))):
        return False
    keys = _HARMLESS.get(section, frozenset())
    return keys is _ANY or key in keys


def _has_hooks(folder: Path) -> bool:
    """Whether there is a file that git would run: any that may be executed and is no sample."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.endswith(".sample") and os.stat(entry.path).st_mode & stat.S_IXUSR:  # noqa: PTH116
                    return True
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
