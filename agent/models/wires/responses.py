"""The Responses wire (docs/model-service.md)."""

from __future__ import annotations

from seedsmith.agent.models.catalog.entries import ModelEntry, Provider
from seedsmith.agent.models.service.service import ServiceModel, ServiceOptions, WireFormat
from seedsmith.agent.models.wires.responses_assemble import ResponsesAssembler
from seedsmith.agent.models.wires.responses_encode import ResponsesEncoder

RESPONSES = WireFormat(
    "responses",
    lambda request: "/responses",
    lambda entry, wire, chain: ResponsesEncoder(entry, wire, chain=chain),
    ResponsesAssembler,
)


class ResponsesModel(ServiceModel):
    """A model that is asked at ``/responses`` (docs/model-service.md, "Parameters")."""

    def __init__(self, provider: Provider, entry: ModelEntry, options: ServiceOptions) -> None:
        super().__init__(RESPONSES, provider, entry, options)
