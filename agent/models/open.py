"""From settings and environment to a model: provider, address, key and wire (DESIGN §2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.errors import UsageError
from agent.models import catalog
from agent.models.address import check_base_url, is_loopback
from agent.models.base import Model
from agent.models.catalog import ModelEntry, Provider
from agent.models.errors import MissingKey, NoModelConfigured
from agent.models.sdk import load_sdk_in_background
from agent.models.transport import Tap
from agent.settings import Settings

if TYPE_CHECKING:
    from agent.models.service import ServiceModel

_REPLAY_VARIABLES = ("HOME", "XDG_CONFIG_HOME")
LOCAL_MODEL = "local/qwen2.5-coder-1.5b"


def open_model(settings: Settings, environment: Mapping[str, str], tap: Tap | None = None) -> Model:
    """The model a run works with. Raises a :class:`agent.errors.UsageError` that says what to set.

    The model is ``settings.model``, ``SEEDSMITH_MODEL``, or the first provider's whose key is set. ``tap``
    records or replays what crosses its wire; a replay needs neither key nor weights nor proxy.
    """
    replays = tap is not None and tap.replays
    if replays:  # neither keys nor proxies nor another service of this machine count
        environment = {name: environment[name] for name in _REPLAY_VARIABLES if name in environment}
    name = settings.model or environment.get("SEEDSMITH_MODEL") or _default_model(environment)
    provider, entry = catalog.resolve(name)
    wire = provider.choose_wire(settings.wire)
    if settings.chain and settings.store is False:
        raise UsageError("--chain continues stored answers: leave out --no-store.")
    if provider.name == "local":
        from agent.models.local import open_local

        return open_local(entry.name, settings, environment, tap=tap)
    given = settings.base_url or environment.get("SEEDSMITH_BASE_URL") or ""
    base_url = given or provider.base_url
    host = check_base_url(base_url).hostname or ""
    key = (settings.api_key or _first(environment, "SEEDSMITH_API_KEY", *provider.key_variables)).strip()
    keyless = bool(given) and (provider.any_model or is_loopback(host))
    if not key and not keyless and not replays:
        looked_for = " or ".join((*provider.key_variables, "SEEDSMITH_API_KEY"))
        raise MissingKey(f"{name} needs a key: set {looked_for}; -m {LOCAL_MODEL} needs none.")
    if not all("!" <= character <= "~" for character in key):
        raise UsageError(f"The key for {name} holds characters that no key has: was it copied whole?")
    if not replays:
        load_sdk_in_background()
    return model_behind(
        wire,
        provider,
        entry,
        base_url=base_url,
        key=key,
        environment=environment,
        chain=settings.chain,
        tap=tap,
    )


def model_behind(wire: str, provider: Provider, entry: ModelEntry, **options: Any) -> ServiceModel:
    """The model over ``wire``; ``options`` are those of :class:`agent.models.service.ServiceModel`."""
    if wire == "responses":
        from agent.models.responses import ResponsesModel

        return ResponsesModel(provider, entry, **options)
    from agent.models.chat import ChatModel

    return ChatModel(provider, entry, **options)


def _default_model(environment: Mapping[str, str]) -> str:
    providers = [provider for provider in catalog.load().providers.values() if provider.default_model]
    for provider in providers:
        if _first(environment, *provider.key_variables):
            return f"{provider.name}/{provider.default_model}"
    variables = dict.fromkeys(
        ["SEEDSMITH_MODEL", *(name for each in providers for name in each.key_variables)]
    )
    raise NoModelConfigured(
        f"No model is configured: none of {', '.join(variables)} is set; set one, "
        f"or use -m {LOCAL_MODEL}, which needs no key."
    )


def _first(environment: Mapping[str, str], *names: str) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")
