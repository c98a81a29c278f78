"""``seedsmith review``: findings in a change, with file and line."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli.first_model import with_model
from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import debug_flag, json_flag, say
from seedsmith.agent.errors import FAILED, AgentError
from seedsmith.agent.frontends.display_options import DisplayOptions

if TYPE_CHECKING:
    from seedsmith.agent.events import FrontEnd
    from seedsmith.agent.settings.settings import Settings
    from seedsmith.agent.tasks.review import Review

_LEFT_OUT = ("verify", "skill", "skill_with", "output_schema", "resume", "fork", "record", "replay", "report")


@click.command("review", short_help="Review a change: findings with file and line.")
@click.argument("change", metavar="[RANGE]", default="")
@click.option("--focus", metavar="TEXT", default="", help="What to look at above all, e.g. security.")
@click.option(
    "--fail-on",
    type=click.Choice(["note", "warning", "error", "never"]),
    default="error",
    show_default=True,
    help="The severity from which findings make the exit code 1.",
)
@click.option("--sarif", type=click.Path(path_type=Path, dir_okay=False), help="Write the findings as SARIF.")
@click.option(
    "--code-quality",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the findings as GitLab's code quality report.",
)
@setting_flags(without=_LEFT_OUT)
@json_flag
@debug_flag
def command(
    change: str,
    focus: str,
    fail_on: str,
    sarif: Path | None,
    code_quality: Path | None,
    as_json: bool,
    **flags: Any,
) -> int:
    """Review RANGE: a commit, a range such as main..HEAD; without it what is not committed.

    The skill review reads, and changes nothing. Exit code 1 where a finding is as severe as --fail-on: bug
    and security are errors, risk and test are warnings, style is a note; else as for run.
    """
    shown = DisplayOptions(as_json)
    settings = with_model(load_settings(flags), shown)
    from seedsmith.agent.tasks import review as reviewing

    found = _reviewed(settings, change, focus, shown)
    if sarif is not None:
        _write(sarif, reviewing.as_sarif(found))
    if code_quality is not None:
        _write(code_quality, reviewing.as_code_quality(found))
    if not as_json:
        from seedsmith.agent.frontends.line_wrapping import as_told
        from seedsmith.agent.frontends.terminal import visible

        if found.outcome is None or found.outcome.output is not None:
            print(as_told(visible(reviewing.as_text(found))))
    if found.outcome is not None:
        if found.outcome.files_changed:
            say(f"The review changed files, which it should not: {found.outcome.undo} takes that back.")
        if found.outcome.output is None:
            return found.outcome.exit_code or FAILED
    return FAILED if found.reaches(fail_on) else 0


def _reviewed(settings: Settings, change: str, focus: str, shown: DisplayOptions) -> Review:
    """The review, its progress on standard error or as events."""
    from seedsmith.agent.cli.run_common import choose_approver, open_front_end, until_done
    from seedsmith.agent.frontends.answer_alone import AnswerAlone
    from seedsmith.agent.frontends.telemetry.observing import observing
    from seedsmith.agent.tasks.review import review

    front_end: FrontEnd
    if shown.as_json:
        front_end = open_front_end(shown, "run")
    else:
        front_end = AnswerAlone(sys.stderr, io.StringIO(), shown, "run")
    with observing(settings) as watchers:
        try:
            approver = choose_approver(settings, shown.as_json)
            return until_done(review(settings, change, focus, (front_end, *watchers), approver))
        finally:
            front_end.close()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AgentError(f"{path} can't be written: {error.strerror}.") from None
