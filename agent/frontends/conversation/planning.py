"""Plan mode: the command that begins and ends it, and the question that a plan ends with."""

from __future__ import annotations

import asyncio

from seedsmith.agent.frontends.conversation.commands import Talk, command


@command("plan")
async def _plan(talk: Talk, words: str) -> None:
    plans = talk.settings.approve == "plan"
    if words or not plans:
        talk.set(approve="plan")
        talk.say(talk.words("plan.begins"), "dim")
    else:
        talk.set(approve="ask")
        talk.say(talk.words("plan.ends"), "dim")
    if words:
        talk.send(words)


async def answer_to_plan(talk: Talk, plan: str) -> str:
    """Ask what is to be done with ``plan``; the message that follows from it, '' for none."""
    try:
        answer, _, more = (await talk.ask(talk.words("plan.ask"))).partition(" ")
        if answer == "e":
            edited = await talk.edit(plan)
            if edited is None:
                return ""
            talk.set(approve="ask")
            return f"Carry out this plan, which I edited:\n\n{edited}"
    except asyncio.CancelledError:
        return ""
    if answer == "y":
        talk.set(approve="ask")
        return "Carry out the plan."
    return more if answer == "n" else f"{answer} {more}".strip()
