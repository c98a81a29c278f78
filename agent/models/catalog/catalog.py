"""The catalog as it is loaded: ``catalog.yaml``, which comes with the program, and the user's own over it.

What is loaded of ours is ``catalog.json``, which is made from it and read twenty times as quickly.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedsmith.agent.models.catalog.entries import Catalog, CatalogError, ModelEntry, Provider, Wire

if TYPE_CHECKING:
    from seedsmith.agent.models.catalog.user_catalog import UserCatalog

__all__ = ["Catalog", "ModelEntry", "Provider", "Wire", "load", "parse", "resolve", "with_own"]


def load(environment: Mapping[str, str] | None = None) -> Catalog:
    """The catalog that comes with the program, and the user's ``models.yaml`` over it.

    ``environment`` says where the user's files are; None: the program's own catalog alone. Raises
    :class:`seedsmith.agent.errors.ConfigurationError` where the user's file can't be used.
    """
    if environment is None:
        return _built_in()
    from seedsmith.agent.models.catalog import user_catalog

    own = user_catalog.read(user_catalog.user_file(environment))
    return _built_in() if own is None else with_own(own)


def with_own(own: UserCatalog) -> Catalog:
    """The program's own catalog with a user's over it; raises :class:`ConfigurationError`."""
    try:
        return replace(_catalog(own.over(_built_in_document())), own=own.providers)
    except CatalogError as error:
        raise own.complaint(error.path, str(error)) from None


def resolve(name: str) -> tuple[Provider, ModelEntry]:
    """:meth:`Catalog.resolve` on the program's own catalog."""
    return load().resolve(name)


@functools.cache
def _built_in() -> Catalog:
    return _catalog(_built_in_document())


@functools.cache
def _built_in_document() -> Any:
    return json.loads(Path(__file__).with_name("catalog.json").read_text(encoding="utf-8"))


def parse(text: str) -> Catalog:
    """Read a catalog; raises :class:`CatalogError` naming the entry that is wrong."""
    return _catalog(read_document(text))


def read_document(text: str) -> Any:
    """What the YAML says; raises :class:`CatalogError` where it is none."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where it was built
    try:
        return yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        raise CatalogError((), f"not YAML: {error}") from error


def _catalog(document: Any) -> Catalog:
    from seedsmith.agent.models.catalog.catalog_reader import read_catalog

    return read_catalog(document)
