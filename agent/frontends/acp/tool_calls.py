"""Calls of tools as an editor shows them: what each is about, where, and what it changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from acp.schema import (
    ContentToolCallContent,
    FileEditToolCallContent,
    PlanEntry,
    PlanEntryStatus,
    TextContentBlock,
    ToolCallLocation,
    ToolKind,
)

Content = list[ContentToolCallContent | FileEditToolCallContent | Any]
_KINDS: dict[str, ToolKind] = {
    "read": "read",
    "view_image": "read",
    "edit": "edit",
    "write": "edit",
    "patch": "edit",
    "glob": "search",
    "grep": "search",
    "shell": "execute",
    "shell_input": "execute",
    "shell_output": "execute",
    "shell_kill": "execute",
    "git": "execute",
    "todo": "think",
    "task": "think",
}
_MAIN_ARGUMENTS = ("command", "path", "pattern", "message", "question", "task", "name", "action")
_TITLE_CHARACTERS = 200
_MOST_HUNKS = 50
"""A change of more places is shown as text."""
_STATES: dict[str, PlanEntryStatus] = {"pending": "pending", "active": "in_progress", "done": "completed"}


def kind(tool: str) -> ToolKind:
    """Which of the protocol's kinds ``tool`` is."""
    return _KINDS.get(tool, "other")


def title(tool: str, arguments: Any) -> str:
    """A call in one line: the tool and what it is about."""
    subject = ""
    if isinstance(arguments, Mapping):
        subject = " ".join(str(arguments[name]) for name in _MAIN_ARGUMENTS if arguments.get(name))
        subject = subject or json.dumps(dict(arguments), ensure_ascii=False, default=str)
    line = " ".join(f"{tool} {subject}".split())
    return line if len(line) <= _TITLE_CHARACTERS else f"{line[: _TITLE_CHARACTERS - 1]}…"


def locations(arguments: Any, root: Path) -> list[ToolCallLocation]:
    """The file that a call names, absolute, with the line at which it begins to read."""
    path = arguments.get("path") if isinstance(arguments, Mapping) else None
    if not isinstance(path, str) or not path or ":" in path.partition("/")[0]:
        return []
    line = arguments.get("offset")
    at = line if isinstance(line, int) and line > 0 else None
    return [ToolCallLocation(path=str(root / path), line=at)]


def text_content(text: str) -> Content:
    """``text`` as the content of a call; nothing where there is none."""
    if not text:
        return []
    return [ContentToolCallContent(type="content", content=TextContentBlock(type="text", text=text))]


def diff_content(diff: str, root: Path) -> tuple[Content, list[ToolCallLocation]]:
    """The changed places of a unified ``diff`` and where they are; as text where it can't be read as one."""
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    try:
        files = PatchSet(diff)
    except (UnidiffParseError, ValueError):
        return text_content(diff), []
    content: Content = []
    places: list[ToolCallLocation] = []
    for file in files:
        path = str(root / file.path)
        for hunk in file:
            old = None if file.is_added_file else "".join(line.value for line in hunk.source_lines())
            new = "".join(line.value for line in hunk.target_lines())
            content.append(FileEditToolCallContent(type="diff", path=path, old_text=old, new_text=new))
            places.append(ToolCallLocation(path=path, line=hunk.target_start))
    return (content, places) if 0 < len(content) <= _MOST_HUNKS else (text_content(diff), places[:1])


def plan_entries(plan: Any) -> Iterator[PlanEntry]:
    """The steps of the model's plan, as a finished ``todo`` call holds them."""
    for step in plan:
        state = _STATES[step["state"]]
        yield PlanEntry(content=step["text"], priority="medium", status=state)
