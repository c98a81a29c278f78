"""Asks the person at the terminal: whether a call may run, and what the model wants to know."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import json
import os
import re
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from seedsmith.agent.calls.approval import Allowed, ApprovalRequest, Refused
from seedsmith.agent.calls.respondent import Question
from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.frontends.terminal import visible, visible_row
from seedsmith.agent.settings.permissions.grants import Grant

_LONG_BLANK = re.compile(" {9,}")
_NO = re.compile(r"^no?\b[\s,.:;–—-]*", re.IGNORECASE)
_IN_FULL = {"yes": "y", "session": "s", "always": "a"}
MAX_ANSWER_BYTES = 4096
_MOST_BYTES = 1 << 20
"""A larger file is not compared with what a call would put there."""


class ConsoleApprover:
    """An :class:`Approver` and :class:`Respondent` at a terminal."""

    def __init__(self, keyboard: TextIO, screen: TextIO, workspace: Path | None = None) -> None:
        self._workspace = workspace
        self._keyboard = keyboard.fileno()
        self._screen = screen
        self._one_at_a_time = asyncio.Lock()
        self._granted: list[Grant] = []

    async def approve(self, request: ApprovalRequest) -> bool | Allowed | Refused:
        """Show the whole call and ask; anything but a yes is no, and so is a closed terminal.

        What was typed before the question stood there is no answer to it. The words after a no, or instead
        of it, are the reason.
        """
        async with self._one_at_a_time:
            if any(map(request.covered_by, self._granted)):
                return True
            shown = visible(readable(request.what, self._workspace))
            what = _LONG_BLANK.sub(lambda blank: f"[{len(blank[0])} spaces]", shown)
            asked = as_told(f"{visible(request.tool)} asks for your word: {visible(request.why)}")
            self._screen.write(f"{asked}\n{what}\n")
            for letters, grant in choices(request).items():
                kept = "always in this folder" if letters.startswith("a") else "for this session"
                description = as_told(f"{letters}: yes, {kept}, to {visible_row(grant.description)}")
                self._screen.write(f"  {description}\n")
            self._forget_typed()
            self._screen.write(as_told("Run it? [y once, or as above; no and why] "))
            self._screen.flush()
            answer = (await self._read_line()).decode("utf-8", "replace").strip()
        return decision(answer, request, self._granted.append)

    async def answer(self, question: Question) -> str:
        """Show the question and read one line; the number of an option stands for it."""
        async with self._one_at_a_time:
            who = as_told("The model asks: ") if question.from_model else ""
            self._screen.write(f"{who}{visible(question.text)}\n")
            for number, option in enumerate(question.options, 1):
                self._screen.write(f"  {number}. {visible(option)}\n")
            self._forget_typed()
            self._screen.write(as_told("Your answer> "))
            self._screen.flush()
            line = await self._read_line()
        answer = line.decode("utf-8", "replace").strip()
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(question.options):
            return question.options[int(answer) - 1]
        return answer

    def _forget_typed(self) -> None:
        """What was typed before the question stood there is no answer to it."""
        with contextlib.suppress(termios.error):  # no terminal
            termios.tcflush(self._keyboard, termios.TCIFLUSH)

    async def _read_line(self) -> bytes:
        """Wait for a line without a thread, so that an interrupt ends the wait at once."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._keyboard, ready.set)
        try:
            await ready.wait()
            return os.read(self._keyboard, MAX_ANSWER_BYTES)
        finally:
            loop.remove_reader(self._keyboard)


def choices(request: ApprovalRequest) -> dict[str, Grant]:
    """The answers by which a yes is kept: s and a, for a beginning sp and ap; what it is then a yes to."""
    found = dict(zip(("s", "sp"), request.for_session, strict=False))
    return found | dict(zip(("a", "ap"), request.grants, strict=False))


def decision(
    answer: str, request: ApprovalRequest, keep: Callable[[Grant], object]
) -> bool | Allowed | Refused:
    """What ``answer`` says: a yes, once or kept, or else a no, its words the reason.

    ``keep`` is given what it is a yes to for the session.
    """
    said = _IN_FULL.get(answer.lower(), answer.lower())
    if (grant := choices(request).get(said)) is not None:
        if said.startswith("a"):
            return Allowed(grant)
        keep(grant)
        return True
    return said == "y" or Refused(_NO.sub("", answer))


def readable(arguments: str, workspace: Path | None = None) -> str:
    """A call's arguments as a person reads them: a command, a difference, or by name.

    Nothing is left out but what stays of a file of ``workspace`` whose whole content is given.
    """
    try:
        given = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    if not isinstance(given, dict):
        return arguments
    command = [f"$ {given['command']}"] if isinstance(given.get("command"), str) else []
    edits = given["edits"] if isinstance(given.get("edits"), list) else [given]
    pairs = [_difference(edit) for edit in edits if isinstance(edit, dict)]
    if not pairs or not all(pairs):
        pairs, shown = [], {"command"} if command else set()
    else:
        shown = {"edits"} if "edits" in given else {"old", "new"}
    if workspace is not None and (change := _rewritten(given, workspace)):
        pairs, shown = [change], {"content"}
    rest = [_named(name, value) for name, value in given.items() if name not in shown]
    return "\n".join([*command, *rest, *pairs]) or arguments


def _rewritten(given: dict[str, Any], workspace: Path) -> str:
    """What a new content takes from a file that is there, and puts there; '' for a file that is not there."""
    path, content = given.get("path"), given.get("content")
    if not isinstance(path, str) or not isinstance(content, str):
        return ""
    file = workspace / path
    try:
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return ""
        before = file.read_bytes().decode()
    except (OSError, ValueError):
        return ""
    lines = difflib.unified_diff(before.split("\n"), content.split("\n"), lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("--- ", "+++ ")))


def _difference(edit: dict[str, Any]) -> str:
    """What an edit takes away and puts there; '' where it is none."""
    if not all(isinstance(edit.get(name), str) for name in ("old", "new")):
        return ""
    others = [_named(name, value) for name, value in edit.items() if name not in ("old", "new", "path")]
    lines = difflib.ndiff(edit["old"].split("\n"), edit["new"].split("\n"))
    return "\n".join([*others, *(line for line in lines if not line.startswith("?"))])


def _named(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if "\n" not in text:
        return f"{name}: {text}"
    return f"{name}:\n" + "\n".join(f"  {line}" for line in text.split("\n"))
