"""Plan mode: the command that begins and ends it, and the question that a plan ends with."""

from __future__ import annotations

import asyncio

from seedsmith.agent.frontends.conversation.commands import Talk, command, from_when

_MODES = ("ask", "auto", "plan")
_ANSWERS = {"yes": "y", "no": "n", "edit": "e"}


@command("plan")
async def _plan(talk: Talk, words: str) -> None:
    plans = talk.settings.approve == "plan"
    if words and talk.working:  # the turn that is under way would carry it out
        talk.say(talk.words("works"), "yellow")
        return
    if words or not plans:
        talk.set(approve="plan")
        talk.say(from_when(talk, talk.words("plan.begins")), "dim")
    else:
        talk.set(approve="ask")
        talk.say(from_when(talk, talk.words("plan.ends")), "dim")
    if words:
        talk.send(words)


def switch_mode(talk: Talk) -> None:
    """Go on to the next mode, and say what it means and from when on."""
    mode = _MODES[(_MODES.index(talk.settings.approve or "ask") + 1) % len(_MODES)]
    talk.set(approve=mode)
    talk.say(from_when(talk, f"{mode}{talk.words.told(': ')}{talk.words(f'mode.{mode}')}"), "dim")


async def answer_to_plan(talk: Talk, plan: str) -> str:
    """Ask what is to be done with ``plan``; the message that follows from it, '' for none."""
    try:
        said = await talk.ask(talk.words("plan.ask"))
        first, _, more = said.partition(" ")
        answer = first.strip(",.:;").lower()
        answer = _ANSWERS.get(answer, answer)
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
        return f"Carry out the plan. {more}".strip()
    return more.strip() if answer == "n" else said
