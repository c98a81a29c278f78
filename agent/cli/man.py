"""``seedsmith man``: the manual page, made from the help of the commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import click

from seedsmith.agent.cli.invocation import Invocation, debug_flag
from seedsmith.agent.version import VERSION

Told = Callable[[str], str]
SEE = "docs/command-line.md in the source tree says where settings come from and where state lies."


@click.command("man", short_help="Print the manual page.")
@debug_flag
@click.pass_context
def command(context: click.Context) -> None:
    """Print the manual page, for man to show: seedsmith man | man -l -

    To keep it: seedsmith man > ~/.local/share/man/man1/seedsmith.1
    """
    from seedsmith.agent.cli.told_help import help_told, language_here

    root = context.find_root()
    told = help_told(language_here(context.ensure_object(Invocation).lang))
    for line in page(root.command, "seedsmith", told):
        click.echo(line)


def page(root: click.Command, name: str, told: Told = str) -> Iterator[str]:
    """The lines of the page, in the man macros of roff; ``told`` puts what is in it into a language."""
    from seedsmith.agent.cli.told_help import usage_told

    context = click.Context(root, info_name=name, **root.context_settings)
    yield f'.TH "{name.upper()}" "1" "" "{name} {VERSION}" "{told("User Commands")}"'
    yield f".SH {told('NAME')}"
    yield f"{name} \\- {_text(told((root.help or '').partition('.')[0])).lower()}"
    yield f".SH {told('SYNOPSIS')}"
    command, flags, prompt = map(told, ("COMMAND", "FLAGS", "PROMPT"))
    yield f"\\fB{name}\\fR [\\fI{command}\\fR] [\\fI{flags}\\fR] [\\fI{prompt}\\fR]"
    yield f".SH {told('DESCRIPTION')}"
    yield from _paragraphs(root.help or "", told)
    yield from _flags(root, context, told)
    yield f".SH {told('COMMANDS')}"
    for full, each, own in _commands(root, context):
        usage = usage_told(" ".join(each.collect_usage_pieces(own)), told)
        yield f".SS {_text(f'{full} {usage}')}"
        yield from _paragraphs(each.help or each.short_help or "", told)
        yield from _flags(each, own, told)
    yield f".SH {told('SEE ALSO')}"
    yield _text(told(SEE))


def _commands(
    group: click.Command, context: click.Context, above: str = ""
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command below ``group`` with its full name."""
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        full = f"{above} {name}".strip()
        own = click.Context(command, info_name=name, parent=context)
        yield full, command, own
        yield from _commands(command, own, full)


def _flags(command: click.Command, context: click.Context, told: Told) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            yield ".TP"
            yield f"\\fB{_text(record[0])}\\fR"
            yield _text(told(record[1]))


def _paragraphs(text: str, told: Told) -> Iterator[str]:
    for paragraph in text.replace("\b", "").split("\n\n"):
        yield ".PP"
        yield _text(told(" ".join(paragraph.split())))


def _text(text: str) -> str:
    """``text`` with nothing in it that roff takes for its own."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith((".", "'", "\\(aq")) else escaped
