"""The command group, and the edge where errors become one sentence and an exit code."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from seedsmith.agent.cli.invocation import (
    Invocation,
    ToldContext,
    at_a_terminal,
    debug_flag,
    say,
    with_language,
)
from seedsmith.agent.errors import FAILED, INTERRUPTED, WRONG_USAGE, UsageError
from seedsmith.agent.settings.kept_keys import with_kept_keys
from seedsmith.agent.version import VERSION

COMMANDS = {
    "talk": "seedsmith.agent.cli.conversation",
    "run": "seedsmith.agent.cli.run",
    "fix": "seedsmith.agent.cli.fix",
    "review": "seedsmith.agent.cli.review",
    "batch": "seedsmith.agent.cli.batch",
    "undo": "seedsmith.agent.cli.undo",
    "redo": "seedsmith.agent.cli.undo:redo",
    "tool": "seedsmith.agent.cli.tool",
    "skills": "seedsmith.agent.cli.skills",
    "sessions": "seedsmith.agent.cli.sessions",
    "mcp": "seedsmith.agent.cli.mcp",
    "cost": "seedsmith.agent.cli.cost",
    "models": "seedsmith.agent.cli.models",
    "doctor": "seedsmith.agent.cli.doctor",
    "demo": "seedsmith.agent.cli.demo",
    "acp": "seedsmith.agent.cli.acp",
    "complete": "seedsmith.agent.cli.complete",
    "lsp": "seedsmith.agent.cli.lsp",
    "permissions": "seedsmith.agent.cli.permissions",
    "config": "seedsmith.agent.cli.config",
    "import": "seedsmith.agent.cli.import_command",
    "completion": "seedsmith.agent.cli.completion",
    "man": "seedsmith.agent.cli.man",
}
"""Each command and the module that holds it, as ``command`` or as it says, imported when it is called."""

DEFAULT_COMMAND = "talk"
"""The command that is meant where none is named, at a terminal."""
_SPACELESS = (
    ("\u0e00", "\u0eff"),
    ("\u1000", "\u109f"),
    ("\u1780", "\u17ff"),
    ("\u3040", "\u30ff"),
    ("\u3400", "\u9fff"),
    ("\U00020000", "\U0003ffff"),
)
"""First and last letters of Thai, Lao, Burmese, Khmer, Japanese, Chinese: no command's name holds one."""
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SHOWN_CHARACTERS = 60
"""Of a path that is too long."""
COMPLETING = "_SEEDSMITH_COMPLETE"
"""The variable by which a shell asks what can be typed."""
_HELP = frozenset({"-h", "--help"})
GROUP_FLAGS = _HELP | {"--version", "--debug"}


class CommandGroup(click.Group):
    """Commands by name; a lone argument that holds a space is a prompt for ``run``."""

    context_class = ToldContext

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All command names, in the order of ``--help``."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command ``cmd_name``; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name or "command")
        return with_language(command)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``seedsmith [flags of run] "A PROMPT"`` as ``seedsmith run …``, flags alone as ``talk``'s."""
        named = next((arg for arg in args if arg in COMMANDS), None)
        if named is None and _HELP.intersection(args):
            args = _without_language(args)  # it is known already
        if named is None and any(_is_prompt(arg) for arg in args):
            args = ["run", *args]
        elif named is None and at_a_terminal() and self._opens_conversation(ctx, args):
            args = [DEFAULT_COMMAND, *args]
        elif args and args[0].startswith("-") and (flag := args[0].partition("=")[0]) not in GROUP_FLAGS:
            raise click.UsageError(_misplaced(flag, args, named))
        return super().parse_args(ctx, args)

    def _opens_conversation(self, ctx: click.Context, args: list[str]) -> bool:
        """Whether ``args`` are nothing, or flags of the conversation."""
        if not args or GROUP_FLAGS.intersection(args):
            return not args
        alone = self.get_command(ctx, DEFAULT_COMMAND)
        flags = (
            {name for each in alone.params for name in each.opts + each.secondary_opts} if alone else set()
        )
        return args[0].partition("=")[0] in flags

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown word gets a suggestion."""
        if args[0] not in COMMANDS:
            from seedsmith.tools.suggestions import suggestion

            meant = suggestion(args[0], COMMANDS) or "; seedsmith --help lists what there is"
            raise click.UsageError(f"There is no command {args[0]!r}{meant}.")
        return super().resolve_command(ctx, args)


def _misplaced(flag: str, args: list[str], named: str | None) -> str:
    """What is wrong with a flag before any command: it belongs behind one, or there is none such."""
    from seedsmith.agent.cli.run import command, quoted

    if any(flag in parameter.opts + parameter.secondary_opts for parameter in command.params):
        return f"{flag} belongs after the command: seedsmith {named or 'COMMAND'} {flag} …"
    words = tuple(arg for arg in args if not arg.startswith("-"))
    if named or not words:
        return f"There is no flag {flag}; seedsmith --help lists what there is."
    return f"There is no flag {flag}; a prompt needs none: seedsmith run {quoted(words)}"


def _is_prompt(argument: str) -> bool:
    """Whether ``argument`` can only be a prompt: it holds a space, or is in a script that has none.

    Also ``-`` and ``@FILE``, which say where it stands.
    """
    if argument.startswith("-"):
        return argument == "-"
    if argument.startswith("@") and len(argument) > 1:
        return True
    return any(
        letter.isspace() or any(first <= letter <= last for first, last in _SPACELESS)
        for letter in argument.strip()
    )


@click.group(
    cls=CommandGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(VERSION, message="seedsmith %(version)s")
@debug_flag
@click.pass_context
def seedsmith(context: click.Context) -> None:
    """A coding agent for the terminal.

    It fixes bugs and carries out tasks in a local repository, inside a sandbox, and proves its work by
    running it. Alone it opens a conversation. A prompt alone is short for run:
    seedsmith "Fix the failing test"
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code (docs/command-line.md, "Exit codes")."""
    from seedsmith.agent.frontends.line_wrapping import told_by

    invocation = Invocation(lang=_language(arguments))
    with told_by(invocation.told):
        return _invoke(arguments, invocation)


def _invoke(arguments: Sequence[str], invocation: Invocation) -> int:
    _never_fail_to_print()
    if COMPLETING in os.environ:
        importlib.import_module("seedsmith.agent.cli.completion").tell_in(invocation)
    try:
        os.environ.update(with_kept_keys(os.environ))
        _stand_somewhere()
        result = seedsmith.main(list(arguments), "seedsmith", standalone_mode=False, obj=invocation)
        _print_all()
        return result if isinstance(result, int) else 0
    except BrokenPipeError:
        return FAILED
    except click.ClickException as error:
        say(error.format_message())
        return WRONG_USAGE
    except Exception as error:
        if invocation.debug:
            raise
        code, sentence = explain(error)
        say(sentence)
        return code
    except BaseException as error:
        if isinstance(error, SystemExit) or invocation.debug:
            raise
        return INTERRUPTED
    finally:
        _drop_unwritable_output()


def _stand_somewhere() -> None:
    """Raise where the current folder was deleted while a shell stood in it."""
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise UsageError("The current folder is gone, deleted or moved: go to one that is there.") from error


def _language(arguments: Sequence[str]) -> str | None:
    """What is typed behind ``--lang``: what is wrong with the rest is said in that language, too."""
    for name, following in zip(arguments, (*arguments[1:], ""), strict=False):
        flag, _, value = name.partition("=")
        if flag == "--lang":
            return value or following
    return None


def _without_language(arguments: Sequence[str]) -> list[str]:
    """``arguments`` without ``--lang`` and what is typed behind it."""
    before = ("", *arguments)
    kept = zip(before, arguments, strict=False)
    return [each for last, each in kept if last != "--lang" and each.partition("=")[0] != "--lang"]


def explain(error: Exception) -> tuple[int, str]:
    """The exit code of an error, and the one sentence that says what to do about it."""
    from seedsmith.agent.sessions.outcome import NO_MEMORY, ending_of, exit_code_of

    if isinstance(error, click.Abort):
        return INTERRUPTED, "Interrupted."
    if isinstance(error, MemoryError):
        return FAILED, NO_MEMORY
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return FAILED, f"{error.filename or 'The output'} can't be written: {error.strerror}."
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        return (
            WRONG_USAGE,
            f"{str(error.filename)[:_SHOWN_CHARACTERS]}… can't be used: it is too long for a path.",
        )
    ending = ending_of(error)
    if ending is not None and ending.raised:
        what = f"{type(error).__name__}: {error}".partition("\n")[0]
        return FAILED, f"Something unforeseen went wrong ({what}); --debug shows where."
    return exit_code_of(error), str(error)


def _never_fail_to_print() -> None:
    """Show what the terminal's encoding lacks as an escape instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _print_all() -> None:
    """Write what is still to be written; a reader that has gone is no error."""
    with contextlib.suppress(BrokenPipeError, ValueError):
        if sys.stdout is not None:
            sys.stdout.flush()


def _drop_unwritable_output() -> None:
    """Where the reader of stdout has gone, keep the interpreter from complaining at its end."""
    try:
        if sys.stdout is not None:  # None where it was closed from the start
            sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
