"""``seedsmith run``: one task, then exit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from agent.cli.flags import debug_flag, json_flag, load_settings, setting_flags
from agent.errors import UsageError

if TYPE_CHECKING:
    from agent.settings import Settings


@click.command("run", short_help="Carry out one task, then exit.")
@click.argument("prompt", default="")
@setting_flags()
@json_flag
@debug_flag
def command(prompt: str, as_json: bool, **flags: Any) -> int:
    """Carry out the task PROMPT in a folder, then exit.

    With --skill NAME the task is that skill's, and PROMPT may say more. With --replay FILE it runs a
    recording again, without network or model, and exits 0 where everything agrees. With --resume ID it goes
    on with that session; then PROMPT may be left out, or says something more.

    Exit codes: 0 done (and verified, where --verify was given), 1 finished without reaching it,
    2 wrong usage, 3 a budget ended it, 4 the model or its provider failed, 5 no sandbox as strong as
    asked for, 130 interrupted.
    """
    settings = load_settings(flags)
    if not prompt.strip() and not settings.skill and not settings.resume and not settings.replay:
        raise UsageError("The prompt is empty; say what to do.")
    return carry_out(settings, prompt, as_json)


def carry_out(settings: Settings, prompt: str, as_json: bool) -> int:
    """Run ``prompt`` as a person typed it; the exit code."""
    from agent.cli.running import perform
    from agent.run import run

    return perform(
        lambda front_ends, approver: run(settings, prompt, front_ends, approver, typed=True),
        settings,
        as_json,
    ).exit_code
