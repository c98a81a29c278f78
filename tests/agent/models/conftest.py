"""A chat model on the scripted service, and one way to ask it."""

from __future__ import annotations

import pytest

from seedsmith.agent.conversation import SystemMessage, UserMessage
from seedsmith.agent.models.base import Answer, Request
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.open import model_behind
from seedsmith.agent.models.service.service import ServiceOptions
from seedsmith.agent.models.tries.retry import RetryPolicy
from seedsmith.tools.base import ToolSpec

READ = ToolSpec("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})


class Asking:
    """Builds models and requests; collects parts and the pauses that were asked for."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.pauses = []
        self.models = []

    async def _sleep(self, seconds):
        self.pauses.append(seconds)

    def model(self, name="openai/any", wire="chat", **options):
        provider, entry = catalog.resolve(name)
        policy = RetryPolicy(sleep=self._sleep, chance=lambda: 0.0, now=lambda: 1_000_000_000.0)
        options = {"base_url": self.endpoint.base_url, "key": "sk-secret", "retry": policy} | options
        self.models.append(model_behind(wire, provider, entry, ServiceOptions(**options)))
        return self.models[-1]

    def request(self, *items, **options):
        items = items or (SystemMessage("You fix bugs."), UserMessage("Fix it."))
        return Request(items, **{"tools": (READ,)} | options)

    async def parts(self, model=None, request=None):
        return [part async for part in (model or self.model()).stream(request or self.request())]

    async def answer(self, model=None, request=None):
        parts = await self.parts(model, request)
        assert [isinstance(part, Answer) for part in parts].count(True) == 1
        assert isinstance(parts[-1], Answer)
        return parts[-1]


@pytest.fixture
async def asking(endpoint):
    asking = Asking(endpoint)
    yield asking
    for model in asking.models:
        await model.aclose()
