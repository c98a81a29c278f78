"""``seedsmith sessions``: what was done before, found, looked at, forked, taken along, thrown away."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedsmith.agent.cli import shell_completion
from seedsmith.agent.cli.flags import current_workspace, load_settings
from seedsmith.agent.cli.invocation import debug_flag, json_flag, listing_group, say
from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.line_wrapping import tell

if TYPE_CHECKING:
    from seedsmith.agent.sessions.recorded_sessions import RecordedSession, Sessions
    from seedsmith.agent.sessions.summary import SessionSummary

_SHOWN_LINES = 12
"""Of an output or a message, where a session is shown; an export has all."""
_LONGEST_FOLDER = 50
_LEAST_ROOM = 24
"""Columns that a session's words need beside the rest; with fewer they stand below."""
_NUMBERED = 5
"""Columns that are left for a number before a line."""

folder_flag = click.option(
    "-C",
    "--workspace",
    "folder",
    metavar="DIR",
    default=lambda: str(current_workspace()),
    help="The folder whose sessions are meant.",
    shell_complete=shell_completion.folders,
)
session_argument = click.argument("session", metavar="ID", shell_complete=shell_completion.sessions)
turn_argument = click.argument("turn", metavar="[TURN]", type=click.IntRange(min=1), required=False)


@listing_group("sessions", "List, show, fork, export and prune sessions.")
def command() -> None:
    """Find and look at what was done before. ID is an id, its beginning, or last."""


@command.command("list")
@click.argument("words", nargs=-1)
@click.option("--all", "everywhere", is_flag=True, help="Of all folders, not of this one alone.")
@folder_flag
@json_flag
@debug_flag
def list_sessions(
    words: tuple[str, ...] = (), everywhere: bool = False, folder: str = "", as_json: bool = False
) -> None:
    """List the sessions of this folder, the newest first; with WORDS those that hold all of them."""
    found = _sessions(folder).list(None if everywhere else folder, " ".join(words))
    if as_json:
        from seedsmith.agent.frontends.jsonl import encode

        for each in found:
            sys.stdout.buffer.write(encode(asdict(each)))
        return
    for line in table(found, everywhere=everywhere):
        print(line)
    if not found:
        more = "" if everywhere else f" of {Path(folder).resolve()}; --all lists those of all folders"
        tell(f"There is no session{more}.", stream=sys.stderr)


@command.command("show")
@session_argument
@click.option("--all", "every", is_flag=True, help="What an undo took back, too.")
@folder_flag
@json_flag
@debug_flag
def show_session(session: str, every: bool, folder: str, as_json: bool) -> None:
    """Show what was said, run and proven in a session, and what each turn took."""
    found = _open(session, folder)
    if as_json:
        from seedsmith.agent.frontends.jsonl import encode

        for entry in found.history(every=every):
            sys.stdout.buffer.write(encode({"type": type(entry).__name__.lower(), **asdict(entry)}))
        return
    from seedsmith.agent.frontends.session_markdown import markdown
    from seedsmith.agent.frontends.terminal import visible

    for line in markdown(found.summary, found.history(every=every), None, _SHOWN_LINES):
        print(visible(line))


@command.command("path")
@session_argument
@folder_flag
@debug_flag
def path_of_session(session: str, folder: str) -> None:
    """Print the folder that holds a session."""
    print(_open(session, folder).folder.path)


@command.command("diff")
@session_argument
@turn_argument
@click.option("--stat", is_flag=True, help="Count the changed lines of each file instead.")
@folder_flag
@debug_flag
def diff_session(session: str, turn: int | None, stat: bool, folder: str) -> None:
    """Print all that a session had changed at its end, or at the end of its turn TURN, as a patch."""
    diff = _open(session, folder).diff(turn)
    for said in (diff.note, *(f"Changed, but not shown: {path}." for path in diff.left_out)):
        if said:
            say(said)
    if stat:
        from seedsmith.agent.frontends.terminal import visible

        for each in diff.files:
            print(f"{each.added:>7} + {each.removed:>7} -  {visible(each.path)}")
    elif sys.stdout.isatty():
        from rich.console import Console

        from seedsmith.agent.frontends.diff_view import show_diff

        show_diff(Console(markup=False, highlight=False, emoji=False), diff.text, limit=sys.maxsize)
    else:
        sys.stdout.buffer.write(diff.patch)


@command.command("fork")
@session_argument
@turn_argument
@folder_flag
@debug_flag
def fork_session(session: str, turn: int | None, folder: str) -> None:
    """Copy a session, up to the end of its turn TURN, so that it can be gone on with otherwise.

    The session itself stays as it is, and so does the folder it worked in.
    """
    from seedsmith.agent.sessions.resume_command import resume_command

    forked = _open(session, folder).fork(turn)
    print(forked.id)
    tell(f"Go on with: {resume_command(forked.id, str(forked.folder.workspace))}", stream=sys.stderr)


@command.command("export")
@session_argument
@click.argument("file", metavar="[FILE]", required=False)
@click.option("-o", "--output", metavar="FILE", help="New file; .html makes it a page. Default: stdout.")
@click.option("--html", is_flag=True, help="One page of HTML that loads nothing, with charts.")
@folder_flag
@debug_flag
def export_session(session: str, file: str | None, output: str | None, html: bool, folder: str) -> None:
    """Write a session down as Markdown or as a page: all that was said and run, the changes, the cost.

    Keys in your environment and in .env files of its folder are masked; look it over before you share it.
    """
    from seedsmith.agent.cli.sessions_export import export

    if file and output:
        raise UsageError(f"Name one file to write: {file} or {output}.")
    place = output or file or ""
    found = _open(session, folder)
    export(found, Path(place) if place else None, html=html or place.endswith((".html", ".htm")))


@command.command("prune")
@click.option("--days", metavar="N", type=click.FloatRange(min=0), help="Those not worked in for N days.")
@click.option("--size", metavar="MB", type=click.FloatRange(min=0), help="The oldest beyond so much.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@debug_flag
def prune_sessions(days: float | None, size: float | None, dry_run: bool) -> None:
    """Remove old sessions for good: those of all folders, never one in use nor the newest."""
    if days is None and size is None:
        raise UsageError("Say what to remove: --days N, --size MB, or both.")
    pruned = _sessions(".").prune(days=days, megabytes=size, dry=dry_run)
    for each in pruned.sessions:
        print(each)
    did = "would be removed" if dry_run else "removed"
    freed, left = pruned.freed / 1e6, pruned.left / 1e6
    said = f"{len(pruned.sessions):,} sessions {did}, {freed:,.1f} MB; {left:,.1f} MB stay."
    tell(said, stream=sys.stderr)


def table(found: tuple[SessionSummary, ...], *, everywhere: bool) -> list[str]:
    """The lines of a list: id, age, outcome, turns, cost, the folder where it is asked for, first words."""
    from shutil import get_terminal_size

    from seedsmith.agent.frontends.line_wrapping import as_told, fitted, padded, screen_width
    from seedsmith.agent.frontends.terminal import cells, one_line

    now = time.time()
    rows = [
        (
            each.id,
            as_told(_age(now - each.started)),
            as_told(each.outcome.replace("_", " ") + (", undone" if each.undone else "")),
            "" if each.turns is None else str(each.turns),
            "" if each.cost_cny is None else f"{'~' if each.cost_estimated else ''}¥{each.cost_cny:.4f}",
            *((_folder(each.workspace),) if everywhere else ()),
        )
        for each in found
    ]
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    screen = screen_width()
    room = get_terminal_size().columns - sum(widths) - 2 * len(widths) - _NUMBERED
    lines = []
    for row, each in zip(rows, found, strict=True):
        why = as_told(each.why) or each.asked.strip().partition("\n\n")[0]  # data and notes come after it
        if screen is not None and room < _LEAST_ROOM:
            text = fitted("  ".join(filter(None, row)), 4, screen - _NUMBERED)
            lines.append(f"{text}\n    {one_line(why, screen - 4)}".rstrip())
            continue
        text = "  ".join(padded(text, width) for text, width in zip(row, widths, strict=True))
        lines.append(f"{text}  {one_line(why, max(room, 40))}".rstrip())
    return lines


def _sessions(folder: str) -> Sessions:
    from seedsmith.agent.sessions.recorded_sessions import Sessions

    return Sessions(load_settings({"workspace": folder}).home)


def _open(session: str, folder: str) -> RecordedSession:
    return _sessions(folder).open(session, folder)


def _age(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit} ago"
    return "now"


def _folder(folder: str) -> str:
    """A folder in few words: its end says more than its beginning."""
    from seedsmith.agent.frontends.terminal import visible

    home = os.path.expanduser("~")  # noqa: PTH111
    shown = visible("~" + folder[len(home) :] if folder.startswith(home + os.sep) else folder)
    return shown if len(shown) <= _LONGEST_FOLDER else f"…{shown[1 - _LONGEST_FOLDER :]}"
