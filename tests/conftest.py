"""Fixtures every floor shares, and how many examples a property is tried with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from examples import examples
from hypothesis import settings
from scripted_endpoint import Endpoint

settings.register_profile("seedsmith", max_examples=examples(100))
settings.load_profile("seedsmith")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A scripted model service on loopback, started."""
    with Endpoint() as running:
        yield running
