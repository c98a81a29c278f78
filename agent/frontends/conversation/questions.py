"""Asks the person at the prompt: whether a call may run, and what the model wants to know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from seedsmith.agent.calls.approval import Allowed, ApprovalRequest, Refused
from seedsmith.agent.calls.respondent import Question
from seedsmith.agent.frontends.approver import choices, decision, readable
from seedsmith.agent.frontends.languages.language import Words
from seedsmith.agent.frontends.terminal import visible, visible_row
from seedsmith.agent.settings.permissions.grants import Grant

Say = Callable[[str, str], None]


class PromptQuestions:
    """An :class:`Approver` and :class:`Respondent` whose answers are lines of the conversation's prompt."""

    def __init__(
        self, say: Say, asked: Callable[[], None], words: Words, workspace: Path | None = None
    ) -> None:
        """``say`` shows a line in a style; ``asked`` is called when a question begins or ends.

        The prompt then puts aside what was typed before: it answers no question that nobody had seen.
        """
        self._say = say
        self._asked = asked
        self._words = words
        self._workspace = workspace
        self._one_at_a_time = asyncio.Lock()
        self._answer: asyncio.Future[str] | None = None
        self.granted: dict[Grant, str] = {}
        """What was said yes to for the session, and how that is told."""
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

    async def approve(self, request: ApprovalRequest) -> bool | Allowed | Refused:
        """Show the whole call, why it is asked, what a yes would cover; the words of a no reach the model."""
        async with self._one_at_a_time:
            granted = next(filter(request.covered_by, self.granted), None)
            if granted is not None:
                self._say(self._words("approval.granted", covers=self.granted[granted]), "dim")
                return True
            tool, why = visible(request.tool), visible(self._words.told(request.why))
            self._say(self._words("approval.asks", tool=tool, why=why), "yellow")
            self._say(readable(request.what, self._workspace), "")
            offered = choices(request)
            self._say(self._words("approval.covers", covers=self._covers(offered["s"])), "dim")
            if "a" in offered:
                self._say(self._words("approval.always"), "dim")
            if "sp" in offered:
                self._say(self._words("approval.prefix", covers=self._covers(offered["sp"])), "dim")
            keys = self._words.told(", ").join(self._words(f"key.{each}") for each in ("y", *offered))
            answer = await self.ask(self._words("approval.prompt", keys=keys))
            return decision(answer, request, self._keep)

    async def answer(self, question: Question) -> str:
        """Show the question; the number of an option stands for it."""
        async with self._one_at_a_time:
            asked = self._words("question", text=question.text) if question.from_model else question.text
            self._say(asked, "yellow")
            for number, option in enumerate(question.options, 1):
                self._say(f"  {number}. {option}", "")
            answer = await self.ask(self._words("question.prompt"))
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(question.options):
            return question.options[int(answer) - 1]
        return answer

    async def ask(self, prompt: str) -> str:
        """Ask for one line behind ``prompt``."""
        self._answer = asyncio.get_running_loop().create_future()
        self.prompt = prompt
        self._asked()
        try:
            return (await self._answer).strip()
        finally:
            self._answer, self.prompt = None, ""
            self._asked()

    def _keep(self, grant: Grant) -> None:
        self.granted[grant] = self._covers(grant)

    def _covers(self, grant: Grant) -> str:
        """How it is told what a yes would cover."""
        if grant.kind == "files":
            files = self._words.told(", ").join(map(visible, grant.text.splitlines()))
            return self._words("approval.files", files=files)
        if grant.kind == "prefix":
            return self._words("approval.beginning", covers=visible_row(grant.description))
        return self._words("approval.call", tool=visible(grant.tool))
