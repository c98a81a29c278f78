"""What one call of the command line knows besides its settings, and the flags that every command has."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import click

from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.languages.language import LANGUAGES, language_of
from seedsmith.agent.frontends.languages.reports import Reports
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(slots=True)
class Invocation:
    """What one call of the command line knows besides its settings."""

    debug: bool = False
    quiet: bool = False
    lang: str | None = None
    """The language that the person chose; None for the locale's."""
    in_conversation: bool = False
    """Whether it was typed behind ``/`` there."""

    def command(self, name: str, words: str = "") -> str:
        """How the command ``name`` is typed where the person is; ``words`` are what a shell needs besides."""
        return f"/{name}" if self.in_conversation else f"seedsmith {name} {words}".rstrip()

    def told(self, sentence: str) -> str:
        """``sentence``, one of the program's own, in the person's language."""
        return Reports(language_of(self.lang, os.environ))(sentence)


def _remember_debug(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Invocation).debug = True


debug_flag = click.option(
    "--debug", is_flag=True, expose_value=False, callback=_remember_debug, help="Show tracebacks."
)


_language_flag = click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    expose_value=False,
    help="Language that is spoken to you; default: the locale's, else English.",
)


class ToldContext(click.Context):
    """The context of a command whose help is told in the person's language."""

    def make_formatter(self) -> click.HelpFormatter:
        """What lays the help out."""
        from seedsmith.agent.cli.told_help import ToldFormatter, help_told, language_here

        language = language_here(self.ensure_object(Invocation).lang)
        return super().make_formatter() if language == "en" else ToldFormatter(help_told(language))


def with_language(command: click.Command) -> click.Command:
    """``command``, it and those in it told in the person's language.

    They get the flag ``--lang`` where they have none of their own.
    """
    command.context_class = ToldContext
    if isinstance(command, click.Group):
        for each in command.commands.values():
            with_language(each)
    if not any("--lang" in each.opts for each in command.params):
        _language_flag(command)
    return command


json_flag = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, one object a line, and nothing else."
)


class _ListingGroup(click.Group):
    """Takes flags that only its command ``list`` has as typed behind that, where no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {name for each in self.get_params(ctx) for name in each.opts}
        flags = {each.partition("=")[0] for each in args}
        if args and all(each.startswith("-") for each in flags) and not flags <= known:
            args = ["list", *args]
        return super().parse_args(ctx, args)


def listing_group(name: str, short_help: str) -> Callable[[Callable[[], None]], click.Group]:
    """Makes a group of commands that lists when it is called alone, as its command ``list`` does.

    The function that it decorates gives the help.
    """

    def made(described: Callable[[], None]) -> click.Group:
        @click.group(
            name, _ListingGroup, invoke_without_command=True, short_help=short_help, help=described.__doc__
        )
        @json_flag
        @debug_flag
        @click.pass_context
        def group(context: click.Context, as_json: bool) -> None:
            if context.invoked_subcommand is None:
                context.invoke(group.commands["list"], as_json=as_json)
            elif as_json:
                place = f"seedsmith {name} {context.invoked_subcommand} --json"
                raise UsageError(f"--json belongs after the command, where it takes one: {place}")

        return group

    return made


def say(sentence: str) -> None:
    """Tell the person something beside the output proper: on stderr, unless ``--quiet`` was said."""
    context = click.get_current_context(silent=True)
    if context is not None and context.ensure_object(Invocation).quiet:
        return
    from seedsmith.agent.frontends.line_wrapping import tell

    tell(f"seedsmith: {sentence}", stream=sys.stderr)


def at_a_terminal() -> bool:
    """Whether a person can type here and see what is written."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty()
