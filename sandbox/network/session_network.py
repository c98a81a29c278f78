"""A network that all commands of a session join, so that a server one starts is reached by the next.

It is made with the first command and held by a small process in it, which waits for its standard input to
end: that happens however this process ends, and the kernel takes the network away with the last in it.
Commands enter by path rather than by descriptors, which bubblewrap would hand on to them.
"""

from __future__ import annotations

import os
import select
import stat
import subprocess
import weakref
from collections.abc import Callable
from contextlib import suppress

from seedsmith.sandbox.isolation.base import Isolation, Namespace, Policy
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap
from seedsmith.sandbox.isolation.own_programs import own_program

_SECONDS = 10.0
_HOLD = ("/bin/sh", "-c", "echo $$; read -r _")


class SessionNetwork:
    """The network of one session's commands; whoever opens it closes it."""

    def __init__(self, isolation: Isolation, policy: Policy) -> None:
        self._isolation = isolation
        self._policy = policy
        self._possible = not policy.network and isinstance(isolation, Bubblewrap)
        self._holder: subprocess.Popen[bytes] | None = None
        self._namespace: Namespace | None = None
        self._forget: Callable[[], object] = lambda: None

    def join(self) -> Namespace | None:
        """What a command is to join, made where that was not done yet; None where this tier can't."""
        if not self._possible or (self._holder is not None and self._holder.poll() is None):
            return self._namespace
        self._namespace = None
        with suppress(OSError):
            self._namespace = self._make()
        self._possible = self._namespace is not None
        return self._namespace

    def close(self) -> None:
        """Let go of it; the next command gets another."""
        self._forget()
        self._namespace = self._holder = None

    def _make(self) -> Namespace | None:
        """A new one; None where bubblewrap has its rights by a set-user-ID bit, or ``nsenter`` is missing."""
        isolation, policy = self._isolation, self._policy
        enter = own_program("nsenter", policy.environ, policy.workspace)
        if enter is None or not isinstance(isolation, Bubblewrap):
            return None
        if os.stat(isolation.executable).st_mode & stat.S_ISUID:  # noqa: PTH116
            return None
        self._forget()
        self._holder = holder = _start_holder(str(isolation.executable), _HOLD)
        self._forget = weakref.finalize(self, _end, holder)
        process = _number_told(holder)
        if process is None or _is_our_own(process):
            self._forget()
            return None
        return Namespace(enter, process)


def _start_holder(bubblewrap: str, program: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """Start what makes the namespaces, loopback included, and runs ``program`` in them."""
    made = ("--unshare-user", "--unshare-net", "--cap-drop", "ALL", "--dev-bind", "/", "/", "--")
    return subprocess.Popen(
        (bubblewrap, *made, *program),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd="/",
        env={},
        start_new_session=True,
    )


def _number_told(holder: subprocess.Popen[bytes]) -> int | None:
    """The number of the process in the namespaces, which it tells once they are ready, or None."""
    if holder.stdout is None or not select.select([holder.stdout], [], [], _SECONDS)[0]:
        return None
    told = holder.stdout.readline().strip()
    return int(told) if told.isdigit() else None


def _is_our_own(process: int) -> bool:
    """Whether ``process`` shares our network after all."""
    return os.readlink(f"/proc/{process}/ns/net") == os.readlink("/proc/self/ns/net")  # noqa: PTH115


def _end(holder: subprocess.Popen[bytes]) -> None:
    """Let the holder end, which lets go of the network, and wait for it."""
    for pipe in (holder.stdin, holder.stdout):
        if pipe is not None:
            pipe.close()
    with suppress(subprocess.TimeoutExpired):
        holder.wait(_SECONDS)
