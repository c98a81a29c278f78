"""The user's own providers and models: ``models.yaml``, laid over the built-in catalog.

It is written by hand, so values stand plain (``context_tokens: 32768``); a ``[value, source]`` pair, as in
``catalog.yaml``, is taken too. What is left out has a default. ``docs/models.md`` shows a whole file.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedsmith.agent.errors import ConfigurationError, UsageError
from seedsmith.agent.models.catalog.entries import SOURCES, Keys
from seedsmith.agent.redact import is_secret_name
from seedsmith.agent.settings.yaml_file import compose, read_small, user_folder
from seedsmith.sandbox.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from yaml import MappingNode, Node

MAX_FILE_BYTES = 256 << 10
SOURCE = "user"
CONTEXT_TOKENS, OUTPUT_TOKENS = 128_000, 8_192
"""Of a model of which neither is said: as for any service the catalog knows nothing of."""
_LIMIT_FIELDS = {"chat": "max_tokens", "responses": "max_output_tokens"}
_PROVIDER_FACTS = frozenset({"base_url", "keys_at"})
_WIRE_FACTS = frozenset({"limit_field", "json_schema"})
_MODEL_FACTS = frozenset({"context_tokens", "output_tokens", "vision", "fixed"})
_FREE = "free"
_STARTED_BY_THE_RUN = "local"
_DEEPEST_MERGED = 2
"""Down to the keys of one model and one wire; a price list or a list of fields is replaced as a whole."""
_PRICE_OF_ANY_LENGTH = frozenset({"input", "output", "cached"})
_PROVIDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def user_file(environment: Mapping[str, str]) -> Path:
    """Where the user's catalog is looked for."""
    return user_folder(environment) / "models.yaml"


@dataclass(frozen=True, slots=True)
class UserCatalog:
    """The file as read, and where in it everything stands."""

    path: Path
    providers: Mapping[str, Any]
    """In the form of ``catalog.yaml``, without what the built-in catalog has."""
    lines: Mapping[Keys, int]

    def over(self, built_in: Mapping[str, Any]) -> dict[str, Any]:
        """The whole catalog's document: ``built_in`` with this one's entries over it.

        Raises :class:`ConfigurationError` for a service of which no address is known.
        """
        document = copy.deepcopy(dict(built_in))
        for name, provider in self.providers.items():
            known = document["providers"].get(name)
            if known is None and "base_url" not in provider:
                raise self.complaint(("providers", name), f"{name} needs a base_url, e.g. https://host/v1")
            document["providers"][name] = _completed(_over(known, provider))
        return document

    def complaint(self, keys: Keys, message: str) -> ConfigurationError:
        """The error that names the file, the line nearest to ``keys``, and what is wrong."""
        known = next((keys[:end] for end in range(len(keys), 0, -1) if keys[:end] in self.lines), None)
        line = f" line {self.lines[known]}" if known else ""
        return ConfigurationError(f"{self.path}{line}: {message}.")


def read(path: Path) -> UserCatalog | None:
    """The user's catalog, None where there is no file; raises :class:`ConfigurationError`."""
    content = read_small(path, MAX_FILE_BYTES)
    root = None if content is None else compose(path, content)
    if root is None:
        return None
    lines = dict(_lines(path, root))
    own = UserCatalog(path, {}, lines)
    document = _plain(path, root)
    for key in document:
        if key != "providers":
            raise own.complaint((str(key),), f"unknown key {str(key)!r}; 'providers' holds everything")
    providers = document.get("providers") or {}
    if not isinstance(providers, dict):
        raise own.complaint(("providers",), "'providers' must hold one entry for each service")
    return UserCatalog(
        path, {str(name): _provider(own, str(name), entry) for name, entry in providers.items()}, lines
    )


def _lines(path: Path, node: Node, keys: Keys = ()) -> Iterator[tuple[Keys, int]]:
    """Each key's line; raises for a key that comes twice."""
    import yaml

    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.value in seen:
            kind = "repeated" if isinstance(key, yaml.ScalarNode) else "unusable"
            raise ConfigurationError(f"{path} line {line}: {kind} key.")
        seen.add(key.value)
        place = (*keys, key.value)
        yield place, line
        yield from _lines(path, value, place)


def _plain(path: Path, root: MappingNode) -> dict[Any, Any]:
    import yaml

    try:
        document: dict[Any, Any] = yaml.SafeLoader("").construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{path} line {line}: {error.problem}.") from None
    except (ValueError, RecursionError, OverflowError) as error:
        raise ConfigurationError(f"{path} holds a value that can't be read: {error}.") from None
    return document


def _provider(own: UserCatalog, name: str, entry: Any) -> dict[str, Any]:
    """One provider in the form of ``catalog.yaml``; what its reader checks is not checked here."""
    keys = ("providers", name)
    if not _PROVIDER_NAME.fullmatch(name):
        raise own.complaint(keys, f"{name!r} can't name a provider: use letters, digits, '.', '_' and '-'")
    if not isinstance(entry, dict):
        raise own.complaint(keys, f"{name} must hold 'key: value' lines, e.g. base_url")
    made = _facts({str(key): value for key, value in entry.items()}, _PROVIDER_FACTS)
    if name == _STARTED_BY_THE_RUN and "base_url" in made:
        message = f"{name} is started by the run itself: give a server of your own another name, e.g. desk"
        raise own.complaint((*keys, "base_url"), message)
    if "base_url" in made:
        _check_address(own, (*keys, "base_url"), made["base_url"][0])
    if "key_variables" in made:
        made["key_variables"] = _variables(own, (*keys, "key_variables"), made["key_variables"])
    if "wires" in made:
        made["wires"] = _each(made["wires"], _wire)
    if "models" in made:
        made["models"] = _each(made["models"], _model)
    if "unlisted" in made:
        made["unlisted"] = _model(made["unlisted"])
    return made


def _check_address(own: UserCatalog, keys: Keys, address: Any) -> None:
    from seedsmith.agent.models.address import check_base_url

    try:
        check_base_url(address if isinstance(address, str) else repr(address))
    except UsageError as error:
        raise own.complaint(keys, f"base_url: {str(error).rstrip('.')}") from None


def _variables(own: UserCatalog, keys: Keys, given: Any) -> list[str]:
    names = [given] if isinstance(given, str) else given or []
    if not isinstance(names, list) or not all(_VARIABLE.fullmatch(str(name)) for name in names):
        raise own.complaint(
            keys, "key_variables: the name of an environment variable was expected, never a key"
        )
    for name in names:
        if not is_secret_name(str(name)):
            raise own.complaint(
                keys,
                f"key_variables: {name} does not say that it holds a secret: give it a name with KEY or "
                "TOKEN, so that its value is kept out of everything that is shown",
            )
    return [str(name) for name in names]


def _each(value: Any, make: Callable[[Any], Any]) -> Any:
    """Entries by name; a list of names stands for entries without anything of their own."""
    if isinstance(value, list):
        value = dict.fromkeys(map(str, value))
    return {str(name): make(entry) for name, entry in value.items()} if isinstance(value, dict) else value


def _wire(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return {} if entry is None else entry
    entry = _facts(entry, _WIRE_FACTS)
    if isinstance(fields := entry.get("fields"), list):
        entry["fields"] = {SOURCE: fields}
    return entry


def _model(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return {} if entry is None else entry
    entry = _facts(entry, _MODEL_FACTS)
    if "price" in entry:
        entry["price"] = _price(entry["price"])
    return entry


def _price(price: Any) -> Any:
    """A price list: ``free``, one price for any length, or tiers."""
    if price == _FREE:
        price = {"input": 0, "output": 0}
    if not isinstance(price, dict):
        return price
    if "tiers" not in price and _PRICE_OF_ANY_LENGTH.intersection(price):
        one = {key: price[key] for key in price if key in _PRICE_OF_ANY_LENGTH}
        price = {key: price[key] for key in price if key not in one} | {"tiers": [one]}
    return {"source": SOURCE} | price


def _facts(entry: dict[Any, Any], facts: frozenset[str]) -> dict[str, Any]:
    """The entry with its plain facts made ``[value, source]`` pairs."""
    return {str(key): _fact(value) if key in facts else value for key, value in entry.items()}


def _fact(value: Any) -> Any:
    is_pair = (
        isinstance(value, list) and len(value) == 2 and isinstance(value[1], str) and value[1] in SOURCES
    )
    return value if is_pair else [value, SOURCE]


def _over(below: Any, above: Any, depth: int = 0) -> Any:
    """``above`` over ``below``: provider by provider, model by model, wire by wire, key by key."""
    if depth > _DEEPEST_MERGED or not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {key: _over(below.get(key), value, depth + 1) for key, value in above.items()}


def _completed(provider: dict[str, Any]) -> dict[str, Any]:
    """A provider with everything that may be left out."""
    models = provider.setdefault("models", {})
    if not models:
        provider.setdefault("any_model", True)
    if provider.get("any_model") is True:
        provider.setdefault("unlisted", {})
    wires = provider.setdefault("wires", {"chat": {}})
    for name, wire in wires.items() if isinstance(wires, dict) else ():
        if isinstance(wire, dict):
            wire.setdefault("limit_field", [_LIMIT_FIELDS.get(name, "max_tokens"), SOURCE])
            if "fields" not in wire:
                wire.setdefault("any_field", True)
    listed = models.values() if isinstance(models, dict) else ()
    for model in (*listed, provider.get("unlisted")):
        if isinstance(model, dict):
            model.setdefault("context_tokens", [CONTEXT_TOKENS, "guess"])
            model.setdefault("output_tokens", [OUTPUT_TOKENS, "guess"])
    return provider
