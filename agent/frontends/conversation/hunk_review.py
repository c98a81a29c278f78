"""Goes through a change hunk by hunk with a person: keep, drop, edit, comment."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Protocol

from seedsmith.agent.frontends.conversation.hunks import Hunk, read_change
from seedsmith.agent.frontends.languages.language import Words
from seedsmith.agent.frontends.terminal import visible
from seedsmith.tools.base import ToolResult

_ANSWERS = {"": "k", "keep": "k", "drop": "d", "edit": "e", "comment": "c", "quit": "q"}
_LETTERS = frozenset(_ANSWERS.values())
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


async def review(talk: Reviewer, diff: str, run_tool: RunTool, comments: list[str]) -> None:
    """Ask about each hunk of ``diff``, carry out what is said, and put the comments into ``comments``.

    Raises ValueError for text that is no diff.
    """
    change = read_change(diff)
    hunks = change.hunks
    moved: dict[str, int] = defaultdict(int)
    kept = dropped = edited = 0
    for number, hunk in enumerate(hunks, 1):
        talk.say(f"{_heading(talk, hunk)}  ({number}/{len(hunks)})", "bold")
        talk.show_change(hunk.diff)
        answer, more = await _answer(talk)
        if answer == "q":
            break
        if answer == "c" and (comment := more or await talk.ask(talk.words("review.comment"))):
            talk.say(f"> {comment}", "bold")
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
    if change.others:
        talk.say(talk.words("review.others", files=", ".join(map(visible, change.others))), "yellow")
    talk.say(talk.words("review.done", kept=kept, dropped=dropped, edited=edited, comments=len(comments)))


def _heading(talk: Reviewer, hunk: Hunk) -> str:
    """The hunk's file, and whether it is new or gone."""
    what = talk.words("review.created") if hunk.created else ""
    what = talk.words("review.deleted") if hunk.deleted else what
    return f"{visible(hunk.path)}{what}"


async def _answer(talk: Reviewer) -> tuple[str, str]:
    """The letter that the person answers with, and the words behind it; asks again where it is none."""
    while True:
        first, _, more = (await talk.ask(talk.words("review.ask"))).partition(" ")
        letter = _ANSWERS.get(first.lower(), first.lower())
        if letter in _LETTERS and (not more or letter == "c"):
            return letter, more.strip()
        talk.say(talk.words("review.unknown"), "yellow")


async def _edited(talk: Reviewer, hunk: Hunk, moved: int) -> tuple[str | None, int]:
    """The patch that makes the person's text of ``hunk``'s lines, and by how many lines the file grows."""
    after = await talk.edit(hunk.new)
    if after is None or after == hunk.new.replace("\r\n", "\n"):
        return None, 0
    return hunk.replaced(after, moved), after.count("\n") - hunk.new.count("\n")
