"""Opens a model from settings and environment: provider, address, key and wire (docs/models.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from seedsmith.agent.errors import UsageError
from seedsmith.agent.models.address import check_base_url, is_loopback, service_root
from seedsmith.agent.models.base import Model
from seedsmith.agent.models.catalog import catalog
from seedsmith.agent.models.catalog.entries import Catalog, ModelEntry, Provider
from seedsmith.agent.models.errors import MissingKey, NoModelConfigured, NotAskable
from seedsmith.agent.models.network.sdk import load_sdk_in_background
from seedsmith.agent.models.network.transport import TransportInterceptor
from seedsmith.agent.models.service.fail_over import FailOverModel
from seedsmith.agent.models.tries.refused_fields import RefusedFieldsFile
from seedsmith.agent.models.tries.request_gate import Gate, gate_for
from seedsmith.agent.models.tries.retry import RetryPolicy
from seedsmith.agent.settings.settings import Settings
from seedsmith.agent.settings.state_folder import state_folder
from seedsmith.sandbox.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from seedsmith.agent.models.service.service import ServiceModel, ServiceOptions

_REPLAY_VARIABLES = ("HOME", "XDG_CONFIG_HOME")
LOCAL_MODEL = "local/qwen2.5-coder-1.5b"
_LOCAL_MODEL_HINT = (
    f"-m {LOCAL_MODEL}, which needs no key: on this machine, 1.1 GB fetched once, it mends small bugs that a "
    "test shows (seedsmith fix), and is not up to more"
)
BEFORE_FALLBACK = RetryPolicy(attempts=3, connect_attempts=2, patience_seconds=30.0)
"""Fewer attempts than usual, because another model can be asked."""


def open_model(
    settings: Settings,
    environment: Mapping[str, str],
    interceptor: TransportInterceptor | None = None,
    known: Catalog | None = None,
) -> Model:
    """The model a run works with. Raises a :class:`seedsmith.agent.errors.UsageError` that says what to set.

    The model is ``settings.model``, ``SEEDSMITH_MODEL``, or the first provider's whose key is set.
    ``settings.fallback`` follow it, except where it is local: what is kept on this machine stays there.
    ``interceptor`` records or replays what crosses the wire; a replay needs neither key, weights nor proxy.
    ``known`` is the catalog to go by; None: the program's and the user's.
    """
    if interceptor is not None and interceptor.replays:
        # Neither keys nor proxies nor another service of this machine count.
        environment = {name: environment[name] for name in _REPLAY_VARIABLES if name in environment}
    known = known or catalog.load(environment)
    name = settings.model or _default_model(known, environment)
    fallbacks = [each for each in dict.fromkeys(settings.fallback or ()) if each != name]
    opening = _Opening(settings, environment, interceptor, known)
    if not fallbacks or known.resolve(name)[0].name == "local":
        return _open_one(name, opening, RetryPolicy())
    models = [_open_one(name, opening, BEFORE_FALLBACK)]
    for fallback in fallbacks:
        retry = BEFORE_FALLBACK if fallback != fallbacks[-1] else RetryPolicy()
        models.append(_open_fallback(fallback, name, opening, retry))
    return FailOverModel(tuple(models))


@dataclass(frozen=True, slots=True)
class _Opening:
    """What every model of a run is opened with."""

    settings: Settings
    environment: Mapping[str, str]
    interceptor: TransportInterceptor | None
    known: Catalog


def _open_fallback(name: str, first: str, opening: _Opening, retry: RetryPolicy) -> Model:
    """A model that may take over; the address and key given for the first are for its provider only."""
    settings, environment = opening.settings, opening.environment
    if name.partition("/")[0] != first.partition("/")[0]:
        settings = settings.model_copy(update={"base_url": None, "api_key": None})
        own = ("SEEDSMITH_BASE_URL", "SEEDSMITH_API_KEY")
        environment = {each: value for each, value in environment.items() if each not in own}
    provider = opening.known.resolve(name)[0]
    if settings.wire not in provider.wires:
        settings = settings.model_copy(update={"wire": None})
    try:
        model = _open_one(name, replace(opening, settings=settings, environment=environment), retry)
    except MissingKey:
        variables = " or ".join(provider.key_variables)
        raise MissingKey(f"The fallback {name} needs a key of its own: set {variables}.") from None
    if settings.max_cost is not None and not model.priced:
        raise NotAskable(
            f"--max-cost needs fallbacks whose price is known, and that of {name} is not: "
            "use --max-tokens or --max-turns instead."
        )
    return model


def _open_one(name: str, opening: _Opening, retry: RetryPolicy) -> Model:
    settings, environment, interceptor = opening.settings, opening.environment, opening.interceptor
    replays = interceptor is not None and interceptor.replays
    provider, entry = opening.known.resolve(name)
    wire = provider.choose_wire(settings.wire)
    if settings.chain and settings.store is False:
        raise UsageError("--chain continues stored answers: leave out --no-store.")
    if provider.name == "local":
        from seedsmith.agent.models.local import open_local

        return open_local(entry.name, settings, environment, interceptor=interceptor, known=opening.known)
    address = given_address(settings, environment)
    host = check_base_url(address or provider.base_url).hostname or ""
    base_url = service_root(address or provider.base_url)
    key = (settings.api_key or _first(environment, "SEEDSMITH_API_KEY", *provider.key_variables)).strip()
    keyless = not provider.key_variables or (bool(address) and (provider.any_model or is_loopback(host)))
    if not key and not keyless and not replays:
        looked_for = " or ".join((*provider.key_variables, "SEEDSMITH_API_KEY"))
        raise MissingKey(f"{name} needs a key: set {looked_for}; -m {LOCAL_MODEL} needs none.")
    if not all("!" <= character <= "~" for character in key):
        raise NotAskable(f"The key for {name} holds characters that no key has: was it copied whole?")
    if not replays:
        load_sdk_in_background()
    from seedsmith.agent.models.service.service import ServiceOptions

    options = ServiceOptions(
        base_url=base_url,
        key=key,
        environment=environment,
        chain=settings.chain,
        retry=retry,
        ca_bundle=settings.ca_bundle,
        gate=Gate() if replays else gate_for(base_url),
        # what this machine remembers would tell a replay apart from its recording
        refused_fields=_refused_fields(settings, environment) if interceptor is None else None,
        interceptor=interceptor,
    )
    return model_behind(wire, provider, entry, options)


def given_address(settings: Settings, environment: Mapping[str, str]) -> str:
    """The address of the service that the user gave; '' for the provider's own."""
    return settings.base_url or environment.get("SEEDSMITH_BASE_URL") or ""


def model_behind(wire: str, provider: Provider, entry: ModelEntry, options: ServiceOptions) -> ServiceModel:
    """The model over ``wire``."""
    if wire == "responses":
        from seedsmith.agent.models.wires.responses import ResponsesModel

        return ResponsesModel(provider, entry, options)
    from seedsmith.agent.models.wires.chat import ChatModel

    return ChatModel(provider, entry, options)


def _refused_fields(settings: Settings, environment: Mapping[str, str]) -> RefusedFieldsFile:
    """The memory in the state folder, told what the user set by the names of the body."""
    asked = {
        **settings.sampling,
        "reasoning_effort": settings.effort,
        "tool_choice": settings.tool_choice,
        "parallel_tool_calls": settings.parallel_tool_calls,
    }
    return RefusedFieldsFile(state_folder(settings.home, environment), asked)


def default_model(known: Catalog, environment: Mapping[str, str]) -> str:
    """The model if no setting names one: ``SEEDSMITH_MODEL``, the first one whose key is set, or ''."""
    named = environment.get("SEEDSMITH_MODEL")
    if named:
        return named
    for provider in known.providers.values():
        if provider.default_model and _first(environment, *provider.key_variables):
            return f"{provider.name}/{provider.default_model}"
    return ""


def keys_at_hand(known: Catalog, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables of keys that are set, each with the provider whose it is first."""
    owners = {"SEEDSMITH_API_KEY": "openai"}
    for provider in known.providers.values():
        for variable in provider.key_variables:
            owners.setdefault(variable, provider.name)
    return {variable: owner for variable, owner in owners.items() if environment.get(variable)}


def _default_model(known: Catalog, environment: Mapping[str, str]) -> str:
    if name := default_model(known, environment):
        return name
    choosing = [provider for provider in known.providers.values() if provider.default_model]
    variables = dict.fromkeys(name for each in choosing for name in each.key_variables)
    if keys := keys_at_hand(known, environment):
        raise NoModelConfigured(
            f"No model is configured: {' and '.join(keys)} chooses none by itself; name one with "
            f"-m {next(iter(keys.values()))}/NAME or SEEDSMITH_MODEL, set one of {', '.join(variables)}, "
            f"or use {_LOCAL_MODEL_HINT}."
        )
    raise NoModelConfigured(
        f"No model is configured: none of {', '.join(('SEEDSMITH_MODEL', *variables))} is set; set one, "
        f"or use {_LOCAL_MODEL_HINT}."
    )


def _first(environment: Mapping[str, str], *names: str) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")
