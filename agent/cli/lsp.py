"""``seedsmith lsp``: completion for editors, over standard input and output."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import Any

import click

from seedsmith.agent.cli.complete import FLAGS
from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import debug_flag
from seedsmith.agent.errors import UsageError


@click.command("lsp", short_help="Complete code in an editor, as a language server (docs/completion.md).")
@click.option(
    "--debounce", type=click.IntRange(0, 5000), default=150, show_default=True, metavar="MILLISECONDS",
    help="How long to wait for the next key before the model is asked.",
)  # fmt: skip
@setting_flags(*FLAGS, "max_tokens", "max_cost")
@debug_flag
def command(debounce: int, **flags: Any) -> int:
    """Complete code in an editor that speaks the Language Server Protocol, over standard input and output.

    --max-tokens and --max-cost bound any hour.
    """
    if sys.stdin is None or sys.stdout is None or sys.stdin.isatty():
        raise UsageError("seedsmith lsp is started by an editor (docs/completion.md).")
    if find_spec("pygls") is None:
        raise UsageError("An editor needs one more package: run pip install 'seedsmith[lsp]'.")
    from seedsmith.agent.cli.protocol_pipes import own_pipes
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.frontends.lsp.serving import serve

    settings = load_settings(flags)
    return until_done(serve(settings, os.environ, debounce / 1000, own_pipes("lsp")))
