"""``seedsmith completion``: what a shell needs to complete commands, flags and values."""

from __future__ import annotations

import click
from click.shell_completion import (
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    get_completion_class,
)

from seedsmith.agent.cli.invocation import Invocation, debug_flag

SHELLS = ("bash", "zsh", "fish")


@click.command("completion", short_help="Print a shell's completion script.")
@click.argument("shell", type=click.Choice(SHELLS))
@debug_flag
def command(shell: str) -> None:
    """Print the script that lets SHELL complete commands, flags and values.

    bash: source <(seedsmith completion bash) · zsh: the same · fish: seedsmith completion fish | source
    """
    from seedsmith.agent.cli.main import COMPLETING, seedsmith

    completion = get_completion_class(shell)
    assert completion is not None
    script = completion(seedsmith, {}, "seedsmith", COMPLETING).source()
    # fish: a description may hold commas, too
    click.echo(script.replace('string split ","', 'string split --max 1 ","'))


def tell_in(invocation: Invocation) -> None:
    """Have zsh and fish, which show what a word means, told it in the person's language."""
    from seedsmith.agent.cli.told_help import help_told, language_here

    told = help_told(language_here(invocation.lang))

    def telling(shell: type[ShellComplete]) -> type[ShellComplete]:
        class Telling(shell):  # type: ignore[valid-type, misc]
            def format_completion(self, item: CompletionItem) -> str:
                item.help = told(item.help) if item.help else item.help
                return str(super().format_completion(item))

        return Telling

    for each in (ZshComplete, FishComplete):
        add_completion_class(telling(each))
