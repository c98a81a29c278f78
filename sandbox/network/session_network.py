"""A network that all commands of a session join, so that a server one starts is reached by the next.

It is made with the first command and held by a small process in it, which waits for its standard input to
end: that happens however this process ends, and the kernel takes the network away with the last in it.
Where hosts are allowed, the listening sockets of the way out are made inside it by that process.
Commands enter by path rather than by descriptors, which bubblewrap would hand on to them.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import subprocess
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from seedsmith.sandbox.child_end import ends
from seedsmith.sandbox.errors import NoIsolation
from seedsmith.sandbox.isolation.base import Isolation, Namespace, Policy, has_network
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap
from seedsmith.sandbox.isolation.own_programs import own_program
from seedsmith.sandbox.network.allowed_hosts import LOOPBACK_NAMES, MOST_ENTRIES, Allowed
from seedsmith.sandbox.network.kernel_counters import kernel_refusals

if TYPE_CHECKING:
    from seedsmith.sandbox.network.egress import Attempt, Egress

_SECONDS = 10.0
_HOLD = ("/bin/sh", "-c", "echo $$; read -r _")
_LISTEN = Path(__file__).with_name("listen.py")
_HOST = "127.0.0.1"
_FIRST_PORT = 3128
_PRIVILEGED = 1024
_NO_WAY_OUT = (
    "--network allow=… needs bubblewrap without a set-user-ID bit, and nsenter (util-linux), to keep "
    "commands from every other host; use --network off, or on to let them reach all."
)
_LONGEST_LINE = 64 << 10


class SessionNetwork:
    """The network of one session's commands; whoever opens it closes it."""

    def __init__(self, isolation: Isolation, policy: Policy) -> None:
        self._isolation = isolation
        self._policy = policy
        self._allowed = Allowed(policy.allow)
        self._egress: Egress | None = None
        self.report: Callable[[Attempt], None] = lambda _: None
        """Hears of the connections that commands ask for."""
        self._possible = bool(policy.allow) or (not policy.network and isinstance(isolation, Bubblewrap))
        self._holder: subprocess.Popen[bytes] | None = None
        self._namespace: Namespace | None = None
        self._forget: Callable[[], object] = lambda: None
        self._refused = 0

    def join(self) -> Namespace | None:
        """What a command is to join, made where that was not done yet; None where this tier can't.

        Needs the running loop where hosts are allowed; then it raises :class:`NoIsolation` instead of None.
        """
        if not self._possible or (self._holder is not None and self._holder.poll() is None):
            return self._namespace
        self._namespace = None
        with suppress(OSError):
            self._namespace = self._make()
        self._possible = self._namespace is not None or bool(self._allowed.entries)
        if self._allowed.entries and self._namespace is None:
            raise NoIsolation(_NO_WAY_OUT)
        return self._namespace

    def close(self) -> None:
        """Let go of it; the next command gets another."""
        if self._egress is not None:
            self._egress.close()
        self._forget()
        self._namespace = self._holder = self._egress = None

    @property
    def is_cut_off(self) -> bool:
        """Whether commands reach no more than what is named, if anything is."""
        return not has_network(self._isolation, self._policy)

    @property
    def turned_away(self) -> int | None:
        """How many connections that would have left it came to nothing; None where nobody counts them.

        The kernel counts those it has no route for, whatever becomes of the program's complaint.
        """
        if self._namespace is None:
            return None
        return kernel_refusals(self._namespace.process) + self._refused

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which programs find the way out; none where there is none."""
        if not self._allowed.entries:
            return {}
        proxy, direct = f"http://{_HOST}:{self._port}", ",".join(LOOPBACK_NAMES)
        given = {"http_proxy": proxy, "https_proxy": proxy, "no_proxy": direct}
        shouted = {name.upper(): value for name, value in given.items()}
        return {**given, **shouted, "NODE_USE_ENV_PROXY": "1", "npm_config_update_notifier": "false"}

    @property
    def _port(self) -> int:
        """Where the proxy listens: no port that means something else inside."""
        taken = {port for _, port in self._allowed.on_loopback()}
        return next(port for port in range(_FIRST_PORT, 1 << 16) if port not in taken)

    def _make(self) -> Namespace | None:
        """A new one; None where bubblewrap has its rights by a set-user-ID bit, or ``nsenter`` is missing."""
        isolation, policy = self._isolation, self._policy
        enter = own_program("nsenter", policy.environ, policy.workspace)
        if enter is None or not isinstance(isolation, Bubblewrap):
            return None
        if os.stat(isolation.executable).st_mode & stat.S_ISUID:  # noqa: PTH116
            return None
        self.close()
        ours, theirs = socket.socketpair() if self._allowed.entries else (None, None)
        try:
            self._holder = holder = self._start_holder(str(isolation.executable), theirs)
            self._forget = weakref.finalize(self, _end, holder)
            process = _reported_number(holder)
            if process is None or _is_our_own(process) or not self._serve(ours):
                self.close()
                return None
            return Namespace(enter, process)
        finally:
            for each in (ours, theirs):
                if each is not None:
                    each.close()

    def _start_holder(self, bubblewrap: str, channel: socket.socket | None) -> subprocess.Popen[bytes]:
        """Start what makes the namespaces, loopback included, and stays in them.

        Listening sockets come through the other end of ``channel`` first.
        """
        program: tuple[str, ...] = _HOLD
        rights: tuple[str, ...] = ("--cap-drop", "ALL")
        if channel is not None:
            passed_on = self._allowed.on_loopback()
            places = [f"{host}/{port}" for host, port in ((_HOST, self._port), *passed_on)]
            start = (sys.executable, "-I", "-S", str(_LISTEN), str(channel.fileno()))
            program = (*start, *places, "--", *_HOLD)
            if any(port < _PRIVILEGED for _, port in passed_on):
                rights = (*rights, "--cap-add", "CAP_NET_BIND_SERVICE")
        made = ("--unshare-user", "--unshare-net", *rights, "--dev-bind", "/", "/", "--")
        return subprocess.Popen(
            (bubblewrap, *made, *program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            pass_fds=() if channel is None else (channel.fileno(),),
            cwd="/",
            env={},
            start_new_session=True,
        )

    def _serve(self, channel: socket.socket | None) -> bool:
        """Serve the listening sockets that come through ``channel``; whether what is needed came."""
        if channel is None:
            return True
        from seedsmith.sandbox.network.egress import Egress
        from seedsmith.sandbox.network.upstream_proxy import UserProxies

        channel.setblocking(False)
        said, descriptors, _, _ = socket.recv_fds(channel, _LONGEST_LINE, 4 * MOST_ENTRIES)
        places = [place.split("/") for place in said.decode().split()]
        self._egress = egress = Egress(
            self._allowed,
            lambda attempt: self.report(attempt),
            proxies=UserProxies(self._policy.environ),
            refused=self._count_refused,
        )
        for (host, port), descriptor in zip(places, descriptors, strict=True):
            listening = socket.socket(fileno=descriptor)
            if (host, int(port)) == (_HOST, self._port):
                egress.serve_proxy(listening)
            else:
                egress.serve_forward(listening, host, int(port))
        return [_HOST, str(self._port)] in places

    def _count_refused(self) -> None:
        self._refused += 1


def _reported_number(holder: subprocess.Popen[bytes]) -> int | None:
    """The number of the process in the namespaces, which it tells once they are ready, or None."""
    if holder.stdout is None or not select.select([holder.stdout], [], [], _SECONDS)[0]:
        return None
    line = holder.stdout.readline().strip()
    return int(line) if line.isdigit() else None


def _is_our_own(process: int) -> bool:
    """Whether ``process`` shares our network after all."""
    return os.readlink(f"/proc/{process}/ns/net") == os.readlink("/proc/self/ns/net")  # noqa: PTH115


def _end(holder: subprocess.Popen[bytes]) -> None:
    """Let the holder end, which lets go of the network, and wait for it."""
    for pipe in (holder.stdin, holder.stdout):
        if pipe is not None:
            pipe.close()
    if ends(holder, _SECONDS):
        holder.wait()
