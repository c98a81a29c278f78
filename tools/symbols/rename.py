"""Carries out a server's rename: every place checked first, then all files written, or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seedsmith.sandbox.errors import SandboxError
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.sandbox.workspace.workspace import digest
from seedsmith.tools.base import Seen, ToolContext, ToolError
from seedsmith.tools.content.difference import Replacement
from seedsmith.tools.content.loading import TextFile, check_encodable, load_text
from seedsmith.tools.symbols.positions import Lines
from seedsmith.tools.text import shown_path

_NOTHING = "nothing was changed"


@dataclass(frozen=True, slots=True)
class Renamed:
    """One file of a rename, checked: its new content, and the lines, from 1, where the name changes."""

    file: TextFile
    data: bytes
    lines: tuple[int, ...]


def planned(edits: Mapping[str, list[Any]], old: str, encoding: str, context: ToolContext) -> list[Renamed]:
    """What becomes of each file of ``edits`` by path; raises :class:`ToolError` on any doubt."""
    return [_planned(path, edits[path], old, encoding, context) for path in sorted(edits) if edits[path]]


def edits_of(answer: Any) -> list[tuple[Any, list[Any]]]:
    """The URIs and edits in a server's ``WorkspaceEdit``; raises :class:`ToolError` for what is none."""
    if not isinstance(answer, dict):
        raise ToolError(f"The server renames nothing there; {_NOTHING}.")
    changes = answer.get("documentChanges")
    if isinstance(changes, list):
        found = []
        for each in changes:
            if not isinstance(each, dict) or "kind" in each:
                raise ToolError(f"The server would rename files, too: move them yourself first; {_NOTHING}.")
            document = each.get("textDocument")
            found.append((document.get("uri") if isinstance(document, dict) else None, each.get("edits")))
    else:
        whole = answer.get("changes")
        found = list(whole.items()) if isinstance(whole, dict) else []
    if not all(isinstance(edits, list) for _, edits in found):
        raise ToolError(f"The server's answer is none; {_NOTHING}.")
    return [(uri, edits) for uri, edits in found if isinstance(edits, list)]


def write(files: list[Renamed], context: ToolContext) -> None:
    """Write them all; where one can't be written, put back those that were and raise :class:`ToolError`."""
    done: list[Renamed] = []
    try:
        for each in files:
            context.workspace.write_bytes(each.file.path, each.data, expected=each.file.data)
            done.append(each)
    except SandboxError as error:
        lost = [each.file.path for each in reversed(done) if not _put_back(each, context)]
        but = f", except for {', '.join(map(shown_path, lost))}" if lost else ""
        raise ToolError(f"{error} The rename was undone{but}.") from None
    for each in done:
        if each.file.path in context.seen:
            context.seen[each.file.path] = Seen(digest(each.data))


def _planned(path: str, edits: list[Any], old: str, encoding: str, context: ToolContext) -> Renamed:
    name = shown_path(path)
    context.workspace.check_writable(path)
    file = load_text(context, path, "symbols")
    if file is None:
        raise ToolError(f"The server would change {name}, which is not there; {_NOTHING}.")
    lines = Lines(file.text, encoding)
    replacements: list[Replacement] = []
    try:
        for each in edits:
            start, end = (lines.offset(each["range"][side]) for side in ("start", "end"))
            new = each["newText"]
            if start > end or not isinstance(new, str):
                raise ValueError("no edit")
            replacements.append(Replacement(start, end, new))
    except (KeyError, TypeError, ValueError):
        raise ToolError(f"The server's edits of {name} are none; {_NOTHING}.") from None
    replacements = sorted(set(replacements), key=lambda each: (each.start, each.end))
    position = 0
    for replacement in replacements:
        if replacement.start < position or old not in file.text[replacement.start : replacement.end]:
            line = lines.position(replacement.start)["line"] + 1
            raise ToolError(f"The server would change {name} in line {line}, where {old} is not; {_NOTHING}.")
        check_encodable(file, replacement.new)
        position = replacement.end
    numbers = tuple(dict.fromkeys(lines.position(each.start)["line"] + 1 for each in replacements))
    return Renamed(file, file.splice(replacements), numbers)


def _put_back(each: Renamed, context: ToolContext) -> bool:
    try:
        context.workspace.write_bytes(each.file.path, each.file.data, expected=each.data)
    except SandboxError:
        return False
    return True
