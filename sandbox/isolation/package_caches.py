"""The package caches of commands that have a network: their own to write, begun with what yours hold.

The user's caches are shown read-only. So where commands can fetch, cargo and go keep theirs in the private
home folder, as they do by themselves, and every package that was fetched before lies there as a link.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from seedsmith.sandbox.isolation.base import Isolation, Policy
from seedsmith.sandbox.isolation.hidden_folders import RUNTIME, TEMPORARY, home_folders, is_beneath
from seedsmith.sandbox.isolation.private_folder import HOME, link_all
from seedsmith.sandbox.isolation.toolchains import needed_folders

_VARIABLES = ("CARGO_HOME", "GOPATH")
"""Where they are not set, both tools look in the home folder."""
_CARGO, _GO = ".cargo", "go"
_CARGO_SETTINGS = ("config.toml", "config")
_OF_REGISTRIES = ("index", "cache", "src")
"""Of each registry: what it offers, packages as they came, and unpacked."""
_DOWNLOADS = "pkg/mod/cache/download"
_VERSIONS = "@v"
_OF_MODULES = (".info", ".mod", ".zip", ".ziphash")
"""Of each version of a module. Its ``list`` tells which are the newest, and is asked for anew."""
_MOST_FOLDERS = 20_000


class PackageCaches:
    """Those of one session's commands; where they have no network, or nothing confines them, the user's."""

    def __init__(self, isolation: Isolation, policy: Policy) -> None:
        self._policy = policy
        self._are_private = isolation.name in ("bwrap", "landlock") and (policy.network or bool(policy.allow))
        self._is_filled = False

    def named_in(self, environment: Mapping[str, str]) -> dict[str, str]:
        """``environment`` without the variables that would lead to the user's."""
        left_out = _VARIABLES if self._are_private else ()
        return {name: value for name, value in environment.items() if name not in left_out}

    def fill(self) -> None:
        """Link what the user's hold, once; what is there already stays."""
        if self._are_private and not self._is_filled:
            self._is_filled = True
            _fill(self._policy.private_tmp, self._policy.environ, self._policy.workspace)


def _fill(private_tmp: Path, environ: Mapping[str, str], workspace: Path) -> None:
    home = environ.get("HOME", "")
    shown = needed_folders(environ, workspace)
    hidden = (*home_folders(environ), TEMPORARY, RUNTIME)

    def is_seen(path: Path) -> bool:
        """Whether commands see what is there, under this very name."""
        real = os.path.realpath(path) == os.fspath(path)
        return real and (is_beneath(path, shown) or not is_beneath(path, hidden))

    cargo = Path(environ.get("CARGO_HOME") or f"{home}/{_CARGO}")
    paths = environ.get("GOPATH") or f"{home}/{_GO}"
    of_go = (links for path in paths.split(os.pathsep) for links in _of_go(Path(path)))
    for place, targets in (*_of_cargo(cargo), *of_go):
        if targets and is_seen(targets[0]):
            plain = (target for target in targets if not os.path.islink(target))
            link_all(private_tmp, f"{HOME}/{place}", plain)


def _of_cargo(folder: Path) -> Iterator[tuple[str, tuple[Path, ...]]]:
    """Where in the home folder to link what of the ``folder`` of Cargo."""
    yield from ((_CARGO, (file,)) for file in (folder / name for name in _CARGO_SETTINGS) if file.is_file())
    for part in _OF_REGISTRIES:
        place = folder / "registry" / part
        for registry in _entries(place):
            if part != "index":
                yield f"{_CARGO}/registry/{part}/{registry.name}", _entries(registry)
            elif not os.path.lexists(registry / ".git"):  # That would have to be written.
                yield f"{_CARGO}/registry/{part}", (registry,)


def _of_go(folder: Path) -> Iterator[tuple[str, tuple[Path, ...]]]:
    """Where in the home folder to link what of the ``folder`` of Go."""
    downloads = folder / _DOWNLOADS
    for number, (place, _, names) in enumerate(os.walk(downloads)):
        if number >= _MOST_FOLDERS:
            return
        if os.path.basename(place) == _VERSIONS:  # noqa: PTH119
            inside = os.path.relpath(place, downloads)
            files = (Path(place, name) for name in names if name.endswith(_OF_MODULES))
            yield f"{_GO}/{_DOWNLOADS}/{inside}", tuple(files)


def _entries(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(sorted(folder.iterdir()))
    except OSError:
        return ()
