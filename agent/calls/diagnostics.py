"""Tells the model what got worse by its change, where the repository's own language server says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedsmith.agent.calls.gates import Gate, Passage
from seedsmith.agent.calls.prepared_call import PreparedCall
from seedsmith.tools.base import EVERYTHING, ToolResult

if TYPE_CHECKING:
    from seedsmith.tools.symbols.pool import LanguageServers, Watched


class DiagnosticsGate(Gate):
    """Lets every call pass; asked last, so that only what runs is looked at."""

    def __init__(self, servers: LanguageServers) -> None:
        self._servers = servers
        self._watched: dict[str, list[Watched]] = {}

    async def before(self, prepared: PreparedCall) -> Passage:
        """Begin to look at the files as they are."""
        writes = prepared.access.writes
        if EVERYTHING in writes:
            self._servers.others_change()
        elif writes:
            self._watched[prepared.call.id] = self._servers.watch(writes)
        return Passage()

    async def after(self, prepared: PreparedCall, result: ToolResult) -> tuple[str, ...]:
        """Append what is new; have servers ready for files that were read."""
        watched = self._watched.pop(prepared.call.id, [])
        if not result.ok:
            for each in watched:
                each.before.cancel()
            return ()
        if not prepared.access.writes:
            self._servers.warm(prepared.access.reads)
        said = await self._servers.new_problems(watched)
        return (said,) if said else ()
