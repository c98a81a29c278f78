"""Shared by read, write and edit: loads whole text files, and checks that they are as the model saw them."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from seedsmith.sandbox.errors import PathError, PathNotFound, ProtectedPath
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.workspace import FileStat, Workspace, digest
from seedsmith.tools.base import EVERYTHING, Access, ToolContext, ToolError
from seedsmith.tools.content.difference import Replacement
from seedsmith.tools.content.encodings import Encoding, decode_text, describe_binary
from seedsmith.tools.content.file_lookup import resolved
from seedsmith.tools.text import escape, human_bytes, shown_path

MAX_TEXT_BYTES = 128 << 20
"""Files up to this size can be edited; larger ones can only be read, in parts."""

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class TextFile:
    """A whole text file; ``path`` is relative to the workspace, ``text`` is without the BOM."""

    path: str
    data: bytes
    encoding: Encoding
    text: str

    def splice(self, replacements: Sequence[Replacement]) -> bytes:
        """Return the file's bytes with ``replacements`` made; all others are copied, never re-encoded.

        ``replacements`` are in order and don't overlap.
        """
        data = memoryview(self.data)  # whose slices are no copies
        parts: list[bytes | memoryview] = []
        position, offset, copied = 0, len(self.encoding.bom), 0
        for replacement in replacements:
            offset += self._size(position, replacement.start)
            parts += [data[copied:offset], self.encoding.encode(replacement.new)]
            offset += self._size(replacement.start, replacement.end)
            position, copied = replacement.end, offset
        return b"".join([*parts, data[copied:]])

    def _size(self, start: int, end: int) -> int:
        """Return how many bytes ``text[start:end]`` takes in the file."""
        if len(self.text) == len(self.data) - len(self.encoding.bom):  # then every character is one byte
            return end - start
        return len(self.encoding.encode(self.text[start:end]))


def load_text(context: ToolContext, path: str, tool: str) -> TextFile | None:
    """Read the file at ``path`` to change it; None if nothing is there.

    Raises :class:`ToolError`, naming ``tool``, if it is binary or too large, and before anything else
    :class:`seedsmith.sandbox.errors.ProtectedPath` if no tool may write it.
    """
    refuse_protected(context.workspace, path)
    relative = resolved(context.workspace, path)
    try:
        size = context.workspace.stat(relative).size
        if size > MAX_TEXT_BYTES:
            raise ToolError(
                f"{shown_path(relative)} has {human_bytes(size)}, and {tool} takes files up to "
                f"{human_bytes(MAX_TEXT_BYTES)}: use shell (sed, python) for it."
            )
        data = context.workspace.read_bytes(relative, cap=MAX_TEXT_BYTES)
    except PathNotFound:
        return None
    decoded = decode_text(data)
    if decoded is None:
        raise ToolError(
            f"{shown_path(relative)} is {describe_binary(data)}, and {tool} changes text only: "
            "use shell for it."
        )
    return TextFile(relative, data, *decoded)


def refuse_protected(workspace: Workspace, path: str) -> None:
    """Raise :class:`seedsmith.sandbox.errors.ProtectedPath` if no tool may write ``path``, whatever it holds.

    Other problems with it are reported later, in more precise words, by the code that finds them.
    """
    try:
        workspace.check_writable(path)
    except ProtectedPath:
        raise
    except PathError:
        return


def version(found: FileStat) -> str:
    """Return a value that changes with a large file's content, without reading it."""
    return f"{found.size}:{found.modified_ns}:{found.changed_ns}:{found.inode}"


def check_unchanged(context: ToolContext, path: str, data: bytes) -> None:
    """Raise :class:`ToolError` if the file at ``path`` was seen in this session and now holds other ``data``.

    ``path`` is relative to the workspace; ``data`` was read before this is called.
    """
    if has_changed(context, path, data):
        raise ToolError(f"{changed_since(path)}: read it again, then repeat the call.")


def has_changed(context: ToolContext, path: str, data: bytes) -> bool:
    """Whether the file at ``path`` was seen in this session and now holds other ``data``."""
    return not is_as_seen(context, path, context.workspace.stat(path), (data,))


def changed_since(path: str) -> str:
    """Say that the file at ``path`` is not what the model last saw."""
    return f"{shown_path(path)} has changed since you last saw it"


def is_as_seen(context: ToolContext, path: str, found: FileStat, data: Iterable[bytes]) -> bool:
    """Whether the file at ``path``, of which ``data`` are the blocks, is as last seen, if it ever was."""
    seen = context.seen.get(path)
    if seen is None:
        return True
    if seen.version == version(found):
        return True
    known = seen.digest if isinstance(seen.digest, str) else seen.digest.result()
    return known != "" and known == digest(data)


def check_encodable(file: TextFile, text: str) -> None:
    """Raise :class:`ToolError` if ``text`` has a character the encoding of ``file`` can't hold."""
    letter = file.encoding.unencodable(text)
    if letter is not None:
        raise ToolError(
            f"{shown_path(file.path)} is in {file.encoding.label or file.encoding.codec}, which can't hold "
            f"{escape(letter)!r} (U+{ord(letter):04X}); nothing was changed. Use other characters, "
            "or convert the file with shell first."
        )


def reads(path: str) -> Access:
    """Return the access of a call that reads ``path``."""
    return Access(reads=_resource(path))


def writes(path: str) -> Access:
    """Return the access of a call that changes ``path``."""
    return Access(reads=_resource(path), writes=_resource(path))


def _resource(path: str) -> frozenset[str]:
    normal = posixpath.normpath(path)
    # By its text alone nobody can tell which file such a path is: let it conflict with all of them.
    return frozenset({normal, EVERYTHING} if normal.startswith(("/", "..")) else {normal})


async def in_thread(work: Callable[[], ResultT]) -> ResultT:
    """Run blocking ``work`` off the event loop; if cancelled, let it finish first
    (docs/decisions.md, "Cancellation").
    """
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
