"""``seedsmith fix``: repair the program until its tests pass."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from seedsmith.agent.cli.attempts_flag import attempts_flag
from seedsmith.agent.cli.first_model import with_model
from seedsmith.agent.cli.flags import load_settings, setting_flags, typed_below
from seedsmith.agent.cli.invocation import debug_flag, say
from seedsmith.agent.cli.output_flags import display_flags
from seedsmith.agent.cli.resume_flags import continue_flag, settle_resume, with_chosen_session
from seedsmith.agent.cli.worktree_flag import in_worktree, worktree_flag, worktree_words
from seedsmith.agent.errors import UsageError
from seedsmith.agent.events import NoticeGiven
from seedsmith.agent.frontends.display_options import DisplayOptions
from seedsmith.agent.settings.repository_root import typed_in
from seedsmith.agent.settings.settings import Settings


@click.command("fix", short_help="Fix the bug that a failing test shows, or a report tells of.")
@click.argument("words", nargs=-1, metavar="[REPORT]")
@click.option(
    "--test", "test_command", metavar="CMD", help="Command that runs the tests. Default: found by itself."
)
@click.option(
    "--issue",
    metavar="FILE|-",
    help="File with the report: Markdown, a traceback or a log; -: what is piped in.",
)
@click.option("--no-test", "untested", is_flag=True, help="No test can be had: say what was not proven.")
@attempts_flag
@worktree_flag
@setting_flags(without=("verify", "skill"))
@continue_flag
@display_flags
@debug_flag
def command(
    words: tuple[str, ...],
    test_command: str | None,
    issue: str | None,
    untested: bool,
    goes_on: bool,
    shown: DisplayOptions,
    attempts: int | None = None,
    **flags: Any,
) -> int:
    """Fix the bug that a failing test shows, or a report tells of, and prove it by tests.

    REPORT is what goes wrong, in your words; --issue FILE or what is piped in (a traceback, a log) is one,
    too. Tests then have to fail on the code as it was and pass at the end. Without --test it takes the
    configured verify command, what AGENTS.md names, or what the files speak for: pytest, unittest, tox, nox,
    npm, pnpm or yarn test, go test, cargo test, Maven, Gradle, CTest, make test or check, in this order, and
    says which before it runs. With --replay FILE it runs a recording again; with --continue, --resume or
    --fork it goes on with a session and its test. Exit codes as for run.
    """
    worktree, words = worktree_words(flags.pop("worktree", None), settle_resume(flags, goes_on, words))
    settings = with_chosen_session(load_settings(flags))
    report = "" if settings.replay else read_report(words, issue)
    if test_command is not None and not test_command.strip():
        raise UsageError("--test is empty; name the command, or leave --test out to have it found.")
    if untested and test_command:
        raise UsageError("Give --test or --no-test, not both.")
    if untested and not report:
        raise UsageError("--no-test needs a report: say what goes wrong.")
    if test_command:
        test_command = typed_in(typed_below(settings), test_command)
        settings = settings.in_own_words(test_command)
    if attempts and report:
        raise UsageError("--attempts goes with a failing test, not with a report.")
    with in_worktree(settings, worktree) as work:
        return _fix(work, shown, report, test_command, untested=untested, attempts=attempts)


def _fix(
    settings: Settings,
    shown: DisplayOptions,
    report: str,
    test_command: str | None,
    *,
    untested: bool,
    attempts: int | None,
) -> int:
    """Choose the tests where no command was given, and fix; the exit code."""
    notices: tuple[NoticeGiven, ...] = ()
    session_test = "" if settings.replay else test_of_session(settings)
    tests = test_command or (session_test if report else "")
    if not (tests or session_test or untested or settings.replay):
        tests, said = choose_tests(settings)
        say(said)
        notices = (NoticeGiven("test_command", said),) if shown.as_json else ()
    settings = with_model(settings, shown)
    from seedsmith.agent.cli.run_common import perform
    from seedsmith.agent.tasks.fix import fix

    if attempts:
        return attempt(settings, tests, attempts, shown)
    return perform(
        lambda front_ends, approver: fix(settings, tests, front_ends, approver, notices, report=report),
        settings,
        shown,
        "fix",
    ).exit_code


def attempt(settings: Settings, tests: str, attempts: int, shown: DisplayOptions) -> int:
    """Have several attempts made at making ``tests`` pass, and the best taken; the exit code."""
    from seedsmith.agent.cli.run_common import perform
    from seedsmith.agent.tasks.best_of_n import attempt_task
    from seedsmith.agent.tasks.fix import fixing

    asked = fixing(settings, tests)
    return perform(
        lambda front_ends, _: attempt_task(asked, "", attempts, front_ends), settings, shown, "fix"
    ).exit_code


def read_report(words: tuple[str, ...], issue: str | None) -> str:
    """What is reported, in the words given, the file ``issue`` and what is piped in; '' where nothing is."""
    from seedsmith.agent.cli.piped_input import read_piped_text
    from seedsmith.agent.tasks.report_excerpt import excerpt

    if len(words) == 1 and os.path.isfile(words[0]):  # noqa: PTH113
        raise UsageError(
            f"{words[0]} is a file: give a report with --issue {words[0]}, a test with --test CMD."
        )
    parts = [" ".join(words).strip()]
    if words and not parts[0]:
        raise UsageError("The report is empty: say what goes wrong.")
    if issue is not None and issue != "-":
        parts.append(_file(Path(issue)))
    piped = read_piped_text(say)
    if piped:
        parts.append(piped)
        say("Standard input is taken as the report.")
    elif issue == "-":
        raise UsageError("--issue - takes the report from standard input, and nothing stands there.")
    told = "\n\n".join(part for part in parts if part.strip())
    report = excerpt(told, parts[0])
    if report != told:
        say(f"The report has {len(told):,} characters: the model is told {len(report):,}, what stands out.")
    return report


def _file(path: Path) -> str:
    from seedsmith.agent.cli.piped_input import MOST_READ_BYTES, as_text
    from seedsmith.agent.settings.given_file import read_given

    data = read_given(path, MOST_READ_BYTES, f"The report {path}", "name a shorter report")
    if not data.strip():
        raise UsageError(f"The report {path} is empty.")
    return as_text(data, str(path), "name a report in words")


def test_of_session(settings: Settings) -> str:
    """The test of the session that is gone on with; '' where it has none, or a new one begins."""
    meant = settings.resume or settings.fork
    if not meant:
        return ""
    from seedsmith.agent.sessions.recorded_sessions import Sessions

    return Sessions(settings.home).open(meant, settings.workspace).start.verify or ""


def choose_tests(settings: Settings) -> tuple[str, str]:
    """The test command where none was given: the configured one, else the best that is found.

    Returns it and a sentence that says why it is taken; raises :class:`UsageError` where there is none.
    """
    from seedsmith.agent.tasks.discovery import discover, refused_instruction
    from seedsmith.agent.tasks.missing_programs import missing_program

    if settings.verify is not None:
        return settings.verify, f"Tests: {settings.verify} (the configured verify; --test takes another)."

    if not settings.workspace.is_dir():
        raise UsageError(f"{settings.workspace} is not a folder.")
    folder = settings.workspace
    below = typed_below(settings)
    found = discover(folder)
    refused = refused_instruction(folder)
    while not found and below:  # the root of several packages: the one that the person stands in
        folder = settings.workspace / below
        if not (found := discover(folder)):
            below = "/".join(below.split("/")[:-1])
    if not found:
        none = f"No test command was found in {settings.workspace}; name it with --test CMD."
        raise UsageError(f"{none} {refused}".rstrip())
    missing = {each.command: missing_program(each.command, folder) for each in found}
    taken = next((each for each in found if not missing[each.command]), found[0])
    command = taken.command if folder == settings.workspace else typed_in(below, taken.command)
    left = [each.command for each in found if each is not taken]
    named = [f"{each} ({missing[each]} is not installed)" if missing[each] else each for each in left]
    others = f" Not taken: {', '.join(named)}." if named else ""
    said = f"Tests: {command} ({taken.because}; --test takes another).{others}"
    return command, f"{said} {refused}".rstrip()
