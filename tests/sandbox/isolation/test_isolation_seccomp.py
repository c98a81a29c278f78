"""The call filter, run by a small interpreter of the kernel's BPF: every architecture, every call."""

from __future__ import annotations

import struct

import pytest

from seedsmith.sandbox.isolation.seccomp import filter_program

ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x50001, 0x50026
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SOCKET = {"x86_64": 41, "aarch64": 198}
PAIR = {"x86_64": 53, "aarch64": 199}
CLONE = {"x86_64": 56, "aarch64": 220}
IOCTL = {"x86_64": 16, "aarch64": 29}
MACHINES = sorted(AUDIT)


def verdict(program: bytes, audit: int, number: int, *arguments: int) -> int:
    """What the kernel would answer a call."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, audit, 0, *(a & (1 << 64) - 1 for a in padded))
    code = list(struct.iter_unpack("=HBBI", program))
    at, accumulator = 0, 0
    while True:
        operation, if_true, if_false, value = code[at]
        at += 1
        if operation == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif operation == 0x54:
            accumulator &= value
        elif operation == 0x06:
            return value
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}
            at += if_true if holds[operation] else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_sockets_by_family(machine: str) -> None:
    def families(**flags: bool) -> set[int]:
        program = filter_program(machine=machine, **flags)
        return {f for f in range(64) if verdict(program, AUDIT[machine], SOCKET[machine], f, 1) == ALLOW}

    assert families(internet=True, unix_sockets=False) == {2, 10}
    assert families(internet=False, unix_sockets=False) == set()
    assert families(internet=False, unix_sockets=True) == {1}


@pytest.mark.parametrize("machine", MACHINES)
def test_arguments_are_compared_as_the_kernel_reads_them(machine: str) -> None:
    program = filter_program(machine=machine, internet=True, unix_sockets=False)
    audit = AUDIT[machine]
    assert verdict(program, audit, SOCKET[machine], 1 | 1 << 32) == EPERM
    assert verdict(program, audit, IOCTL[machine], 0, 0x5412 | 7 << 32) == EPERM
    assert verdict(program, audit, IOCTL[machine], 0, 0x541C) == EPERM
    assert verdict(program, audit, IOCTL[machine], 0, 0x5413) == ALLOW
    assert verdict(program, audit, CLONE[machine], 0x10000000 | 17) == EPERM
    assert verdict(program, audit, CLONE[machine], 0x00020000) == EPERM
    assert verdict(program, audit, CLONE[machine], 0x003D0F00) == ALLOW  # A thread, as glibc makes it.
    assert verdict(program, audit, PAIR[machine], 1, 2 | 0x80000) == EPERM
    assert verdict(program, audit, PAIR[machine], 1, 1 | 0x80000) == ALLOW


@pytest.mark.parametrize("machine", MACHINES)
def test_other_architectures_and_new_calls(machine: str) -> None:
    program = filter_program(machine=machine, internet=True, unix_sockets=False)
    assert verdict(program, 0x40000003, 11) == KILL
    assert verdict(program, AUDIT[machine], 435) == ENOSYS
    assert verdict(program, AUDIT[machine], 425) == EPERM
    if machine == "x86_64":
        assert verdict(program, AUDIT[machine], 0x40000000 | 1) == EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_programs_fit_and_everything_else_is_allowed(machine: str) -> None:
    program = filter_program(machine=machine, internet=True, unix_sockets=False)
    assert len(program) // 8 < 4096
    refused = {n for n in range(512) if verdict(program, AUDIT[machine], n, 2, 1) != ALLOW}
    assert 30 < len(refused) < 70


@pytest.mark.parametrize("machine", MACHINES)
def test_tracing_looks_and_never_writes(machine: str) -> None:
    program = filter_program(machine=machine, internet=True, unix_sockets=False)
    ptrace = {"x86_64": 101, "aarch64": 117}[machine]
    allowed = {
        n
        for n in (*range(64), *range(0x4200, 0x4220))
        if verdict(program, AUDIT[machine], ptrace, n) == ALLOW
    }
    assert allowed == {7, 8, 12, 16, 17, 0x4204}  # neither TRACEME, POKE, SETREGS nor SEIZE


PRLIMIT = {"x86_64": 302, "aarch64": 261}
SETPRIORITY = {"x86_64": 141, "aarch64": 140}
IOPRIO_SET = {"x86_64": 251, "aarch64": 30}


@pytest.mark.parametrize("machine", MACHINES)
def test_other_processes_limits_are_read_alone(machine: str) -> None:
    program = filter_program(machine=machine, internet=True, unix_sockets=False, sees_others=True)
    audit = AUDIT[machine]
    assert verdict(program, audit, PRLIMIT[machine], 0, 7, 1 << 40) == ALLOW
    assert verdict(program, audit, PRLIMIT[machine], 4321, 7, 0, 1 << 40) == ALLOW
    assert verdict(program, audit, PRLIMIT[machine], 4321, 7, 1 << 40) == EPERM
    assert verdict(program, audit, PRLIMIT[machine], 4321, 7, 1) == EPERM
    assert verdict(program, audit, SETPRIORITY[machine], 0, 0, 5) == ALLOW
    for which, who in ((0, 4321), (1, 0), (2, 0)):
        assert verdict(program, audit, SETPRIORITY[machine], which, who, 5) == EPERM
    assert verdict(program, audit, IOPRIO_SET[machine], 1, 0, 5) == ALLOW
    for which, who in ((1, 4321), (2, 0), (3, 0)):
        assert verdict(program, audit, IOPRIO_SET[machine], which, who, 5) == EPERM
    assert all(verdict(program, audit, number, 1) == EPERM for number in (440, 448))


@pytest.mark.parametrize("machine", MACHINES)
def test_no_file_is_given_its_owners_rights(machine: str) -> None:
    program = filter_program(machine=machine, internet=True, unix_sockets=False)
    calls = {"x86_64": ((90, 1), (91, 1), (268, 2), (452, 2)), "aarch64": ((52, 1), (53, 2), (452, 2))}
    for number, place in calls[machine]:
        for mode, expected in (
            (0o4755, EPERM),
            (0o4000, EPERM),
            (0o2755, ALLOW),
            (0o1777, ALLOW),
            (0o755, ALLOW),
        ):
            assert verdict(program, AUDIT[machine], number, *[0] * place, mode) == expected
