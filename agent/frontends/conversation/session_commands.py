"""The commands of a conversation that look at its session, or go to another one."""

from __future__ import annotations

import asyncio

from seedsmith.agent.frontends.conversation.commands import Talk, command
from seedsmith.agent.frontends.conversation.edit_view import counted_files
from seedsmith.agent.sessions.recorded_sessions import RecordedSession, Sessions

_OFFERED = 20
_LAST_LINES = 6


def current(talk: Talk) -> RecordedSession | None:
    """The conversation's session; says so where there is none yet."""
    if not talk.status.session:
        talk.say(talk.words("session.none"))
        return None
    return Sessions(talk.settings.home).open(talk.status.session, talk.settings.workspace)


@command("context")
async def _context(talk: Talk, _: str) -> None:
    from seedsmith.agent.sessions.context_contents import contents_of
    from seedsmith.agent.sessions.record_tree import Log

    if not talk.status.session or (session := current(talk)) is None:
        talk.say(talk.status.bar())
        return
    contents = contents_of(Log(session.folder.records))
    talk.say(talk.status.bar(least=contents.total))
    tools = max(talk.status.used_tokens - contents.total, 0)
    parts = {
        "system": contents.system,
        "messages": contents.messages,
        "answers": contents.answers,
        "outputs": contents.outputs,
        "tools": tools,
    }
    longest = max(parts.values()) or 1
    for name, tokens in parts.items():
        bar = "#" * round(tokens / longest * 20)
        talk.say(f"  {tokens:9,}  {bar:20}  {talk.words(f'context.{name}')}")


@command("diff")
async def _diff(talk: Talk, words: str) -> None:
    if talk.working:
        talk.say(talk.words("works"), "yellow")
        return
    session = current(talk) if talk.status.session else None
    diff = session.diff_now().text if session is not None else ""
    if not diff.strip():
        talk.say(talk.words("diff.none"))
        return
    for line in counted_files(diff, talk.words):
        talk.say(line, "dim")
    if words == "all":
        talk.show_change(diff)
    else:
        talk.begin(_review(talk, diff))


async def _review(talk: Talk, diff: str) -> None:
    from seedsmith.agent.frontends.conversation.hunk_review import review

    comments: list[str] = []
    try:
        await review(talk, diff, talk.run_tool, comments)
    except ValueError:
        talk.show_change(diff)
    except asyncio.CancelledError:
        talk.input.bring_back(comments)
        raise
    if comments:
        talk.send("\n\n".join(comments))


@command("resume")
async def _resume(talk: Talk, words: str) -> None:
    if talk.working:
        talk.say(talk.words("works"), "yellow")
    elif words:
        await _go_to(talk, words)
    else:
        talk.begin(_choose(talk))


async def _choose(talk: Talk) -> None:
    found = Sessions(talk.settings.home).list(talk.settings.workspace)[:_OFFERED]
    if not found:
        talk.say(talk.words("resume.none"))
        return
    for number, each in enumerate(found, 1):
        asked = " ".join(each.asked.split())
        ended = talk.words.told(each.outcome.replace("_", " "))
        talk.say(f"{number:3}  {each.id}  {ended:12}  {asked[:60]}")
    answer = await talk.ask(talk.words("resume.ask"))
    if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(found):
        await _go_to(talk, found[int(answer) - 1].id)


async def _go_to(talk: Talk, session: str) -> None:
    from seedsmith.agent.sessions.history import Turn

    found = Sessions(talk.settings.home).open(session, talk.settings.workspace)
    await talk.go_to(found.id)
    said = [entry.text for entry in found.history() if isinstance(entry, Turn) and entry.text]
    talk.say(talk.words("resume.done", session=found.id), "dim")
    for line in (said[-1] if said else "").splitlines()[-_LAST_LINES:]:
        talk.say(f"  {line}", "dim")


@command("fork")
async def _fork(talk: Talk, words: str) -> None:
    if talk.working:
        talk.say(talk.words("works"), "yellow")
        return
    if (session := current(talk)) is None:
        return
    if words and not words.isdigit():
        talk.say(talk.words("fork.usage"), "red")
        return
    forked = session.fork(int(words) if words else None)
    await talk.go_to(forked.id)
    talk.say(talk.words("fork.done", session=forked.id), "dim")


def last_output(talk: Talk) -> str:
    """The whole output of the session's last call that is done; '' where there is none."""
    from seedsmith.agent.sessions.history import Turn

    if not talk.status.session or (session := current(talk)) is None:
        return ""
    done = [
        call
        for entry in session.history()
        if isinstance(entry, Turn)
        for call in entry.calls
        if call.result is not None
    ]
    return f"{done[-1].name}:\n{done[-1].result}" if done else ""
