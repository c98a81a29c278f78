"""``seedsmith complete``: what goes at one place of a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import debug_flag, json_flag, say
from seedsmith.agent.errors import UsageError
from seedsmith.agent.settings.given_file import read_given_text

if TYPE_CHECKING:
    from seedsmith.agent.frontends.completion.completer import Suggestion
    from seedsmith.agent.frontends.completion.hole import Hole
    from seedsmith.agent.settings.settings import Settings

MOST_BYTES = 4 << 20
FLAGS = ("workspace", "model", "base_url", "fallback", "ca_bundle", "wire")


@click.command("complete", short_help="Say what goes at a place of a file (docs/completion.md).")
@click.argument("place", metavar="FILE:LINE[:COL]")
@click.option("--stdin", "unsaved", is_flag=True, help="Read FILE's text as it is now from standard input.")
@setting_flags(*FLAGS)
@json_flag
@debug_flag
def command(place: str, unsaved: bool, as_json: bool, **flags: Any) -> int:
    """Print what goes in FILE at LINE and COL, both counted from 1; without COL at the line's end.

    Exits 1 where nothing does.
    """
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.frontends.completion.hole import Hole, offset_of, split_place

    path, line, column = split_place(place)
    text = read_given_text(None if unsaved else path, MOST_BYTES)
    settings = load_settings(flags)
    shown = os.path.relpath(Path(path).absolute(), settings.workspace.absolute())
    outside = shown.startswith("..")
    hole = Hole(Path(path).name if outside else shown, text, offset_of(text, line, column))
    if hole.holds_secrets:
        raise UsageError(f"{hole.path} looks like a file of keys or passwords: no model is shown it.")
    found = until_done(_complete(settings, hole))
    if as_json:
        from seedsmith.agent.frontends.jsonl import encode

        timed = {"seconds": found.seconds, "first_seconds": found.first_seconds} if found else {}
        said = {"text": found.text if found else "", **timed}
        sys.stdout.buffer.write(encode(said))
    elif found:
        _print(found.text)
    else:
        say("Nothing fits there.")
    return 0 if found else 1


async def _complete(settings: Settings, hole: Hole) -> Suggestion | None:
    from seedsmith.agent.frontends.completion.open_completer import open_completer

    opened = open_completer(settings, os.environ)
    try:
        return await opened.completer.complete(hole)
    finally:
        await opened.aclose()


def _print(text: str) -> None:
    if sys.stdout.isatty():
        from seedsmith.agent.frontends.terminal import visible

        text = visible(text)
    sys.stdout.write(f"{text}\n")
