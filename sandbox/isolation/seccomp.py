"""A BPF program that refuses the system calls neither namespaces nor Landlock cover.

See docs/sandbox.md, "System calls".
Refused calls fail with EPERM, so that programs report them like any other missing right; ``clone3`` fails
with ENOSYS, because its flags lie behind a pointer and libraries fall back to ``clone``, which is checked.
"""

from __future__ import annotations

import errno
import platform
import socket
import struct
from collections.abc import Iterable
from functools import cache

from seedsmith.sandbox.lazy_dataclass import dataclass

_LOAD_WORD = 0x20
_JUMP_EQUAL = 0x15
_JUMP_GREATER_OR_EQUAL = 0x35
_JUMP_ANY_BIT = 0x45
_AND = 0x54
_RETURN = 0x06

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_ERRNO = 0x00050000
_ASK = 0x7FC00000
"""Hand the call to whoever listens; weaker than a refusal by another filter, stronger than its consent."""

_OFFSET_NUMBER = 0
_OFFSET_ARCHITECTURE = 4
_OFFSET_ARGUMENTS = 16
_X32_BIT = 0x40000000

_NEW_NAMESPACES = 0x7E020000
"""Every ``CLONE_NEW*`` flag ``clone`` itself takes."""
_SET_USER_ID = 0o4000
_PRIO_PROCESS, _IOPRIO_WHO_PROCESS = 0, 1
_TIOCSTI = 0x5412
_TIOCLINUX = 0x541C
_SOCKET_TYPE_MASK = 0xF
"""What the kernel looks at of a socket's type; the bits above it are flags."""
_CONNECTED_FOR_GOOD = (socket.SOCK_STREAM, socket.SOCK_SEQPACKET)
"""The types whose pairs can't be pointed at another socket; every other becomes, or is, datagrams."""
_LOOKING = (7, 8, 12, 16, 17, 0x4204)
"""Of ptrace: CONT, KILL, GETREGS, ATTACH, DETACH, GETREGSET. Leak checkers stop their own threads with them;
nothing is written into another process, and none outside is in reach (process namespace, Landlock)."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """What differs between processor architectures: the audit value and the call numbers."""

    audit: int
    denied: tuple[int, ...]
    ptrace: int
    socket: int
    socketpair: int
    connect: int
    clone: int
    ioctl: int
    prlimit: int
    setpriority: int
    ioprio_set: int
    moved_pages: tuple[int, int]
    modes: tuple[tuple[int, int], ...]
    """The calls that change a file's mode, and which of their arguments that is."""
    has_x32: bool


_SAME_EVERYWHERE = (
    *(425, 426, 427),  # io_uring_setup, io_uring_enter, io_uring_register
    *(428, 429, 430, 431, 432, 433, 442, 467),  # open_tree … fspick, mount_setattr, open_tree_attr
    438,  # pidfd_getfd
    447,  # memfd_secret: memory that nothing shows
)
_TOWARDS_OTHERS = (440, 448)  # process_madvise, process_mrelease
_CLONE3 = 435
_FCHMODAT2 = (452, 2)

_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        denied=(
            *(310, 311, 312),  # process_vm_readv, process_vm_writev, kcmp
            *(248, 249, 250),  # add_key, request_key, keyctl
            *(321, 323, 298),  # bpf, userfaultfd, perf_event_open
            *(165, 166, 155, 161),  # mount, umount2, pivot_root, chroot
            *(308, 272),  # setns, unshare
            *(
                246,
                320,
                175,
                313,
                176,
            ),  # kexec_load, kexec_file_load, init_module, finit_module, delete_module
            *(167, 168, 169, 163),  # swapon, swapoff, reboot, acct
            *(303, 304),  # name_to_handle_at, open_by_handle_at
            *(172, 173, 103),  # iopl, ioperm, syslog
            *(164, 227, 159, 305),  # settimeofday, clock_settime, adjtimex, clock_adjtime
        ),
        ptrace=101,
        socket=41,
        socketpair=53,
        connect=42,
        clone=56,
        ioctl=16,
        prlimit=302,
        setpriority=141,
        ioprio_set=251,
        moved_pages=(256, 279),
        modes=((90, 1), (91, 1), (268, 2)),  # chmod, fchmod, fchmodat
        has_x32=True,
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        denied=(
            *(270, 271, 272),  # process_vm_readv, process_vm_writev, kcmp
            *(217, 218, 219),  # add_key, request_key, keyctl
            *(280, 282, 241),  # bpf, userfaultfd, perf_event_open
            *(40, 39, 41, 51),  # mount, umount2, pivot_root, chroot
            *(268, 97),  # setns, unshare
            *(
                104,
                294,
                105,
                273,
                106,
            ),  # kexec_load, kexec_file_load, init_module, finit_module, delete_module
            *(224, 225, 142, 89),  # swapon, swapoff, reboot, acct
            *(264, 265),  # name_to_handle_at, open_by_handle_at
            116,  # syslog
            *(170, 112, 171, 266),  # settimeofday, clock_settime, adjtimex, clock_adjtime
        ),
        ptrace=117,
        socket=198,
        socketpair=199,
        connect=203,
        clone=220,
        ioctl=29,
        prlimit=261,
        setpriority=140,
        ioprio_set=30,
        moved_pages=(238, 239),
        modes=((52, 1), (53, 2)),  # fchmod, fchmodat
        has_x32=False,
    ),
}


def supported() -> bool:
    """Whether a filter is known for this processor."""
    return platform.machine() in _MACHINES


@cache
def filter_program(
    *, internet: bool, unix_sockets: bool, sees_others: bool = False, machine: str | None = None
) -> bytes:
    """Assemble the filter, ready for ``bwrap --seccomp`` or ``prctl``.

    ``internet`` leaves IPv4 and IPv6 sockets alone (a network namespace holds them, or the user allowed the
    network); ``unix_sockets`` leaves Unix sockets alone. ``sees_others`` says that the machine's processes
    are in reach, whose limits and priorities must not be changed. Raises KeyError for an unknown ``machine``.
    """
    target = _MACHINES[machine or platform.machine()]
    families: list[int] = []
    if internet:
        families += [socket.AF_INET, socket.AF_INET6]
    if unix_sockets:
        families.append(socket.AF_UNIX)
    program = [
        _instruction(_LOAD_WORD, _OFFSET_ARCHITECTURE),
        *_unless_equal(target.audit, _KILL),
        _instruction(_LOAD_WORD, _OFFSET_NUMBER),
    ]
    if target.has_x32:
        program += [_instruction(_JUMP_GREATER_OR_EQUAL, _X32_BIT, 0, 1), _refuse(errno.EPERM)]
    for number in (*target.denied, *_SAME_EVERYWHERE):
        program += [_instruction(_JUMP_EQUAL, number, 0, 1), _refuse(errno.EPERM)]
    program += [_instruction(_JUMP_EQUAL, _CLONE3, 0, 1), _refuse(errno.ENOSYS)]
    program += _for_call(target.ptrace, _only(_LOOKING))
    program += _for_call(target.socket, _only(families))
    if not unix_sockets:
        program += _for_call(target.socketpair, _connected_pairs())
    program += _for_call(target.clone, [_argument(0), *_refuse_any_bit(_NEW_NAMESPACES)])
    program += _for_call(target.ioctl, [_argument(1), *_refuse_values((_TIOCSTI, _TIOCLINUX))])
    for number, argument in (*target.modes, _FCHMODAT2):
        program += _for_call(number, [_argument(argument), *_refuse_any_bit(_SET_USER_ID)])
    if sees_others:
        for number in (*_TOWARDS_OTHERS, *target.moved_pages):
            program += [_instruction(_JUMP_EQUAL, number, 0, 1), _refuse(errno.EPERM)]
        program += _for_call(target.prlimit, _reading_or_own())
        program += _for_call(target.setpriority, _own(_PRIO_PROCESS))
        program += _for_call(target.ioprio_set, _own(_IOPRIO_WHO_PROCESS))
    program.append(_instruction(_RETURN, _ALLOW))
    return b"".join(program)


@cache
def connection_filter() -> bytes:
    """Assemble what goes with ``unix_sockets`` where only a session's own shall be reached.

    Every ``connect`` is asked about; of Unix sockets only those are left that send nowhere but where they
    are connected to, since the addresses of datagrams lie behind pointers in calls too many to ask about.
    """
    target = _MACHINES[platform.machine()]
    streams = (socket.SOCK_STREAM, socket.SOCK_SEQPACKET)
    allowed = [_instruction(_JUMP_EQUAL, each, len(streams) - n, 0) for n, each in enumerate(streams)]
    only_streams = [
        _argument(0),
        _instruction(_JUMP_EQUAL, socket.AF_UNIX, 1, 0),
        _instruction(_RETURN, _ALLOW),
        _argument(1),
        _instruction(_AND, _SOCKET_TYPE_MASK),
        *allowed,
        _refuse(errno.EPERM),
    ]
    program = [
        _instruction(_LOAD_WORD, _OFFSET_ARCHITECTURE),
        *_unless_equal(target.audit, _KILL),
        _instruction(_LOAD_WORD, _OFFSET_NUMBER),
        *_for_call(target.connect, [_instruction(_RETURN, _ASK)]),
        *_for_call(target.socket, only_streams),
        *_for_call(target.socketpair, only_streams),
        _instruction(_RETURN, _ALLOW),
    ]
    return b"".join(program)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(number: int) -> bytes:
    return _instruction(_RETURN, _ERRNO | number)


def _argument(index: int) -> bytes:
    """Load the low 32 bits of an argument: the kernel ignores the rest of an ``int`` or a request."""
    return _instruction(_LOAD_WORD, _OFFSET_ARGUMENTS + 8 * index)


def _unless_equal(value: int, action: int) -> list[bytes]:
    return [_instruction(_JUMP_EQUAL, value, 1, 0), _instruction(_RETURN, action)]


def _for_call(number: int, body: list[bytes]) -> list[bytes]:
    """Run ``body`` for one call; what it doesn't refuse is allowed, since the number is loaded no more."""
    body = [*body, _instruction(_RETURN, _ALLOW)]
    return [_instruction(_JUMP_EQUAL, number, 0, len(body)), *body]


def _only(values: Iterable[int]) -> list[bytes]:
    """Refuse every value of the first argument but these."""
    return [_argument(0), *_allow_values(values), _refuse(errno.EPERM)]


def _connected_pairs() -> list[bytes]:
    """Refuse pairs of other families, and of types that can be pointed at a socket of the host afterwards.

    What the kernel turns into datagrams (``SOCK_RAW``) is one as much as what is called so.
    """
    return [
        _argument(0),
        _instruction(_JUMP_EQUAL, socket.AF_UNIX, 1, 0),
        _refuse(errno.EPERM),
        _argument(1),
        _instruction(_AND, _SOCKET_TYPE_MASK),
        *_allow_values(_CONNECTED_FOR_GOOD),
        _refuse(errno.EPERM),
    ]


def _reading_or_own() -> list[bytes]:
    """Allow ``prlimit`` on the caller itself (0), and without new limits."""
    return [
        _argument(0),
        *_allow_values((0,)),
        _argument(2),
        _instruction(_JUMP_EQUAL, 0, 1, 0),
        _refuse(errno.EPERM),
        _instruction(_LOAD_WORD, _OFFSET_ARGUMENTS + 8 * 2 + 4),
        *_allow_values((0,)),
        _refuse(errno.EPERM),
    ]


def _own(process: int) -> list[bytes]:
    """Refuse every choice of whom a call is about (``which``, ``who``) but the caller itself."""
    return [
        _argument(0),
        _instruction(_JUMP_EQUAL, process, 1, 0),
        _refuse(errno.EPERM),
        _argument(1),
        *_allow_values((0,)),
        _refuse(errno.EPERM),
    ]


def _refuse_any_bit(mask: int) -> list[bytes]:
    return [_instruction(_JUMP_ANY_BIT, mask, 0, 1), _refuse(errno.EPERM)]


def _refuse_values(values: Iterable[int]) -> list[bytes]:
    return [
        part for value in values for part in (_instruction(_JUMP_EQUAL, value, 0, 1), _refuse(errno.EPERM))
    ]


def _allow_values(values: Iterable[int]) -> list[bytes]:
    """Allow the call where what is loaded is one of ``values``, and go on else."""
    return [
        part
        for value in values
        for part in (_instruction(_JUMP_EQUAL, value, 0, 1), _instruction(_RETURN, _ALLOW))
    ]
