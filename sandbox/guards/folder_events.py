"""Which folders changed, as the kernel tells by itself (``inotify(7)``), so that nobody asks each of them."""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
from contextlib import suppress
from functools import cache

_IN_ATTRIB = 0x4
_IN_MOVED_FROM, _IN_MOVED_TO, _IN_CREATE, _IN_DELETE = 0x40, 0x80, 0x100, 0x200
_IN_DELETE_SELF, _IN_MOVE_SELF = 0x400, 0x800
_IN_UNMOUNT, _IN_Q_OVERFLOW, _IN_IGNORED = 0x2000, 0x4000, 0x8000
_IN_ONLYDIR, _IN_DONT_FOLLOW, _IN_ISDIR = 0x1000000, 0x2000000, 0x40000000
_WATCHED = (
    _IN_ATTRIB
    | _IN_MOVED_FROM
    | _IN_MOVED_TO
    | _IN_CREATE
    | _IN_DELETE
    | _IN_DELETE_SELF
    | _IN_MOVE_SELF
    | _IN_ONLYDIR
    | _IN_DONT_FOLLOW
)
_MORE_THAN_ONE = _IN_MOVE_SELF | _IN_UNMOUNT | _IN_Q_OVERFLOW
"""What changes folders below, too, or those of events that were dropped."""
_EVENT = struct.Struct("iIII")
_EVENT_BYTES = 64 << 10
_STATFS_BYTES = 256
_LOCAL = frozenset(
    {
        0xEF53,  # ext2, ext3, ext4
        0x58465342,  # XFS
        0x9123683E,  # Btrfs
        0xF2F52010,  # F2FS
        0x2FC12FC1,  # ZFS
        0xCA451A4E,  # bcachefs
        0x01021994,  # tmpfs
        0x794C7630,  # overlayfs
    }
)
"""What ``statfs(2)`` says of file systems that nobody changes but by this kernel."""
_MOST = 1_000
_HOLD = "exec {0}<&0; (read -r _ <&{0}) &"
"""Leaves a process that ends with its input: it closes last, which takes the kernel up to 20 ms."""


class FolderEvents:
    """Watches folders until it is closed; at most a thousand, for the user's other programs do so, too."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._holds = -1
        """Our end of the pipe that another process waits at, so that it closes the events last."""
        self._names: dict[int, str] = {}

    def watch(self, folder: str) -> bool:
        """Whether changes of ``folder`` are told from here on: not everywhere, and not of any number."""
        if len(self._names) >= _MOST or not _is_local(folder):
            return False
        if self._descriptor < 0 and not self._begin():
            return False
        number = _libc().inotify_add_watch(self._descriptor, os.fsencode(folder), _WATCHED)
        if number < 0:
            return False
        self._names[number] = folder
        return True

    def changed(self) -> set[str] | None:
        """The watched folders that changed since this was called last, and those in them that came or went.

        None where one was moved, or more changed than the kernel keeps: then none is watched any more.
        """
        found: set[str] = set()
        while data := self._read():
            at = 0
            while at < len(data):
                number, mask, _, size = _EVENT.unpack_from(data, at)
                at += _EVENT.size + size
                if mask & _MORE_THAN_ONE:
                    self.close()
                    return None
                folder = self._names.pop(number, "") if mask & _IN_IGNORED else self._names.get(number, "")
                found.add(folder)
                if mask & _IN_ISDIR and size:  # One that is removed while it is open says nothing itself.
                    name = data[at - size : at].rstrip(b"\0")
                    found.add(f"{folder}/{os.fsdecode(name)}")
        return found

    def close(self) -> None:
        """Watch nothing any more; the next folder begins anew."""
        opened = [each for each in (self._descriptor, self._holds) if each >= 0]
        self._descriptor = self._holds = -1
        self._names.clear()
        for descriptor in opened:
            os.close(descriptor)

    def _begin(self) -> bool:
        self._descriptor = _libc().inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            return False
        waits, self._holds = os.pipe()
        quiet = subprocess.DEVNULL
        with suppress(OSError), os.fdopen(waits) as given:
            held = (self._descriptor,)
            shell = ("/bin/sh", "-c", _HOLD.format(4 if 3 in held else 3))
            subprocess.run(shell, stdin=given, stdout=quiet, stderr=quiet, pass_fds=held, check=False)
        return True

    def _read(self) -> bytes:
        if self._descriptor >= 0:
            with suppress(BlockingIOError):
                return os.read(self._descriptor, _EVENT_BYTES)
        return b""


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _is_local(folder: str) -> bool:
    said = ctypes.create_string_buffer(_STATFS_BYTES)
    if _libc().statfs(os.fsencode(folder), said) != 0:
        return False
    return int.from_bytes(said.raw[: ctypes.sizeof(ctypes.c_long)], "little") in _LOCAL
