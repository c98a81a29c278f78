"""Start a :class:`~seedsmith.sandbox.isolation.base.Launch`: descriptors, the gate, the throw-away thread.

The process is started by the calling thread (bubblewrap's ``--die-with-parent`` follows the thread, see
docs/sandbox.md, "Commands"), except where the launch must confine the thread first, which no thread
survives being.
"""

from __future__ import annotations

import errno
import os
import re
import resource
import select
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property

from seedsmith.sandbox.commands.descendants import bury, children
from seedsmith.sandbox.commands.limits import apply_limits
from seedsmith.sandbox.errors import FolderClosed, SandboxError
from seedsmith.sandbox.isolation.base import Isolation, Launch, Limits, Policy
from seedsmith.sandbox.lazy_dataclass import dataclass

_GATE_SECONDS = 30.0
"""A launcher that hasn't come up by then never will."""
_MOST_ARGUMENT_BYTES = 32 * resource.getpagesize() - 1
"""Of a single argument, its end mark aside (``execve(2)``, ``MAX_ARG_STRLEN``)."""
_BASH = next((path for path in ("/bin/bash", "/usr/bin/bash") if os.access(path, os.X_OK)), None)
_SHELL = ("/bin/sh", "-c", 'read -r _ && exec "$@" <"$0"')
"""Waits for a line, then becomes the command that follows, with the input that is named before it."""
_STILL_HELD = (_BASH, "-p", "-c", 'read -r _ && ! read -t 0 && exec "$@" <"$0"') if _BASH else _SHELL
"""The same, but it ends where nobody holds the other end any more, though the line was given."""
_TAKES_COMMAND = (
    'echo && IFS= read -r -d "" BASH_EXECUTION_STRING && ! read -t 0 || exit; '
    'exec </dev/null; set +p; SECONDS=0; eval "$BASH_EXECUTION_STRING"'
)
"""Says by an empty line that it waits; does what it is told, which ends with a NUL, as ``bash -c`` would."""
CAN_TAKE_COMMAND = _BASH is not None
"""Whether there is a shell that can be held back with its command unknown."""
_CHILD_PID = re.compile(rb'"child-pid": *(\d+)')


@dataclass(frozen=True, slots=True)
class Started:
    """A running launch."""

    process: subprocess.Popen[bytes]
    root: int
    """The process everything the command starts descends from: ``process`` itself, or bubblewrap's init."""
    exit_fd: int = -1
    """Becomes readable when it ends (a pidfd); only where there are limits."""
    held_fds: tuple[int, ...] = ()
    """The agent's ends that must stay open while it runs."""

    def close(self) -> None:
        """Close what was held for it; once."""
        for descriptor in self.held_fds:
            os.close(descriptor)


def start(
    isolation: Isolation,
    policy: Policy,
    launch: Launch,
    *,
    limits: Limits | None,
    output: int,
    stdin: int | None = None,
) -> Started:
    """Start ``launch`` with its output on the descriptor ``output``, its errors too unless it says where.

    ``stdin`` is a descriptor that can be opened anew (a memory file, a pipe), or None for ``/dev/null``. With
    ``limits`` None nothing is limited and nothing waits. Takes over every descriptor of the launch.
    Raises :class:`SandboxError` where the command can't be started.
    """
    if launch.gate is not None:
        return hold_back(isolation, policy, launch, output, stdin).let_go(launch, limits)
    try:
        _check_sockets(policy, launch)
        if limits is not None:
            return _start_behind_shell(isolation, policy, launch, limits, output, stdin)
        process = _popen(isolation, policy, launch, launch.argv, output, stdin)
        return Started(process, process.pid)
    except OSError as error:
        raise _not_started(error, launch) from error
    finally:
        _close(launch.pass_fds)


class Held:
    """A launcher that was started with a shell in the command's place, which waits to become it.

    ``information`` is where ``"child-pid": N`` is read from. ``release`` takes what the shell waits for, and
    is held as long as the command runs. It is let go or ended, once.
    """

    def __init__(self, process: subprocess.Popen[bytes], information: int, release: int) -> None:
        self.process = process
        self._information = information
        self._release = release
        self._is_limited = False

    @cached_property
    def root(self) -> int | None:
        """The process behind the launcher; None where that failed before there was one."""
        return _read_child_pid(self._information)

    def limit(self, limits: Limits) -> None:
        """Set ``limits`` before it is let go, while nobody waits. Raises OSError where one can't be set."""
        root = self.root
        if root is not None:
            limit_all(root, limits)
            self._is_limited = True

    def let_go(self, launch: Launch, limits: Limits | None, line: bytes = b"\n") -> Started:
        """Set the ``limits``, and let the shell become the command by ``line``."""
        held = [self._information, self._release]
        exit_fd = -1
        if limits is not None:
            try:  # While it still waits: once it runs, nothing of the start may fail.
                exit_fd = os.pidfd_open(self.process.pid)
            except OSError as error:
                self.end()
                raise _not_started(error, launch) from error
            held.append(exit_fd)
        root = self.root or self.process.pid
        try:
            if limits is not None and root != self.process.pid:
                if not self._is_limited:
                    limit_all(root, limits)
                join_group(root, launch)
            os.write(self._release, line)
        except OSError:
            self.process.kill()  # Without its limits it must not run; one that failed has ended by itself.
        return Started(self.process, root, exit_fd, tuple(held))

    def end(self) -> None:
        """End it: the shell becomes nothing.

        The process behind the launcher is ended, too: where it was only coming up it would wait for ever.
        """
        root = self.root
        self.process.kill()
        if root is not None:
            with suppress(ProcessLookupError):
                os.kill(root, signal.SIGKILL)
            bury(root)
        self.process.wait()
        _close((self._information, self._release))


def hold_back(
    isolation: Isolation,
    policy: Policy,
    launch: Launch,
    output: int,
    stdin: int | None = None,
    *,
    takes_command: bool = False,
) -> Held:
    """Start a launcher that has a gate with a shell in the command's place, which becomes that for a line.

    With ``takes_command`` the shell does itself what the line says, which ends with a NUL, and writes an
    empty line to ``output`` once it waits; :data:`CAN_TAKE_COMMAND` says whether it can.
    Where the agent was killed, the shell ends, and the launcher with it: ``--die-with-parent`` has no hold
    before all is set up, and bubblewrap's own ``--block-fd`` takes the agent's end for a yes.
    Takes over every descriptor of the launch. Raises :class:`SandboxError`.
    """
    gate = launch.gate
    assert gate is not None
    source, inherited = _reopened(stdin)
    shell = (*_STILL_HELD, source, *launch.argv[gate.command_at :])
    if takes_command:
        assert _BASH is not None
        shell = (_BASH, "-p", "-c", _TAKES_COMMAND, _BASH)
    argv = (*launch.argv[: gate.command_at], *shell)
    held = [gate.information_fd]
    try:
        _check_sockets(policy, launch)
        waiting, release = os.pipe()
        held.append(release)
        try:
            process = _popen(isolation, policy, launch, argv, output, waiting, inherited)
        finally:
            os.close(waiting)
    except OSError as error:
        _close(held)
        raise _not_started(error, launch) from error
    except BaseException:
        _close(held)
        raise
    finally:
        _close(launch.pass_fds)
    return Held(process, gate.information_fd, release)


def _check_sockets(policy: Policy, launch: Launch) -> None:
    if policy.unix_sockets and launch.start_in is None:
        raise OSError(errno.EPERM, "nothing sees to where its Unix sockets lead")


def _reopened(stdin: int | None) -> tuple[str, tuple[int, ...]]:
    """Where a shell that waits for its line finds the command's input, and what it inherits for that."""
    return ("/dev/null", ()) if stdin is None else (f"/proc/self/fd/{stdin}", (stdin,))


def _not_started(error: OSError, launch: Launch) -> SandboxError:
    """What says in a sentence or two what the system refused."""
    if error.errno == errno.EACCES and error.filename in (launch.cwd, os.fspath(launch.cwd)):
        return FolderClosed(
            f"The command can't be started: its folder {launch.cwd} is closed to its owner. One in the "
            "background may close it: end that."
        )
    return SandboxError(_why_not_started(error, launch))


def _why_not_started(error: OSError, launch: Launch) -> str:
    if error.errno != errno.E2BIG:
        return f"The command can't be started: {error.strerror or error}."
    longest = max(map(_bytes_of, launch.argv))
    if longest > _MOST_ARGUMENT_BYTES:
        return (
            f"The command line is {longest:,} bytes long, and the system takes at most "
            f"{_MOST_ARGUMENT_BYTES:,}: write it to a file first and run that."
        )
    total = sum(map(_bytes_of, launch.argv))
    return (
        f"The command's arguments are {total:,} bytes long together, which is more than the system takes: "
        "write them to a file first."
    )


def _bytes_of(argument: str) -> int:
    return len(os.fsencode(argument))


def _start_behind_shell(
    isolation: Isolation, policy: Policy, launch: Launch, limits: Limits, output: int, stdin: int | None
) -> Started:
    """Let a shell wait for a line before it becomes the command: no race, and no ``preexec_fn``."""
    source, inherited = _reopened(stdin)
    argv = (*_SHELL, source, *launch.argv)
    waiting, release = os.pipe()
    process: subprocess.Popen[bytes] | None = None
    released = False
    try:
        process = _popen(isolation, policy, launch, argv, output, waiting, inherited)
        exit_fd = os.pidfd_open(process.pid)
        apply_limits(process.pid, limits, own_user_namespace=False)
        if launch.joins is not None:
            launch.joins.write_text(str(process.pid))
        released = os.write(release, b"\n") == 1
    finally:
        _close((waiting, release))
        if process is not None and not released:
            process.kill()
            process.wait()
    return Started(process, process.pid, exit_fd, (exit_fd,))


def limit_all(root: int, limits: Limits) -> None:
    """Set ``limits`` for a namespace's first process, and for what it started before it could be limited.

    None of that starts anything before it is let go. Raises OSError where a limit can't be set.
    """
    for pid in (root, *children(root)):
        apply_limits(pid, limits, own_user_namespace=True)


def join_group(root: int, launch: Launch) -> None:
    """Put the same processes into the control group of ``launch``, where it has one. Raises OSError."""
    if launch.joins is not None:
        for pid in (root, *children(root)):
            launch.joins.write_text(str(pid))


def _popen(
    isolation: Isolation,
    policy: Policy,
    launch: Launch,
    argv: tuple[str, ...],
    output: int,
    stdin: int | None,
    inherited: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    def popen() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=output,
            stderr=output if launch.errors is None else launch.errors,
            close_fds=True,
            pass_fds=(*launch.pass_fds, *inherited),
            cwd=launch.cwd,
            env=dict(launch.env),
            start_new_session=True,
        )

    if launch.start_in is not None:
        return launch.start_in(popen)
    if not launch.restrict_thread:
        return popen()

    def confined() -> subprocess.Popen[bytes]:
        isolation.restrict(policy)
        return popen()

    return in_passing_thread(confined)


def in_passing_thread(function: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """Call ``function`` in a thread that ends with it; its exception is raised here."""
    results: list[subprocess.Popen[bytes]] = []
    errors: list[Exception] = []

    def body() -> None:
        try:
            results.append(function())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=body, name="sandbox-launch")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _read_child_pid(descriptor: int) -> int | None:
    """The process behind the launcher; None where the launcher failed before there was one."""
    text = b""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    while poller.poll(_GATE_SECONDS * 1000):
        part = os.read(descriptor, 4096)
        text += part
        if match := _CHILD_PID.search(text):
            return int(match[1])
        if not part:
            break
    return None


def _close(descriptors: tuple[int, ...] | list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def memory_file(data: bytes) -> int:
    """A descriptor of a file in memory alone, which is read from its start."""
    descriptor = os.memfd_create("stdin")
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
