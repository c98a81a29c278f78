"""The MCP servers of one session: found at its start, none of them started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from seedsmith.agent.calls.respondent import Question, Respondent
from seedsmith.agent.events import NoticeGiven, Sink
from seedsmith.agent.settings.mcp_servers import MEMORY_FOLDER, REPOSITORY_FILE, find_servers, mcp_file
from seedsmith.agent.settings.settings import Settings
from seedsmith.sandbox.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from seedsmith.agent.calls.approval import Approver
    from seedsmith.tools.mcp.pool import ServerPool

MOST_LISTED_BYTES = 700
"""Of the servers in the system prompt."""
_MISSING = "The MCP servers are left out: install Seedsmith with its extra mcp, as in seedsmith[mcp]."
_RECORDED = "The MCP servers are left out: what they answer can't be replayed."


@dataclass(frozen=True, slots=True)
class SessionServers:
    """What MCP servers mean for one session."""

    pool: ServerPool | None = None
    """None where there is no server."""
    listing: str = ""
    """A line each, for the system prompt."""
    notices: tuple[NoticeGiven, ...] = ()

    def tell(self, sink: Sink, approver: Approver | None) -> None:
        """Send what a person should know to ``sink``, and servers' questions to ``approver``."""
        if self.pool is None:
            return
        self.pool.notify = lambda said: sink.emit(NoticeGiven("mcp", said))
        if isinstance(approver, Respondent):
            person = approver

            async def ask(text: str, options: tuple[str, ...]) -> str:
                return (await person.answer(Question(text, options, from_model=False))).strip()

            self.pool.ask_person = ask

    async def close(self) -> None:
        """End every server that was started."""
        if self.pool is not None:
            await self.pool.close()


def open_servers(
    settings: Settings, workspace: Path, state: Path, environment: Mapping[str, str]
) -> SessionServers:
    """The servers of a session in ``workspace``; ``state`` is the state folder.

    Raises :class:`ConfigurationError` for the user's own file of servers.
    """
    if not mcp_file(environment).is_file() and not (workspace / REPOSITORY_FILE).exists():
        return SessionServers()
    found = find_servers(workspace, state, environment)
    servers = [each.server for each in found if each.server is not None]
    notices = [
        NoticeGiven("mcp", f"The MCP server {each.name} {each.why.rstrip('.')}.")
        for each in found
        if each.server is None and not (each.entry is not None and each.entry.disabled)
    ]
    if servers and (settings.record is not None or settings.replay is not None):
        return SessionServers(notices=(NoticeGiven("mcp", _RECORDED),))
    if servers and not _sdk_is_there():
        return SessionServers(notices=(NoticeGiven("mcp", _MISSING),))
    if not servers:
        return SessionServers(notices=tuple(notices))
    from seedsmith.agent.settings.kept_sign_ins import KeptSignIns
    from seedsmith.tools.mcp.known_offers import KnownOffers, listing
    from seedsmith.tools.mcp.pool import ServerPool

    known = KnownOffers(state / MEMORY_FOLDER)
    lines = listing(servers, known, MOST_LISTED_BYTES)
    pool = ServerPool(servers, known, KeptSignIns(state))
    return SessionServers(pool, lines, tuple(notices))


def _sdk_is_there() -> bool:
    from importlib.util import find_spec

    return find_spec("mcp") is not None
