"""``seedsmith import``: takes over what other agents keep, and says what it left out."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from seedsmith.agent.cli.invocation import debug_flag, json_flag, say
from seedsmith.agent.errors import UsageError


@click.command("import", short_help="Take over settings, skills and servers of Claude Code and Codex.")
@click.argument("program", required=False, type=click.Choice(["claude", "codex"]))
@click.option("--dry-run", is_flag=True, help="Only say what would be taken.")
@json_flag
@debug_flag
def command(program: str | None, dry_run: bool, as_json: bool) -> None:
    """Take over what PROGRAM keeps in your home folder, or all of them, into your own files.

    Instructions, skills, commands, helpers, MCP servers and hooks. Nothing of yours is written over, nothing
    of theirs changed; what has no counterpart is named with why.
    """
    from seedsmith.agent.settings.imports import claude, codex
    from seedsmith.agent.settings.imports.target import Target

    target = Target(Path(os.environ.get("HOME") or Path.home()), os.environ, dry_run)
    chosen = [each for each in (claude, codex) if program in (None, each.NAME)]
    if not [each for each in chosen if each.take(target)]:
        raise UsageError("Neither ~/.claude nor ~/.codex is there to take anything from.")
    if as_json:
        from seedsmith.agent.frontends.jsonl import encode

        rows = [{"what": each.what, "where": each.said} for each in target.taken]
        rows += [{"what": each.what, "why": each.said} for each in target.left_out]
        sys.stdout.buffer.write(b"".join(map(encode, rows)))
        return
    from seedsmith.agent.frontends.line_wrapping import as_told, tell

    for each in target.taken:
        tell(f"{'would take' if dry_run else 'taken'}: {each.what}")
        tell(f"    {as_told(each.said)}")
    for each in target.left_out:
        tell(f"left out: {each.what}")
        tell(f"    {as_told(each.said)}")
    if not target.taken:
        say("Nothing was taken.")
