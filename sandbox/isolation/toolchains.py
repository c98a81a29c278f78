"""What commands still need of the hidden folders: the user's own interpreters, compilers and tools.

The home folder is masked whole, so everything a ``PATH`` entry leads to has to be bound back, read-only
(docs/sandbox.md, "Environment and toolchains"): the installation it belongs to, the interpreter behind a
virtual environment, what its links and first lines point at. Never a whole home, nor a place that
holds secrets. Nothing in the workspace is believed, since commands write there: an environment in it can
only name a Python that proves to be one by itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from seedsmith.sandbox.guards.git_folders import start_of
from seedsmith.sandbox.isolation.hidden_folders import (
    RUNTIME,
    TEMPORARY,
    home_folders,
    is_beneath,
    outermost,
    secrets_in,
)
from seedsmith.sandbox.isolation.toolchain_shapes import (
    installation_parts,
    interpreter_home,
    interpreter_of,
    is_program,
    leads_through,
    owners_around,
    python_parts,
)
from seedsmith.sandbox.real_path import real_path

_MOST_FOLDERS = 60
"""Each read-only bind costs a launch about 0.1 ms (docs/sandbox.md, "Measurements")."""
_MOST_FILES_LOOKED_AT = 400
_MOST_LINKS = 8
_MOST_ENVIRONMENTS = 16
"""So many virtual environments of the workspace are looked at, and as many in a chain of them."""
_CONFIGURATION_BYTES = 65536

_INSTALLATION_MARKS = (
    "pyvenv.cfg",
    "lib",
    "lib64",
    "libexec",
    "conda-meta",
    "shims",
    "installs",
    "toolchains",
)
_COLLECTIONS = (
    Path(".local/share/pipx/venvs"),
    Path(".local/pipx/venvs"),
    Path(".local/share/uv/tools"),
    Path(".local/share/uv/python"),
    Path(".pyenv/versions"),
)
"""Folders of many installations, bound at once rather than one by one."""
_CARGO_PARTS = ("bin", "registry", "git")
"""Of Cargo's home; its credentials lie beside them."""

TOOLCHAIN_VARIABLES = (
    "ANDROID_HOME",
    "ANDROID_SDK_ROOT",
    "ASDF_DATA_DIR",
    "ASDF_DIR",
    "BUN_INSTALL",
    "CONDA_PREFIX",
    "DENO_INSTALL",
    "DOTNET_ROOT",
    "FNM_DIR",
    "GEM_HOME",
    "GOPATH",
    "GOROOT",
    "GRADLE_HOME",
    "JAVA_HOME",
    "M2_HOME",
    "MAVEN_HOME",
    "MISE_DATA_DIR",
    "NVM_BIN",
    "NVM_DIR",
    "PNPM_HOME",
    "PYENV_ROOT",
    "RBENV_ROOT",
    "RUSTUP_HOME",
    "SDKMAN_DIR",
    "VIRTUAL_ENV",
    "VOLTA_HOME",
)
"""Variables that name an installation's folder; passed on, and bound back where they point into a mask."""


def search_path(environ: Mapping[str, str], workspace: Path) -> tuple[Path, ...]:
    """The folders of ``PATH`` commands get: absolute and outside the workspace.

    The one exception is the virtual environment the user had active. Entries that pass through a hidden
    folder by a link are given by their real name, since the link won't be there.
    """
    active = environ.get("VIRTUAL_ENV")
    found: dict[Path, None] = {}
    for entry in [*environ.get("PATH", "").split(os.pathsep), "/usr/local/bin", "/usr/bin", "/bin"]:
        path = Path(os.path.normpath(entry)) if entry.startswith("/") else None
        if path is None or not os.path.isdir(path):
            continue
        real = real_path(path)
        inside = is_beneath(path, (workspace,)) or is_beneath(real, (workspace,))
        if inside and not (active and path == Path(os.path.normpath(active)) / "bin"):
            continue
        found[real if is_beneath(path, (RUNTIME,)) else path] = None
    return tuple(found)


def needed_folders(
    environ: Mapping[str, str], workspace: Path, programs: Iterable[Path] = ()
) -> tuple[Path, ...]:
    """The hidden folders to show read-only, none within another; existing, and none above a mask.

    ``programs`` are shown besides the user's toolchain, each with the installation it belongs to.
    """
    return _Collector(environ, workspace).collect(programs)


def installations(environ: Mapping[str, str], workspace: Path, programs: Iterable[Path]) -> tuple[Path, ...]:
    """What of the hidden folders ``programs`` need, besides what is shown without them."""
    programs = tuple(programs)
    if not programs:
        return ()
    without = needed_folders(environ, workspace)
    return tuple(
        folder for folder in needed_folders(environ, workspace, programs) if not is_beneath(folder, without)
    )


class _Collector:
    """Follows every tool to the installation it belongs to, breadth first, each folder once."""

    def __init__(self, environ: Mapping[str, str], workspace: Path) -> None:
        self._environ = environ
        self._workspace = workspace
        self._homes = home_folders(environ)
        self._masks = (*self._homes, TEMPORARY, RUNTIME)
        homes = (*self._homes, *self._own_homes())
        self._secrets = frozenset(secret for home in homes for secret in secrets_in(home))
        shown_never = (*self._masks, *homes)
        holding = {place.parent for place in (*shown_never, *self._secrets)}
        above = (each for folder in holding for each in (folder, *folder.parents))
        self._shown_never = frozenset((*shown_never, *above, *(home / ".local/state" for home in homes)))
        self._found: set[Path] = set()
        self._looked_at: set[Path] = set()
        self._files_left = _MOST_FILES_LOOKED_AT

    def collect(self, programs: Iterable[Path] = ()) -> tuple[Path, ...]:
        for program in programs:
            self._add_named(program)
        for entry in search_path(self._environ, self._workspace):
            self._add_bin(entry)
        for name in TOOLCHAIN_VARIABLES:
            value = self._environ.get(name, "")
            if value.startswith("/") and name not in ("GOPATH", "NVM_BIN"):
                self._add_root(Path(os.path.normpath(value)))
        self._add_fixed()
        for folder in self._environ.get("PYTHONPATH", "").split(os.pathsep):
            if folder.startswith("/"):
                self._add(Path(os.path.normpath(folder)))
        for environment in self._environments_inside():
            self._add_python_of(environment)
        return outermost(self._found)[:_MOST_FOLDERS]

    def _add_fixed(self) -> None:
        """Places tools look in without being told by ``PATH``."""
        for prefix in {sys.prefix, sys.base_prefix}:
            self._add_root(Path(prefix))
        for home in self._own_homes():
            self._add(home / ".local/lib")
            self._add(home / ".m2/repository")
            self._add(home / ".rustup")
            self._add_cargo(home / ".cargo")
            self._add_go(home / "go")
        cargo = self._environ.get("CARGO_HOME", "")
        if cargo.startswith("/"):
            self._add_cargo(Path(cargo))
        for folder in self._environ.get("GOPATH", "").split(os.pathsep):
            if folder.startswith("/"):
                self._add_go(Path(folder))

    def _own_homes(self) -> Iterable[Path]:
        home = self._environ.get("HOME", "")
        return (Path(os.path.normpath(home)),) if home.startswith("/") and home != "/" else ()

    def _add_go(self, folder: Path) -> None:
        self._add(folder / "pkg")
        self._add(folder / "bin")

    def _add_cargo(self, folder: Path) -> None:
        for part in _CARGO_PARTS:
            self._add(folder / part)
        for name in ("config.toml", "config"):
            file = folder / name
            if os.path.isfile(file) and not _mentions_secret(file):
                self._add(file)

    def _add_bin(self, entry: Path) -> None:
        """A folder of programs: the installation it belongs to, and what its files lead to."""
        if self._is_written_by_commands(entry):
            return
        if not self._hidden(entry):
            real = real_path(entry)
            if real == entry or not self._hidden(real):
                return
        if entry.name in ("bin", "sbin", "shims", "current"):
            self._add_root(entry.parent)
        self._add(entry)
        if is_beneath(entry, tuple(self._found - {entry})):
            return
        self._follow_files(entry)

    def _follow_files(self, folder: Path) -> None:
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries)
        except OSError:
            return
        for name in names:
            if self._files_left <= 0:
                return
            self._files_left -= 1
            target = _link_target(folder / name) or self._interpreter_of(folder / name)
            if target is not None and self._hidden(target):
                self._add_program(target)

    def _interpreter_of(self, script: Path) -> Path | None:
        return None if self._is_written_by_commands(script) else interpreter_of(script)

    def _add_program(self, program: Path) -> None:
        """A single program somewhere hidden: its installation where it has one, else the file alone."""
        if is_beneath(program, tuple(self._found)) or self._is_written_by_commands(program):
            return
        modules = next((each for each in reversed(program.parents) if each.name == "node_modules"), None)
        if modules is not None:  # a package of Node's imports what lies beside it
            self._add(modules)
            return
        collection = self._collection_of(program)
        if collection is not None:
            self._add(collection)
            self._add_interpreter(_environment_of(program))
            return
        if program.parent.name in ("bin", "sbin", "libexec"):
            self._add_root(program.parent.parent)
        if not is_beneath(program, tuple(self._found)) and is_program(program):
            self._add(program)

    def _collection_of(self, path: Path) -> Path | None:
        """The folder of many installations that ``path`` lies in."""
        for home in (*self._homes, *self._own_homes()):
            for collection in _COLLECTIONS:
                if home / collection in path.parents:
                    return home / collection
        return None

    def _add_named(self, program: Path) -> None:
        """A program by its path: its folder of programs with what that leads to, else the file alone."""
        if program.parent.name in ("bin", "sbin", "libexec", "shims"):
            self._add_bin(program.parent)
        for _ in range(_MOST_LINKS):
            self._add_program(program)
            interpreter = self._interpreter_of(program)
            if interpreter is not None and self._hidden(interpreter):
                self._add_program(interpreter)
            target = _link_target(program)
            if target is None:
                return
            program = target

    def _add_root(self, root: Path) -> None:
        """An installation, whole, where it looks like one and can't hold secrets."""
        if root in self._looked_at or len(self._looked_at) > _MOST_FOLDERS:
            return
        self._looked_at.add(root)
        if not self._hidden(root) and not self._hidden(real_path(root)):
            return
        if self._is_written_by_commands(root):
            return
        if root.name == ".cargo":
            self._add_cargo(root)
        elif self._may_be_shown(root) and any(os.path.exists(root / mark) for mark in _INSTALLATION_MARKS):
            if os.path.exists(root / "credentials.toml"):
                self._add_cargo(root)
                return
            for part in installation_parts(root):
                self._add(part)
            self._add_interpreter(root)

    def _add_interpreter(self, environment: Path | None) -> None:
        """The Python a virtual environment of the user's was made from."""
        home = interpreter_home(environment) if environment is not None else None
        if home is not None:
            self._add_root(home.parent)
            self._add_root(real_path(home / "python3").parent.parent)

    def _add_python_of(self, environment: Path) -> None:
        """The Python that an environment in the workspace names, if it proves to be one; nothing beside."""
        home = interpreter_home(environment)
        if home is None or self._is_written_by_commands(home):
            return
        for root in dict.fromkeys((home.parent, real_path(home / "python3").parent.parent)):
            if is_beneath(root, tuple(self._found)) or self._is_written_by_commands(root):
                continue
            parts = python_parts(root, owners_around(self._own_homes()))
            whole = parts and self._collection_of(root) is not None
            for part in (root,) if whole else parts:
                self._add(part)

    def _environments_inside(self) -> Iterable[Path]:
        """Virtual environments at the workspace's top level, whatever they are called, and the active one."""
        found = []
        with suppress(OSError), os.scandir(self._workspace) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and os.path.isfile(f"{entry.path}/pyvenv.cfg"):
                    found.append(Path(entry.path))
                if len(found) >= _MOST_ENVIRONMENTS:
                    break
        active = Path(os.path.normpath(self._environ.get("VIRTUAL_ENV") or "/"))
        return (active, *found) if is_beneath(active, (self._workspace,)) else found

    def _is_written_by_commands(self, path: Path) -> bool:
        """Whether commands decide what is at ``path``, or where it leads."""
        return leads_through(path, (self._workspace,))

    def _hidden(self, path: Path) -> bool:
        return is_beneath(path, self._masks)

    def _may_be_shown(self, path: Path) -> bool:
        """Never a mask itself nor anything above one, nor a place that is secret or holds one that is."""
        real = real_path(path)
        if any(each in self._shown_never or is_beneath(each, self._secrets) for each in (path, real)):
            return False
        # Binding the workspace or what holds it would show it twice, read-only.
        return not is_beneath(self._workspace, (real,))

    def _add(self, path: Path) -> None:
        if self._is_written_by_commands(path):
            return
        if self._hidden(path) and self._may_be_shown(path) and os.path.exists(path):
            self._found.add(path)


def _link_target(path: Path) -> Path | None:
    try:
        target = path.readlink()
    except OSError:
        return None
    return Path(os.path.normpath(path.parent / target))


def _environment_of(program: Path) -> Path | None:
    return next((parent for parent in program.parents if os.path.isfile(parent / "pyvenv.cfg")), None)


def _mentions_secret(file: Path) -> bool:
    text = start_of(file, _CONFIGURATION_BYTES).lower()
    return not text or any(word in text for word in ("token", "password", "secret"))
