"""``seedsmith completion``: what a shell needs to complete commands, flags and values."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from seedsmith.agent.cli.invocation import debug_flag

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_SEEDSMITH_COMPLETE"


@click.command("completion", short_help="Print a shell's completion script.")
@click.argument("shell", type=click.Choice(SHELLS))
@debug_flag
def command(shell: str) -> None:
    """Print the script that lets SHELL complete commands, flags and values.

    bash: source <(seedsmith completion bash) · zsh: the same · fish: seedsmith completion fish | source
    """
    from seedsmith.agent.cli.main import seedsmith

    completion = get_completion_class(shell)
    assert completion is not None
    script = completion(seedsmith, {}, "seedsmith", _VARIABLE).source()
    # fish: a description may hold commas, too
    click.echo(script.replace('string split ","', 'string split --max 1 ","'))
