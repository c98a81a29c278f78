"""What a catalog holds, as frozen types: providers, models, limits, prices and allowed fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from seedsmith.agent.models.catalog.prices import Price
from seedsmith.agent.models.errors import UnknownModel, UnsupportedWire
from seedsmith.sandbox.lazy_dataclass import dataclass
from seedsmith.tools.suggestions import did_you_mean, nearest

SOURCES = frozenset({"seed", "doc", "guess", "user"})
DEFAULT_STALL_SECONDS = 120.0
Keys = tuple[str, ...]
"""The keys that lead to a place in the catalog's document."""


class CatalogError(Exception):
    """A catalog is not what its loader needs: a defect of ours, or of the user's own file."""

    def __init__(self, path: Keys, message: str) -> None:
        super().__init__(f"{_place(path)}: {message}")
        self.path = path


@dataclass(frozen=True, slots=True)
class Wire:
    """How one protocol is spoken to one provider."""

    name: str
    limit_field: str
    """The field that carries the output limit (docs/model-service.md, "Limits")."""
    fields: Mapping[str, str]
    """Optional fields the provider takes, by the chat wire's names on every wire, each with its source."""
    any_field: bool = False
    """Nothing is held back: the service is the user's own choice."""
    json_schema: bool = False
    """Whether ``response_format`` takes a JSON schema."""
    sources: Mapping[str, str] = field(default_factory=dict)

    def allows(self, name: str) -> bool:
        """Whether the optional field ``name`` may be sent."""
        return self.any_field or name in self.fields


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of one provider."""

    name: str
    context_tokens: int
    """Input and output together, as the service counts tokens (docs/model-service.md, "Limits")."""
    output_tokens: int
    """The output limit sent where the user sets none."""
    price: Price | None = None
    """In yuan (docs/model-service.md, "Prices"); None where it is not known."""
    unpriced: bool = False
    """The user says that its price is not known: none is taken from elsewhere."""
    same_as: str = ""
    """The name the same model has elsewhere."""
    vision: bool = True
    """Whether it takes pictures."""
    fixed: Mapping[str, float] = field(default_factory=dict)
    """Sampling parameters that it sets itself, whatever is sent (docs/model-service.md, "Parameters")."""
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Provider:
    """One service."""

    name: str
    base_url: str
    """'' where the service is started by the run itself."""
    key_variables: tuple[str, ...]
    """Environment variables its key is looked for in; empty: it needs none."""
    wires: Mapping[str, Wire]
    """The first is the default."""
    models: Mapping[str, ModelEntry]
    keys_at: str = ""
    """Where a person gets a key; '' where that is not known."""
    default_model: str = ""
    any_model: bool = False
    """Takes models the catalog doesn't list, with the limits of ``unlisted``."""
    unlisted: ModelEntry | None = None
    stall_seconds: float = DEFAULT_STALL_SECONDS
    """How many seconds a stream may stay without data."""
    sources: Mapping[str, str] = field(default_factory=dict)

    def choose_wire(self, wanted: str | None) -> str:
        """The wire ``wanted``, or the provider's first; raises :class:`UnsupportedWire`."""
        if wanted is None:
            return next(iter(self.wires))
        if wanted not in self.wires:
            spoken = " or ".join(self.wires)
            raise UnsupportedWire(f"{self.name} doesn't speak the {wanted} wire: use --wire {spoken}.")
        return wanted


@dataclass(frozen=True, slots=True)
class Catalog:
    """Every provider, in the order in which keys are looked for."""

    providers: Mapping[str, Provider]
    own: Mapping[str, Any] = field(default_factory=dict)
    """The user's own entries by provider, as in ``UserCatalog.providers``."""

    def resolve(self, name: str) -> tuple[Provider, ModelEntry]:
        """``wcode/doubao-seed-2.0-code`` → the provider and its model.

        A model without a price here that is known elsewhere by name keeps that price, marked estimated.
        Raises :class:`UnknownModel` with suggestions.
        """
        provider_name, slash, model_name = name.partition("/")
        if not slash or not model_name:
            raise UnknownModel(f"A model is named PROVIDER/MODEL, not {name!r}{self._suggest(name)}")
        provider = self.providers.get(provider_name)
        if provider is None:
            known = ", ".join(self.providers)
            raise UnknownModel(
                f"There is no provider {provider_name!r} (known: {known}){self._suggest(name)}"
            )
        entry = provider.models.get(model_name)
        if entry is None and provider.any_model:
            entry = self._unlisted(provider, model_name)
        if entry is None:
            raise UnknownModel(f"{provider_name} has no model {model_name!r}{self._suggest(name)}")
        return provider, self._priced(entry)

    def _unlisted(self, provider: Provider, name: str) -> ModelEntry | None:
        """A model the provider does not list: as the user says, as it is elsewhere, or as it may be."""
        unlisted = provider.unlisted
        if unlisted is not None and "user" in unlisted.sources.values():
            return replace(unlisted, name=name)
        entry = self._known_elsewhere(name) or unlisted
        return replace(entry, name=name, price=None, unpriced=False) if entry is not None else None

    def _known_elsewhere(self, name: str) -> ModelEntry | None:
        entries = (entry for provider in self.providers.values() for entry in provider.models.values())
        return next((entry for entry in entries if name in (entry.name, entry.same_as)), None)

    def _priced(self, entry: ModelEntry) -> ModelEntry:
        if entry.price is not None or entry.unpriced:
            return entry
        names = {entry.name, entry.same_as} - {""}
        for provider in self.providers.values():
            for other in provider.models.values():
                if other.price is not None and names & {other.name, other.same_as}:
                    return replace(entry, price=replace(other.price, estimated=True))
        return entry

    def _suggest(self, name: str) -> str:
        """The end of a complaint: the nearest names as a question, and a full stop."""
        names = [
            f"{provider.name}/{model}" for provider in self.providers.values() for model in provider.models
        ]
        provider, _, bare = name.rpartition("/")
        near = [each for each in names if each.partition("/")[2] == bare]
        near += nearest(name, [each for each in names if each not in near], 3)
        near.sort(key=lambda each: each.partition("/")[0] != provider)
        return f"{did_you_mean(*near[:3])}."


def _place(keys: Keys) -> str:
    """A place as people name it: ``wcode/doubao-seed-2.0-code.context_tokens``, ``wcode.chat.fields``."""
    match keys:
        case ("providers", provider, "models", model, *rest):
            return ".".join((f"{provider}/{model}", *rest))
        case ("providers", provider, "wires", wire, *rest):
            return ".".join((provider, wire, *rest))
        case ("providers", provider, *rest):
            return ".".join((provider, *rest))
        case _:
            return ".".join(keys) or "the catalog"
