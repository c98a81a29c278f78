"""Asks the person at the prompt: whether a call may run, and what the model wants to know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from seedsmith.agent.calls.approval import ApprovalRequest, Refused
from seedsmith.agent.calls.ask_tool import Question
from seedsmith.agent.frontends.approver import decision, readable
from seedsmith.agent.frontends.terminal import visible

Say = Callable[[str, str], None]


class PromptQuestions:
    """An :class:`Approver` and :class:`Respondent` whose answers are lines of the conversation's prompt."""

    def __init__(self, say: Say, asked: Callable[[], None]) -> None:
        """``say`` shows a line in a style; ``asked`` is called when a question begins or ends.

        The prompt then puts aside what was typed before: it answers no question that nobody had seen.
        """
        self._say = say
        self._asked = asked
        self._one_at_a_time = asyncio.Lock()
        self._answer: asyncio.Future[str] | None = None
        self.prompt = ""
        """What stands before the answer; '' while nothing is asked."""

    @property
    def waiting(self) -> bool:
        """Whether the next line answers a question."""
        return self._answer is not None

    def give(self, line: str) -> None:
        """Answer the question that waits."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(line)

    async def approve(self, request: ApprovalRequest) -> bool | Refused:
        """Show the whole call and ask; the words of a no reach the model."""
        async with self._one_at_a_time:
            self._say(f"{visible(request.tool)} asks for your word: {visible(request.why)}", "yellow")
            self._say(readable(request.what), "")
            return decision(await self._ask("Run it? [y/N, or no and why] "))

    async def answer(self, question: Question) -> str:
        """Show the question; the number of an option stands for it."""
        async with self._one_at_a_time:
            self._say(f"The model asks: {question.text}", "yellow")
            for number, option in enumerate(question.options, 1):
                self._say(f"  {number}. {option}", "")
            answer = await self._ask("Your answer> ")
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(question.options):
            return question.options[int(answer) - 1]
        return answer

    async def _ask(self, prompt: str) -> str:
        self._answer = asyncio.get_running_loop().create_future()
        self.prompt = prompt
        self._asked()
        try:
            return (await self._answer).strip()
        finally:
            self._answer, self.prompt = None, ""
            self._asked()
