"""The chat completions wire (docs/model-service.md)."""

from __future__ import annotations

from seedsmith.agent.models.base import Request
from seedsmith.agent.models.catalog.entries import ModelEntry, Provider
from seedsmith.agent.models.service.service import ServiceModel, ServiceOptions, WireFormat
from seedsmith.agent.models.wires.chat_assemble import ChatAssembler
from seedsmith.agent.models.wires.chat_encode import ChatEncoder


def _path(request: Request) -> str:
    return "/completions" if request.continue_text else "/chat/completions"


CHAT = WireFormat(
    "chat", _path, lambda entry, wire, chain: ChatEncoder(entry, wire, chain=chain), ChatAssembler
)


class ChatModel(ServiceModel):
    """A model that is asked at ``/chat/completions`` (docs/model-service.md, "Parameters")."""

    def __init__(self, provider: Provider, entry: ModelEntry, options: ServiceOptions) -> None:
        super().__init__(CHAT, provider, entry, options)
