"""``seedsmith batch``: a task file over many repositories."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import debug_flag, json_flag, say
from seedsmith.agent.errors import UsageError

if TYPE_CHECKING:
    from seedsmith.agent.tasks.batch.batch import Batch, Options, Progress, Summary
    from seedsmith.agent.tasks.batch.engines import Engine
    from seedsmith.agent.tasks.batch.store import Row

FLAGS = ("model", "base_url", "fallback", "ca_bundle", "wire", "effort", "temperature", "sandbox", "network")
_SCHEMA = "schema"


@click.command("batch", short_help="Carry out a task file over many repositories.")
@click.argument("file", metavar="TASKS.yaml")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@click.option("--only", multiple=True, metavar="NAME", help="Only items of this name or glob; repeatable.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N items that are left.")
@click.option("--resume", is_flag=True, help="Go on with the batch as its file was when it began.")
@click.option("--new", is_flag=True, help="Forget what was done, and begin anew.")
@click.option("--retry", type=click.Choice(["failed"]), help="Take up again what failed.")
@click.option("--rebase", is_flag=True, help="Carry changes over to a branch that moved, and verify again.")
@click.option("--workers", type=click.IntRange(1, 64), metavar="N", help="Default: as the file says.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    help="What works: processes here (the default), or a Ray cluster.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the report as .md, .html, .json or .xml (JUnit), too; repeatable.",
)
@setting_flags(*FLAGS)
@json_flag
@debug_flag
def command(file: str, as_json: bool, **flags: Any) -> int:
    """Carry out the task file TASKS.yaml: its steps in each of its repositories, proven, then delivered.

    Each repository is worked at in a private clone; the repository itself only gets the branch that is
    delivered. Interrupted or killed, the same command goes on where it was. seedsmith batch schema prints
    what a task file may hold, as JSON Schema.

    Exits 0 where all is verified, 1 where something is not.
    """
    if file == _SCHEMA:
        from seedsmith.agent.tasks.batch.task_file import schema_text

        sys.stdout.write(schema_text())
        return 0
    own = {name: flags.pop(name) for name in ("dry_run", "reports", "engine")}
    options = _options(flags)
    settings = load_settings(flags)
    from seedsmith.agent.tasks.batch.batch import Batch
    from seedsmith.agent.tasks.batch.report import check_report

    for path in own["reports"]:
        check_report(path)
    batch = Batch.open(Path(file), settings, os.environ)
    if own["dry_run"]:
        return _show_plan(batch, options, as_json)
    return _run(batch, (options, _engine(own["engine"])), own["reports"], as_json)


def _engine(name: str) -> Engine:
    """What works at the batch; raises UsageError where it is not installed."""
    if name == "ray":
        from seedsmith.agent.tasks.batch.cluster.engine import RayEngine

        return RayEngine()
    from seedsmith.agent.tasks.batch.engines import LocalEngine

    return LocalEngine()


def _options(flags: dict[str, Any]) -> Options:
    """The batch's own options, taken out of ``flags``."""
    from seedsmith.agent.tasks.batch.batch import Options

    retry = flags.pop("retry")
    given = {name: flags.pop(name) for name in ("only", "limit", "resume", "new", "rebase", "workers")}
    if given["new"] and (given["resume"] or retry):
        raise UsageError("--new begins anew: leave --resume and --retry out.")
    return Options(retry_failed=retry is not None, **given)


def _run(batch: Batch, how: tuple[Options, Engine], reports: tuple[Path, ...], as_json: bool) -> int:
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.frontends.line_wrapping import as_told, tell
    from seedsmith.agent.tasks.batch.report import write_report
    from seedsmith.agent.tasks.batch.wording import one_line

    options, engine = how
    showing, watch = _lines(_json_row) if as_json else _table() if sys.stdout.isatty() else _lines(_line)
    try:
        with showing:
            summary = until_done(batch.run(options, watch, engine))
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("Stopped; the same command goes on with what is left.")
        raise
    kept = tuple(summary.folder / f"report{ending}" for ending in (".md", ".html", ".json", ".xml"))
    for path in (*kept, *reports):
        write_report(summary, path, as_told)
    if as_json:
        _print_json({"type": "batch.finished", **_finished(summary)})
    else:
        tell(f"{one_line(summary, as_told)}\nReport: {summary.folder / 'report.html'}")
    return summary.exit_code


def _finished(summary: Summary) -> dict[str, Any]:
    return {
        "exit_code": summary.exit_code,
        "counts": dict(summary.progress.counts),
        "cost_cny": summary.progress.cost,
        "paused": summary.paused,
        "report": str(summary.folder / "report.html"),
    }


Watcher = tuple[AbstractContextManager[Any], "Callable[[Progress, list[Row]], None]"]


def _lines(show: Callable[[Row], None]) -> Watcher:
    """A line for each item, as it ends."""

    def watch(_: Progress, rows: list[Row]) -> None:
        for row in rows:
            show(row)

    return nullcontext(), watch


def _line(row: Row) -> None:
    from seedsmith.agent.frontends.line_wrapping import as_told
    from seedsmith.agent.frontends.terminal import visible
    from seedsmith.agent.tasks.batch.wording import row_line

    print(visible(row_line(row, as_told)), flush=True)


def _json_row(row: Row) -> None:
    from seedsmith.agent.tasks.batch.wording import row_json

    _print_json({"type": "item.finished", **row_json(row)})


def _print_json(document: dict[str, Any]) -> None:
    from seedsmith.agent.frontends.jsonl import encode

    sys.stdout.buffer.write(encode(document))
    sys.stdout.buffer.flush()


def _table() -> Watcher:
    """Progress, time left and cost in a line that stays, and what is at work; above it what ended."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from seedsmith.agent.cli.batch_lines import at_work_lines, progress_line
    from seedsmith.agent.frontends.line_wrapping import as_told
    from seedsmith.agent.frontends.terminal import visible
    from seedsmith.agent.tasks.batch.wording import row_line

    live = Live(console=Console(file=sys.stdout, highlight=False), refresh_per_second=4)

    def watch(progress: Progress, rows: list[Row]) -> None:
        for row in rows:
            style = "red" if row.state == "failed" else ""
            live.console.print(Text(visible(row_line(row, as_told)), style=style), soft_wrap=True)
        said = "\n".join((progress_line(progress), *at_work_lines(progress)))
        live.update(Text(visible(said), no_wrap=True, overflow="ellipsis"))

    return live, watch


def _show_plan(batch: Batch, options: Options, as_json: bool) -> int:
    """Print the items and, of each step, whether it would be done as things are."""
    from seedsmith.agent.cli.batch_lines import planned_text
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.frontends.line_wrapping import tell
    from seedsmith.agent.frontends.terminal import visible
    from seedsmith.agent.tasks.batch.dry_run import cost_words, dry_run

    count = asking = 0
    for planned in until_done(dry_run(batch, options)):
        count, asking = count + 1, asking + planned.asks_model
        if as_json:
            _print_json(planned.to_json())
        else:
            print(visible(planned_text(planned)))
    if not as_json:
        cost = cost_words(batch, options, asking)
        tell(f"{count} items; a model would be asked in {asking}{cost}. Nothing was done.")
    return 0
