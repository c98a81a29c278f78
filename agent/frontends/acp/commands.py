"""The commands of an editor's session: what ``/NAME`` does beside the skills, a function each."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from acp.schema import AvailableCommand, AvailableCommandInput, UnstructuredCommandInput

from seedsmith.agent.frontends.conversation.status_line import StatusLine
from seedsmith.agent.frontends.line_wrapping import as_told
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.subprocesses import kill
from seedsmith.sandbox.lazy_dataclass import dataclass

_PROGRAM = (sys.executable, "-P", "-m", "seedsmith")


class Session(Protocol):
    """What commands do with a session."""

    id: str
    settings: Settings
    status: StatusLine

    @property
    def diff(self) -> str:
        """What has changed since it began, as of its last run."""
        ...

    def set(self, **changed: Any) -> None:
        """Change settings from the next prompt on. Raises :class:`AgentError` for a wrong value."""


Action = Callable[[Session, str], Awaitable[str]]
"""Takes what stands behind the name; gives back what the person reads."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command."""

    what: str
    """What it does, in a few words."""
    hint: str
    """What may stand behind its name; '' for nothing."""
    action: Action


async def _verify(session: Session, words: str) -> str:
    if words:
        session.set(verify=None if words == "off" else words)
    return as_told(f"verify: {session.settings.verify or 'nothing'}")


async def _cost(session: Session, _: str) -> str:
    status = session.status
    cost = "no price known" if status.cost is None else f"¥{status.cost:.4f}"
    tokens = f"{status.input_tokens:,} tokens in, {status.output_tokens:,} out"
    return f"{as_told(f'{tokens} · {cost}')}\n\n{status.bar(20)}"


async def _diff(session: Session, _: str) -> str:
    return f"```diff\n{session.diff}\n```" if session.diff else as_told("Nothing has changed.")


async def _undo(session: Session, words: str) -> str:
    return await _told_by(session, "undo", session.id, *(words or "--last").split())


async def _redo(session: Session, words: str) -> str:
    return await _told_by(session, "redo", session.id, *words.split())


async def _doctor(session: Session, _: str) -> str:
    return await _told_by(session, "doctor", *session.settings.model_flags)


COMMANDS = {
    "verify": Command("the command that proves the work", "CMD, or off", _verify),
    "cost": Command("what the session took, and how full the model's window is", "", _cost),
    "diff": Command("everything that changed since the session began", "", _diff),
    "undo": Command("take back the last message, and what it did to the files", "[--to TURN] [PATH…]", _undo),
    "redo": Command("take the last undo back", "", _redo),
    "doctor": Command("what is enforced here, and what is missing", "", _doctor),
}
INIT = "init"
"""The command whose words are a prompt of the program's own."""


def offered(skills: Iterable[tuple[str, str]]) -> list[AvailableCommand]:
    """The commands an editor is told of: these, and the ``skills`` by name and purpose."""
    own = [_offered(name, each.what, each.hint) for name, each in COMMANDS.items()]
    init = _offered(INIT, "write an AGENTS.md from the repository", "what to heed besides")
    return [*own, init, *(_offered(name, what, "what to do") for name, what in skills)]


def _offered(name: str, what: str, hint: str) -> AvailableCommand:
    more = AvailableCommandInput(UnstructuredCommandInput(hint=as_told(hint))) if hint else None
    return AvailableCommand(name=name, description=as_told(what), input=more)


async def _told_by(session: Session, *arguments: str) -> str:
    """What this program's own command prints."""
    settings = session.settings
    language = ("--lang", settings.lang) if settings.lang else ()
    process = await asyncio.create_subprocess_exec(
        *_PROGRAM,
        *arguments,
        "-C",
        str(settings.workspace),
        *language,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ,  # What would be inherited holds no key any more.
    )
    try:
        output, _ = await process.communicate()
    finally:
        await kill(process)
    return f"```\n{output.decode('utf-8', 'replace').strip()}\n```"
