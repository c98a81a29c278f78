"""Gives the model the workspace's ``AGENTS.md`` files: the root's at the start, nested ones when they matter.

A folder that has none but a ``CLAUDE.md`` is told that; where both are, ``AGENTS.md`` is told.

A nested file is appended to the conversation when a call first touches something in or below its folder: once
a session, outermost first (docs/decisions.md, "A stable prefix"). It is text for the model and nothing else:
policy, sandbox and tools are fixed before it is read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from seedsmith.agent.context.prompts import prompt
from seedsmith.agent.conversation import Conversation, UserMessage
from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.settings.yaml_file import read_small, user_folder
from seedsmith.sandbox.errors import PathError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.paths import shown
from seedsmith.sandbox.workspace.workspace import Workspace
from seedsmith.tools.base import EVERYTHING, Access
from seedsmith.tools.content.encodings import decode_output, describe_binary, detect
from seedsmith.tools.text import escape

NAME = "AGENTS.md"
NAMES = (NAME, "CLAUDE.md")
"""The names of instruction files; of those in one folder the first is told."""
ORIGIN = "instructions"
MOST_BYTES = 16 << 10
"""Of one file; the message says how to read the rest."""
MOST_NESTED_BYTES = 64 << 10
"""Of all nested files of a session together, so that many of them can't fill the context."""


@dataclass(frozen=True, slots=True)
class Found:
    """An instruction file as a ``message``, or why it is left out: ``refusal``, a sentence for people."""

    message: UserMessage | None = None
    refusal: str = ""
    cut: str = ""
    """A sentence for people if only a part of the file is given to the model."""


def root_instructions(workspace: Workspace) -> UserMessage | None:
    """The workspace's own instructions as an item; None if there are none that can be read."""
    path = instruction_file(workspace)
    return _read(workspace, path, "instructions.md").message if path else None


def instruction_file(workspace: Workspace, folder: str = "") -> str:
    """The path of the file in ``folder`` that is told; '' where there is none."""
    paths = (posixpath.join(folder, name) for name in NAMES)
    return next((path for path in paths if _is_there(workspace, path)), "")


def user_instructions(environment: Mapping[str, str]) -> UserMessage | None:
    """The user's own ``AGENTS.md``, beside ``config.yaml``, as an item; None where there is none to be read.

    Raises :class:`seedsmith.agent.errors.ConfigurationError` where it can't be read or is too long.
    """
    path = user_folder(environment) / NAME
    content = read_small(path, MOST_BYTES)
    text = escape(decode_output(content).replace("\r\n", "\n")).strip() if content else ""
    if not text:
        return None
    return UserMessage(prompt("instructions-user.md", text=text), ORIGIN, str(path))


def root_notices(workspace: Workspace) -> tuple[NoticeGiven, ...]:
    """Sentences for people if the workspace's own instructions are left out, shortened or not all told."""
    path = instruction_file(workspace)
    found = _read(workspace, path, "instructions.md") if path else Found()
    said = (
        ("instructions_refused", found.refusal),
        ("instructions_cut", found.cut),
        ("instructions_beside", _beside(workspace, path)),
    )
    return tuple(NoticeGiven(code, sentence) for code, sentence in said if sentence)


def _beside(workspace: Workspace, path: str) -> str:
    """A sentence about the root's file that is not told because of ``path``, where it says anything else."""
    for other in NAMES[1:]:
        if path == other or not _is_there(workspace, other):
            continue
        texts = [_plain(workspace, path) for path in (path, other)]
        if texts[1] not in (texts[0], "", f"@{path}", f"@./{path}"):
            return f"{other} is not told: {path} is there, and goes before it."
    return ""


def _plain(workspace: Workspace, path: str) -> str:
    try:
        return decode_output(workspace.read_bytes(path, limit=MOST_BYTES)).strip()
    except PathError:
        return ""


class NestedInstructions:
    """The nested ``AGENTS.md`` files of one session; its conversation shows which were appended before."""

    def __init__(self, workspace: Workspace, conversation: Conversation) -> None:
        self._workspace = workspace
        self._conversation = conversation
        self._looked_at: set[str] = set()
        self._shown: set[str] | None = None
        self._bytes = 0

    async def touched(self, accesses: Iterable[Access]) -> list[Found]:
        """The files to append after calls with these ``accesses``, outermost first.

        Reads from the disk. Left out are files by third parties, which would speak to the model in the user's
        name (:mod:`seedsmith.agent.context.third_party`), and files that the model has just written. Shell
        commands add none, since nothing says which folders they touched.
        """
        folders: list[str] = []
        for access in accesses:
            for path in sorted(access.reads | access.writes):
                folders += self._new_folders(path, access.writes)
        folders.sort(key=lambda folder: (folder.count("/"), folder))
        found = [await self._look(folder) for folder in folders]
        return [each for each in found if each.message is not None or each.refusal]

    def _new_folders(self, path: str, written: frozenset[str]) -> list[str]:
        """``path`` and its parent folders, without the root, that were not looked at before."""
        if path == EVERYTHING:
            return []
        try:
            folder = self._workspace.relative(path)
        except PathError:
            return []
        new = []
        while folder not in ("", ".") and folder not in self._looked_at:
            self._looked_at.add(folder)
            if not any(posixpath.join(folder, name) in written for name in NAMES):
                new.append(folder)
            folder = posixpath.dirname(folder)
        return new

    async def _look(self, folder: str) -> Found:
        path = instruction_file(self._workspace, folder)
        if not path or path in self._shown_before():
            return Found()
        found = _read(self._workspace, path, "instructions-nested.md", folder=shown(folder))
        if found.message is None:
            return found
        from seedsmith.agent.context.third_party import why_third_party

        try:
            why = await why_third_party(self._workspace, path)
        except PathError as error:
            return Found(refusal=f"Instructions are not told: {error}")
        if why:
            return Found(refusal=f"{shown(path)} is not told: {why}.")
        self._bytes += len(found.message.text.encode())
        if self._bytes > MOST_NESTED_BYTES:
            most = f"the instruction files of one session may fill {MOST_NESTED_BYTES:,} bytes"
            return Found(refusal=f"{shown(path)} is not told: {most}.")
        return found

    def _shown_before(self) -> set[str]:
        """The files an earlier process of this session showed the model; the conversation is read once."""
        if self._shown is None:
            earlier = [
                item
                for item in self._conversation
                if isinstance(item, UserMessage) and item.origin == ORIGIN and item.source not in NAMES
            ]
            self._shown = {item.source for item in earlier}
            self._bytes = sum(len(item.text.encode()) for item in earlier)
        return self._shown


def _read(workspace: Workspace, path: str, wording: str, **values: str) -> Found:
    """Read the instructions at ``path``; a link out of the workspace is refused, as for any tool."""
    try:
        data = workspace.read_bytes(path, limit=MOST_BYTES + 1)
    except PathError as error:
        return Found(refusal=f"Instructions are not told: {error}" if _is_there(workspace, path) else "")
    if detect(data, complete=False) is None:
        return Found(refusal=f"{shown(path)} is not told: it is {describe_binary(data)}.")
    text = escape(decode_output(data[:MOST_BYTES]).replace("\r\n", "\n")).strip()
    if not text:
        return Found()
    cut = ""
    if len(data) > MOST_BYTES:
        text += f"\n[only the first {MOST_BYTES:,} bytes; read shows the rest]"
        cut = f"{shown(path)} is too long: the model is told its first {MOST_BYTES:,} bytes, not the rest."
    message = UserMessage(prompt(wording, path=shown(path), text=text, **values), ORIGIN, path)
    return Found(message, cut=cut)


def _is_there(workspace: Workspace, path: str) -> bool:
    """Whether the workspace has anything at ``path``, also a link that is broken or leads out of it."""
    try:
        workspace.stat(path, follow=False)
    except PathError:
        return False
    return True
