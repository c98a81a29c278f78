"""``seedsmith run``: one task, then exit."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli.attempts_flag import attempts_flag
from seedsmith.agent.cli.first_model import with_model
from seedsmith.agent.cli.flags import load_settings, setting_flags, typed_below
from seedsmith.agent.cli.invocation import debug_flag, say
from seedsmith.agent.cli.output_flags import display_flags
from seedsmith.agent.cli.piped_input import as_data, read_piped
from seedsmith.agent.cli.resume_flags import continue_flag, settle_resume, with_chosen_session
from seedsmith.agent.cli.words_command import WordsCommand
from seedsmith.agent.cli.worktree_flag import folder_below, in_worktree, worktree_flag, worktree_words
from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.display_options import DisplayOptions
from seedsmith.agent.settings.given_file import read_given_text

if TYPE_CHECKING:
    from seedsmith.agent.settings.settings import Settings

MOST_PROMPT_BYTES = 1 << 20


@click.command("run", cls=WordsCommand, short_help="Carry out one task, then exit.")
@click.argument("words", nargs=-1, metavar="[PROMPT]")
@click.option(
    "--file",
    "files",
    metavar="FILE",
    multiple=True,
    help="Text that goes with the prompt as data; without a prompt, the prompt itself. May be repeated.",
)
@click.option("--plan", is_flag=True, help="Change nothing, end with a plan: --approve plan.")
@attempts_flag
@worktree_flag
@setting_flags()
@continue_flag
@display_flags
@debug_flag
def command(
    words: tuple[str, ...],
    files: tuple[str, ...],
    plan: bool,
    goes_on: bool,
    shown: DisplayOptions,
    **flags: Any,
) -> int:
    """Carry out the task PROMPT in a folder, then exit.

    PROMPT is one argument, so quote it; - reads it from standard input, @FILE (or --file FILE alone) from a
    file. What is piped in beside a prompt, and a --file beside one, go with it as data.

    With --skill NAME the task is that skill's, and PROMPT may say more. With --replay FILE it runs a
    recording again, without network or model, and exits 0 where everything agrees. With --continue it goes on
    with this folder's last session, with --resume ID with that one (an id, its beginning, or last; alone, it
    offers the list), with --fork ID with a copy of it; then PROMPT may be left out, or says something more.

    Exit codes: 0 done (and verified, where --verify was given), 1 finished without reaching it,
    2 wrong usage, 3 a budget ended it, 4 the model or its provider failed, 5 no sandbox as strong as
    asked for, 130 interrupted.
    """
    attempts: int | None = flags.pop("attempts", None)
    worktree, words = worktree_words(flags.pop("worktree", None), words)
    if len(words) > 1:
        raise UsageError(f"The prompt is one argument: quote it, as in seedsmith run {quoted(words)}.")
    argument = "".join(settle_resume(flags, goes_on, words))
    if plan and flags["approve"] not in (None, "plan"):
        raise UsageError(f"--plan is --approve plan: it can't be --approve {flags['approve']}, too.")
    flags["approve"] = "plan" if plan else flags["approve"]
    settings = with_chosen_session(load_settings(flags))
    if files and not argument.strip():
        prompt, files = prompt_file(files[0], f"--file {files[0]}"), files[1:]
    else:
        prompt = read_prompt(argument)
    data = "".join(as_data(file) for file in files)
    begun = settings.skill or settings.resume or settings.fork or settings.replay
    if not prompt.strip() and not begun:
        raise UsageError("The prompt is empty; say what to do. run - takes it from standard input.")
    settings = with_model(settings, shown)
    with in_worktree(settings, worktree) as work:
        if attempts:
            piped = "" if argument == "-" else read_piped(say)
            return _attempt(work, prompt + data + piped, shown, attempts)
        folder = folder_below(work, typed_below(settings))
        return carry_out(work, prompt, shown, data=data, read=argument == "-", folder=folder)


def quoted(words: tuple[str, ...]) -> str:
    """The words as the one argument that was meant, for a shell."""
    return shlex.quote(" ".join(words))


def read_prompt(argument: str) -> str:
    """The prompt that ``argument`` means: itself, standard input for ``-``, a file's text for ``@FILE``.

    What holds white space is a prompt, however it begins. Raises UsageError for what can't be read, is larger
    than ``MOST_PROMPT_BYTES``, or is no UTF-8 text.
    """
    if argument == "-":
        return read_given_text(None, MOST_PROMPT_BYTES, "The prompt on standard input")
    if argument.startswith("@") and not any(letter.isspace() for letter in argument):
        return prompt_file(argument[1:], argument)
    return argument


def prompt_file(path: str, argument: str) -> str:
    """The prompt that stands in the file ``path``, as ``argument`` says; raises as :func:`read_prompt`."""
    name = f"{argument} means a file that holds the prompt; {path or 'no file'}"
    return read_given_text(path, MOST_PROMPT_BYTES, name)


def _attempt(settings: Settings, prompt: str, shown: DisplayOptions, attempts: int) -> int:
    """Have several attempts made at ``prompt``, and the best taken; the exit code."""
    from seedsmith.agent.cli.run_common import perform
    from seedsmith.agent.tasks.best_of_n import attempt_task

    return perform(
        lambda front_ends, _: attempt_task(settings, prompt, attempts, front_ends), settings, shown
    ).exit_code


def carry_out(
    settings: Settings,
    prompt: str,
    shown: DisplayOptions,
    *,
    data: str = "",
    read: bool = False,
    folder: str = "",
) -> int:
    """Run ``prompt`` as a person typed it, with ``data`` and what is piped in, unless that was ``read``.

    ``folder`` is the one below the workspace that it was typed in, or ''. Returns the exit code.
    """
    from seedsmith.agent.cli.run_common import perform
    from seedsmith.agent.run.run import run
    from seedsmith.agent.settings.run_request import RunRequest

    if folder and prompt.strip() and not settings.replay:
        from seedsmith.agent.context.prompts import prompt as wording

        prompt = f"{prompt}\n\n{wording('standing.md', folder=folder).strip()}"
    piped = data + ("" if read or settings.replay else read_piped(say))
    request = RunRequest(settings=settings, prompt=prompt + piped, typed=True, piped=piped)
    return perform(
        lambda front_ends, approver: run(request, front_ends, approver),
        settings,
        shown,
    ).exit_code
