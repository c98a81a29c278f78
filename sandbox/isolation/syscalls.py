"""The kernel calls behind the isolations that Python has no name for: prctl, capset, seccomp, Landlock.

All of them act on the calling thread alone and are inherited by whatever it starts. Each raises OSError
with the kernel's errno.
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable
from contextlib import suppress
from functools import cache

_ENV_START = 47
"""Of ``/proc/PID/stat``: where the first environment begins, counted from what follows the name."""
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2
_LAST_CAPABILITY = 63
_CAPABILITY_VERSION_3 = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_NEW_LISTENER = 8
_PIDFD_GETFD = 438

_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_CREATE_RULESET_VERSION = 1
_LANDLOCK_RULE_PATH_BENEATH = 1


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _prctl(option: int, *arguments: int | ctypes.c_void_p) -> int:
    words = [a if isinstance(a, ctypes.c_void_p) else ctypes.c_ulong(a) for a in arguments]
    padding = [ctypes.c_ulong(0)] * (4 - len(words))
    return _checked(_libc().prctl(ctypes.c_int(option), *words, *padding))


def _syscall(number: int, *arguments: object) -> int:
    return _checked(_libc().syscall(ctypes.c_long(number), *arguments))


def forbid_dumping() -> None:
    """Make this process's ``/proc`` entries (environment, memory) unreadable to its equals."""
    _prctl(_PR_SET_DUMPABLE, 0)


def overwrite_variables(is_secret: Callable[[str, str], bool]) -> None:
    """Put ``x`` in place of the values of those variables that this process was started with.

    They stay where ``/proc/PID/environ`` shows them otherwise, whatever becomes of ``os.environ``.
    """
    try:
        with open("/proc/self/stat", "rb") as file:  # noqa: PTH123
            fields = file.read().rpartition(b")")[2].split()
        place, end = int(fields[_ENV_START]), int(fields[_ENV_START + 1])
    except (OSError, ValueError, IndexError):
        return
    if not 0 < place < end:
        return
    for each in ctypes.string_at(place, end - place).split(b"\0"):
        name, sign, value = each.partition(b"=")
        if sign and is_secret(os.fsdecode(name), os.fsdecode(value)):
            ctypes.memset(place + len(name) + 1, ord("x"), len(value))
        place += len(each) + 1


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (``PR_SET_CHILD_SUBREAPER``)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """No program started from here gains rights from its set-user-ID bit or file capabilities."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities(keep: int = 0) -> None:
    """Give up every capability for good, but for those whose bits are set in ``keep``.

    The bounding set can be narrowed by the privileged only; others gain nothing by it anyway, once
    :func:`forbid_new_privileges` was called.
    """
    for capability in range(_LAST_CAPABILITY + 1):
        if not keep >> capability & 1:
            with suppress(OSError):  # Unknown to this kernel, or no right to.
                _prctl(_PR_CAPBSET_DROP, capability)
    with suppress(OSError):
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    sets = (_CapabilitySets * 2)()
    sets[0].effective = sets[0].permitted = keep
    _syscall(_CAPSET[platform.machine()], ctypes.byref(header), ctypes.byref(sets))


def install_filter(program: bytes) -> None:
    """Filter this thread's system calls by a BPF ``program``; needs :func:`forbid_new_privileges` first."""
    filter_program = _FilterProgram(len(program) // 8, program)
    pointer = ctypes.cast(ctypes.byref(filter_program), ctypes.c_void_p)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, pointer)


def install_listening_filter(program: bytes) -> int:
    """The same for a ``program`` that hands calls to whoever reads the returned descriptor."""
    filter_program = _FilterProgram(len(program) // 8, program)
    listener = _syscall(
        _SECCOMP[platform.machine()],
        ctypes.c_uint(_SECCOMP_SET_MODE_FILTER),
        ctypes.c_uint(_SECCOMP_FILTER_FLAG_NEW_LISTENER),
        ctypes.byref(filter_program),
    )
    os.set_inheritable(listener, False)
    return listener


def copy_descriptor(process: int, descriptor: int) -> int:
    """A descriptor of our own for what ``descriptor`` is in the process behind the pidfd ``process``."""
    return _syscall(_PIDFD_GETFD, ctypes.c_int(process), ctypes.c_int(descriptor), ctypes.c_uint(0))


def connect(descriptor: int, address: bytes) -> None:
    """Connect a socket to an address as the kernel has it; waits where the socket does."""
    _checked(_libc().connect(ctypes.c_int(descriptor), address, ctypes.c_uint(len(address))))


def remove_segment(identifier: int) -> None:
    """Mark a segment of shared memory (System V) to go; one that is gone or not ours stays as it is."""
    _libc().shmctl(ctypes.c_int(identifier), ctypes.c_int(0), ctypes.c_void_p(None))  # IPC_RMID


def landlock_abi() -> int:
    """The version of Landlock this kernel speaks; 0 where it is missing or switched off."""
    try:
        return _syscall(
            _LANDLOCK_CREATE_RULESET,
            ctypes.c_void_p(None),
            ctypes.c_size_t(0),
            ctypes.c_uint32(_LANDLOCK_CREATE_RULESET_VERSION),
        )
    except OSError:
        return 0


def landlock_ruleset(abi: int, filesystem: int, network: int, scoped: int) -> int:
    """Create a ruleset that refuses the given rights unless a rule grants them; returns a descriptor."""
    attributes = _RulesetAttributes(filesystem, network, scoped)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    return _syscall(
        _LANDLOCK_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0)
    )


def landlock_allow(ruleset: int, path: int, rights: int) -> None:
    """Grant ``rights`` on the descriptor ``path`` and everything beneath it."""
    rule = _PathBeneath(rights, path)
    _syscall(
        _LANDLOCK_ADD_RULE,
        ctypes.c_int(ruleset),
        ctypes.c_int(_LANDLOCK_RULE_PATH_BENEATH),
        ctypes.byref(rule),
        ctypes.c_uint32(0),
    )


def landlock_restrict(ruleset: int) -> None:
    """Confine the calling thread by ``ruleset``; needs :func:`forbid_new_privileges` first."""
    _syscall(_LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
