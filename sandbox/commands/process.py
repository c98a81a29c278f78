"""Start commands under an isolation: limits, a deadline, bounded output, and no survivor."""

from __future__ import annotations

import contextlib
import copy
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from seedsmith.sandbox.commands.command import CommandResult, RunningCommand
from seedsmith.sandbox.commands.control_group import group_place, make_group
from seedsmith.sandbox.commands.credentials import Credentials
from seedsmith.sandbox.commands.descendants import ProcessTree, enable_adoption, frozen
from seedsmith.sandbox.commands.launcher import Launched, Launcher
from seedsmith.sandbox.commands.left_running import telling
from seedsmith.sandbox.commands.lifeline import MARKER_VARIABLE, Lifeline
from seedsmith.sandbox.commands.network_tries import NetworkTries
from seedsmith.sandbox.commands.output import CommandOutput
from seedsmith.sandbox.commands.prepared_command import PreparedCommand
from seedsmith.sandbox.commands.server_process import ServerProcess, StreamedOutput
from seedsmith.sandbox.commands.shared_memory import remove_segments
from seedsmith.sandbox.commands.unix_sockets import Connections
from seedsmith.sandbox.commands.working_folder import working_folder
from seedsmith.sandbox.errors import FolderClosed, PathNotFound, SandboxError
from seedsmith.sandbox.guards.workspace_guards import WorkspaceGuards
from seedsmith.sandbox.isolation.base import Isolation, Limits, Policy, has_network
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap
from seedsmith.sandbox.isolation.environment import command_environment
from seedsmith.sandbox.isolation.package_caches import PackageCaches
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.network.session_network import SessionNetwork

if TYPE_CHECKING:
    from seedsmith.sandbox.workspace.spill import SpillStore

__all__ = ["CommandResult", "ProcessRunner"]


@dataclass(frozen=True, slots=True)
class _StartedCommand:
    """A started command that nobody looks after yet."""

    command: str | Sequence[str]
    launched: Launched
    tree: ProcessTree
    prepared: PreparedCommand
    tries: NetworkTries


_AT_ONCE_SECONDS = 0.02
"""What others do so shortly before a command begins may be taken for the command's doing."""
SAID_BYTES = 4_000
"""So much of what a program said last on its standard error is kept."""
_SHELLS = ("/bin/bash", "/usr/bin/bash", "/bin/sh")


class ProcessRunner:
    """Starts commands under one isolation and policy, on one event loop; whoever opens it closes it."""

    def __init__(
        self,
        isolation: Isolation,
        policy: Policy,
        spills: SpillStore,
        limits: Limits | None = None,
        environment: Mapping[str, str] | None = None,
        prove: Callable[[], None] | None = None,
    ) -> None:
        """``environment`` is all that commands get; None builds the clean one from ``policy.environ``.

        ``prove`` is called before anything starts, and raises where ``isolation`` does not hold after all.
        """
        self.prove = prove or (lambda: None)
        """Returns once the isolation was shown to hold, or raises; from any thread."""
        self.isolation = isolation
        self.policy = policy
        self.network = SessionNetwork(isolation, policy)
        """What the commands share; its ``report`` hears of connections that leave it."""
        self._caches = PackageCaches(isolation, policy)
        self.environment = (
            dict(environment) if environment is not None else self._clean_environment(isolation, policy)
        )
        self.credentials = Credentials()
        """What the user gives to named commands."""
        self._spills = spills
        self._limits = limits or Limits()
        self._shell = next((shell for shell in _SHELLS if os.access(shell, os.X_OK)), "/bin/sh")
        self._contained = isolation.name == "bwrap"
        self._guards = WorkspaceGuards(
            policy.workspace,
            restores_git=isolation.name in ("bwrap", "landlock"),
            is_bound=self._contained,
            save=spills.save,
        )
        self.look_around = self._guards.look
        """Looks at the workspace's folders before the first command has to; from any thread."""
        self._last_shown: tuple[Policy, Policy] | None = None
        self._lifeline = Lifeline(os.fspath(place.folder) if (place := group_place()) else "")
        self._connections = Connections(isolation, policy)
        self._launcher = Launcher(self._connections, self._limits)
        self._running: set[ProcessTree] = set()
        self._ahead: NetworkTries | None = None
        """Made by :meth:`look_ahead` for the next command."""
        if not self._contained:
            enable_adoption()

    def _clean_environment(self, isolation: Isolation, policy: Policy) -> dict[str, str]:
        reached = has_network(isolation, policy) or bool(policy.allow)
        clean = command_environment(policy.environ, policy.workspace, network=reached)
        return self._caches.named_in(clean) | self.network.environment

    def with_policy(self, policy: Policy, environment: Mapping[str, str]) -> ProcessRunner:
        """A runner for the same workspace under another policy, which watches over it together with this."""
        other = copy.copy(self)
        other.policy = policy
        other.environment = dict(environment)
        other._ahead = None
        return other

    @property
    def reach_each_other(self) -> bool:
        """Whether commands reach the ports of each other."""
        return self.policy.joined is not None or has_network(self.isolation, self.policy)

    def accept(self, paths: Iterable[str]) -> None:
        """Let the workspace's protected ``paths`` stay as they are now, whatever runs: a person said so."""
        self._guards.accept(paths)

    def close(self) -> None:
        """End what watches over the commands, and with it any that still run; another start is no error."""
        self.unprepare()
        self._lifeline.close(at_once=not self._running)
        self._connections.close()
        self.network.close()
        self._guards.close()

    def prepare(self, env: Mapping[str, str] | None = None) -> None:
        """Have a sandbox wait for the next command line in the workspace's root, where no command runs.

        To be called on the event loop's thread while nobody waits; ``env`` is that of :meth:`start`. A
        command that finds none, or one that does not serve it, gets a new one.
        """
        if self._running or self._only_reads or not self._contained:
            return
        with contextlib.suppress(OSError, SandboxError):  # The command itself will tell.
            self.prove()
            self._own_network()
            self._guards.refresh()
            prepared = self._prepare("", self._argv(""), {**self.environment, **(env or {})})
            self._launcher.prepare(prepared, working_folder(self.policy.workspace, "."))

    def look_ahead(self) -> None:
        """Look at all that is looked at before the next command, which is to be started at once."""
        if not self._running and not self._only_reads:
            self._guards.refresh()
            self._ahead = NetworkTries(self.network)

    def unprepare(self) -> None:
        """End what waits for a command, if anything does."""
        self._launcher.discard()

    async def run(
        self,
        command: str | Sequence[str],
        *,
        timeout: float,  # noqa: ASYNC109
        cwd: str = ".",
        head_bytes: int = 8_000,
        tail_bytes: int = 8_000,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        spill: bool = True,
    ) -> CommandResult:
        """Run ``command`` and return when it exits; the parameters are those of :meth:`start`.

        What it left running is killed, and so is all when the deadline passes or the task is cancelled.
        """
        running = self.start(
            command,
            timeout=timeout,
            cwd=cwd,
            head_bytes=head_bytes,
            tail_bytes=tail_bytes,
            env=env,
            stdin=stdin,
            spill=spill,
        )
        return await running.wait_or_stop()

    def start(
        self,
        command: str | Sequence[str],
        *,
        timeout: float | None = None,
        cwd: str = ".",
        head_bytes: int = 8_000,
        tail_bytes: int = 8_000,
        env: Mapping[str, str] | None = None,
        stdin: bytes | None = None,
        open_stdin: bool = False,
        spill: bool = True,
    ) -> RunningCommand:
        """Start ``command`` in ``cwd`` (relative to the workspace); to be called on the event loop's thread.

        A string runs through bash, a sequence as it stands. ``timeout`` is in seconds, None for no
        deadline. Standard output and error are one stream, in order; standard input holds ``stdin``, which
        is nothing unless given, or stays open for :meth:`RunningCommand.write`. The caller sees to it that
        the command is stopped.
        Raises :class:`seedsmith.sandbox.errors.PathError` for a ``cwd`` that can't be used and
        :class:`seedsmith.sandbox.errors.SandboxError` where the command can't be started at all.
        """
        begun = self._begin(command, cwd, env, stdin=stdin, open_stdin=open_stdin)
        spills = self._spills if spill else None
        output = CommandOutput(
            begun.launched.reader, head_bytes, tail_bytes, spills, self._limits.output_bytes
        )
        return self._supervised(begun, output, timeout)

    def converse(
        self, argv: Sequence[str], *, cwd: str = ".", env: Mapping[str, str] | None = None
    ) -> ServerProcess:
        """Start ``argv`` to be talked with until it is stopped: it has no deadline, its output no end.

        Its errors are kept apart from its output. ``cwd``, ``env`` and what is raised are those of
        :meth:`start`.
        """
        with contextlib.ExitStack() as opened:
            reader, errors = os.pipe()
            opened.callback(os.close, reader)
            with os.fdopen(errors, "wb", 0):
                begun = self._begin(tuple(argv), cwd, env, open_stdin=True, errors=errors)
            opened.pop_all()
        output = StreamedOutput(begun.launched.reader)
        said = CommandOutput(reader, 0, SAID_BYTES, None, None)
        return ServerProcess(self._supervised(begun, output, None, said), output, said)

    def _begin(
        self,
        command: str | Sequence[str],
        cwd: str,
        env: Mapping[str, str] | None,
        *,
        stdin: bytes | None = None,
        open_stdin: bool = False,
        errors: int | None = None,
    ) -> _StartedCommand:
        """Start ``command`` with all that is watched over looked at before; its errors go to ``errors``."""
        self.prove()
        argv = self._argv(command)
        marker = "" if self._contained else self._new_marker()
        environment = {**self.environment, **(env or {})}
        if marker:
            environment[MARKER_VARIABLE] = marker
        self._own_network()
        tries, self._ahead = self._ahead, None
        looked = tries is not None and time.monotonic() - tries.made < _AT_ONCE_SECONDS
        if tries is None or not looked:
            tries = NetworkTries(self.network)
        notes: list[str] = []
        if not self._only_reads:
            if self._running:  # What changed may be their doing.
                notes = self._guards.reopen(alone=False)
            elif not looked:
                self._guards.refresh()
        group = make_group(marker or os.urandom(8).hex(), self._limits.memory_bytes)
        prepared = replace(self._prepare(command, argv, environment), errors=errors, group=group, notes=notes)
        launched = self._launched(prepared, cwd, stdin, open_stdin)
        tree = ProcessTree(launched.started.root, contained=self._contained, marker=marker)
        if not self._only_reads:
            self._running.add(tree)
        return _StartedCommand(command, launched, tree, prepared, tries)

    def _supervised(
        self,
        begun: _StartedCommand,
        output: CommandOutput,
        timeout: float | None,
        said: CommandOutput | None = None,
    ) -> RunningCommand:
        """What was ``begun``, looked after until its end; then ``said`` is closed, too."""
        policy = self.policy

        def ended() -> list[str]:
            begun.tries.stop()
            if said is not None:
                said.close()
            return self._ended(begun.tree, begun.prepared)

        def explain(text: bytes, failed: bool) -> list[str]:
            from seedsmith.sandbox.commands.output_notes import sandbox_note

            away = begun.tries.came_to_nothing(begun.command, text)
            return sandbox_note(text, policy, self._limits, failed=failed, turned_away=away)

        return RunningCommand(
            begun.launched.started,
            begun.tree,
            output,
            explain=explain,
            limits=self._limits,
            timeout=timeout,
            stdin=begun.launched.keyboard,
            when_ended=ended,
        )

    def _argv(self, command: str | Sequence[str]) -> tuple[str, ...]:
        if isinstance(command, str):
            return (self._shell, "-c", telling(command) if self._contained else command)
        return tuple(command)

    def _own_network(self) -> None:
        """Have the policy say which sockets and which network the next command gets."""
        self._caches.fill()
        own_sockets = self._connections.begin()
        joined = None if self.policy.network else self.network.join()
        if (self.policy.unix_sockets, self.policy.joined) != (own_sockets, joined):
            self.policy = replace(self.policy, unix_sockets=own_sockets, joined=joined)

    def _prepare(
        self, command: str | Sequence[str], argv: tuple[str, ...], env: dict[str, str]
    ) -> PreparedCommand:
        """How a command is run: as all are, or by itself where the user gives it credentials."""
        shown = self._shown()
        if isinstance(command, str) and isinstance(self.isolation, Bubblewrap):
            given = self.credentials.given(command, shown)
            if given is not None:
                isolation = self.isolation.without(frozenset())  # It keeps what it worked out for a policy.
                return PreparedCommand(
                    isolation, given.policy, given.argv, {**env, **given.environment}, given
                )
        return PreparedCommand(self.isolation, shown, argv, env)

    def _ended(self, tree: ProcessTree, prepared: PreparedCommand) -> list[str]:
        notes = [*dict.fromkeys(prepared.notes), *prepared.let_go()]
        if self.isolation.name == "landlock":
            remove_segments(prepared.began)
        return notes if self._only_reads else [*notes, *self._restore(tree)]

    @property
    def _only_reads(self) -> bool:
        """Whether nothing that is started can change the workspace."""
        return self._contained and self.policy.only_reads

    def _shown(self) -> Policy:
        """The policy with what the strong tier shows read-only for git's sake."""
        if not self._contained:
            return self.policy
        read_only = self._guards.read_only(alone=not self._running)
        if self._last_shown is None or self._last_shown[0] is not self.policy:
            self._last_shown = (self.policy, self.policy)
        if self._last_shown[1].read_only != read_only:
            self._last_shown = (self.policy, replace(self.policy, read_only=read_only))
        return self._last_shown[1]

    def _new_marker(self) -> str:
        try:
            return self._lifeline.new_marker()
        except OSError as error:
            raise SandboxError(f"The command can't be started: {error}.") from error

    def _launched(
        self, prepared: PreparedCommand, cwd: str, stdin: bytes | None, open_stdin: bool
    ) -> Launched:
        """Start ``prepared`` in ``cwd``; those that run are held still where its folder is closed.

        Raises :class:`SandboxError`; then nothing runs, and no descriptor is left open.
        """

        def launch() -> Launched:
            folder = working_folder(self.policy.workspace, cwd)
            return self._launcher.start(prepared, folder, stdin, open_stdin=open_stdin)

        try:
            try:
                return launch()
            except (FolderClosed, PathNotFound):
                if not self._running:
                    raise
            with frozen(self._running):
                prepared.notes.extend(self._guards.reopen(alone=False))
                return launch()
        except (OSError, SandboxError) as error:
            prepared.let_go()
            if isinstance(error, SandboxError):
                raise
            raise SandboxError(f"The command can't be started: {error.strerror or error}.") from error

    def _restore(self, ended: ProcessTree) -> list[str]:
        """Undo what was done to git's files, the agent's own and those that other programs run.

        Commands that still run are held; where one can't be, the end of the last one restores them.
        """
        self._running.discard(ended)
        notes = self._guards.reopen(alone=not self._running)
        harmed = self._guards.is_harmed(by_git=self.policy.writable_git and not self._running)
        with frozen(self._running if harmed else ()) as still:
            return notes + (self._guards.restore() if harmed and still else self._guards.report())
