"""A local model as an ordinary chat provider: fetched, started and stopped on its own."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from seedsmith.agent.models.base import Notice, Part, Request, TextDelta
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.catalog.described_model import DescribedModel
from seedsmith.agent.models.catalog.entries import Catalog
from seedsmith.agent.models.errors import LocalModelError, ModelError
from seedsmith.agent.models.local.machine import available_memory, fitting_context, physical_cores
from seedsmith.agent.models.local.pull import Progress, ensure
from seedsmith.agent.models.local.server import Endpoint, LocalServer, ServerOptions
from seedsmith.agent.models.local.tool_call_grammar import constrained, requires_call, with_schema_by_name
from seedsmith.agent.models.local.weights import cache_folder, find_weights
from seedsmith.agent.models.network.transport import TransportInterceptor
from seedsmith.agent.models.service.service import ServiceOptions
from seedsmith.agent.models.tries.retry import RetryPolicy
from seedsmith.agent.models.wires.chat import ChatModel
from seedsmith.agent.models.wires.responses import ResponsesModel
from seedsmith.agent.settings.settings import Settings

PROVIDER = "local"
_RETRY = RetryPolicy(attempts=2, connect_attempts=1, first_seconds=0.1)
"""A server of our own is never busy with others: what it refuses twice it goes on refusing."""
_NOWHERE = "http://127.0.0.1"
"""The address of a replayed server; nothing is sent there."""
_NOTICE_STEP = 10
"""Percent of a pull between two notices."""


def open_local(
    name: str,
    settings: Settings,
    environment: Mapping[str, str],
    interceptor: TransportInterceptor | None = None,
    known: Catalog | None = None,
) -> LocalModel:
    """The model ``local/NAME``; nothing is fetched or started before :meth:`LocalModel.start` or a request.

    ``known`` is the catalog to go by; None: the program's own.
    Fetching and loading show as notices in the answer's stream.
    Raises :class:`LocalModelError` where the name is unknown or the ``local`` extra is not installed.
    """
    model = LocalModel(
        name, known or catalog.load(), environment, wire=settings.wire, interceptor=interceptor
    )
    replays = interceptor is not None and interceptor.replays
    if not replays and importlib.util.find_spec("xllamacpp") is None:
        raise LocalModelError("The local model needs one more package: run pip install 'seedsmith[local]'.")
    return model


class LocalModel(DescribedModel):
    """Implements :class:`Model` over a server of its own; use it from one event loop."""

    def __init__(
        self,
        name: str,
        known: Catalog,
        environment: Mapping[str, str],
        *,
        wire: str | None = None,
        cache: Path | None = None,
        interceptor: TransportInterceptor | None = None,
    ) -> None:
        """``interceptor`` records or replays what crosses the wire; a replay fetches and starts nothing."""
        self._weights = find_weights(name)
        super().__init__(*known.resolve(f"{PROVIDER}/{name}"))
        self._environment = environment
        self._wire = self._provider.choose_wire(wire)
        self._cache = cache or cache_folder()
        self._interceptor = interceptor
        self._notices: asyncio.Queue[Notice | None] = asyncio.Queue()
        self._last_notice = ""
        self._server: LocalServer | None = None
        self._endpoint: Endpoint | None = None
        self._chat: ChatModel | None = None
        self._responses: ResponsesModel | None = None
        self._starting: asyncio.Task[None] | None = None

    @property
    def wire(self) -> str:
        """``chat`` or ``responses``; a text is continued over the former whichever it is."""
        return self._wire

    @property
    def context_tokens(self) -> int:
        """How much the server can take; before it runs, what memory would allow now."""
        if self._endpoint is not None:
            return self._endpoint.context_tokens
        try:
            return min(self._entry.context_tokens, fitting_context(self._weights, available_memory()))
        except LocalModelError:
            return self._entry.context_tokens

    def start(self) -> asyncio.Task[None]:
        """Begin to fetch and load the model in the background, unless it runs; await the task to be sure.

        Call it early, while the sandbox is probed, so that the seconds of loading overlap.
        """
        dead = self._server is not None and not self._server.running
        if self._starting is None or (self._starting.done() and (dead or _failed(self._starting))):
            self._starting = asyncio.create_task(self._start())
        return self._starting

    async def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        """Ask; see :meth:`seedsmith.agent.models.base.Model.stream`.

        Where a call is required a grammar holds the answer to one, and no text is streamed.
        """
        async for notice in self._ready():
            yield notice
        assert self._chat is not None and self._responses is not None
        hidden = requires_call(request)
        asked = constrained(request)
        if self._wire == "responses" and not request.continue_text:
            stream = self._responses.stream(with_schema_by_name(asked))
        else:
            stream = self._chat.stream(asked)
        try:
            async with aclosing(stream) as parts:
                async for part in parts:
                    if not (hidden and _is_call_as_text(part)):
                        yield part
        except ModelError as error:
            if self._server is None or self._server.running:
                raise
            raise self._server.failure() from error

    def prepare(self) -> None:
        """Begin to fetch and load the model; what goes wrong is raised by the first question."""
        self.start()

    async def aclose(self) -> None:
        """Stop the server and whatever is being fetched; what was fetched is kept."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
            self._starting = None
        await self._stop()

    async def _ready(self) -> AsyncIterator[Notice]:
        """Wait for the server, passing on what there is to say meanwhile."""
        starting = self.start()
        starting.add_done_callback(lambda _: self._notices.put_nowait(None))
        while (notice := await self._notices.get()) is not None:
            yield notice
        await asyncio.shield(starting)

    async def _start(self) -> None:
        await self._stop()
        if self._interceptor is not None and self._interceptor.replays:
            self._open_wires(Endpoint(_NOWHERE, "", self._entry.context_tokens))
            return
        path = await ensure(self.name, self._cache, environment=self._environment, progress=self._show)
        size = path.stat().st_size
        self._show(Progress(self.name, "load", 0, size))
        context = fitting_context(replace(self._weights, size=size), available_memory())
        log = self._cache / f"{self.name}.log"
        options = ServerOptions(self.name, path, context, physical_cores(), log)
        self._server = LocalServer(options, self._environment)
        self._endpoint = await self._server.start()
        self._open_wires(self._endpoint)
        self._show(Progress(self.name, "load", size, size))

    def _open_wires(self, endpoint: Endpoint) -> None:
        options = ServiceOptions(
            base_url=f"{endpoint.address}/v1",
            key=endpoint.key,
            environment=self._environment,
            retry=_RETRY,
            keep_alive=False,  # its server closes one now and then as the next request arrives
            interceptor=self._interceptor,
        )
        self._chat = ChatModel(self._provider, self._entry, options)
        self._responses = ResponsesModel(self._provider, self._entry, options)

    async def _stop(self) -> None:
        models = (self._chat, self._responses)
        self._chat = self._responses = None
        server, self._server, self._endpoint = self._server, None, None
        for model in models:
            if model is not None:
                await model.aclose()
        if server is not None:
            await server.stop()

    def _show(self, progress: Progress) -> None:
        message = _sentence(progress)
        if message and message != self._last_notice:
            self._last_notice = message
            self._notices.put_nowait(Notice(f"model_{progress.stage}", message))


def _failed(task: asyncio.Task[None]) -> bool:
    return task.cancelled() or task.exception() is not None


def _is_call_as_text(part: Part) -> bool:
    """The constrained answer's own JSON, and the notice that it was taken for a call."""
    return isinstance(part, TextDelta) or (isinstance(part, Notice) and part.code == "call_recovered")


def _sentence(progress: Progress) -> str:
    """What a notice says of a step; '' where it needs none."""
    total = f"{progress.total / 1e6:,.0f} MB"
    match progress.stage:
        case "waiting":
            return f"Another run is fetching {progress.name}; waiting for it."
        case "download" if progress.done < progress.total:
            percent = 100 * progress.done // progress.total // _NOTICE_STEP * _NOTICE_STEP
            return f"Fetching the local model {progress.name} ({total}): {percent} %."
        case "load" if progress.done == 0:
            return f"Loading {progress.name} into memory ({total})."
        case _:
            return ""
