"""A session's records on disk: JSON lines, written unbuffered, read back whole or not at all."""

from __future__ import annotations

import asyncio
import base64
import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from seedsmith.agent.conversation import (
    AssistantMessage,
    Item,
    SystemMessage,
    ToolCall,
    ToolOutput,
    UserMessage,
)
from seedsmith.agent.errors import SessionError
from seedsmith.agent.redact import Redactor
from seedsmith.agent.sessions.record_tree import Log, Record
from seedsmith.tools.base import Image

_TRIES = 5
_PAUSE_SECONDS = 0.02


class RecordFile:
    """Append-only and locked: one process writes a session at a time.

    Every record is one ``write`` of one line, so a crash can tear the last line only
    (docs/decisions.md, "Durability"). Each but the first gets an id (``n``) and its ``parent``'s.
    """

    def __init__(self, path: Path, redactor: Redactor) -> None:
        """Open the file, new or not; raises :class:`SessionError` where that can't be, or another has it."""
        self._path = path
        self._redactor = redactor
        self._folder_synced = False
        self._next = 0
        self._parent = -1
        self._torn = 0
        """Why the last line is torn, as an error's number: nothing may follow it."""
        self.cut_bytes = 0
        """So many bytes at the end held no whole record."""
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._refused(error) from error
        if not _locked(self._fd):
            os.close(self._fd)
            raise SessionError(f"Session {path.parent.name} is in use by another process.")
        self._size = os.fstat(self._fd).st_size

    def read(self, *, mends: bool = False) -> Iterator[tuple[Record, bool]]:
        """All records, oldest first, each with whether the session goes on from it, not from another branch.

        Once they are read a torn end is cut off the file.

        Raises :class:`SessionError` where an earlier line is damaged, unless it ``mends`` that
        (:class:`Log`), and leaves the file as it is.
        """
        log = Log(self._path, mends=mends)
        yield from log.marked()
        self.cut_bytes = self._size - log.end
        if self.cut_bytes:
            os.ftruncate(self._fd, log.end)
        self._size, self._next, self._parent = log.end, log.count, log.newest

    @property
    def newest(self) -> int:
        """The id of the record that the next one follows."""
        return self._parent

    def go_on_from(self, record: int) -> None:
        """Let the next record follow that of the id ``record``: a new branch, which leaves the old one."""
        self._parent = record

    def append(self, record: Record) -> None:
        """Write one record, secrets redacted; raises :class:`SessionError` where the disk refuses.

        What was written of it then is taken back, so that the session can be gone on with.
        """
        placed = record | {"n": self._next, "parent": self._parent} if self._next else record
        line = self._redactor.text(json.dumps(placed, separators=(",", ":"))) + "\n"
        data = line.encode("ascii")
        rest = memoryview(data)
        try:
            if self._torn:
                raise OSError(self._torn, os.strerror(self._torn))
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            self._take_back(error)
            raise self._refused(error) from error
        self._size += len(data)
        self._parent = self._next
        self._next += 1

    def _take_back(self, error: OSError) -> None:
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:  # nothing may follow a torn line
            self._torn = error.errno or errno.EIO

    def _refused(self, error: OSError) -> SessionError:
        return SessionError(f"Can't write {self._path}: {error.strerror}.")

    def sync(self) -> asyncio.Future[None]:
        """Done once everything appended so far is on the disk, for which a thread waits from now on."""
        return asyncio.get_running_loop().run_in_executor(None, self._sync)

    def _sync(self) -> None:
        try:
            os.fdatasync(self._fd)
            self._sync_folder()
        except OSError as error:
            raise self._refused(error) from error

    def _sync_folder(self) -> None:
        if not self._folder_synced:
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            self._folder_synced = True

    def close(self) -> None:
        """Give the file and its lock back."""
        os.close(self._fd)


def in_use(path: Path) -> bool:
    """Whether a process writes the records at ``path`` now."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _locked(descriptor: int) -> bool:
    """Whether the lock was got; :func:`in_use` may have it for a moment."""
    for left in reversed(range(_TRIES)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if left:
                time.sleep(_PAUSE_SECONDS)
        else:
            return True
    return False


def item_to_json(item: Item) -> Record:
    """The item as a JSON object; :func:`item_from_json` is its inverse."""
    match item:
        case SystemMessage(text):
            return {"role": "system", "text": text}
        case UserMessage(text, origin, source, images):
            record: Record = {"role": "user", "text": text, "origin": origin}
            if source:
                record["source"] = source
            if images:
                record["images"] = [image_to_json(image) for image in images]
            return record
        case AssistantMessage(text, reasoning, calls):
            asked = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in calls]
            return {"role": "assistant", "text": text, "reasoning": reasoning, "calls": asked}
        case ToolOutput(call_id, name, text, ok):
            return {"role": "tool", "call": call_id, "name": name, "text": text, "ok": ok}


def item_from_json(value: Record) -> Item:
    """The item :func:`item_to_json` wrote; raises KeyError or TypeError on anything else."""
    match value["role"]:
        case "system":
            return SystemMessage(value["text"])
        case "user":
            images = tuple(image_from_json(image) for image in value.get("images", ()))
            return UserMessage(value["text"], value["origin"], value.get("source", ""), images)
        case "assistant":
            calls = tuple(ToolCall(call["id"], call["name"], call["arguments"]) for call in value["calls"])
            return AssistantMessage(value["text"], value["reasoning"], calls)
        case "tool":
            return ToolOutput(value["call"], value["name"], value["text"], value["ok"])
        case role:
            raise KeyError(role)


def image_to_json(image: Image) -> Record:
    """The picture as a JSON object, its bytes in base64; :func:`image_from_json` is its inverse."""
    data = base64.b64encode(image.data).decode("ascii")
    return {"data": data, "media_type": image.media_type, "name": image.name, "detail": image.detail}


def image_from_json(value: Record) -> Image:
    """The picture :func:`image_to_json` wrote; raises KeyError, TypeError or ValueError on anything else."""
    return Image(base64.b64decode(value["data"]), value["media_type"], value["name"], value["detail"])
