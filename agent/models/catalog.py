"""Providers, models, limits, prices and allowed fields, read from ``catalog.yaml`` into frozen types."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent.models.errors import UnknownModel, UnsupportedWire
from agent.models.prices import Price, PriceTier

SOURCES = frozenset({"seed", "doc", "guess"})
DEFAULT_STALL_SECONDS = 120.0


class CatalogError(Exception):
    """``catalog.yaml`` is not what its loader needs; always a defect of ours."""


@dataclass(frozen=True, slots=True)
class Wire:
    """How one protocol is spoken to one provider."""

    name: str
    limit_field: str
    """The field that carries the output limit (``doubao-api.md`` §5)."""
    fields: Mapping[str, str]
    """Optional fields the provider takes, by the chat wire's names on every wire, each with its source."""
    any_field: bool = False
    """Nothing is held back: the service is the user's own choice."""
    sources: Mapping[str, str] = field(default_factory=dict)

    def allows(self, name: str) -> bool:
        """Whether the optional field ``name`` may be sent."""
        return self.any_field or name in self.fields


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of one provider."""

    name: str
    context_tokens: int
    output_tokens: int
    """The output limit sent where the user sets none."""
    price: Price | None = None
    same_as: str = ""
    """The name the same model has elsewhere."""
    vision: bool = True
    """Whether it takes pictures."""
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
    default_model: str = ""
    any_model: bool = False
    """Takes models the catalog doesn't list, with the limits of ``unlisted``."""
    unlisted: ModelEntry | None = None
    stall_seconds: float = DEFAULT_STALL_SECONDS
    """How long a stream may stay without data."""
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
            entry = self._known_elsewhere(model_name) or provider.unlisted
            entry = replace(entry, name=model_name, price=None) if entry is not None else None
        if entry is None:
            raise UnknownModel(f"{provider_name} has no model {model_name!r}{self._suggest(name)}")
        return provider, self._priced(entry)

    def _known_elsewhere(self, name: str) -> ModelEntry | None:
        entries = (entry for provider in self.providers.values() for entry in provider.models.values())
        return next((entry for entry in entries if name in (entry.name, entry.same_as)), None)

    def _priced(self, entry: ModelEntry) -> ModelEntry:
        if entry.price is not None:
            return entry
        names = {entry.name, entry.same_as} - {""}
        for provider in self.providers.values():
            for other in provider.models.values():
                if other.price is not None and names & {other.name, other.same_as}:
                    return replace(entry, price=replace(other.price, estimated=True))
        return entry

    def _suggest(self, name: str) -> str:
        """The end of a complaint: the nearest names as a question, or a full stop."""
        import difflib  # 10 ms that only a wrong name costs

        names = [
            f"{provider.name}/{model}" for provider in self.providers.values() for model in provider.models
        ]
        provider, _, bare = name.rpartition("/")
        near = [each for each in names if each.partition("/")[2] == bare]
        near += difflib.get_close_matches(name, [each for each in names if each not in near], 3, 0.6)
        near.sort(key=lambda each: each.partition("/")[0] != provider)
        return f"; did you mean {' or '.join(near[:3])}?" if near else "."


@functools.cache
def load() -> Catalog:
    """The catalog that comes with the program."""
    return parse(Path(__file__).with_name("catalog.yaml").read_text(encoding="utf-8"))


def resolve(name: str) -> tuple[Provider, ModelEntry]:
    """:meth:`Catalog.resolve` on the program's own catalog."""
    return load().resolve(name)


def parse(text: str) -> Catalog:
    """Read a catalog; raises :class:`CatalogError` naming the entry that is wrong."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where it was built
    try:
        document = yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        raise CatalogError(f"catalog.yaml is not YAML: {error}") from error
    providers = _Reader("catalog.yaml", document).mapping("providers")
    return Catalog({name: _provider(name, _Reader(name, entry)) for name, entry in providers.items()})


class _Reader:
    """Typed access to one mapping; every complaint names its place."""

    def __init__(self, place: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise CatalogError(f"{place}: a mapping was expected")
        self.place = place
        self._value: dict[str, Any] = value

    def get(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:
        value = self._value.get(key, default)
        if not isinstance(value, kind):
            raise CatalogError(f"{self.place}.{key}: {value!r} is not of the right type")
        return value

    def mapping(self, key: str) -> dict[str, Any]:
        value: dict[str, Any] = self.get(key, dict, {})
        return value

    def fact(self, key: str, kind: type, default: Any = None) -> tuple[Any, str]:
        """A ``[value, source]`` pair."""
        pair = self._value.get(key, default)
        if not (
            isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], kind) and pair[1] in SOURCES
        ):
            raise CatalogError(f"{self.place}.{key}: [value, seed|doc|guess] was expected, not {pair!r}")
        return pair[0], pair[1]


def _provider(name: str, entry: _Reader) -> Provider:
    base_url, source = entry.fact("base_url", str, ["", "guess"])
    models = {
        model: _model(model, _Reader(f"{name}/{model}", facts))
        for model, facts in entry.mapping("models").items()
    }
    default_model = entry.get("default_model", str, "")
    if default_model and default_model not in models:
        raise CatalogError(f"{name}.default_model: {default_model!r} is not among its models")
    unlisted = entry.mapping("unlisted")
    return Provider(
        name=name,
        base_url=base_url,
        key_variables=tuple(entry.get("key_variables", list, [])),
        wires={
            wire: _wire(wire, _Reader(f"{name}.{wire}", facts))
            for wire, facts in entry.mapping("wires").items()
        },
        models=models,
        default_model=default_model,
        any_model=entry.get("any_model", bool, False),
        unlisted=_model("", _Reader(f"{name}.unlisted", unlisted)) if unlisted else None,
        stall_seconds=float(entry.get("stall_seconds", (int, float), DEFAULT_STALL_SECONDS)),
        sources={"base_url": source},
    )


def _wire(name: str, entry: _Reader) -> Wire:
    limit_field, limit_source = entry.fact("limit_field", str)
    groups = entry.mapping("fields")
    if not SOURCES.issuperset(groups):
        raise CatalogError(f"{entry.place}.fields: grouped by seed, doc or guess, not {', '.join(groups)}")
    return Wire(
        name=name,
        limit_field=limit_field,
        fields={each: source for source, names in groups.items() for each in names},
        any_field=entry.get("any_field", bool, False),
        sources={"limit_field": limit_source},
    )


def _model(name: str, entry: _Reader) -> ModelEntry:
    context_tokens, context_source = entry.fact("context_tokens", int)
    output_tokens, output_source = entry.fact("output_tokens", int)
    vision, vision_source = entry.fact("vision", bool, [True, "guess"])
    price = entry.mapping("price")
    return ModelEntry(
        name=name,
        context_tokens=context_tokens,
        output_tokens=output_tokens,
        price=_price(_Reader(f"{entry.place}.price", price)) if price else None,
        same_as=entry.get("same_as", str, ""),
        vision=vision,
        sources={"context_tokens": context_source, "output_tokens": output_source, "vision": vision_source},
    )


def _price(entry: _Reader) -> Price:
    source = entry.get("source", str, "")
    if source not in SOURCES:
        raise CatalogError(f"{entry.place}.source: seed, doc or guess was expected, not {source!r}")
    tiers = tuple(_tier(_Reader(f"{entry.place}.tiers", tier)) for tier in entry.get("tiers", list, []))
    bounds = [tier.up_to for tier in tiers]
    finite = [bound for bound in bounds if bound is not None]
    if (
        not bounds
        or bounds[-1] is not None
        or len(finite) != len(bounds) - 1
        or finite != sorted(set(finite))
    ):
        raise CatalogError(f"{entry.place}.tiers: bounds must rise and the last tier has none")
    return Price(tiers, source)


def _tier(entry: _Reader) -> PriceTier:
    number = (int, float)
    return PriceTier(
        up_to=entry.get("up_to", (int, type(None)), None),
        input_cny=float(entry.get("input", number, None)),
        output_cny=float(entry.get("output", number, None)),
    )
