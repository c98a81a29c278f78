"""Goes through a change hunk by hunk with a person: keep, drop, edit, comment."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Protocol

from seedsmith.agent.frontends.conversation.hunks import Hunk, hunks_of
from seedsmith.agent.frontends.languages.language import Words
from seedsmith.tools.base import ToolResult

RunTool = Callable[[str, str], Awaitable[ToolResult]]
"""Runs a tool, given its name and its arguments as JSON."""


class Reviewer(Protocol):
    """What a review needs of the conversation."""

    words: Words

    def say(self, text: str, style: str = "") -> None:
        """Show a line."""

    def show_change(self, diff: str) -> None:
        """Show a diff as changes are shown."""

    async def ask(self, prompt: str) -> str:
        """Ask the person for a line."""
        ...

    async def edit(self, text: str) -> str | None:
        """Let the person edit ``text`` in an editor; None where it was not saved."""
        ...


async def review(talk: Reviewer, diff: str, run_tool: RunTool) -> str:
    """Ask about each hunk of ``diff``, and carry out what is said.

    Returns the comments, as a message for the model; '' without one. Raises ValueError for text that is no
    diff.
    """
    hunks = hunks_of(diff)
    comments: list[str] = []
    moved: dict[str, int] = defaultdict(int)
    kept = dropped = edited = 0
    for number, hunk in enumerate(hunks, 1):
        talk.say(f"{hunk.path}  ({number}/{len(hunks)})", "bold")
        talk.show_change(hunk.diff)
        answer, _, more = (await talk.ask(talk.words("review.ask"))).partition(" ")
        if answer == "q":
            break
        if answer == "c" and (comment := more or await talk.ask(talk.words("review.comment"))):
            comments.append(f"On {hunk.path}, line {hunk.new_start}:\n{hunk.diff}\n{comment}")
        patch = None
        if answer == "d":
            patch, grows = hunk.taken_back(moved[hunk.path]), -hunk.grown
        elif answer == "e":
            patch, grows = await _edited(talk, hunk, moved[hunk.path])
        if patch is None:
            kept += 1
            continue
        result = await run_tool("patch", json.dumps({"patch": patch}))
        if result.ok:
            moved[hunk.path] += grows
            dropped, edited = dropped + (answer == "d"), edited + (answer == "e")
        else:
            talk.say(talk.words("review.failed", why=talk.words.told(result.text)), "red")
    talk.say(talk.words("review.done", kept=kept, dropped=dropped, edited=edited, comments=len(comments)))
    return "\n\n".join(comments)


async def _edited(talk: Reviewer, hunk: Hunk, moved: int) -> tuple[str | None, int]:
    """The patch that makes the person's text of ``hunk``'s lines, and by how many lines the file grows."""
    after = await talk.edit(hunk.new)
    if after is None or after == hunk.new:
        return None, 0
    return hunk.replaced(after, moved), after.count("\n") - hunk.new.count("\n")
