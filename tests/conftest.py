"""Fixtures every floor shares."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def _load(name: str, file: str) -> Any:
    """Make a file of ``tests/endpoint`` importable as ``name`` (tests are no package)."""
    path = Path(__file__).parent / "endpoint" / file
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


scripted_endpoint = sys.modules.get("scripted_endpoint") or _load("scripted_endpoint", "server.py")
if "relays" not in sys.modules:
    _load("relays", "relays.py")


@pytest.fixture
def endpoint() -> Iterator[Any]:
    """A scripted model service on loopback, started."""
    with scripted_endpoint.Endpoint() as running:
        yield running
