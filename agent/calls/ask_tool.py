"""The ask tool: the model asks the person one question, through the front end."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from seedsmith.agent.calls.respondent import Question, Respondent
from seedsmith.tools.base import EVERYTHING, Access, ToolContext, ToolResult
from seedsmith.tools.pydantic_tool import NotBlank, Parameters, PydanticTool

NAME = "ask"
NOBODY = "No one is there: decide yourself and say so."
NO_ANSWER = "No answer was given: decide yourself and say so."
_MOST_OPTIONS = 9
"""So that one digit is enough to choose."""
_OPTION_CHARACTERS = 500


def _short(text: str) -> str:
    if len(text) > _OPTION_CHARACTERS:
        raise ValueError(f"must be at most {_OPTION_CHARACTERS} characters long")
    return text


class AskParameters(Parameters):
    """The question, and the likely answers."""

    question: NotBlank = Field(max_length=4_000)
    options: list[Annotated[NotBlank, AfterValidator(_short)]] = Field([], max_length=_MOST_OPTIONS)


class AskTool(PydanticTool[AskParameters]):
    """Waits for the person until the run's time is up; where nobody can answer, it says so at once."""

    name = NAME
    description = "Ask the user one question that only they can decide; without one there, decide yourself."
    parameters = AskParameters

    def __init__(self, respondent: Respondent | None = None) -> None:
        self._respondent = respondent

    @property
    def offered(self) -> bool:
        """Whether the model is told of it: where nobody can answer, it only costs."""
        return self._respondent is not None

    def access(self, parsed: AskParameters) -> Access:
        """Runs after the calls that change the workspace, and never before the model's answer is complete."""
        return Access(reads=frozenset({EVERYTHING}), early=False)

    async def run(self, parsed: AskParameters, context: ToolContext) -> ToolResult:
        """Ask, and return the answer in the person's words."""
        if self._respondent is None:
            return ToolResult(True, NOBODY, {"answered": False}, "no one is there")
        question = Question(parsed.question, tuple(parsed.options))
        answer = (await self._respondent.answer(question)).strip()
        if not answer:
            return ToolResult(True, NO_ANSWER, {"answered": False}, "no answer")
        return ToolResult(True, f"The user answers: {answer}", {"answered": True}, "answered")
