"""``seedsmith run``: one task, then exit."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli.flags import load_settings, setting_flags, typed_below
from seedsmith.agent.cli.going_on import continue_flag, going_on_flags, offered
from seedsmith.agent.cli.invocation import debug_flag, say
from seedsmith.agent.cli.showing import shown_flags
from seedsmith.agent.cli.words_command import WordsCommand
from seedsmith.agent.errors import UsageError
from seedsmith.agent.frontends.shown import Shown

if TYPE_CHECKING:
    from seedsmith.agent.settings.settings import Settings

MOST_PROMPT_BYTES = 1 << 20


@click.command("run", cls=WordsCommand, short_help="Carry out one task, then exit.")
@click.argument("words", nargs=-1, metavar="[PROMPT]")
@setting_flags()
@continue_flag
@shown_flags
@debug_flag
def command(words: tuple[str, ...], goes_on: bool, shown: Shown, **flags: Any) -> int:
    """Carry out the task PROMPT in a folder, then exit.

    PROMPT is one argument, so quote it; - reads it from standard input, @FILE from a file. What is piped in
    beside a prompt goes with it as data.

    With --skill NAME the task is that skill's, and PROMPT may say more. With --replay FILE it runs a
    recording again, without network or model, and exits 0 where everything agrees. With --continue it goes on
    with this folder's last session, with --resume ID with that one (an id, its beginning, or last; alone, it
    offers the list), with --fork ID with a copy of it; then PROMPT may be left out, or says something more.

    Exit codes: 0 done (and verified, where --verify was given), 1 finished without reaching it,
    2 wrong usage, 3 a budget ended it, 4 the model or its provider failed, 5 no sandbox as strong as
    asked for, 130 interrupted.
    """
    if len(words) > 1:
        raise UsageError(f"The prompt is one argument: quote it, as in seedsmith run {quoted(words)}.")
    argument = "".join(going_on_flags(flags, goes_on, words))
    settings = offered(load_settings(flags))
    prompt = read_prompt(argument)
    begun = settings.skill or settings.resume or settings.fork or settings.replay
    if not prompt.strip() and not begun:
        raise UsageError("The prompt is empty; say what to do. run - takes it from standard input.")
    return carry_out(settings, prompt, shown, read=argument == "-")


def quoted(words: tuple[str, ...]) -> str:
    """The words as the one argument that was meant, for a shell."""
    return shlex.quote(" ".join(words))


def read_prompt(argument: str) -> str:
    """The prompt that ``argument`` means: itself, standard input for ``-``, a file's text for ``@FILE``.

    What holds white space is a prompt, however it begins. Raises UsageError for what can't be read, is larger
    than ``MOST_PROMPT_BYTES``, or is no UTF-8 text.
    """
    if argument == "-":
        where, source = "standard input", sys.stdin.buffer if sys.stdin is not None else None
        if source is None:
            raise UsageError("Standard input is closed: no prompt can be read from it.")
        data = source.read(MOST_PROMPT_BYTES + 1)
    elif argument.startswith("@") and not any(letter.isspace() for letter in argument):
        where = argument[1:]
        try:
            with Path(where).open("rb") as file:
                data = file.read(MOST_PROMPT_BYTES + 1)
        except OSError as error:
            why = f"{where or 'no file'} can't be read: {error.strerror}"
            raise UsageError(f"{argument} means a file that holds the prompt; {why}.") from None
        except ValueError:  # a NUL in its name
            raise UsageError("The file's name after @ holds a NUL byte.") from None
    else:
        return argument
    if len(data) > MOST_PROMPT_BYTES:
        raise UsageError(f"The prompt in {where} is larger than {MOST_PROMPT_BYTES >> 20} MB.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"The prompt in {where} is not UTF-8 text.") from None


def carry_out(settings: Settings, prompt: str, shown: Shown, *, read: bool = False) -> int:
    """Run ``prompt`` as a person typed it, with what is piped in unless that was ``read``; the exit code."""
    from seedsmith.agent.cli.piped import read_piped
    from seedsmith.agent.cli.running import perform
    from seedsmith.agent.run.run import run
    from seedsmith.agent.settings.request import RunRequest

    folder = typed_below(settings)
    if folder and prompt.strip() and not settings.replay:
        from seedsmith.agent.context.prompts import prompt as wording

        prompt = f"{prompt}\n\n{wording('standing.md', folder=folder).strip()}"
    piped = "" if read or settings.replay else read_piped(say)
    request = RunRequest(settings=settings, prompt=prompt + piped, typed=True, piped=piped)
    return perform(
        lambda front_ends, approver: run(request, front_ends, approver),
        settings,
        shown,
    ).exit_code
