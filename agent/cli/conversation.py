"""``seedsmith`` alone at a terminal: a conversation in the current folder."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import click

from seedsmith.agent.cli.flags import load_settings, setting_flags
from seedsmith.agent.cli.invocation import at_a_terminal, debug_flag
from seedsmith.agent.errors import UsageError

if TYPE_CHECKING:
    from seedsmith.agent.frontends.conversation.commands import Talk


@click.command("talk", short_help="Talk in the current folder (also: seedsmith alone).")
@setting_flags(without=("skill", "skill_with", "image", "record", "replay", "output_schema"))
@debug_flag
def command(**flags: Any) -> int:
    """Talk with the model in a folder: follow up, steer it while it works, look at what it did.

    /help says what can be typed. --resume ID goes on with a session.
    """
    if not at_a_terminal():
        raise UsageError("A conversation needs a terminal; seedsmith run PROMPT carries out one task.")
    from seedsmith.agent.cli.running import until_done
    from seedsmith.agent.frontends.conversation.commands import command as offer
    from seedsmith.agent.frontends.conversation.conversation import HISTORY, Conversation
    from seedsmith.agent.models.catalog import catalog
    from seedsmith.agent.models.open import default_model
    from seedsmith.agent.settings.state import prepare_state, state_folder

    settings = load_settings(flags)
    home = prepare_state(state_folder(settings.home, os.environ), settings.workspace.absolute())
    known = catalog.load(os.environ)
    if not settings.model and not default_model(known, os.environ):
        from seedsmith.agent.cli.first_run import choose_model

        chosen = choose_model(settings, known, os.environ)
        if chosen is None:
            return 0
        settings = chosen
    model = settings.model or default_model(known, os.environ)
    context_tokens = known.resolve(model)[1].context_tokens
    offer("doctor", "what is enforced here, and what is missing")(_doctor)
    talk = Conversation(settings, os.environ, history=home / HISTORY, context_tokens=context_tokens)
    talk.status.session = settings.resume or ""
    until_done(talk.talk())
    return 0


async def _doctor(talk: Talk, _: str) -> None:
    from seedsmith.agent.tasks import doctor

    findings = await asyncio.to_thread(lambda: list(doctor.examine(talk.settings, talk.environment)))
    for finding in findings:
        talk.say(f"{finding.state:8}{finding.subject}: {finding.said}")
