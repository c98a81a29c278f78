"""A model behind a service, whatever its wire: asking until a whole answer came (docs/model-service.md)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from seedsmith.agent.conversation import AssistantMessage, ToolCall
from seedsmith.agent.models.address import service_root, shown
from seedsmith.agent.models.base import Answer, CallReady, Notice, Part, Request, Retrying, Spent
from seedsmith.agent.models.catalog.entries import ModelEntry, Provider, Wire
from seedsmith.agent.models.catalog.prices import cost
from seedsmith.agent.models.encode.chain import PAUSE_SECONDS
from seedsmith.agent.models.encode.encode import Body, RequestEncoder, named
from seedsmith.agent.models.errors import ContentFiltered, InvalidRequest, Verdict, Who
from seedsmith.agent.models.leaks.recover import recover
from seedsmith.agent.models.network.connection import Connection
from seedsmith.agent.models.network.transport import Reply, Tap, Transport
from seedsmith.agent.models.service.counted import counted
from seedsmith.agent.models.stream.sniff import SniffedReply
from seedsmith.agent.models.stream.stream import DONE, AnswerAssembler, Delta, SseDecoder
from seedsmith.agent.models.tries.gate import Gate
from seedsmith.agent.models.tries.refused_fields import FieldMemory, RefusedFields
from seedsmith.agent.models.tries.retry import BrokenAnswer, FailedTry, RetryPolicy, ServiceRefused, Tries

PLAIN_SECONDS = 600.0
"""How long a plain answer may take: nothing is seen of it before it is whole."""
USAGE_SECONDS = 5.0
"""How long to wait for the usage once the answer itself is complete."""


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


class ServiceModel:
    """Implements :class:`seedsmith.agent.models.base.Model`; one conversation at a time."""

    def __init__(
        self,
        wire_format: WireFormat,
        provider: Provider,
        entry: ModelEntry,
        *,
        base_url: str,
        key: str = "",
        environment: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
        stall_seconds: float | None = None,
        keep_alive: bool = True,
        chain: bool = False,
        ca_bundle: Path | None = None,
        gate: Gate | None = None,
        refused_fields: RefusedFields | None = None,
        tap: Tap | None = None,
    ) -> None:
        """``key`` is '' where the service needs none; ``keep_alive`` says whether connections are used again.

        ``environment`` is looked up for proxies and certificates, ``ca_bundle`` is trusted besides;
        ``stall_seconds`` (default: the provider's) is how long a stream may stay without data. Each try
        waits for its turn at ``gate`` (default: one of its own). With ``chain`` a question continues the
        stored answer before it instead of carrying the history, where the wire can.
        ``refused_fields`` are those that earlier runs were refused. ``tap`` records or replays what crosses
        the wire.
        """
        self._format = wire_format
        self._provider = provider
        self._entry = entry
        self._who = Who(provider.name, entry.name, shown(base_url), provider.key_variables, key)
        self._retry = retry or RetryPolicy()
        if tap is not None:
            self._retry = tap.retry(self._retry)
        connection = Connection(
            base_url, key, environment or {}, self._retry, keep_alive=keep_alive, ca_bundle=ca_bundle
        )
        self._connection: Transport = connection if tap is None else tap.transport(connection)
        self._gate = gate or Gate()
        self._encoder = wire_format.encoder(entry, provider.wires[wire_format.name], chain)
        own = base_url == service_root(provider.base_url)
        service = provider.name if own else f"{provider.name} at {shown(base_url)}"
        self._memory = FieldMemory(refused_fields, provider.name, service, wire_format.name)
        for field in self._memory.refused:
            self._encoder.drop(field)
        self._stall_seconds = provider.stall_seconds if stall_seconds is None else stall_seconds
        self._streams = True
        self._told: set[str] = set()
        self._answered = float("-inf")

    @property
    def wire(self) -> str:
        """``chat`` or ``responses``."""
        return self._format.name

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self._provider.name

    @property
    def name(self) -> str:
        """The model's name there."""
        return self._entry.name

    @property
    def context_tokens(self) -> int:
        """How much the model can take, input and output together."""
        return self._entry.context_tokens

    @property
    def priced(self) -> bool:
        """Whether a price is known."""
        return self._entry.price is not None

    @property
    def vision(self) -> bool:
        """Whether it takes pictures, as far as the catalog knows."""
        return self._entry.vision

    def prepare(self) -> None:
        """Nothing to begin: the SDK is imported since the model was opened."""

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
        new = sorted(body.withheld - self._told)
        self._told.update(new)
        return [
            Notice("field_dropped", f"{self.provider} takes no {field}: it is not sent.") for field in new
        ]

    def _adapt(self, failure: FailedTry, body: Body) -> Notice | None:
        """Ask differently where a refusal names something we can do without; None: it names nothing."""
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
        """Ask once; raises :class:`FailedTry` where that gave no answer."""
        if body.previous_id:
            since = asyncio.get_running_loop().time() - self._answered
            await self._retry.sleep(max(0.0, PAUSE_SECONDS - since))
        response = await self._post(self._format.path(request), body.content)
        try:
            kind = response.content_type
            if kind == "text/html":
                raise InvalidRequest(
                    f"{self._who.base_url} answers with a web page: check the base URL, "
                    "and whether this network wants a sign-in first."
                )
            assembler = self._format.assembler(self._encoder.call_ids)
            plain = kind.endswith("json") or (not self._streams and kind != "text/event-stream")
            sniffed, plain = await self._sniff(response, plain)
            read = self._read_plain if plain else self._read_stream
            async with aclosing(read(sniffed, assembler)) as deltas:
                async for delta in deltas:
                    yield delta
        except FailedTry:
            for spent in self._spent(assembler, response.request_id):
                yield spent
            raise
        finally:
            await response.aclose()
        if assembler.finish_reason == "content_filter":
            for spent in self._spent(assembler, response.request_id):
                yield spent
        for part in self._conclude(request, assembler, response.request_id):
            yield part

    async def _post(self, path: str, body: bytes) -> Reply:
        try:
            async with asyncio.timeout(self._stall_seconds if self._streams else PLAIN_SECONDS):
                return await self._connection.post(path, body)
        except TimeoutError:
            raise BrokenAnswer("did not begin in time", "stalled") from None

    async def _sniff(self, response: Reply, plain: bool) -> tuple[Reply, bool]:
        """The answer, and whether it is a plain one: by its first byte, else ``plain``, as it is labelled."""
        sniffed = SniffedReply(response)
        try:
            async with asyncio.timeout(self._stall_seconds if self._streams else PLAIN_SECONDS):
                found = await sniffed.is_json()
        except TimeoutError:
            raise (
                self._stalled() if self._streams else BrokenAnswer("did not end in time", "stalled")
            ) from None
        return sniffed, plain if found is None else found

    def _stalled(self) -> BrokenAnswer:
        return BrokenAnswer(f"stalled for {self._stall_seconds:g} s", "stalled")

    async def _read_plain(self, response: Reply, assembler: AnswerAssembler) -> AsyncGenerator[Delta, None]:
        try:
            async with asyncio.timeout(PLAIN_SECONDS):
                body = await response.read()
        except TimeoutError:
            raise BrokenAnswer("did not end in time", "stalled") from None
        for delta in assembler.feed_plain(body):
            yield delta
        for delta in assembler.close():
            yield delta

    async def _read_stream(self, response: Reply, assembler: AnswerAssembler) -> AsyncGenerator[Delta, None]:
        decoder = SseDecoder()
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._stall_seconds
        ended = False
        while not ended:
            try:
                async with asyncio.timeout_at(deadline):
                    chunk = await response.chunk()
            except (TimeoutError, BrokenAnswer) as error:
                if assembler.settled:
                    break  # only the usage or the end mark is missing
                if isinstance(error, BrokenAnswer):
                    raise
                raise self._stalled() from None
            ended = chunk is None
            events = decoder.close() if chunk is None else decoder.feed(chunk)
            for event in events:
                if event.strip() == DONE:
                    ended = assembler.end_marked = True
                    break
                for delta in assembler.feed(event):
                    yield delta
            ended = ended or assembler.ended
            if events or decoder.receiving:  # comments are no data
                longest = USAGE_SECONDS if assembler.settled else self._stall_seconds
                patience = min(longest, self._stall_seconds)
                deadline = clock() + patience
        await response.finish()
        for delta in assembler.close():
            yield delta

    def _conclude(self, request: Request, assembler: AnswerAssembler, header_id: str) -> list[Part]:
        """The parts that end a complete answer."""
        reason = assembler.finish_reason
        assert reason is not None
        if assembler.inferred and self._fills_its_limit(request, assembler):
            reason = "length"
        asked = f"{self.provider}/{self.name}"
        if reason == "content_filter":
            raise ContentFiltered(f"{asked} held back the answer as sensitive (content_filter).", reason)
        parts: list[Part] = []
        text, calls = assembler.text, assembler.calls
        self._remember(request, assembler)
        if assembler.damaged:
            parts.append(Notice("invalid_utf8", "The answer held invalid UTF-8, shown as U+FFFD."))
        if reason == "length" and calls:
            names = ", ".join(call.name for call in calls)
            parts.append(Notice("calls_cut", f"The answer was cut by its length limit; not run: {names}."))
            calls = ()
        leaked = recover(text, request.tools if not calls and reason != "length" else ())
        if leaked.calls:
            calls = tuple(ToolCall(assembler.new_id(), each.name, each.arguments) for each in leaked.calls)
            reason = "tool_calls"
            message = f"The model wrote {len(calls)} call(s) as text ({leaked.dialect}): taken as calls."
            parts += [Notice("call_recovered", message), *(CallReady(call) for call in calls)]
        usage, estimated = counted(request, assembler)
        paid = cost(self._entry.price, usage)
        answer = Answer(
            text=leaked.text,
            attempted=leaked.attempted if request.tool_choice != "none" else "",
            reasoning=assembler.reasoning + leaked.reasoning,
            calls=calls,
            finish_reason=reason,
            usage=usage,
            model=assembler.model or self.name,
            request_id=assembler.request_id or header_id,
            service_tier=assembler.service_tier,
            cost_cny=paid.cny if paid else None,
            price_tier=paid.tier if paid else "",
            cost_estimated=estimated or (paid is not None and paid.estimated),
            extra=assembler.extra,
            usage_estimated=estimated,
        )
        return [*parts, answer]

    def _fills_its_limit(self, request: Request, assembler: AnswerAssembler) -> bool:
        limit = request.max_completion_tokens or request.max_output_tokens or self._entry.output_tokens
        return assembler.usage is not None and assembler.usage.output_tokens >= limit

    def _spent(self, assembler: AnswerAssembler, header_id: str) -> list[Part]:
        """What a try took by the service's own count, where it gives no answer; empty without a count."""
        if assembler.usage is None or not assembler.usage.total_tokens:
            return []
        paid = cost(self._entry.price, assembler.usage)
        spent = Spent(
            usage=assembler.usage,
            model=assembler.model or self.name,
            request_id=assembler.request_id or header_id,
            service_tier=assembler.service_tier,
            cost_cny=paid.cny if paid else None,
            price_tier=paid.tier if paid else "",
            cost_estimated=paid.estimated if paid else False,
        )
        return [spent]

    def _remember(self, request: Request, assembler: AnswerAssembler) -> None:
        """Let the next question continue this answer, if the service has all of it as it stands here."""
        self._answered = asyncio.get_running_loop().time()
        kept = assembler.finish_reason in ("stop", "tool_calls") and not assembler.renamed
        answer = AssistantMessage(assembler.text, assembler.reasoning, assembler.calls)
        self._encoder.answered(request, assembler.request_id if kept else "", answer)
