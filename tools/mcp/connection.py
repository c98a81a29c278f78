"""A connection to one server: opened, kept and closed by one task of its own, asked by any.

The SDK's scopes must be left in the task that entered them, hence the owner.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from seedsmith.sandbox.errors import SandboxError
from seedsmith.tools.base import ToolContext, ToolError
from seedsmith.tools.mcp.known_offers import MOST_DESCRIPTION, MOST_TOOLS, Offer, Offered
from seedsmith.tools.mcp.servers import START_SECONDS, Server, SignIns
from seedsmith.tools.mcp.transport import Account, open_transport

if TYPE_CHECKING:
    from mcp import Client
    from mcp.client.session import ElicitationFnT
    from mcp_types import Prompt, Tool

Answer = TypeVar("Answer")
_MOST_PAGES = 50
_CLOSE_SECONDS = 5.0
_CLOSED = "Connection closed"
"""What the SDK says where there is nothing to say."""


class SignInWanted(ToolError):
    """A person can sign in, and then what was asked can be asked again: nothing of it was heard."""


class Connection:
    """One server, asked for the first time or again; whoever makes it awaits :meth:`close`."""

    def __init__(
        self, server: Server, context: ToolContext, sign_ins: SignIns, elicit: ElicitationFnT | None
    ) -> None:
        """``elicit`` puts the server's questions to a person; None: there is none."""
        self.server = server
        self._sign_ins = sign_ins
        self._context = context
        self._elicit = elicit
        self._account = Account()
        self._ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._leave = asyncio.Event()
        self._clocks: set[asyncio.Timeout] = set()
        self._owner = asyncio.ensure_future(self._own())

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return not self._is_gone() and not self._leave.is_set()

    async def close(self) -> None:
        """End it, and the server's process with it; cancelling waits until then all the same."""
        from seedsmith.sandbox.commands.command import finish

        self._leave.set()
        await finish(self._ended())

    async def _ended(self) -> None:
        if not self._ready.done():
            self._owner.cancel()
        await asyncio.wait({self._owner}, timeout=_CLOSE_SECONDS)
        while not self._owner.done():  # it may wait for a word from the server
            self._owner.cancel()
            await asyncio.wait({self._owner}, timeout=_CLOSE_SECONDS)

    async def ask(self, question: Callable[[Client], Awaitable[Answer]]) -> Answer:
        """What the server answers to ``question`` within its time.

        Raises :class:`ToolError`. A server that doesn't answer in time, or whose connection broke, is closed.
        """
        client = await self._opened()
        from mcp.shared.exceptions import MCPError
        from mcp_types import CONNECTION_CLOSED
        from pydantic import ValidationError

        name, seconds = self.server.name, self.server.timeout
        try:
            async with asyncio.timeout(seconds) as clock:
                with self._running(clock):
                    asked = asyncio.ensure_future(_awaited(question(client)))
                    try:
                        await asyncio.wait({asked, self._owner}, return_when=asyncio.FIRST_COMPLETED)
                        if not asked.done():
                            raise self._ended_early()
                        return asked.result()
                    finally:
                        asked.cancel()
                        await asyncio.wait({asked})
        except TimeoutError:
            await self.close()
            raise ToolError(
                f"The MCP server {name} gave no answer within {seconds:g} seconds and was stopped; the call "
                f"may have taken effect.{self._explanation()}"
            ) from None
        except MCPError as error:
            if self._is_gone() or error.code == CONNECTION_CLOSED:
                await self.close()
                raise self._ended_early(str(error)) from None
            raise ToolError(f"The MCP server {name} refused: {_short(str(error))}") from None
        except ValidationError as error:
            where = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
            raise ToolError(
                f"The MCP server {name} answered what is no answer (wrong at {_short(where)})."
            ) from None
        except (RuntimeError, OSError, ValueError) as error:
            raise ToolError(
                f"The MCP server {name} failed: {_short(str(error))}.{self._explanation()}"
            ) from None

    def goes_on(self) -> None:
        """Let every call under way take as long again: its server says that it works on."""
        until = asyncio.get_running_loop().time() + self.server.timeout
        for clock in self._clocks:
            clock.reschedule(until)

    @contextlib.contextmanager
    def waiting_for_a_person(self) -> Iterator[None]:
        """Count no time meanwhile."""
        for clock in self._clocks:
            clock.reschedule(None)
        try:
            yield
        finally:
            self.goes_on()

    @contextlib.contextmanager
    def _running(self, clock: asyncio.Timeout) -> Iterator[None]:
        self._clocks.add(clock)
        try:
            yield
        finally:
            self._clocks.discard(clock)

    def _is_gone(self) -> bool:
        return self._owner.done() or self._account.ended or bool(self._account.fault or self._account.sign_in)

    def _ended_early(self, why: str = "") -> ToolError:
        name = self.server.name
        if self._account.sign_in:
            return self._sign_in_wanted()
        said = f" ({_short(why)})" if why not in ("", _CLOSED) else ""
        return ToolError(f"The MCP server {name} ended before it answered{said}.{self._explanation()}")

    def _explanation(self) -> str:
        return self._account.explanation()

    async def _opened(self) -> Client:
        try:
            async with asyncio.timeout(START_SECONDS):
                return await asyncio.shield(self._ready)
        except TimeoutError:
            await self.close()
            raise ToolError(
                f"The MCP server {self.server.name} was not ready within {START_SECONDS:g} seconds."
                f"{self._explanation()}"
            ) from None

    async def _own(self) -> None:
        """Open the connection, keep it until it is to be closed or breaks, and close it."""
        from mcp.shared.exceptions import MCPError

        logging.getLogger("mcp").setLevel(logging.CRITICAL)  # it prints a traceback for what we tell
        name = self.server.name
        try:
            try:
                await self._keep("legacy")
            except MCPError:
                if self._is_gone() or self._ready.done():
                    raise
                await self._keep("auto")  # one that knows no handshake any more
        except asyncio.CancelledError:
            self._fail(f"The MCP server {name} was not started.")
            raise
        except SandboxError as error:
            self._fail(f"The MCP server {name} can't be started: {error}")
        except (BaseExceptionGroup, Exception) as raised:
            first = _first(raised)
            if self._account.sign_in:
                self._fail(self._sign_in_wanted())
            else:
                why = _short(str(first) or type(first).__name__)
                self._fail(f"The MCP server {name} can't be used: {why}.{self._explanation()}")

    async def _keep(self, mode: str) -> None:
        """Connect and stay so, by the handshake first: only after it may a server ask by itself."""
        from mcp import Client
        from mcp_types import Implementation

        client = Client(
            open_transport(self.server, self._context, self._account, self._sign_ins),
            mode=mode,
            elicitation_callback=self._elicit,
            client_info=Implementation(name="seedsmith", version="1"),
        )
        async with client:
            self._ready.set_result(client)
            await self._leave.wait()

    def _sign_in_wanted(self) -> ToolError:
        kind = SignInWanted if self.server.may_sign_in else ToolError
        return kind(f"The MCP server {self.server.name} {self._account.sign_in}.")

    def _fail(self, said: str | ToolError) -> None:
        if not self._ready.done():
            self._ready.set_exception(said if isinstance(said, ToolError) else ToolError(said))
            self._ready.exception()  # it may be that nobody asks


async def offer_of(connection: Connection) -> Offer:
    """All tools and prompts of a server, page by page; sorted, so that its order means nothing."""

    async def ask(client: Client) -> Offer:
        tools: list[Tool] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if cursor is None or len(tools) >= MOST_TOOLS:
                break
        prompts: list[Prompt] = []
        if client.server_capabilities.prompts is not None:
            prompts = (await client.list_prompts()).prompts
        return Offer(
            tuple(sorted(map(_tool, tools[:MOST_TOOLS]), key=lambda each: each.name)),
            tuple(sorted(map(_prompt, prompts[:MOST_TOOLS]), key=lambda each: each.name)),
        )

    return await connection.ask(ask)


def _tool(tool: Tool) -> Offered:
    return Offered(
        tool.name,
        (tool.description or tool.title or "")[:MOST_DESCRIPTION],
        tool.input_schema,
        bool(tool.annotations and tool.annotations.read_only_hint),
    )


def _prompt(prompt: Prompt) -> Offered:
    given = {each.name: each.description or "" for each in prompt.arguments or ()}
    return Offered(prompt.name, (prompt.description or "")[:MOST_DESCRIPTION], given)


async def _awaited(answer: Awaitable[Answer]) -> Answer:
    return await answer


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _short(text: str) -> str:
    return text.strip().rstrip(".")[:500]
