"""``seedsmith man``: the manual page, made from the help of the commands."""

from __future__ import annotations

from collections.abc import Iterator

import click

from seedsmith.agent.cli.invocation import debug_flag
from seedsmith.agent.version import VERSION


@click.command("man", short_help="Print the manual page.")
@debug_flag
@click.pass_context
def command(context: click.Context) -> None:
    """Print the manual page, for man to show: seedsmith man | man -l -

    To keep it: seedsmith man > ~/.local/share/man/man1/seedsmith.1
    """
    root = context.find_root()
    for line in page(root.command, "seedsmith"):
        click.echo(line)


def page(root: click.Command, name: str) -> Iterator[str]:
    """The lines of the page, in the man macros of roff."""
    context = click.Context(root, info_name=name)
    yield f'.TH "{name.upper()}" "1" "" "{name} {VERSION}" "User Commands"'
    yield ".SH NAME"
    yield f"{name} \\- {_text((root.help or '').partition('.')[0]).lower()}"
    yield ".SH SYNOPSIS"
    yield f"\\fB{name}\\fR [\\fICOMMAND\\fR] [\\fIFLAGS\\fR] [\\fIPROMPT\\fR]"
    yield ".SH DESCRIPTION"
    yield from _paragraphs(root.help or "")
    yield from _flags(root, context)
    yield ".SH COMMANDS"
    for full, command, own in _commands(root, context):
        usage = " ".join(command.collect_usage_pieces(own))
        yield f".SS {_text(f'{full} {usage}')}"
        yield from _paragraphs(command.help or command.short_help or "")
        yield from _flags(command, own)
    yield ".SH SEE ALSO"
    yield "docs/command\\-line.md in the source tree says where settings come from and where state lies."


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


def _flags(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            yield ".TP"
            yield f"\\fB{_text(record[0])}\\fR"
            yield _text(record[1])


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.replace("\b", "").split("\n\n"):
        yield ".PP"
        yield _text(" ".join(paragraph.split()))


def _text(text: str) -> str:
    """``text`` with nothing in it that roff takes for its own."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith((".", "'", "\\(aq")) else escaped
