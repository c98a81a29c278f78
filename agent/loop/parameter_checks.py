"""Checks that parameters fit each other and the model, before anything is sent.

Each parameter's own type and range is checked by :class:`Settings`. Pure functions.
"""

from __future__ import annotations

from collections.abc import Collection

from seedsmith.agent.errors import UsageError
from seedsmith.agent.models.catalog.entries import ModelEntry
from seedsmith.agent.settings.config import flag_name
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.lazy_dataclass import dataclass

TOOL_CHOICES = ("none", "auto", "required")
SMALLEST_ANSWER = 256
"""Tokens; a shorter answer would not even have room for one call."""


class ParameterConflict(UsageError):
    """Parameters that can't be used together; the message names them."""


@dataclass(frozen=True, slots=True)
class OutputLimit:
    """How many tokens one answer may have, and why that is fewer than was asked for."""

    tokens: int | None
    """None: as many as the model allows."""
    shortened_by: str = ""
    """What limits it, as the start of a sentence; '' if nothing does."""


def check(settings: Settings, prompt: str, tools: Collection[str]) -> None:
    """Raise :class:`ParameterConflict` for the first thing that doesn't fit.

    ``prompt`` is the text of the task, ``tools`` are the names of the offered tools.
    """
    for fault in (
        _probabilities(settings),
        _limits(settings),
        _form(settings, prompt),
        _choice(settings.tool_choice, tools),
    ):
        if fault:
            raise ParameterConflict(fault)


def _probabilities(settings: Settings) -> str:
    if settings.top_logprobs is not None and not settings.logprobs:
        return f"{flag_name('top_logprobs')} {settings.top_logprobs} needs {flag_name('logprobs')} beside it."
    return ""


def _limits(settings: Settings) -> str:
    if settings.max_output_tokens is not None and settings.max_completion_tokens is not None:
        return (
            f"{flag_name('max_output_tokens')} {settings.max_output_tokens} and "
            f"{flag_name('max_completion_tokens')} {settings.max_completion_tokens} exclude each other: "
            "give one of them."
        )
    return ""


def _form(settings: Settings, prompt: str) -> str:
    kind = (settings.response_format or {}).get("type")
    if kind == "json_object" and settings.output_schema is None and "json" not in prompt.lower():
        return (
            f'{flag_name("response_format")} {{"type": "json_object"}} needs a prompt that asks for JSON: '
            "the word JSON does not stand in it."
        )
    if settings.structured_outputs and kind != "json_schema" and settings.output_schema is None:
        return (
            f"{flag_name('structured_outputs')} needs a schema: give {flag_name('output_schema')}, or "
            f"{flag_name('response_format')} with the type json_schema."
        )
    return ""


def _choice(choice: str | None, tools: Collection[str]) -> str:
    if choice is None or choice in TOOL_CHOICES or choice in tools:
        return ""
    return (
        f"{flag_name('tool_choice')} can't be {choice!r}: it must be {', '.join(TOOL_CHOICES)} or a tool "
        f"on offer ({', '.join(tools)})."
    )


def warnings(settings: Settings, entry: ModelEntry, provider: str) -> list[str]:
    """What a person should know of parameters that are allowed, one sentence each."""
    said = []
    if settings.temperature is not None and settings.top_p is not None:
        said.append(
            "temperature and top_p both change how varied answers are: the service advises to set only one."
        )
    for name, value in entry.fixed.items():
        asked = getattr(settings, name, None)
        if asked is not None and asked != value:
            said.append(
                f"{provider}/{entry.name} always works with {name} {value:g}: {asked:g} changes nothing."
            )
    return said


def tool_choices(asked: str | None, offered: str) -> tuple[str, str]:
    """The choice for the first question and the one for all that follow.

    ``asked`` is the user's choice, ``offered`` the profile's. After ``required`` or a tool's name, all later
    questions use the profile's choice; otherwise the model would have to go on calling and the run never end.
    """
    if asked is None:
        return offered, offered
    if asked in ("auto", "none"):
        return asked, asked
    return asked, offered


def output_limit(
    asked: int | None, usual: int | None, room: int | None, *, affordable: int | None = None
) -> OutputLimit:
    """The limit of one answer: what was asked for, or else ``usual``, but no more than is left.

    ``room`` is what the prompt leaves of the context, ``affordable`` what the budget still allows; all in
    tokens, None if unknown.
    """
    wanted = asked or usual
    if wanted is None:
        return OutputLimit(None)
    if affordable is not None and affordable < min(wanted, room if room is not None else wanted):
        return OutputLimit(affordable, "The budget")
    if room is not None and room < wanted:
        return OutputLimit(room, "The model's context")
    return OutputLimit(asked)
