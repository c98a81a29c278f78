"""Describes conflicts for the model: each place with its line numbers and both sides."""

from __future__ import annotations

from collections.abc import Iterator

from seedsmith.sandbox.errors import PathError
from seedsmith.tools.base import ToolResult
from seedsmith.tools.content.encodings import decode_output
from seedsmith.tools.git.git_call import GitCall, listed
from seedsmith.tools.git.status import CONFLICTS, Status, read_status
from seedsmith.tools.text import clamp, count, escape, shown_path

_MOST_BYTES = 4 << 20
_MOST_SIDE_LINES = 30


async def conflicts(call: GitCall) -> ToolResult:
    """The conflicts below the paths."""
    found = await read_status(call.git, call.pathspec, untracked="no")
    if not found.conflicts:
        return ToolResult(True, "There are no conflicts.", {"conflicts": 0}, "no conflicts")
    several = count(len(found.conflicts), "file") + " in conflict"
    return ToolResult(
        True,
        listed(conflict_lines(call, found), call.context, 400),
        {"conflicts": len(found.conflicts)},
        several,
    )


def conflict_lines(call: GitCall, found: Status) -> list[str]:
    """Lines that describe every conflict: the file, what happened to it, and both sides of each place."""
    lines: list[str] = []
    if found.operation == "rebase":
        lines.append("in a rebase ours is what it goes onto, theirs the commit of your own")
    for change in found.conflicts:
        path = change.path
        lines.append(f"{shown_path(path)}: {CONFLICTS[change.staged + change.unstaged]}")
        try:
            data = call.context.workspace.read_bytes(path, cap=_MOST_BYTES)
        except PathError:
            lines.append("  it is not there now: write it, or rm it")
            continue
        places = list(_places(decode_output(data).split("\n")))
        lines += places or ["  no conflict markers in it: keep it as it is, change it, or rm it"]
    return lines


def _places(lines: list[str]) -> Iterator[str]:
    start = 0
    side = ""
    for number, line in enumerate(lines, 1):
        bare = line.rstrip("\r")
        if bare.startswith("<<<<<<< "):
            start, side = number, f"ours ({bare[8:]})"
            end = next(
                (n for n, each in enumerate(lines[number:], number + 1) if each.startswith(">>>>>>> ")), 0
            )
            yield f"  lines {number}-{end or len(lines)}, {escape(side)}:"
            left = _MOST_SIDE_LINES
        elif start and bare.startswith(("||||||| ", "=======", ">>>>>>> ")):
            if bare.startswith(">>>>>>> "):
                start = 0
                continue
            theirs = next((each[8:] for each in lines[number:] if each.startswith(">>>>>>> ")), "")
            side = "before both" if bare.startswith("|") else f"theirs ({theirs.rstrip()})"
            yield f"  {escape(side)}:"
            left = _MOST_SIDE_LINES
        elif start:
            left -= 1
            if left >= 0:
                yield f"    {number}: {clamp(escape(bare), 300)}"
            elif left == -1:
                yield "    …"
