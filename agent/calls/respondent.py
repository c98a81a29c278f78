"""Who answers questions in words, where somebody does."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question for the person, with suggested answers; any other answer is accepted as well."""

    text: str
    options: tuple[str, ...] = ()
    from_model: bool = True
    """Whether the model asks; else the text says who does."""


@runtime_checkable
class Respondent(Protocol):
    """Someone who can answer in words; an :class:`Approver` may be one, too."""

    async def answer(self, question: Question) -> str:
        """Return the answer, empty where none was given."""
