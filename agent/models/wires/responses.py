"""The Responses wire (docs/model-service.md)."""

from __future__ import annotations

from typing import Any

from seedsmith.agent.models.catalog.entries import ModelEntry, Provider
from seedsmith.agent.models.service.service import ServiceModel, WireFormat
from seedsmith.agent.models.wires.responses_assemble import ResponsesAssembler
from seedsmith.agent.models.wires.responses_encode import ResponsesEncoder

RESPONSES = WireFormat(
    "responses",
    lambda request: "/responses",
    lambda entry, wire, chain: ResponsesEncoder(entry, wire, chain=chain),
    ResponsesAssembler,
)


class ResponsesModel(ServiceModel):
    """A model behind the Responses wire; ``options`` are those of :class:`ServiceModel`."""

    def __init__(self, provider: Provider, entry: ModelEntry, **options: Any) -> None:
        super().__init__(RESPONSES, provider, entry, **options)
