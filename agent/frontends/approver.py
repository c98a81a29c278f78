"""Asks the person at the terminal: whether a call may run, and what the model wants to know."""

from __future__ import annotations

import asyncio
import os
import re
from typing import TextIO

from seedsmith.agent.calls.approval import ApprovalRequest
from seedsmith.agent.calls.ask import Question
from seedsmith.agent.frontends.terminal import visible

_LONG_BLANK = re.compile(" {9,}")
MAX_ANSWER_BYTES = 4096


class ConsoleApprover:
    """An :class:`Approver` and :class:`Respondent` at a terminal."""

    def __init__(self, keyboard: TextIO, screen: TextIO) -> None:
        self._keyboard = keyboard.fileno()
        self._screen = screen
        self._one_at_a_time = asyncio.Lock()

    async def approve(self, request: ApprovalRequest) -> bool:
        """Show the whole call and ask; anything but y or yes is no, and so is a closed terminal."""
        async with self._one_at_a_time:
            what = _LONG_BLANK.sub(lambda blank: f"[{len(blank[0])} spaces]", visible(request.what))
            self._screen.write(
                f"{visible(request.tool)} asks for your word: {visible(request.why)}\n{what}\n"
            )
            self._screen.write("Run it? [y/N] ")
            self._screen.flush()
            answer = await self._read_line()
        return answer.strip().lower() in (b"y", b"yes")

    async def answer(self, question: Question) -> str:
        """Show the question and read one line; the number of an option stands for it."""
        async with self._one_at_a_time:
            self._screen.write(f"The model asks: {visible(question.text)}\n")
            for number, option in enumerate(question.options, 1):
                self._screen.write(f"  {number}. {visible(option)}\n")
            self._screen.write("Your answer> ")
            self._screen.flush()
            line = await self._read_line()
        answer = line.decode("utf-8", "replace").strip()
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(question.options):
            return question.options[int(answer) - 1]
        return answer

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
