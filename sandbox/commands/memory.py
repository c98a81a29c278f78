"""How much memory a command's processes use, what they share and what no process maps included.

Memory files and folders in memory (``memfd_create``, ``/dev/shm``, a tmpfs) are no process's resident pages.
What isn't found: shared segments of System V that nobody has attached, and what the kernel holds for pipes
and sockets.
"""

from __future__ import annotations

import os
from contextlib import suppress

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_BLOCK_BYTES = 512
_Place = tuple[int, int]
"""The device and the inode of a file."""


def unmapped_on_machine() -> int:
    """How many bytes of shared memory and of page tables exist, whoever uses them. Cheap."""
    lines = _read("/proc/meminfo").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith((b"Shmem:", b"PageTables:"))) * 1024


def resident_bytes(members: set[int]) -> int:
    """An upper bound of the resident memory of ``members``: what forks still share counts for each. Cheap."""
    pages = 0
    for pid in members:
        fields = _read(f"/proc/{pid}/statm").split()
        pages += int(fields[1]) if len(fields) > 1 else 0
    return pages * _PAGE_BYTES


def used_bytes(members: set[int], root: int) -> int:
    """The memory of ``members`` with shared pages counted once, in files and folders of memory as well.

    ``root`` is a process that sees the folders they see. Walks all their page tables.
    """
    folders = _memory_folders(root)
    files = _memory_files(members)
    in_files = sum(size for (device, _), size in files.items() if device not in folders)
    return _mapped(members, set(files), set(folders)) + _tables(members) + in_files + sum(folders.values())


def _tables(members: set[int]) -> int:
    """The page tables of ``members``: addresses that are only read take no page, and yet a table each."""
    lines = [line for pid in members for line in _read(f"/proc/{pid}/status").splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith(b"VmPTE:")) * 1024


def _memory_files(members: set[int]) -> dict[_Place, int]:
    """The size of every memory file that one of ``members`` has open."""
    probe = os.memfd_create("device")
    try:
        device = os.fstat(probe).st_dev
    finally:
        os.close(probe)
    found: dict[_Place, int] = {}
    for pid in members:
        with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as descriptors:
            for descriptor in descriptors:
                with suppress(OSError):
                    status = descriptor.stat()
                    if status.st_dev == device:
                        found[(device, status.st_ino)] = status.st_blocks * _BLOCK_BYTES
    return found


def _memory_folders(root: int) -> dict[int, int]:
    """What the file systems in memory hold that ``root`` sees and this process doesn't, by device."""
    known = {device for device, _ in _tmpfs_mounts("self")}
    found: dict[int, int] = {}
    for device, place in _tmpfs_mounts(str(root)):
        if device not in known and device not in found:
            with suppress(OSError):
                status = os.statvfs(f"/proc/{root}/root{place}")
                found[device] = (status.f_blocks - status.f_bfree) * status.f_frsize
    return found


def _tmpfs_mounts(pid: str) -> list[tuple[int, str]]:
    found = []
    for line in _read(f"/proc/{pid}/mountinfo").splitlines():
        fields, _, kind = line.partition(b" - ")
        if kind.startswith(b"tmpfs "):
            words = fields.split()
            major, minor = map(int, words[2].split(b":"))
            found.append((os.makedev(major, minor), os.fsdecode(words[4])))
    return found


def _mapped(members: set[int], files: set[_Place], devices: set[int]) -> int:
    """The proportional memory of what is mapped, but for what lies in ``files`` and on ``devices``."""
    inodes = {inode for _, inode in files}
    kilobytes = 0
    for pid in members:
        counts = True
        for line in _read(f"/proc/{pid}/smaps").splitlines():
            if line.startswith(b"Pss:"):
                kilobytes += int(line.split()[1]) if counts else 0
            elif not line[:1].isupper():
                words = line.split(maxsplit=5)
                major, minor = (int(part, 16) for part in words[3].split(b":"))
                device, inode = os.makedev(major, minor), int(words[4])
                shared = inode in inodes and (device, inode) in files
                counts = not (shared or device in devices)
    return kilobytes * 1024


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""
