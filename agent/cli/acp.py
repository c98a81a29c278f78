"""``seedsmith acp``: the agent of an editor, over standard input and output."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Any

import click

from seedsmith.agent.cli.flags import given, load_settings, setting_flags
from seedsmith.agent.cli.invocation import debug_flag, say
from seedsmith.agent.errors import UsageError

_OF_ONE_RUN = (
    "workspace", "skill", "skill_with", "image", "record", "replay", "output_schema", "resume", "fork",
)  # fmt: skip


@click.command("acp", short_help="Serve an editor by the Agent Client Protocol (docs/editors.md).")
@setting_flags(without=_OF_ONE_RUN)
@click.option("--login", is_flag=True, help="Ask in a terminal which model to use and for its key.")
@debug_flag
def command(login: bool, **flags: Any) -> int:
    """Serve an editor that speaks the Agent Client Protocol, over standard input and output.

    The editor starts it and names the folder of each session; flags hold for all of them.
    """
    if login:
        return _log_in(flags)
    if sys.stdin is None or sys.stdout is None or sys.stdin.isatty():
        raise UsageError(
            "seedsmith acp is started by an editor (docs/editors.md); seedsmith alone talks at a terminal."
        )
    if find_spec("acp") is None:
        raise UsageError("An editor needs one more package: run pip install 'seedsmith[acp]'.")
    from seedsmith.agent.cli.protocol_pipes import own_pipes
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.frontends.acp.serving import serve
    from seedsmith.agent.frontends.telemetry.observing import observing

    settings = load_settings(flags)  # what is wrong with them is told before an editor waits
    with observing(settings) as watchers:
        incoming, outgoing = own_pipes("acp")
        until_done(serve(given(flags), os.environ, incoming, outgoing, watchers))
    return 0


def _log_in(flags: dict[str, Any]) -> int:
    """Ask for a service and its key, and keep it for the sessions to come."""
    from seedsmith.agent.cli.first_run import choose_model
    from seedsmith.agent.cli.invocation import at_a_terminal
    from seedsmith.agent.models.catalog import catalog

    if not at_a_terminal():
        raise UsageError("seedsmith acp --login asks in a terminal.")
    chosen = choose_model(load_settings(flags), catalog.load(os.environ), os.environ)
    if chosen is None:
        return 1
    say(f"The editor's sessions use {chosen.model}.")
    return 0
