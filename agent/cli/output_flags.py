"""The flags that say what is shown of a run: ``--json``, ``--quiet``, ``--diff``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from seedsmith.agent.cli.invocation import Invocation, json_flag
from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.display_options import DisplayOptions

Command = TypeVar("Command", bound=Callable[..., Any])


def display_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flags; it takes what they say as the argument ``shown``."""

    @wraps(command)
    def shown(*arguments: Any, as_json: bool, quiet: bool, diff: bool, **others: Any) -> Any:
        if as_json and (quiet or diff):
            raise UsageError("--json is quiet by itself, and its last event holds the diff: give it alone.")
        click.get_current_context().ensure_object(Invocation).quiet = quiet
        return command(*arguments, shown=DisplayOptions(as_json, quiet, diff), **others)

    for flag in (
        click.option("--diff", is_flag=True, help="Print what changed after the answer: diff and counts."),
        click.option("-q", "--quiet", is_flag=True, help="Print the answer alone, and why there is none."),
        json_flag,
    ):
        shown = flag(shown)
    return shown
