"""``seedsmith cost``: what was spent, by day, model, repository or session."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedsmith.agent.cli.flags import load_settings
from seedsmith.agent.cli.invocation import debug_flag, json_flag, say
from seedsmith.agent.errors import AgentError, UsageError

if TYPE_CHECKING:
    from seedsmith.agent.sessions.costs import CostSum

_MOST_BAR = 40
_LEAST_BAR = 8
_DAY = 86_400


@click.command("cost", short_help="Show what was spent, by day, model, repository or session.")
@click.option(
    "--by", type=click.Choice(["day", "model", "repository", "session"]), default="day", show_default=True
)
@click.option(
    "--days", metavar="N", type=click.FloatRange(min=0), help="Only what was asked in the last N days."
)
@click.option(
    "-C", "--workspace", "folder", metavar="DIR", help="Only what was asked in this folder. Default: in all."
)
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="Write a chart: a drawing (.svg) or a page (.html).",
)  # fmt: skip
@json_flag
@debug_flag
def command(by: str, days: float | None, folder: str | None, output: Path | None, as_json: bool) -> None:
    """Show what the sessions of this machine took: questions, tokens, yuan, and a bar for each row.

    Helpers count as the session that called them, copies of a session from where they went on. A cost with ~
    is partly estimated, one with + is without the questions whose price was not known.
    """
    from seedsmith.agent.frontends import cost_chart
    from seedsmith.agent.sessions.costs import questions, sums
    from seedsmith.agent.settings.state_folder import state_folder

    if output is not None and output.suffix not in (".svg", ".html", ".htm"):
        raise UsageError("--output takes a name that ends with .svg or .html.")
    since = time.time() - days * _DAY if days is not None else 0.0
    where = str(Path(folder).resolve()) if folder else None
    found = [
        each
        for each in questions(state_folder(load_settings({}).home, os.environ))
        if each.time >= since and where in (None, each.workspace)
    ]
    rows = sums(found, by)
    if output is not None:
        draw = cost_chart.svg if output.suffix == ".svg" else cost_chart.page
        try:
            output.write_text(draw(rows, by), encoding="utf-8")
        except OSError as error:
            raise AgentError(f"{output} can't be written: {error.strerror}.") from None
    elif as_json:
        _print_json(rows, by)
    elif rows:
        _print(rows, by)
    else:
        say("Nothing was asked.")


def _print_json(rows: list[CostSum], by: str) -> None:
    from seedsmith.agent.frontends.jsonl import encode

    for row in rows:
        document = {by: row.key, **asdict(row), "sessions": len(row.sessions)}
        del document["key"]
        if row.unpriced == row.questions:
            document["cost_cny"] = None
        sys.stdout.buffer.write(encode(document))


def _print(rows: list[CostSum], by: str) -> None:
    """The table, with bars where the terminal has room for them."""
    from shutil import get_terminal_size

    from seedsmith.agent.frontends.cost_chart import blocks, table
    from seedsmith.agent.frontends.line_wrapping import fitted, screen_width
    from seedsmith.agent.frontends.terminal import cells, visible

    width = max(map(cells, table(rows, by, 0, "")))
    screen = screen_width()
    if screen is not None and width > screen:
        for line in blocks(rows):
            print(fitted(visible(line), 6, screen))
        return
    bars = min(get_terminal_size().columns - width - 3, _MOST_BAR)
    block = "█" if (sys.stdout.encoding or "").lower().startswith("utf") else "#"
    for line in table(rows, by, bars if bars >= _LEAST_BAR else 0, block):
        print(visible(line))
