"""What an isolation is: something that turns a command into a launch the kernel confines."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from subprocess import Popen
from typing import Protocol

from seedsmith.sandbox.isolation.toolchain_shapes import leads_through
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.real_path import real_name


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network of a session's own, which its commands join, each with nothing else in it but loopback."""

    enter: Path
    """The ``nsenter`` program."""
    process: int
    """Who is in it, and in the user namespace it belongs to, and stays."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What commands may touch, decided by the user before the session and never widened by a model."""

    workspace: Path
    """Canonical path of the only folder commands may write, besides their private temporary folder."""
    private_tmp: Path
    """Folder on the host that backs the session's ``/tmp``; it outlives single commands."""
    state: Path
    """The agent's own state folder: invisible inside."""
    network: bool = False
    writable_git: bool = False
    """Git's own tool may ask for writable ``git_folders`` for vetted subcommands; shell commands never do."""
    git_folders: tuple[Path, ...] = ()
    """Git's metadata folders beyond what the workspace shows read-only by itself: those to be writable, and
    those that lie outside (a worktree's, or the repository's the workspace is a subfolder of)."""
    read_only: tuple[Path, ...] | None = None
    """What of the workspace to show read-only for git's sake; None for what a look at it finds."""
    also_readable: tuple[Path, ...] = ()
    """Files and folders to show read-only wherever they lie, e.g. ignore files above the workspace, or the
    folder of a skill, whose programs can be run. Those that are missing or hold ``state`` are left out, and
    so are those in the workspace, or that lead through it: commands decide where links in it lead."""
    programs: tuple[Path, ...] = ()
    """Programs the user named by path: shown read-only with the installations they belong to."""
    unix_sockets: bool = False
    """Leave Unix sockets to commands; whoever starts them sees to it that only their own are reached
    (:mod:`seedsmith.sandbox.commands.unix_sockets`)."""
    allow: tuple[str, ...] = ()
    """Hosts, each perhaps with its port, that commands reach by a proxy though they have no ``network``."""
    joined: Namespace | None = None
    """The network to join instead of one for each command; see :mod:`seedsmith.sandbox.network`."""
    shown_instead: Path | None = None
    """A folder shown at the workspace's own path, which the strong tier alone can; None for the workspace."""
    still_shown: tuple[Path, ...] = ()
    """What of the workspace is shown all the same where something is shown instead of it."""
    copy_of: Path | None = None
    """The folder that the workspace is a copy of: the strong tier shows the workspace there, too, read-only,
    for whatever knows that path."""
    shared: tuple[str, ...] = ()
    """Folders of ``copy_of``, relative, that the strong tier shows in the workspace, read-only."""
    only_reads: bool = False
    """Show the workspace read-only, which the strong tier alone can: what runs changes no file of it, so that
    nothing has to be watched or put back for its sake."""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, hash=False, compare=False)
    """The user's own environment: where the home folder is, and which toolchains are in use."""

    @property
    def shown_besides(self) -> tuple[Path, ...]:
        """What of ``also_readable`` is to be shown: absolute, there, neither in the workspace nor private."""
        return tuple(path for path in self.also_readable if path.is_absolute() and self._may_be_shown(path))

    def _may_be_shown(self, path: Path) -> bool:
        real = real_name(os.fspath(path))
        if leads_through(path, (self.workspace,)) or not os.path.exists(real):
            return False
        inside, state = f"{real.rstrip('/')}/", f"{self.state}/"
        return not state.startswith(inside) and not inside.startswith(state)


@dataclass(frozen=True, slots=True)
class Gate:
    """Holds a started command back until its limits are set, so that none of it ever runs without them."""

    information_fd: int
    """Where ``"child-pid": N`` is read from: the process the limits go to, and the root of all others."""
    command_at: int
    """Where the command itself begins in the launch's ``argv``: behind what starts it."""


@dataclass(frozen=True, slots=True)
class Launch:
    """A command line ready to be started, and what must hold while it is."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    pass_fds: tuple[int, ...] = ()
    """Inheritable descriptors; the process layer closes its own copies after the start."""
    restrict_thread: bool = False
    """Start from a throw-away thread that first calls :meth:`Isolation.restrict` (Landlock)."""
    start_in: Callable[[Callable[[], Popen[bytes]]], Popen[bytes]] | None = None
    """Calls what starts it, from a thread that is filtered for it; None for the thread at hand."""
    errors: int | None = None
    """Descriptor that its standard error goes to; None: where its output goes."""
    joins: Path | None = None
    """The file of a control group that the command's number is written to while it is held back."""
    gate: Gate | None = None
    """How the launch itself holds the command back; None lets the process layer hold it."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a canary run showed; nothing static proves a sandbox (docs/sandbox.md, "Choosing a tier")."""

    works: bool
    enforced: tuple[str, ...] = ()
    """Short phrases, e.g. ``no writes outside the workspace``."""
    missing: tuple[str, ...] = ()
    reason: str = ""
    """Why it does not work, as one sentence with what to do about it."""
    hindered: bool = False
    """Whether it works on this machine and fails by something in the workspace: no ground for a weaker."""


class Isolation(Protocol):
    """One way of confining commands."""

    @property
    def name(self) -> str:
        """``bwrap``, ``landlock``, ``external`` or ``off``."""

    @property
    def description(self) -> str:
        """One line for people: what is enforced, and whether it is the weaker tier."""

    def launch(self, argv: tuple[str, ...], policy: Policy, env: Mapping[str, str], cwd: Path) -> Launch:
        """Wrap ``argv`` so that it runs confined by ``policy``."""

    def restrict(self, policy: Policy) -> None:
        """Confine the calling thread; only called where ``Launch.restrict_thread`` is set."""


def has_network(isolation: Isolation, policy: Policy) -> bool:
    """Whether commands reach the network: where nothing confines them, the policy keeps none from it."""
    return policy.network or isolation.name not in ("bwrap", "landlock")


@dataclass(frozen=True, slots=True)
class Limits:
    """Resource limits of one command; None leaves a limit as it is."""

    processes: int | None = 512
    """Processes and threads of one command."""
    file_bytes: int | None = 4 << 30
    open_files: int | None = 1024
    memory_bytes: int | None = 8 << 30
    """Memory of the whole process tree, files in memory included, watched a few times a second."""
    output_bytes: int | None = 256 << 20
    """A command that writes more than this is stopped."""
