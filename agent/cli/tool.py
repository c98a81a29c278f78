"""``seedsmith tool``: run one tool exactly as the model would."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli import shell_completion
from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import debug_flag, json_flag, say
from seedsmith.agent.settings.given_file import read_given_text

if TYPE_CHECKING:
    from seedsmith.agent.events import Envelope

MAX_ARGUMENT_BYTES = 64 << 20


@click.command("tool", short_help="Run one tool as the model would, and print its result.")
@click.argument("name", shell_complete=shell_completion.tools)
@click.argument("arguments", metavar="JSON|-|@FILE")
@setting_flags("workspace", "workspace_is_home", "add_dir", "sandbox", "network", "git_remote", "extensions")
@json_flag
@debug_flag
def command(name: str, arguments: str, as_json: bool, **flags: Any) -> int:
    """Run the tool NAME with arguments in JSON: as they stand, from standard input (-), or from @FILE.

    Exits 0, or 1 where the tool refused.
    """
    settings = load_settings(flags)
    text = _read(arguments)
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.run.one_tool import run_tool

    result = until_done(run_tool(settings, name, text, front_ends=(Notices(),)))
    if as_json:
        from seedsmith.agent.frontends.jsonl import encode

        sys.stdout.buffer.write(encode({"ok": result.ok, "text": result.text, "data": result.data}))
    else:
        _print(result.text)
    return 0 if result.ok else 1


class Notices:
    """A front end that shows what a person should know, and nothing else."""

    def show(self, envelope: Envelope) -> None:
        """Say a notice on standard error."""
        from seedsmith.agent.events import NoticeGiven

        if isinstance(envelope.event, NoticeGiven):
            say(envelope.event.message)

    def close(self) -> None:
        """Nothing is held."""


def _read(arguments: str) -> str:
    """The JSON text, from wherever the argument says."""
    if arguments != "-" and not arguments.startswith("@"):
        return arguments
    return read_given_text(None if arguments == "-" else arguments[1:], MAX_ARGUMENT_BYTES)


def _print(text: str) -> None:
    if sys.stdout.isatty():
        from seedsmith.agent.frontends.terminal import visible

        text = visible(text)
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
