"""A session's records on disk: JSON lines, written unbuffered, read back whole or not at all."""

from __future__ import annotations

import asyncio
import base64
import fcntl
import json
import os
from pathlib import Path
from typing import Any

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
from seedsmith.tools.base import Image

Record = dict[str, Any]


class RecordFile:
    """Append-only and locked: one process writes a session at a time.

    Every record is one ``write`` of one line, so a crash can tear the last line only
    (docs/decisions.md, "Durability").
    """

    def __init__(self, path: Path, redactor: Redactor) -> None:
        self._path = path
        self._redactor = redactor
        self._folder_synced = False
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise SessionError(f"Session {path.parent.name} is in use by another process.") from error

    def read(self) -> list[Record]:
        """All records, oldest first; a torn last line is cut off the file.

        Raises :class:`SessionError` where an earlier line is damaged.
        """
        lines = self._path.read_bytes().split(b"\n")
        tail = lines.pop()
        records = []
        for number, line in enumerate(lines, 1):
            try:
                records.append(_object(line))
            except ValueError as error:
                if number < len(lines):
                    raise SessionError(f"Line {number} of {self._path} is damaged.") from error
                tail = line + b"\n" + tail
        if tail:
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - len(tail))
        return records

    def append(self, record: Record) -> None:
        """Write one record, secrets redacted; raises :class:`SessionError` where the disk refuses."""
        line = self._redactor.text(json.dumps(record, separators=(",", ":"))) + "\n"
        rest = memoryview(line.encode("ascii"))
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            raise SessionError(f"Can't write {self._path}: {error.strerror}.") from error

    async def sync(self) -> None:
        """Return once everything appended so far is on the disk; waits off the loop's thread."""
        try:
            await asyncio.to_thread(self._sync)
        except OSError as error:
            raise SessionError(f"Can't write {self._path}: {error.strerror}.") from error

    def _sync(self) -> None:
        os.fdatasync(self._fd)
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


def _object(line: bytes) -> Record:
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def item_to_json(item: Item) -> Record:
    """The item as a JSON object; :func:`item_from_json` is its inverse."""
    match item:
        case SystemMessage(text):
            return {"role": "system", "text": text}
        case UserMessage(text, origin, source, images):
            told: Record = {"role": "user", "text": text, "origin": origin}
            if source:
                told["source"] = source
            if images:
                told["images"] = [image_to_json(image) for image in images]
            return told
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
