"""A command that takes a person's words: its complaints say how to give them."""

from __future__ import annotations

import shlex

import click


class WordsCommand(click.Command):
    """A command whose complaints about a flag or a word say how to tell it what to do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        given = list(args)  # click empties its own
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.possibilities:
                raise
            raise click.UsageError(f"There is no flag {error.option_name}{_prompt_hint(given)}") from None


def _prompt_hint(arguments: list[str]) -> str:
    words = [each for each in arguments if not each.startswith("-")]
    hint = f"; a prompt needs none: seedsmith run {shlex.quote(' '.join(words))}" if words else ""
    return hint or "; --help lists what there is."
