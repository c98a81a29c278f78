"""What a helper changed in its copy, brought into the workspace whole, or kept with why it does not fit."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from seedsmith.agent.calls.dispatch import Dispatcher
from seedsmith.agent.conversation import ToolCall
from seedsmith.sandbox.errors import GitError
from seedsmith.sandbox.git.private_clone import PrivateClone
from seedsmith.tools.base import ToolContext, ToolResult
from seedsmith.tools.text import count


async def brought_in(
    said: ToolResult, clone: PrivateClone, calls: Dispatcher, context: ToolContext
) -> ToolResult:
    """``said``, what a helper reported, with what became of its change.

    The change is a call of ``patch`` like any other: it passes the gates, and fits whole or changes nothing.
    What does not fit, or comes of a helper that was not done, is kept to be read.
    """
    try:
        patch = await asyncio.to_thread(lambda: clone.diff(clone.tree()))
    except GitError as error:
        return _with_note(said, f"What it changed can't be told: {error}", {"changed": False})
    if not patch:
        return _with_note(said, "It changed nothing.", {"changed": False})
    why = "" if said.ok else "it was not done"
    if not why:
        why, text = _readable(patch)
    if not why:
        call = ToolCall(f"{said.data['session']}-change", "patch", json.dumps({"patch": text}))
        done = await calls.within(call)
        if done.ok:
            return _in_place(said, done, context)
        why = done.text
    kept = context.spills.save(patch)
    note = (
        f"Its change was not brought in, so the workspace is as it was: {why}\nThe change as a patch: {kept}"
    )
    return replace(_with_note(said, note, {"changed": False, "patch": kept}), ok=False)


def _readable(patch: bytes) -> tuple[str, str]:
    """Why ``patch`` is none of text alone, or '', and the text."""
    if b"\nGIT binary patch\n" in patch:
        return "it holds files that are not text.", ""
    try:
        return "", patch.decode()
    except UnicodeDecodeError:
        return "it holds text that is not UTF-8.", ""


def _in_place(said: ToolResult, done: ToolResult, context: ToolContext) -> ToolResult:
    """``said`` with the files that are changed now, none of which the caller's model has seen."""
    files = [each["path"] for each in done.data["files"]]
    for path in files:
        context.seen.pop(path, None)
    result = _with_note(said, f"Its change was brought in: {done.text}", {"changed": True, "files": files})
    return replace(result, summary=f"{said.summary}, {count(len(files), 'file')} changed")


def _with_note(said: ToolResult, what: str, data: dict[str, object]) -> ToolResult:
    return replace(said, text=f"{said.text}\n\n[{what}]", data={**said.data, **data})
