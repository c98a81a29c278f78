"""How a server is reached: its process in the sandbox, or streamable HTTP; both bounded.

The SDK's own way to start a process knows no sandbox, hence the transport for one here.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedsmith.sandbox.errors import InputClosed, SandboxError
from seedsmith.sandbox.isolation.environment import command_environment
from seedsmith.sandbox.isolation.named_programs import named_programs
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.base import ToolContext
from seedsmith.tools.mcp.servers import START_SECONDS, Server, SignIns

if TYPE_CHECKING:
    import httpx2
    from mcp.client._transport import TransportStreams

    from seedsmith.sandbox.commands.process import ProcessRunner
    from seedsmith.sandbox.commands.server_process import ServerProcess

MOST_MESSAGE_BYTES = 16 << 20
"""A longer message ends the connection."""
MOST_UNASKED = 5_000
"""So many messages of one server between two of ours are a flood, which ends the connection."""
MOST_NOISE = 200
"""So many lines that are no messages are passed over, as servers print greetings; more end the connection."""
_SEND_SECONDS = 20.0
_SHOWN = 300
_STOPPED = "Stopped: its session no longer needs it."


@dataclass(slots=True)
class Account:
    """What is to be told of a connection that failed."""

    fault: str = ""
    """Why it was ended by us; '' where it wasn't."""
    noise: str = ""
    """The last line that was no message."""
    said: str = ""
    """The end of what it wrote to its standard error."""
    sign_in: str = ""
    """What it wants a person to do about their sign-in, completing "The MCP server NAME"; else ''."""
    ended: bool = False
    """Whether nothing more comes."""

    def explanation(self) -> str:
        """All of it as further sentences, each with a space before it."""
        parts = [
            self.fault,
            f"Its output also held what is no message: {self.noise!r}." if self.noise else "",
            f"Its last words: {self.said[-1000:]}" if self.said else "",
        ]
        return "".join(f" {part}" for part in parts if part)


def open_transport(
    server: Server, context: ToolContext, account: Account, sign_ins: SignIns
) -> AbstractAsyncContextManager[TransportStreams]:
    """The two streams of messages to and from ``server``; entering starts it, leaving ends it."""
    if server.url:
        return _http(server, account, sign_ins)
    return _process(server, context, account)


def processes_for(server: Server, context: ToolContext) -> ProcessRunner:
    """What starts the server's process: under the session's isolation, with what is its own in the policy."""
    import shlex

    base = context.processes.policy
    programs = named_programs(shlex.join(server.argv), base.workspace, base.environ)
    policy = replace(
        base,
        network=server.network or base.network,
        also_readable=(*base.also_readable, *map(Path, server.folders)),
        programs=(*base.programs, *programs) if server.origin == "user" else base.programs,
    )
    environment = context.processes.environment
    if server.network:
        environment = command_environment(base.environ, base.workspace, network=True)
    return context.processes.with_policy(policy, environment)


@asynccontextmanager
async def _process(server: Server, context: ToolContext, account: Account) -> AsyncIterator[TransportStreams]:
    import anyio
    from mcp.shared.message import SessionMessage

    processes = processes_for(server, context)
    _find_program(server, processes)
    talk = processes.converse(server.argv, cwd=server.cwd, env=server.env)
    to_us, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, from_us = anyio.create_memory_object_stream[SessionMessage](0)
    pipe = _Pipe(talk, account)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pipe.receive, to_us)
            tasks.start_soon(pipe.send, from_us, to_us)
            try:
                yield read, write
            finally:
                tasks.cancel_scope.cancel()
    finally:
        for stream in (to_us, read, write, from_us):
            stream.close()
        await talk.stop(_STOPPED)
        account.said = account.said or talk.said()


def _find_program(server: Server, processes: ProcessRunner) -> None:
    """Raise SandboxError where what starts ``server`` is named by its name, and not there."""
    import shutil

    program = server.argv[0]
    path = server.env.get("PATH") or processes.environment.get("PATH")
    if "/" not in program and shutil.which(program, path=path) is None:
        raise SandboxError(f"its program {program} is not installed, or not in a folder of PATH.")


class _Pipe:
    """Turns lines into messages and back, within bounds."""

    def __init__(self, talk: ServerProcess, account: Account) -> None:
        self._talk = talk
        self._account = account
        self._unasked = 0
        self._noise = 0

    async def receive(self, messages: Any) -> None:
        """Hand on what the server says until it ends, or says too much."""
        import anyio

        async with messages:
            with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                buffer = bytearray()
                while not self._account.fault and (data := await self._talk.receive()):
                    start = len(buffer)
                    buffer += data
                    if b"\n" in data:
                        *lines, rest = bytes(buffer).split(b"\n")
                        buffer = bytearray(rest)
                        for line in lines:
                            await self._take(line, messages)
                    if len(buffer) > MOST_MESSAGE_BYTES and start:
                        self._account.fault = (
                            f"It was stopped: one message was longer than {MOST_MESSAGE_BYTES >> 20} MB."
                        )
            self._account.said = self._talk.said()
            self._account.ended = True

    async def _take(self, line: bytes, messages: Any) -> None:
        from mcp.shared.message import SessionMessage
        from mcp_types import jsonrpc_message_adapter

        if not line.strip() or self._account.fault:
            return
        self._unasked += 1
        if self._unasked > MOST_UNASKED:
            self._account.fault = _flooded()
            return
        try:
            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        except (ValueError, RecursionError):
            self._noise += 1
            self._account.noise = line[:_SHOWN].decode("utf-8", "replace")
            if self._noise > MOST_NOISE:
                self._account.fault = f"It was stopped: more than {MOST_NOISE} lines were no messages."
            return
        await messages.send(SessionMessage(message))

    async def send(self, ours: Any, messages: Any) -> None:
        """Write what we say to the server; one that takes nothing more is given up."""
        async with ours:
            try:
                async for each in ours:
                    self._unasked = 0
                    text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                    if not await self._talk.send(text.encode("utf-8", "replace") + b"\n", _SEND_SECONDS):
                        self._account.fault = "It was stopped: it takes no more input."
                        break
            except InputClosed:
                pass
        await messages.aclose()


@asynccontextmanager
async def _http(server: Server, account: Account, sign_ins: SignIns) -> AsyncIterator[TransportStreams]:
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    from seedsmith.tools.mcp.sign_in import SignInNeeded, auth_of

    def wanted(what: str) -> SignInNeeded:
        account.sign_in = what
        return SignInNeeded(what)

    command = f"run `seedsmith mcp login {server.name}`"
    again = f"wants you to sign in again: {command}"
    auth = auth_of(server, sign_ins, lambda: wanted(again)) if server.may_sign_in else None

    async def refused(response: httpx2.Response) -> None:
        if response.status_code != httpx2.codes.UNAUTHORIZED or auth is not None:
            return
        if server.may_sign_in:
            raise wanted(f"wants you to sign in: {command}")
        raise wanted("refuses the header Authorization that it is given")

    timeout = httpx2.Timeout(START_SECONDS, read=server.timeout)
    bounds = _Bounds(account)
    hooks: dict[str, list[Callable[..., Any]]] = {
        "request": [bounds.asked],
        "response": [refused, bounds.answered],
    }
    headers = dict(server.headers)
    async with httpx2.AsyncClient(headers=headers, timeout=timeout, event_hooks=hooks, auth=auth) as client:
        async with streamable_http_client(
            server.url, http_client=client, max_sse_event_size=MOST_MESSAGE_BYTES
        ) as streams:
            yield streams


class _Bounds:
    """Stops reading bodies that are too long, and events that are too many between two requests of ours."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._unasked = 0

    async def asked(self, _request: httpx2.Request) -> None:
        """Count anew: a request of ours is on its way."""
        self._unasked = 0

    async def answered(self, response: httpx2.Response) -> None:
        """Bound the body of ``response``."""
        import httpx2

        stream = response.stream
        if isinstance(stream, httpx2.AsyncByteStream):
            events = response.headers.get("content-type", "").startswith("text/event-stream")
            response.stream = _bounded(stream, self._take_events if events else None)

    def _take_events(self, part: bytes) -> None:
        """Raise ReadError where ``part`` ends too many events; an empty line ends one, and is in none."""
        import httpx2

        self._unasked += part.count(b"\n\n") + part.count(b"\n\r\n")
        if self._unasked > MOST_UNASKED:
            self._account.fault = _flooded()
            raise httpx2.ReadError("too many events")


def _flooded() -> str:
    return f"It was stopped: it sent more than {MOST_UNASKED:,} messages unasked."


def _bounded(stream: httpx2.AsyncByteStream, take: Callable[[bytes], None] | None) -> httpx2.AsyncByteStream:
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            seen = 0
            async for part in stream:
                seen += len(part)
                if seen > 4 * MOST_MESSAGE_BYTES:
                    raise httpx2.ReadError("the answer is too long")
                if take is not None:
                    take(part)
                yield part

        async def aclose(self) -> None:
            await stream.aclose()

    return Bounded()
