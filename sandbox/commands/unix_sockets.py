"""Unix sockets among a session's own commands: every connection of a command is made here, or refused.

A filter can't see where a connection leads: the address lies behind a pointer, and another thread may change
it once it was looked at. So the kernel hands each ``connect`` over. The address is copied, the socket
fetched, and connected from here to what was copied: beneath the session's private ``/tmp``, in the
network of the command itself, and nowhere else (docs/sandbox.md, "System calls").
"""

from __future__ import annotations

import errno
import fcntl
import os
import queue
import select
import socket
import stat
import struct
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from seedsmith.sandbox.isolation import syscalls
from seedsmith.sandbox.isolation.base import Isolation, Policy
from seedsmith.sandbox.isolation.bubblewrap import Bubblewrap
from seedsmith.sandbox.isolation.hidden_folders import TEMPORARY, is_beneath
from seedsmith.sandbox.isolation.seccomp import connection_filter
from seedsmith.sandbox.workspace.open_beneath import (
    RESOLVE_BENEATH,
    RESOLVE_NO_MAGICLINKS,
    has_openat2,
    openat2,
)

_RECEIVE = 0xC0502100
_SEND = 0xC0182101
_STILL_VALID = 0x40082102
_REQUEST = struct.Struct("=QII" + "iIQ" + "6Q")
_ANSWER = struct.Struct("=QqiI")
_FAMILY = struct.Struct("=H")
_LONGEST_ADDRESS = 128
_MOST_WAITING = 64
"""So many connections wait at a time until somebody takes them; each costs a thread and two descriptors."""
_PATH_FLAGS = os.O_PATH | os.O_CLOEXEC
_T = TypeVar("_T")


class Connections:
    """Starts commands so that their connections come here; whoever opens it closes it.

    What starts them is one thread that lives as long as this, because a filter is inherited from the thread
    that starts a command, and bubblewrap ends with it.
    """

    def __init__(self, isolation: Isolation, policy: Policy) -> None:
        self._isolation = isolation
        self._answerer = _Answerer(policy)
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._begun: bool | None = None
        weakref.finalize(self, self._work.put, None)  # The threads hold nothing of this.

    def begin(self) -> bool:
        """Begin where that was not done yet; whether this machine and the isolation can."""
        if self._begun is None:
            self._begun = _can_be_filtered(self._isolation) and self._begin()
        return self._begun

    def call(self, function: Callable[[], _T]) -> _T:
        """Call ``function`` where what it starts is filtered; its exception is raised here."""
        done: queue.SimpleQueue[tuple[_T | None, Exception | None]] = queue.SimpleQueue()

        def work() -> None:
            try:
                done.put((function(), None))
            except Exception as error:
                done.put((None, error))

        self._work.put(work)
        result, error = done.get()
        if error is not None:
            raise error
        return result  # type: ignore[return-value]

    def close(self) -> None:
        """End it, and with it every command that was started here; it may begin again."""
        if self._begun:
            self._work.put(None)
        self._begun = None

    def _begin(self) -> bool:
        answer: queue.SimpleQueue[int] = queue.SimpleQueue()
        _begin_thread(_start_commands, self._work, answer)
        listener = answer.get()
        if listener < 0:
            return False
        _begin_thread(self._answerer.listen, listener)
        return True


def _start_commands(
    work: queue.SimpleQueue[Callable[[], None] | None], answer: queue.SimpleQueue[int]
) -> None:
    """Filter this thread, answer with the descriptor of what is asked about, and do ``work`` until None."""
    try:
        syscalls.forbid_new_privileges()
        answer.put(syscalls.install_listening_filter(connection_filter()))
    except OSError:
        answer.put(-1)
        return
    while (function := work.get()) is not None:
        function()
        del function  # Through what it starts it holds whoever asked.


class _Answerer:
    """Makes the connections of commands, or refuses them."""

    def __init__(self, policy: Policy) -> None:
        self._private_tmp = policy.private_tmp
        self._workspace = policy.workspace
        self._shares_network = policy.network
        self._waiting = threading.Semaphore(_MOST_WAITING)

    def listen(self, listener: int) -> None:
        """Take one call after the other until nothing is left that could make one."""
        poller = select.poll()
        poller.register(listener, select.POLLIN)
        while not any(event & select.POLLHUP for _, event in poller.poll()):
            request = bytearray(_REQUEST.size)
            with suppress(OSError):  # The caller was killed meanwhile.
                fcntl.ioctl(listener, _RECEIVE, request)
                self._take(listener, _REQUEST.unpack(request))
        os.close(listener)

    def _take(self, listener: int, request: tuple[int, ...]) -> None:
        """Answer a call at once where its socket does not wait, else from a thread of its own."""
        identifier, caller, _, _, _, _, descriptor, address, length, *_ = request
        try:
            call = _Call(caller, descriptor & 0xFFFFFFFF, address, length & 0xFFFFFFFF)
        except OSError as error:
            _answer(listener, identifier, error)
            return

        def perform() -> None:
            problem: OSError | None = None
            try:
                with call:
                    fcntl.ioctl(listener, _STILL_VALID, struct.pack("=Q", identifier))
                    self._connect(call)
            except OSError as error:
                problem = error
            _answer(listener, identifier, problem)

        def wait() -> None:
            try:
                perform()
            finally:
                self._waiting.release()

        if not os.get_blocking(call.socket):
            perform()
        elif self._waiting.acquire(blocking=False):
            _begin_thread(wait)
        else:  # Each holds descriptors of ours.
            with call:
                _answer(listener, identifier, OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)))

    def _connect(self, call: _Call) -> None:
        if call.family != socket.AF_UNIX:
            syscalls.connect(call.socket, call.address)
            return
        name = call.address[_FAMILY.size :]
        if not name:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if name[:1] == b"\0":  # A name in the network's own space, which nobody else shares.
            if self._shares_network:
                raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
            syscalls.connect(call.socket, call.address)
            return
        place = self._open_place(call, os.fsdecode(name.partition(b"\0")[0]))
        try:
            known_here = b"/proc/self/fd/%d\0" % place
            syscalls.connect(call.socket, _FAMILY.pack(socket.AF_UNIX) + known_here)
        finally:
            os.close(place)

    def _open_place(self, call: _Call, path: str) -> int:
        """What the caller calls ``path``, beneath the private ``/tmp``, whatever it leads to inside."""
        full = os.path.normpath(os.path.join(call.folder, path))  # noqa: PTH118
        below = Path(full)
        if TEMPORARY not in below.parents or is_beneath(below, (self._workspace,)):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        root = os.open(self._private_tmp, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            inside = str(below.relative_to(TEMPORARY))
            return openat2(root, inside, _PATH_FLAGS, resolve=RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
        finally:
            os.close(root)


def _begin_thread(target: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=target, args=arguments, name="sandbox", daemon=True).start()


def _can_be_filtered(isolation: Isolation) -> bool:
    """Whether it is bubblewrap, and gets its rights from no set-user-ID bit, which a filter would disarm."""
    if not isinstance(isolation, Bubblewrap) or not has_openat2():
        return False
    return not os.stat(isolation.executable).st_mode & stat.S_ISUID  # noqa: PTH116


def _answer(listener: int, identifier: int, error: OSError | None) -> None:
    number = 0 if error is None else -(error.errno or errno.EPERM)
    with suppress(OSError):  # The caller was killed meanwhile.
        fcntl.ioctl(listener, _SEND, _ANSWER.pack(identifier, 0, number, 0))


class _Call:
    """One ``connect`` of another process: its socket, fetched, and its address, copied."""

    def __init__(self, caller: int, descriptor: int, address: int, length: int) -> None:
        if not _FAMILY.size <= length <= _LONGEST_ADDRESS:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._caller = caller
        with open(f"/proc/{caller}/mem", "rb", buffering=0) as memory:  # noqa: PTH123
            self.address = os.pread(memory.fileno(), length, address)
        if len(self.address) < length:
            raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))
        self.family: int = _FAMILY.unpack_from(self.address)[0]
        process = os.pidfd_open(_group_of(caller))
        try:
            self.socket = syscalls.copy_descriptor(process, descriptor)
        finally:
            os.close(process)

    def __enter__(self) -> _Call:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.socket)

    @property
    def folder(self) -> str:
        """The caller's working folder, as it is called inside."""
        return os.readlink(f"/proc/{self._caller}/cwd")  # noqa: PTH115


def _group_of(thread: int) -> int:
    """The process a thread belongs to."""
    with open(f"/proc/{thread}/status", "rb") as file:  # noqa: PTH123
        for line in file:
            if line.startswith(b"Tgid:"):
                return int(line.split()[1])
    raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
