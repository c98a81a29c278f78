"""The servers of one session: started at first use, their offers known and pinned, ended with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from seedsmith.tools.base import ToolContext, ToolError
from seedsmith.tools.mcp.connection import Connection, SignInWanted, offer_of
from seedsmith.tools.mcp.elicitation import AskPerson, elicited
from seedsmith.tools.mcp.known_offers import KnownOffers, Offer, Offered
from seedsmith.tools.mcp.servers import Server, SignIns

if TYPE_CHECKING:
    from mcp import Client
    from mcp.shared.dispatcher import ProgressFnT
    from mcp_types import ElicitRequestParams, ElicitResult

Answer = TypeVar("Answer")
Notify = Callable[[str], None]
_SIGN_IN, _NOT_NOW = "sign in", "not now"


class ServerPool:
    """The servers by name; those that were started end with the session's other programs.

    ``ask_person`` and ``notify`` may be set until the first server is started.
    """

    def __init__(self, servers: Iterable[Server], known: KnownOffers, sign_ins: SignIns) -> None:
        self.servers: Mapping[str, Server] = {each.name: each for each in servers}
        self.known = known
        self._sign_ins = sign_ins
        self.ask_person: AskPerson | None = None
        """Puts a server's questions to a person; None: there is none."""
        self.notify: Notify | None = None
        """Takes what a person should know."""
        self._connections: dict[str, Connection] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._changed: dict[str, set[str]] = {}
        self._asking = asyncio.Lock()
        self._not_now: set[str] = set()
        """Servers that the person doesn't want to sign in to."""

    async def close(self) -> None:
        """End every connection; the pool can be used again, and starts them anew."""
        every, self._connections = list(self._connections.values()), {}
        await asyncio.gather(*(each.close() for each in every))

    async def ask(
        self, server: Server, context: ToolContext, question: Callable[[Client], Awaitable[Answer]]
    ) -> Answer:
        """What ``server`` answers; raises :class:`ToolError`.

        Where it wants a sign-in meanwhile it heard nothing yet, and is asked again once the person did.
        """
        try:
            return await (await self._connected(server, context)).ask(question)
        except SignInWanted:
            if not await self._signs_in(server):
                raise
        return await (await self._connected(server, context)).ask(question)

    async def offer(self, server: Server, context: ToolContext) -> Offer:
        """What ``server`` offers, as it is known; it is started where nothing is. Raises ToolError."""
        return self.known.of(server) or await self.connected_offer(server, context)

    async def connected_offer(self, server: Server, context: ToolContext) -> Offer:
        """What ``server`` offers now that it is started. Raises :class:`ToolError`."""
        await self._connected(server, context)
        return self.known.of(server) or Offer()

    async def offers(self, servers: Iterable[Server], context: ToolContext) -> dict[str, Offer | ToolError]:
        """What each offers, or why it can't be told."""

        async def one(server: Server) -> Offer | ToolError:
            try:
                return await self.offer(server, context)
            except ToolError as error:
                return error

        every = list(servers)
        found = await asyncio.gather(*map(one, every))
        return {server.name: each for server, each in zip(every, found, strict=True)}

    def is_changed(self, server: Server, tool: Offered) -> bool:
        """Whether the tool is described otherwise than it was, and nobody was shown that."""
        return tool.name in self._changed.get(server.name, ())

    def show(self, server: Server, offered: Offered) -> None:
        """Take it that its description was shown."""
        self._changed.get(server.name, set()).discard(offered.name)

    def progress(self, server: Server) -> ProgressFnT:
        """What hears that a call goes on: it may take longer then."""

        async def heard(progress: float, total: float | None, message: str | None) -> None:
            if (connection := self._connections.get(server.name)) is not None:
                connection.goes_on()

        return heard

    async def _connected(self, server: Server, context: ToolContext) -> Connection:
        async with self._opening.setdefault(server.name, asyncio.Lock()):
            known = self._connections.get(server.name)
            if known is not None and known.alive:
                return known
            if known is not None:
                await known.close()
            context.background.end_besides(self.close)
            try:
                return await self._connect(server, context)
            except SignInWanted:
                if not await self._signs_in(server):
                    raise
            return await self._connect(server, context)

    async def _connect(self, server: Server, context: ToolContext) -> Connection:
        connection = Connection(server, context, self._sign_ins, self._elicit_for(server))
        self._connections[server.name] = connection
        try:
            self._pin(server, await offer_of(connection))
        except BaseException:
            del self._connections[server.name]
            await connection.close()
            raise
        return connection

    async def _signs_in(self, server: Server) -> bool:
        """Offer the person to sign in, once a session; whether they did. Raises :class:`ToolError`."""
        from seedsmith.tools.mcp.sign_in import SIGN_IN_SECONDS, SignInFailed, open_browser, sign_in

        def show(address: str) -> None:
            if self.notify is not None:
                self.notify(f"Sign in to {server.name} within {SIGN_IN_SECONDS / 60:g} minutes: {address}")
            open_browser(address)

        async with self._asking:
            if self.ask_person is None or server.name in self._not_now:
                return False
            asked = (
                f"The MCP server {server.name} wants you to sign in. The address is shown here, and opened "
                f"in your browser where there is one. Later: seedsmith mcp login {server.name}."
            )
            if await self.ask_person(asked, (_SIGN_IN, _NOT_NOW)) != _SIGN_IN:
                self._not_now.add(server.name)
                return False
            try:
                await sign_in(server, self._sign_ins, show)
            except SignInFailed as error:
                raise ToolError(str(error)) from None
            return True

    def _pin(self, server: Server, offer: Offer) -> None:
        """Remember the offer; where it isn't what it was, say so, and hold calls of what changed."""
        before = self.known.of(server)
        self.known.keep(server, offer)
        lines = offer.changes_from(before) if before is not None else []
        if before is None or not lines:
            return
        old = {tool.name: tool.pin for tool in before.tools}
        changed = {tool.name for tool in offer.tools if old.get(tool.name, tool.pin) != tool.pin}
        self._changed.setdefault(server.name, set()).update(changed)
        if self.notify is not None:
            self.notify(f"The MCP server {server.name} changed what it offers: {'; '.join(lines)[:2000]}.")

    def _elicit_for(self, server: Server) -> Any:
        async def elicit(_context: Any, params: ElicitRequestParams) -> ElicitResult:
            connection = self._connections[server.name]
            with connection.waiting_for_a_person():
                return await elicited(server.name, params, self.ask_person)

        return elicit if self.ask_person is not None else None
