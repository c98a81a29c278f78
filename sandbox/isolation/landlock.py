"""The weaker tier, for machines without user namespaces: Landlock, the call filter, no capabilities.

Landlock only adds rights beneath folders, so ``.git`` lies open inside the writable workspace (its
configuration and hooks are compared and restored after each command, see
:mod:`seedsmith.sandbox.guards.git_guard`), processes outside stay visible, and there is no private ``/tmp``,
only a private ``TMPDIR``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.guards.git_folders import find_git_entries, metadata_folders
from seedsmith.sandbox.isolation import syscalls
from seedsmith.sandbox.isolation.base import Launch, Policy
from seedsmith.sandbox.isolation.environment import host_environment
from seedsmith.sandbox.isolation.hidden_folders import RUNTIME, TEMPORARY, home_folders, homes_within
from seedsmith.sandbox.isolation.seccomp import filter_program, supported
from seedsmith.sandbox.isolation.toolchains import needed_folders

_LOWEST_ABI = 3
"""The first version that also refuses to truncate."""
_ABI_IOCTL = 5
_ABI_NETWORK = 4
_ABI_SCOPES = 6

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14
_IOCTL_DEVICE = 1 << 15
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_MAKE_DEVICES = 1 << 6 | 1 << 11
_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

_CAP_DAC_OVERRIDE = 1 << 1

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "shm")
"""What of ``/dev`` is opened; never a disk, which root could read raw."""


class Landlock:
    """Confines the thread that starts a command; keeps the ruleset of the last policy."""

    def __init__(self) -> None:
        self.abi = syscalls.landlock_abi()
        self._prepared_for: Policy | None = None
        self._ruleset = -1

    @property
    def name(self) -> str:
        """The name ``--sandbox`` knows it by."""
        return "landlock"

    @property
    def description(self) -> str:
        """One line for people."""
        return (
            f"Landlock (ABI {self.abi}) with a system call filter: the weaker tier, .git is restored "
            "after each command rather than read-only"
        )

    def missing(self) -> tuple[str, ...]:
        """What this tier doesn't hold, as short phrases."""
        missing = [
            ".git is writable (restored afterwards)",
            "modes, times and attributes of what you own can be changed, outside the workspace as well",
            "scheduling of your other processes",
            "shared memory and the process list are the machine's",
        ]
        if self.abi < _ABI_SCOPES:
            missing.append("signals to the agent (the kernel is older than 6.12)")
        return tuple(missing)

    def launch(self, argv: tuple[str, ...], policy: Policy, env: Mapping[str, str], cwd: Path) -> Launch:
        """Have ``argv`` started from a confined thread; raises :class:`NoIsolation` where that can't be."""
        if self.abi < _LOWEST_ABI or not supported():
            raise NoIsolation("This kernel has no Landlock (Linux 6.2 or newer, switched on, is needed).")
        if homes_within(policy.workspace, policy.environ):
            raise NoIsolation("Landlock can't hide secrets in a workspace that holds your home folder.")
        if self._prepared_for is not policy:
            self._prepare(policy)
        return Launch(
            argv=argv,
            env=host_environment(env, policy, private_home=True),
            cwd=cwd,
            restrict_thread=True,
        )

    def restrict(self, policy: Policy) -> None:
        """Confine the calling thread for good, and everything it starts."""
        if self._prepared_for is not policy:
            self._prepare(policy)
        syscalls.forbid_new_privileges()
        syscalls.drop_capabilities(_kept_capabilities(policy))
        syscalls.landlock_restrict(self._ruleset)
        program = filter_program(internet=policy.network, unix_sockets=policy.unix_sockets, sees_others=True)
        syscalls.install_filter(program)

    def _prepare(self, policy: Policy) -> None:
        """Build the ruleset: rules hold the folders themselves, whatever their names become."""
        everything = (1 << 13 | (1 << 13) - 1) | _TRUNCATE
        if self.abi >= _ABI_IOCTL:
            everything |= _IOCTL_DEVICE
        network = _BIND_AND_CONNECT if self.abi >= _ABI_NETWORK and not policy.network else 0
        scoped = _ABSTRACT_SOCKETS_AND_SIGNALS if self.abi >= _ABI_SCOPES else 0
        ruleset = syscalls.landlock_ruleset(self.abi, everything, network, scoped)
        try:
            for path in _readable_paths(policy):
                _allow(ruleset, path, _READ)
            for name in _DEVICES:
                _allow(ruleset, Path("/dev", name), everything & ~_MAKE_DEVICES)
            writable_git = policy.git_folders if policy.writable_git else ()
            for path in (policy.workspace, policy.private_tmp, *writable_git):
                _allow(ruleset, path, everything & ~_MAKE_DEVICES)
        except BaseException:
            os.close(ruleset)
            raise
        if self._ruleset >= 0:
            os.close(self._ruleset)
        self._ruleset = ruleset
        self._prepared_for = policy


def _kept_capabilities(policy: Policy) -> int:
    """None, except for root in a folder of another user (a volume mounted into a container).

    Without that one right root couldn't write its own workspace; Landlock binds it all the same.
    """
    foreign = os.geteuid() == 0 and policy.workspace.stat().st_uid != 0
    return _CAP_DAC_OVERRIDE if foreign else 0


def _readable_paths(policy: Policy) -> Iterable[Path]:
    homes = home_folders(policy.environ)
    hidden = {*homes, TEMPORARY, RUNTIME, Path("/dev"), policy.state}
    yield from _all_but(Path("/"), hidden)
    yield from needed_folders(policy.environ, policy.workspace, policy.programs)
    for entry in find_git_entries(policy.workspace):
        yield from metadata_folders(entry)
    yield from policy.git_folders
    yield from policy.shown_besides
    if policy.network:
        yield Path(os.path.realpath("/etc/resolv.conf"))
    yield Path("/run/current-system")


def _all_but(folder: Path, hidden: set[Path]) -> Iterable[Path]:
    """What to grant so that everything below ``folder`` is readable except ``hidden``."""
    above = {parent for path in hidden for parent in path.parents}
    try:
        with os.scandir(folder) as entries:
            children = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in children:
        path = Path(entry.path)
        if path in hidden or entry.is_symlink():
            continue
        if path in above:
            yield from _all_but(path, hidden)
        else:
            yield path


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """Grant ``rights`` beneath ``path``; what is missing or can't be opened needs no grant."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            rights &= _FILE_RIGHTS
        syscalls.landlock_allow(ruleset, descriptor, rights)
    finally:
        os.close(descriptor)
