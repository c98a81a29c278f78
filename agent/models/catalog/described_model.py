"""What a model says of itself where the catalog describes it."""

from __future__ import annotations

from seedsmith.agent.models.catalog.entries import ModelEntry, Provider


class DescribedModel:
    """The part of :class:`seedsmith.agent.models.base.Model` that stands in the catalog; subclasses ask."""

    def __init__(self, provider: Provider, entry: ModelEntry) -> None:
        self._provider = provider
        self._entry = entry

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
