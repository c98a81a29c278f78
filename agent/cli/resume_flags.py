"""The flags by which ``run`` and ``fix`` go on with a session: ``--continue``, ``--resume``, ``--fork``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from seedsmith.agent.errors import UsageError
from seedsmith.agent.settings.settings import OFFER, Settings

Command = TypeVar("Command", bound=Callable[..., Any])

_MOST_OFFERED = 20

continue_flag = click.option(
    "--continue",
    "goes_on",
    is_flag=True,
    help="Go on with the last session of this folder.",
)


def settle_resume(flags: dict[str, Any], goes_on: bool, words: tuple[str, ...]) -> tuple[str, ...]:
    """Settle in ``flags`` which session is gone on with; returns the prompt's words.

    ``--resume "More to do"`` is ``--resume`` alone and a prompt, since no id holds white space.
    """
    named = flags.get("resume")
    if goes_on:
        if named or flags.get("fork"):
            raise UsageError("Give one of --continue, --resume and --fork.")
        flags["resume"] = "last"
    elif named and not words and len(named.split()) > 1:
        flags["resume"] = OFFER
        return (named,)
    return words


def with_chosen_session(settings: Settings) -> Settings:
    """``settings`` with the session a person chose, where ``--resume`` named none.

    Raises :class:`UsageError` where there is nobody to ask, no session, or none was chosen.
    """
    if settings.resume != OFFER:
        return settings
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "--resume without an id offers the list at a terminal; name one (seedsmith sessions list), or "
            "take the last with --continue."
        )
    from seedsmith.agent.cli.sessions import table
    from seedsmith.agent.frontends.line_wrapping import as_told
    from seedsmith.agent.sessions.recorded_sessions import Sessions

    found = Sessions(settings.home).list(settings.workspace)[:_MOST_OFFERED]
    if not found:
        raise UsageError(f"There is no session of {settings.workspace.resolve()} yet.")
    for number, line in enumerate(table(found, everywhere=False), 1):
        click.echo(f"{number:>3}  {line}", err=True)
    number = click.prompt(
        as_told("Go on with which"), type=click.IntRange(1, len(found)), default=1, err=True
    )
    return settings.model_copy(update={"resume": found[number - 1].id})
