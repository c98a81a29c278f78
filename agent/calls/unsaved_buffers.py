"""What is typed in an editor and not saved yet: the model is shown it, and no call writes over it."""

from __future__ import annotations

import asyncio
import difflib
from itertools import islice

from seedsmith.agent.calls.gates import Gate, Passage
from seedsmith.agent.calls.prepared_call import PreparedCall
from seedsmith.agent.settings.run_request import Buffers
from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import EVERYTHING, ToolResult
from seedsmith.tools.text import clamp, shown_path

_MOST_BYTES = 2 << 20
"""Larger files are not compared: nobody types in them."""
_MOST_LINES, _MOST_CHARACTERS = 200, 400
"""Of the difference, and of each of its lines."""
_RELOAD_SECONDS = 0.5
"""An editor takes about so long until it shows what was written on the disk."""


class UnsavedBufferGate(Gate):
    """Compares the files that a call touches with what the editor holds of them.

    What the model reads, searches and edits is the disk; the editor's own text would be lost or in conflict
    where a call wrote below it.
    """

    def __init__(self, workspace: Workspace, buffers: Buffers) -> None:
        self._workspace = workspace
        self._buffers = buffers
        self._were: dict[str, set[int]] = {}
        """Hashes of what was on the disk, by path: an editor that holds it has only not reloaded it yet."""

    async def before(self, prepared: PreparedCall) -> Passage:
        """Refuse to write a file that holds more in the editor than on the disk."""
        for path in sorted(prepared.access.writes - {EVERYTHING}):
            if await self._difference(path):
                name = shown_path(path)
                return Passage(
                    f"Refused: the user has changed {name} in the editor and not saved it, so writing it "
                    "would lose or tangle that. Ask the user to save it, then go on.",
                    f"{name} is not saved in the editor",
                )
        return Passage()

    async def after(self, prepared: PreparedCall, result: ToolResult) -> tuple[str, ...]:
        """Show beside a file that was read what the editor holds besides."""
        if not result.ok or prepared.access.writes:
            return ()
        shown = []
        for path in sorted(prepared.access.reads - {EVERYTHING}):
            if difference := await self._difference(path):
                head = f"The user's editor holds unsaved changes of {shown_path(path)}; the disk does not:"
                shown.append(f"[{head}]\n{difference}")
        return tuple(shown)

    async def _difference(self, path: str) -> str:
        """From the disk's text to the editor's as a unified diff; '' where none is known."""
        saved = self._saved(path)
        if saved is None:
            return ""
        were = self._were.setdefault(path, set())
        were.add(hash(saved))
        held = await self._held(path)
        if held is not None and hash(held) not in were:
            await asyncio.sleep(_RELOAD_SECONDS)
            held = await self._held(path)
        if held is None or hash(held) in were:
            return ""
        texts = saved.splitlines(), held.splitlines()
        lines = difflib.unified_diff(*texts, "disk", "editor", n=2, lineterm="")
        found = [clamp(line, _MOST_CHARACTERS) for line in islice(lines, _MOST_LINES + 1)]
        if len(found) > _MOST_LINES:
            found[_MOST_LINES:] = ["[more differs]"]
        return "\n".join(found)

    async def _held(self, path: str) -> str | None:
        text = await self._buffers(self._workspace.root / self._workspace.relative(path))
        return None if text is None else _plain(text)

    def _saved(self, path: str) -> str | None:
        """The text on the disk; None where there is no file, or none that an editor shows as UTF-8."""
        try:
            return _plain(self._workspace.read_bytes(path, cap=_MOST_BYTES).decode())
        except (SandboxError, ValueError):
            return None


def _plain(text: str) -> str:
    """``text`` without what editors keep to themselves: a BOM, how lines end, the final newline."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").rstrip("\n")
