"""From the catalog's document to its frozen types: every value checked, every complaint with its place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from types import NoneType
from typing import Any

from seedsmith.agent.models.catalog.entries import (
    DEFAULT_STALL_SECONDS,
    SOURCES,
    Catalog,
    CatalogError,
    Keys,
    ModelEntry,
    Provider,
    Wire,
)
from seedsmith.agent.models.catalog.prices import Price, PriceTier
from seedsmith.agent.settings.settings import OPTIONS
from seedsmith.tools.suggestions import suggestion_or_list


def read_catalog(document: Any) -> Catalog:
    """The catalog that ``document``, parsed YAML in the form of ``catalog.yaml``, holds.

    Raises :class:`CatalogError`, which names the place that is wrong.
    """
    top = _Reader((), document, frozenset({"providers"}))
    providers = top.mapping("providers")
    return Catalog({name: _provider(name, ("providers", name), entry) for name, entry in providers.items()})


class _Reader:
    """Typed access to one mapping; every complaint names its place."""

    def __init__(self, keys: Keys, value: Any, known: Set[str]) -> None:
        """``known`` are all the keys the mapping may have."""
        if not isinstance(value, dict):
            raise CatalogError(keys, "a mapping was expected")
        self.keys = keys
        self._value: dict[str, Any] = value
        for key in value.keys() - known:
            raise self.fault(key, f"there is no such key; there are {', '.join(sorted(known))}")

    def fault(self, key: str, message: str) -> CatalogError:
        """The error that says what is wrong at ``key``."""
        return CatalogError((*self.keys, str(key)), message)

    def get(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:
        value = self._value.get(key, default)
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise self.fault(key, f"{_NAMES[kinds[0]]} was expected, not {value!r}")
        return value

    def names(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        names: list[Any] = self.get(key, list, [])
        if not all(isinstance(name, str) and name.strip() for name in names):
            raise self.fault(key, f"a list of names was expected, not {names!r}")
        return tuple(names)

    def mapping(self, key: str) -> dict[str, Any]:
        value: dict[str, Any] = self.get(key, dict, {})
        return value

    def number(self, key: str, default: Any = None) -> float:
        """A number that is not negative."""
        value = self._value.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            raise self.fault(key, f"a number from 0 was expected, not {value!r}")
        return float(value)

    def fact(self, key: str, kind: type, default: Any = None) -> tuple[Any, str]:
        """A ``[value, source]`` pair."""
        pair = self._value.get(key, default)
        if not (isinstance(pair, list) and len(pair) == 2 and str(pair[1]) in SOURCES):
            raise self.fault(key, f"[value, {'|'.join(sorted(SOURCES))}] was expected, not {pair!r}")
        if not isinstance(pair[0], kind) or (isinstance(pair[0], bool) and kind is not bool):
            raise self.fault(key, f"{_NAMES[kind]} was expected, not {pair[0]!r}")
        if isinstance(pair[0], int) and kind is int and pair[0] < 1:
            raise self.fault(key, f"a number of tokens, at least 1, was expected, not {pair[0]!r}")
        return pair[0], pair[1]


_NAMES: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "a mapping",
}
_PROVIDER_KEYS = frozenset(
    {
        "base_url",
        "key_variables",
        "keys_at",
        "default_model",
        "any_model",
        "unlisted",
        "stall_seconds",
        "wires",
        "models",
    }
)
_WIRE_KEYS = frozenset({"limit_field", "fields", "any_field", "json_schema"})
_MODEL_KEYS = frozenset({"context_tokens", "output_tokens", "price", "same_as", "vision", "fixed"})
_LIMIT_FIELDS = {
    "chat": frozenset({"max_tokens", "max_completion_tokens"}),
    "responses": frozenset({"max_output_tokens"}),
}
"""What may carry the output limit, by wire."""
_SAMPLING = frozenset(name for name, option in OPTIONS.items() if option.sampling)
_FIELDS = _SAMPLING | {
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "stream_options",
    "thinking",
    "reasoning_content",
    "reasoning_effort",
    "previous_response_id",
}
"""Every optional field that either wire may carry, by the chat wire's names."""
_PRICE_KEYS = frozenset({"source", "tiers"})
_TIER_KEYS = frozenset({"up_to", "input", "output", "cached"})


def _provider(name: str, keys: Keys, value: Any) -> Provider:
    entry = _Reader(keys, value, _PROVIDER_KEYS)
    base_url, source = entry.fact("base_url", str, ["", "guess"])
    keys_at, keys_source = entry.fact("keys_at", str, ["", "guess"])
    models = {
        model: _model(model, (*keys, "models", model), facts)
        for model, facts in entry.mapping("models").items()
    }
    default_model = entry.get("default_model", str, "")
    if default_model and default_model not in models:
        raise entry.fault("default_model", f"{default_model!r} is not among its models")
    unlisted = entry.mapping("unlisted")
    wires = entry.mapping("wires")
    if "wires" in value and not wires:
        raise entry.fault("wires", f"{' or '.join(_LIMIT_FIELDS)} was expected")
    return Provider(
        name=name,
        base_url=base_url,
        key_variables=entry.names("key_variables"),
        keys_at=keys_at,
        wires={wire: _wire(wire, (*keys, "wires", wire), facts) for wire, facts in wires.items()},
        models=models,
        default_model=default_model,
        any_model=entry.get("any_model", bool, False),
        unlisted=_model("", (*keys, "unlisted"), unlisted) if unlisted else None,
        stall_seconds=entry.number("stall_seconds", DEFAULT_STALL_SECONDS),
        sources={"base_url": source, "keys_at": keys_source},
    )


def _wire(name: str, keys: Keys, value: Any) -> Wire:
    if name not in _LIMIT_FIELDS:
        raise CatalogError(keys, f"there is no such wire; there are {' and '.join(_LIMIT_FIELDS)}")
    entry = _Reader(keys, value, _WIRE_KEYS)
    limit_field, limit_source = entry.fact("limit_field", str)
    json_schema, schema_source = entry.fact("json_schema", bool, [False, "guess"])
    groups = _Reader((*keys, "fields"), entry.mapping("fields"), SOURCES)
    fields = {each: source for source in entry.mapping("fields") for each in groups.names(source)}
    for each in fields.keys() - _FIELDS:
        raise entry.fault(
            "fields", f"there is no field {each!r}{suggestion_or_list(str(each), sorted(_FIELDS))}"
        )
    if limit_field not in _LIMIT_FIELDS[name]:
        known = " or ".join(sorted(_LIMIT_FIELDS[name]))
        raise entry.fault("limit_field", f"{known} was expected, not {limit_field!r}")
    return Wire(
        name=name,
        limit_field=limit_field,
        fields=fields,
        any_field=entry.get("any_field", bool, False),
        json_schema=json_schema,
        sources={"limit_field": limit_source, "json_schema": schema_source},
    )


def _model(name: str, keys: Keys, value: Any) -> ModelEntry:
    entry = _Reader(keys, value, _MODEL_KEYS)
    context_tokens, context_source = entry.fact("context_tokens", int)
    output_tokens, output_source = entry.fact("output_tokens", int)
    vision, vision_source = entry.fact("vision", bool, [True, "guess"])
    fixed, fixed_source = entry.fact("fixed", dict, [{}, "guess"])
    values = _Reader((*keys, "fixed"), fixed, fixed.keys())
    price = entry.get("price", (dict, NoneType), {})
    unpriced = price is None
    priced = _price((*keys, "price"), price) if price else None
    for parameter in fixed.keys() - _SAMPLING:
        raise values.fault(
            parameter, f"there is no such parameter{suggestion_or_list(str(parameter), sorted(_SAMPLING))}"
        )
    return ModelEntry(
        name=name,
        context_tokens=context_tokens,
        output_tokens=output_tokens,
        price=priced,
        unpriced=unpriced,
        same_as=entry.get("same_as", str, ""),
        vision=vision,
        fixed={parameter: values.number(parameter) for parameter in fixed},
        sources={
            "context_tokens": context_source,
            "output_tokens": output_source,
            "vision": vision_source,
            "fixed": fixed_source,
        }
        | ({"price": priced.source} if priced else {"price": "user"} if unpriced else {}),
    )


def _price(keys: Keys, value: Any) -> Price:
    entry = _Reader(keys, value, _PRICE_KEYS)
    source = entry.get("source", str, "")
    if source not in SOURCES:
        raise entry.fault("source", f"{'|'.join(sorted(SOURCES))} was expected, not {source!r}")
    tiers = tuple(_tier((*keys, "tiers"), tier) for tier in entry.get("tiers", list, []))
    bounds = [tier.up_to for tier in tiers]
    finite = [bound for bound in bounds if bound is not None]
    if (
        not bounds
        or bounds[-1] is not None
        or len(finite) != len(bounds) - 1
        or finite != sorted(set(finite))
        or any(bound < 1 for bound in finite)
    ):
        raise entry.fault("tiers", "bounds must rise and the last tier has none")
    return Price(tiers, source)


def _tier(keys: Keys, value: Any) -> PriceTier:
    entry = _Reader(keys, value, _TIER_KEYS)
    return PriceTier(
        up_to=entry.get("up_to", (int, type(None)), None),
        input_cny=entry.number("input"),
        output_cny=entry.number("output"),
        cached_cny=entry.number("cached") if "cached" in value else None,
    )
