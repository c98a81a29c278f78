"""``seedsmith`` alone at a terminal: a conversation in the current folder."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import Invocation, at_a_terminal, debug_flag
from seedsmith.agent.cli.worktree_flag import in_worktree, worktree_flag
from seedsmith.agent.errors import UsageError

if TYPE_CHECKING:
    from seedsmith.agent.frontends.conversation.commands import Talk
    from seedsmith.agent.settings.settings import Settings


_SESSION, _MODEL = "SESSION", "MODEL"
_COMMANDS = (
    ("undo", ("undo", _SESSION), "--last"),
    ("redo", ("redo", _SESSION), ""),
    ("sessions", ("sessions", "list"), ""),
    ("history", ("sessions", "show", _SESSION), ""),
    ("export", ("sessions", "export", _SESSION), ""),
    ("doctor", ("doctor", _MODEL), ""),
)
"""Commands of the command line that a conversation has, too: its own name, what is typed, and what more where
nothing more is said."""


@click.command("talk", short_help="Talk in the current folder (also: seedsmith alone).")
@setting_flags(without=("skill", "skill_with", "image", "record", "replay", "output_schema"), talks=True)
@worktree_flag
@debug_flag
def command(worktree: str | None, **flags: Any) -> int:
    """Talk with the model in a folder: follow up, steer it while it works, look at what it did.

    /help says what can be typed. --resume ID goes on with a session.
    """
    if not at_a_terminal():
        raise UsageError("A conversation needs a terminal; seedsmith run PROMPT carries out one task.")
    return _talk(load_settings(flags), worktree)


def _talk(settings: Settings, worktree: str | None) -> int:
    """Hold the conversation; returns the exit code."""
    from seedsmith.agent.cli.run_common import until_done
    from seedsmith.agent.frontends.conversation.commands import command as offer
    from seedsmith.agent.frontends.conversation.conversation import HISTORY, Conversation
    from seedsmith.agent.frontends.line_wrapping import tell
    from seedsmith.agent.frontends.typed_ahead import Asking
    from seedsmith.agent.models.catalog import catalog
    from seedsmith.agent.models.open import default_model
    from seedsmith.agent.sessions.resume_command import resume_command
    from seedsmith.agent.settings.state_folder import prepare_state, state_folder

    typed = ""
    workspace = settings.workspace.absolute()  # as long as the current folder is there
    settings = settings.model_copy(update={"workspace": workspace})
    home = prepare_state(state_folder(settings.home, os.environ), workspace)
    known = catalog.load(os.environ)
    if not settings.model and not default_model(known, os.environ):
        from seedsmith.agent.cli.first_run import choose_model

        asking = Asking(sys.stdin.fileno())
        chosen = choose_model(settings, known, os.environ, read=asking)
        typed = asking.typed
        if chosen is None:
            return 0
        settings = chosen
    if settings.plain or os.environ.get("TERM") == "dumb":
        settings = settings.model_copy(update={"plain": True})
        os.environ["TERM"] = "dumb"  # what the prompt goes by
    model = settings.model or default_model(known, os.environ)
    context_tokens = known.resolve(model)[1].context_tokens
    root = click.get_current_context().find_root().command
    for name, arguments, otherwise in _COMMANDS:
        offer(name)(partial(_run_command, root, (*arguments, otherwise)))
    talk = None
    try:
        with in_worktree(settings, worktree) as work:
            talk = Conversation(
                work, os.environ, history=home / HISTORY, context_tokens=context_tokens, typed=typed
            )
            talk.status.session = settings.resume or ""
            until_done(talk.talk())
    finally:
        if talk is not None and talk.status.session and talk.settings.workspace.is_dir():
            here = str(talk.settings.workspace.resolve())
            tell(talk.words("go_on", command=resume_command(talk.status.session, here, "talk")))
    return 0


async def _run_command(root: click.Command, arguments: tuple[str, ...], talk: Talk, words: str) -> None:
    """Carry out what would be typed at a shell, for the conversation's session and folder."""
    if _SESSION in arguments and not talk.status.session:
        talk.say(talk.words("session.none"))
        return
    if talk.working:
        talk.say(talk.words("works"), "yellow")
        return
    *fixed, otherwise = arguments
    invocation = Invocation(lang=talk.words.language, in_conversation=True)
    meant = {_SESSION: (talk.status.session,), _MODEL: talk.settings.model_flags}
    typed = [word for each in fixed for word in meant.get(each, (each,))]
    try:
        typed += ["-C", str(talk.settings.workspace), *shlex.split(words or otherwise)]
        await asyncio.to_thread(root.main, typed, "seedsmith", standalone_mode=False, obj=invocation)
        talk.files_moved()
    except click.ClickException as error:
        talk.say(talk.words.told(error.format_message()), "red")
    except ValueError as error:  # an open quote
        talk.say(talk.words("unreadable", words=repr(words), why=error), "red")
