"""A model behind a service, on either wire: asks until an answer is complete (docs/model-service.md)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import field
from pathlib import Path

from seedsmith.agent.conversation import AssistantMessage
from seedsmith.agent.models.address import service_root, shown
from seedsmith.agent.models.base import Notice, Part, Request, Retrying, Spent
from seedsmith.agent.models.catalog.described_model import DescribedModel
from seedsmith.agent.models.catalog.entries import ModelEntry, Provider, Wire
from seedsmith.agent.models.encode.answer_chain import PAUSE_SECONDS
from seedsmith.agent.models.encode.encode import Body, RequestEncoder, named
from seedsmith.agent.models.errors import ContentFiltered, InvalidRequest
from seedsmith.agent.models.network.connection import Connection
from seedsmith.agent.models.network.transport import Reply, Transport, TransportInterceptor
from seedsmith.agent.models.service.complete_answer import conclude, spent
from seedsmith.agent.models.service.reply_reader import PLAIN_SECONDS, read_reply
from seedsmith.agent.models.stream.stream import AnswerAssembler
from seedsmith.agent.models.tries.refusal import AskedModel, Verdict
from seedsmith.agent.models.tries.refused_fields import FieldMemory, RefusedFields
from seedsmith.agent.models.tries.request_gate import Gate
from seedsmith.agent.models.tries.retry import BrokenAnswer, FailedTry, RetryPolicy, ServiceRefused, Tries
from seedsmith.sandbox.lazy_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class WireFormat:
    """What differs between the wires: where requests go, how they are written and how answers are read."""

    name: str
    path: Callable[[Request], str]
    """Below the base URL."""
    encoder: Callable[[ModelEntry, Wire, bool], RequestEncoder]
    """The last argument says whether stored answers are to be continued."""
    assembler: Callable[[Collection[str]], AnswerAssembler]
    """Takes the ids of the conversation's calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """The address of a service, and how requests are sent to it."""

    base_url: str
    key: str = ""
    """'' where the service needs none."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Looked up for proxies and certificates."""
    ca_bundle: Path | None = None
    """Certificate authorities that are trusted in addition."""
    keep_alive: bool = True
    """Whether connections are used again."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    stall_seconds: float | None = None
    """How long a stream may stay without data; None: as long as the provider says."""
    chain: bool = False
    """Whether a question continues the stored answer before it instead of carrying the history."""
    gate: Gate = field(default_factory=Gate)
    """Limits how many requests the service gets at once."""
    refused_fields: RefusedFields | None = None
    """Fields that the service refused in earlier runs."""
    interceptor: TransportInterceptor | None = None
    """Records or replays what crosses the wire."""


class ServiceModel(DescribedModel):
    """Implements :class:`seedsmith.agent.models.base.Model`; one conversation at a time."""

    def __init__(
        self, wire_format: WireFormat, provider: Provider, entry: ModelEntry, options: ServiceOptions
    ) -> None:
        self._format = wire_format
        super().__init__(provider, entry)
        address, interceptor = shown(options.base_url), options.interceptor
        self._who = AskedModel(provider.name, entry.name, address, provider.key_variables, options.key)
        self._retry = options.retry if interceptor is None else interceptor.retry(options.retry)
        connection = Connection(
            options.base_url,
            options.key,
            options.environment,
            self._retry,
            keep_alive=options.keep_alive,
            ca_bundle=options.ca_bundle,
        )
        self._connection: Transport = connection if interceptor is None else interceptor.transport(connection)
        self._gate = options.gate
        self._encoder = wire_format.encoder(entry, provider.wires[wire_format.name], options.chain)
        own = options.base_url == service_root(provider.base_url)
        service = provider.name if own else f"{provider.name} at {address}"
        self._memory = FieldMemory(options.refused_fields, provider.name, service, wire_format.name)
        for refused in self._memory.refused:
            self._encoder.drop(refused)
        stall_seconds = options.stall_seconds
        self._stall_seconds = provider.stall_seconds if stall_seconds is None else stall_seconds
        self._streams = True
        self._reported: set[str] = set()
        self._answered = float("-inf")

    @property
    def wire(self) -> str:
        """``chat`` or ``responses``."""
        return self._format.name

    def prepare(self) -> None:
        """Does nothing: importing the SDK began when the model was opened."""

    async def aclose(self) -> None:
        """Give back the connections."""
        await self._connection.aclose()

    async def stream(self, request: Request) -> AsyncGenerator[Part, None]:
        """Ask until a complete answer came; see :meth:`seedsmith.agent.models.base.Model.stream`.

        :class:`Answer`'s calls are what counts: a :class:`CallReady` of an answer that was cut by its
        length limit is not among them.
        """
        tries = Tries(self._retry, self._who, images=request.holds_images)
        while True:
            body = self._encoder.encode(request, stream=self._streams)
            for notice in (*self._memory.notices(), *self._withheld(body), *body.notices):
                yield notice
            begun = False
            try:
                async with self._gate.admission(), aclosing(self._ask(request, body)) as parts:
                    async for part in parts:
                        begun = begun or not isinstance(part, Spent)
                        yield part
                self._memory.answered()
                return
            except FailedTry as failure:
                adapted = self._adapt(failure, body)
                waiting = tries.after(failure) if adapted is None else None
            if waiting is not None:
                yield waiting
                await self._retry.sleep(waiting.delay_seconds)
            elif adapted is not None:
                if begun:
                    yield Retrying(adapted.code, adapted.message, 0.0, 1)
                yield adapted

    def _withheld(self, body: Body) -> list[Notice]:
        new = sorted(body.withheld - self._reported)
        self._reported.update(new)
        return [
            Notice("field_dropped", f"{self.provider} takes no {field}: it is not sent.") for field in new
        ]

    def _adapt(self, failure: FailedTry, body: Body) -> Notice | None:
        """Change the request if the refusal names something optional; None if it does not."""
        if not isinstance(failure, ServiceRefused):
            return None
        refusal = failure.refusal
        if self._encoder.chain_refused(refusal, body):
            said = self._who.said(refusal)
            return Notice("chain_broken", f"{self.provider} can't go on from its answer: sending all {said}.")
        if refusal.verdict is not Verdict.INVALID and refusal.status not in (404, 501):
            return None
        field = named(refusal, body.optional)
        if field is not None:
            self._encoder.drop(field)
            self._memory.dropped(field)
            said = self._who.said(refusal)
            return Notice("field_dropped", f"{self.provider} refuses {field}: asking without it {said}.")
        if self._streams and named(refusal, {"stream": "stream", "streaming": "stream"}):
            self._streams = False
            return Notice("stream_refused", f"{self.provider} refuses to stream: asking for plain answers.")
        return None

    async def _ask(self, request: Request, body: Body) -> AsyncGenerator[Part, None]:
        """Ask once; raises :class:`FailedTry` if there was no complete answer."""
        if body.previous_id:
            since = asyncio.get_running_loop().time() - self._answered
            await self._retry.sleep(max(0.0, PAUSE_SECONDS - since))
        reply = await self._post(self._format.path(request), body.content)
        assembler = self._format.assembler(self._encoder.call_ids)
        try:
            if reply.content_type == "text/html":
                raise InvalidRequest(
                    f"{self._who.base_url} answers with a web page: check the base URL, "
                    "and whether this network wants a sign-in first."
                )
            deltas = read_reply(reply, assembler, streamed=self._streams, stall_seconds=self._stall_seconds)
            async with aclosing(deltas):
                async for delta in deltas:
                    yield delta
        except FailedTry:
            for part in spent(assembler, self._entry, reply.request_id):
                yield part
            raise
        finally:
            await reply.aclose()
        if assembler.finish_reason == "content_filter":
            for part in spent(assembler, self._entry, reply.request_id):
                yield part
            asked = f"{self.provider}/{self.name}"
            message = f"{asked} held back the answer as sensitive (content_filter)."
            raise ContentFiltered(message, "content_filter")
        self._remember(request, assembler)
        for ending in conclude(request, assembler, self._entry, reply.request_id):
            yield ending

    async def _post(self, path: str, body: bytes) -> Reply:
        try:
            async with asyncio.timeout(self._stall_seconds if self._streams else PLAIN_SECONDS):
                return await self._connection.post(path, body)
        except TimeoutError:
            raise BrokenAnswer("did not begin in time", "stalled") from None

    def _remember(self, request: Request, assembler: AnswerAssembler) -> None:
        """Let the next request continue this answer, if the service stored exactly this answer."""
        self._answered = asyncio.get_running_loop().time()
        kept = assembler.finish_reason in ("stop", "tool_calls") and not assembler.renamed
        answer = AssistantMessage(assembler.text, assembler.reasoning, assembler.calls)
        self._encoder.answered(request, assembler.request_id if kept else "", answer)
